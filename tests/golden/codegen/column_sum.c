// bafe_k0: square reduce_sum @row, units 3, slots 0 1
int bafe_k0(void *const *slot, const long long *size, void *scratch, long long begin, long long end) {
  (void)size; (void)scratch;
  const float *restrict p0 = (const float *)slot[0];
  float *restrict p1 = (float *)slot[1];
  float *restrict b2 = (float *)((char *)scratch + 0);
  float *restrict b3 = (float *)((char *)scratch + 8192);
  int depth3 = 0;
  {
    const long long unit_begin = begin, unit_end = end;
    const long long stop = unit_end;
    for (long long i3 = unit_begin; i3 < stop; ++i3) {
      for (long long i6 = 0; i6 < 3; ++i6) {
        for (long long l = 0; l < 2048; ++l) {
          b2[l] = 0x0p+0f;
        }
        for (long long i7 = 0; i7 < 16; ++i7) {
          for (long long i5 = 0; i5 < 16; ++i5) {
            const long long count0 = (-i3 * 128 + 300) < 128 ? (-i3 * 128 + 300) : 128;
            #pragma GCC ivdep
            for (long long i4 = 0; i4 < count0; ++i4) {
              const float t0 = p0[(i4 + i3 * 128 + i6 * 76800 + i7 * 4800 + i5 * 300)];
              b2[(i4 + i5 * 128)] = b2[(i4 + i5 * 128)] + (t0 * t0);
            }
          }
        }
        if (i6 == 0) depth3 = 0;
        memcpy(b3 + depth3++ * 2048, b2, 2048 * sizeof(float));
        for (unsigned long long digits = i6 + 1; (digits & 1) == 0; digits >>= 1) {
          for (long long l = 0; l < 2048; ++l) {
            b3[(depth3 - 2) * 2048 + l] = b3[(depth3 - 2) * 2048 + l] + b3[(depth3 - 1) * 2048 + l];
          }
          --depth3;
        }
      }
      for (long long l = 0; l < 2048; ++l) {
        b2[l] = 0x0p+0f;
      }
      for (long long i8 = 0; i8 < 14; ++i8) {
        for (long long i5 = 0; i5 < 16; ++i5) {
          const long long count1 = (-i3 * 128 + 300) < 128 ? (-i3 * 128 + 300) : 128;
          #pragma GCC ivdep
          for (long long i4 = 0; i4 < count1; ++i4) {
            const float t1 = p0[(i4 + i3 * 128 + i5 * 300 + i8 * 4800 + 230400)];
            b2[(i4 + i5 * 128)] = b2[(i4 + i5 * 128)] + (t1 * t1);
          }
        }
      }
      for (long long i9 = 0; i9 < 8; ++i9) {
        const long long count2 = (-i3 * 128 + 300) < 128 ? (-i3 * 128 + 300) : 128;
        #pragma GCC ivdep
        for (long long i4 = 0; i4 < count2; ++i4) {
          const float t2 = p0[(i4 + i3 * 128 + i9 * 300 + 297600)];
          b2[(i4 + i9 * 128)] = b2[(i4 + i9 * 128)] + (t2 * t2);
        }
      }
      if (3 == 0) depth3 = 0;
      memcpy(b3 + depth3++ * 2048, b2, 2048 * sizeof(float));
      for (unsigned long long digits = 3 + 1; (digits & 1) == 0; digits >>= 1) {
        for (long long l = 0; l < 2048; ++l) {
          b3[(depth3 - 2) * 2048 + l] = b3[(depth3 - 2) * 2048 + l] + b3[(depth3 - 1) * 2048 + l];
        }
        --depth3;
      }
      while (depth3 > 1) {
        for (long long l = 0; l < 2048; ++l) {
          b3[(depth3 - 2) * 2048 + l] = b3[(depth3 - 2) * 2048 + l] + b3[(depth3 - 1) * 2048 + l];
        }
        --depth3;
      }
      for (long long w = 1024; w >= 128; w /= 2) {
        #pragma GCC unroll 1
        #pragma GCC ivdep
        for (long long l = 0; l < w; ++l) {
          b3[l] = b3[l] + b3[l + w];
        }
      }
      const long long count3 = (-i3 * 128 + 300) < 128 ? (-i3 * 128 + 300) : 128;
      #pragma GCC ivdep
      for (long long i4 = 0; i4 < count3; ++i4) {
        p1[(i4 + i3 * 128)] = b3[i4];
      }
    }
  }
  return 0;
}



// bafe_k0: square reduce_sum @row, units 2, slots 0 1
int bafe_k0(void *const *slot, const long long *size, void *scratch, long long begin, long long end) {
  (void)size; (void)scratch;
  const float *restrict p0 = (const float *)slot[0];
  float *restrict p1 = (float *)slot[1];
  float b2[192] __attribute__((aligned(64)));
  float *restrict b3 = (float *)((char *)scratch + 0);
  int depth3 = 0;
  {
    const long long unit_begin = begin, unit_end = end;
    const long long stop = unit_end;
    for (long long i3 = unit_begin; i3 < stop; ++i3) {
      for (long long i6 = 0; i6 < 3; ++i6) {
        for (long long l = 0; l < 192; ++l) {
          b2[l] = 0x0p+0f;
        }
        for (long long i7 = 0; i7 < 64; ++i7) {
          const long long count0 = (-i3 * 192 + 300) < 192 ? (-i3 * 192 + 300) : 192;
          #pragma GCC ivdep
          for (long long i4 = 0; i4 < count0; ++i4) {
            const float t0 = p0[(i4 + i3 * 192 + i6 * 76800 + i7 * 1200 + 900)];
            const float t1 = p0[(i4 + i3 * 192 + i6 * 76800 + i7 * 1200 + 600)];
            const float t2 = p0[(i4 + i3 * 192 + i6 * 76800 + i7 * 1200 + 300)];
            const float t3 = p0[(i4 + i3 * 192 + i6 * 76800 + i7 * 1200)];
            b2[i4] = b2[i4] + (((t3 * t3) + (t2 * t2)) + ((t1 * t1) + (t0 * t0)));
          }
        }
        if (i6 == 0) depth3 = 0;
        memcpy(b3 + depth3++ * 192, b2, 192 * sizeof(float));
        for (unsigned long long digits = i6 + 1; (digits & 1) == 0; digits >>= 1) {
          #pragma GCC unroll 1
          #pragma GCC ivdep
          for (long long l = 0; l < 192; ++l) {
            b3[(depth3 - 2) * 192 + l] = b3[(depth3 - 2) * 192 + l] + b3[(depth3 - 1) * 192 + l];
          }
          --depth3;
        }
      }
      for (long long l = 0; l < 192; ++l) {
        b2[l] = 0x0p+0f;
      }
      for (long long i8 = 0; i8 < 58; ++i8) {
        const long long count1 = (-i3 * 192 + 300) < 192 ? (-i3 * 192 + 300) : 192;
        #pragma GCC ivdep
        for (long long i4 = 0; i4 < count1; ++i4) {
          const float t4 = p0[(i4 + i3 * 192 + i8 * 1200 + 231300)];
          const float t5 = p0[(i4 + i3 * 192 + i8 * 1200 + 231000)];
          const float t6 = p0[(i4 + i3 * 192 + i8 * 1200 + 230700)];
          const float t7 = p0[(i4 + i3 * 192 + i8 * 1200 + 230400)];
          b2[i4] = b2[i4] + (((t7 * t7) + (t6 * t6)) + ((t5 * t5) + (t4 * t4)));
        }
      }
      if (3 == 0) depth3 = 0;
      memcpy(b3 + depth3++ * 192, b2, 192 * sizeof(float));
      for (unsigned long long digits = 3 + 1; (digits & 1) == 0; digits >>= 1) {
        #pragma GCC unroll 1
        #pragma GCC ivdep
        for (long long l = 0; l < 192; ++l) {
          b3[(depth3 - 2) * 192 + l] = b3[(depth3 - 2) * 192 + l] + b3[(depth3 - 1) * 192 + l];
        }
        --depth3;
      }
      while (depth3 > 1) {
        #pragma GCC unroll 1
        #pragma GCC ivdep
        for (long long l = 0; l < 192; ++l) {
          b3[(depth3 - 2) * 192 + l] = b3[(depth3 - 2) * 192 + l] + b3[(depth3 - 1) * 192 + l];
        }
        --depth3;
      }
      const long long count2 = (-i3 * 192 + 300) < 192 ? (-i3 * 192 + 300) : 192;
      #pragma GCC ivdep
      for (long long i4 = 0; i4 < count2; ++i4) {
        p1[(i4 + i3 * 192)] = b3[i4];
      }
    }
  }
  return 0;
}



// bafe_k0: square reduce_sum @row, units 3, slots 0 1
int bafe_k0(void *const *slot, const long long *size, void *scratch, long long begin, long long end) {
  (void)size; (void)scratch;
  const float *restrict p0 = (const float *)slot[0];
  float *restrict p1 = (float *)slot[1];
  float b2[128] __attribute__((aligned(64)));
  float b3[1024] __attribute__((aligned(64)));
  int depth3 = 0;
  {
    const long long unit_begin = begin, unit_end = end;
    const long long stop = unit_end;
    for (long long i3 = unit_begin; i3 < stop; ++i3) {
      for (long long i6 = 0; i6 < 3; ++i6) {
        for (long long l = 0; l < 128; ++l) {
          b2[l] = 0x0p+0f;
        }
        for (long long i7 = 0; i7 < 32; ++i7) {
          const long long count0 = (-i3 * 128 + 300) < 128 ? (-i3 * 128 + 300) : 128;
          #pragma GCC ivdep
          for (long long i4 = 0; i4 < count0; ++i4) {
            const float t0 = p0[(i4 + i3 * 128 + i6 * 76800 + i7 * 2400 + 2100)];
            const float t1 = p0[(i4 + i3 * 128 + i6 * 76800 + i7 * 2400 + 1800)];
            const float t2 = p0[(i4 + i3 * 128 + i6 * 76800 + i7 * 2400 + 1500)];
            const float t3 = p0[(i4 + i3 * 128 + i6 * 76800 + i7 * 2400 + 1200)];
            const float t4 = p0[(i4 + i3 * 128 + i6 * 76800 + i7 * 2400 + 900)];
            const float t5 = p0[(i4 + i3 * 128 + i6 * 76800 + i7 * 2400 + 600)];
            const float t6 = p0[(i4 + i3 * 128 + i6 * 76800 + i7 * 2400 + 300)];
            const float t7 = p0[(i4 + i3 * 128 + i6 * 76800 + i7 * 2400)];
            const float t8 = ((((t7 * t7) + (t6 * t6)) + ((t5 * t5) + (t4 * t4))) + (((t3 * t3) + (t2 * t2)) + ((t1 * t1) + (t0 * t0))));
            b2[i4] = b2[i4] + t8;
          }
        }
        if (i6 == 0) depth3 = 0;
        memcpy(b3 + depth3++ * 128, b2, 128 * sizeof(float));
        for (unsigned long long digits = i6 + 1; (digits & 1) == 0; digits >>= 1) {
          #pragma GCC unroll 1
          #pragma GCC ivdep
          for (long long l = 0; l < 128; ++l) {
            b3[(depth3 - 2) * 128 + l] = b3[(depth3 - 2) * 128 + l] + b3[(depth3 - 1) * 128 + l];
          }
          --depth3;
        }
      }
      for (long long l = 0; l < 128; ++l) {
        b2[l] = 0x0p+0f;
      }
      for (long long i8 = 0; i8 < 29; ++i8) {
        const long long count1 = (-i3 * 128 + 300) < 128 ? (-i3 * 128 + 300) : 128;
        #pragma GCC ivdep
        for (long long i4 = 0; i4 < count1; ++i4) {
          const float t9 = p0[(i4 + i3 * 128 + i8 * 2400 + 232500)];
          const float t10 = p0[(i4 + i3 * 128 + i8 * 2400 + 232200)];
          const float t11 = p0[(i4 + i3 * 128 + i8 * 2400 + 231900)];
          const float t12 = p0[(i4 + i3 * 128 + i8 * 2400 + 231600)];
          const float t13 = p0[(i4 + i3 * 128 + i8 * 2400 + 231300)];
          const float t14 = p0[(i4 + i3 * 128 + i8 * 2400 + 231000)];
          const float t15 = p0[(i4 + i3 * 128 + i8 * 2400 + 230700)];
          const float t16 = p0[(i4 + i3 * 128 + i8 * 2400 + 230400)];
          const float t17 = ((((t16 * t16) + (t15 * t15)) + ((t14 * t14) + (t13 * t13))) + (((t12 * t12) + (t11 * t11)) + ((t10 * t10) + (t9 * t9))));
          b2[i4] = b2[i4] + t17;
        }
      }
      if (3 == 0) depth3 = 0;
      memcpy(b3 + depth3++ * 128, b2, 128 * sizeof(float));
      for (unsigned long long digits = 3 + 1; (digits & 1) == 0; digits >>= 1) {
        #pragma GCC unroll 1
        #pragma GCC ivdep
        for (long long l = 0; l < 128; ++l) {
          b3[(depth3 - 2) * 128 + l] = b3[(depth3 - 2) * 128 + l] + b3[(depth3 - 1) * 128 + l];
        }
        --depth3;
      }
      while (depth3 > 1) {
        #pragma GCC unroll 1
        #pragma GCC ivdep
        for (long long l = 0; l < 128; ++l) {
          b3[(depth3 - 2) * 128 + l] = b3[(depth3 - 2) * 128 + l] + b3[(depth3 - 1) * 128 + l];
        }
        --depth3;
      }
      for (long long w = 0; w >= 128; w /= 2) {
        #pragma GCC unroll 1
        #pragma GCC ivdep
        for (long long l = 0; l < w; ++l) {
          b3[l] = b3[l] + b3[l + w];
        }
      }
      const long long count2 = (-i3 * 128 + 300) < 128 ? (-i3 * 128 + 300) : 128;
      #pragma GCC ivdep
      for (long long i4 = 0; i4 < count2; ++i4) {
        p1[(i4 + i3 * 128)] = b3[i4];
      }
    }
  }
  return 0;
}



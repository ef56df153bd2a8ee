// bafe_k0: reduce_max broadcast_to sub exp reduce_sum broadcast_to div @row, units 2, slots 0 1
int bafe_k0(void *const *slot, const long long *size, void *scratch, long long begin, long long end) {
  (void)size; (void)scratch;
  const float *restrict p0 = (const float *)slot[0];
  float *restrict p1 = (float *)slot[1];
  float b2[16] __attribute__((aligned(64)));
  int b3[16] __attribute__((aligned(64)));
  float b4[16] __attribute__((aligned(64)));
  float b5[100] __attribute__((aligned(64)));
  {
    const long long unit_begin = begin, unit_end = end;
    const long long stop = unit_end * 54 < 64 ? unit_end * 54 : 64;
    for (long long i0 = unit_begin * 54; i0 < stop; ++i0) {
      for (long long l = 0; l < 16; ++l) {
        b2[l] = -__builtin_inff();
      }
      for (long long l = 0; l < 16; ++l) {
        b3[l] = (-2147483647 - 1);
      }
      for (long long i3 = 0; i3 < 6; ++i3) {
        #pragma GCC unroll 4
        #pragma GCC ivdep
        for (long long i2 = 0; i2 < 16; ++i2) {
          const float t0 = p0[(i0 * 100 + i3 * 16 + i2)];
          b2[i2] = (t0 > b2[i2] ? t0 : b2[i2]);
          b3[i2] = bafe_max_i32((int)((t0 != t0)), b3[i2]);
        }
      }
      #pragma GCC ivdep
      for (long long i4 = 0; i4 < 4; ++i4) {
        const float t1 = p0[(i0 * 100 + i4 + 96)];
        b2[i4] = (t1 > b2[i4] ? t1 : b2[i4]);
        b3[i4] = bafe_max_i32((int)((t1 != t1)), b3[i4]);
      }
      #pragma GCC unroll 1
      #pragma GCC ivdep
      for (long long l = 0; l < 8; ++l) {
        b2[l] = (b2[l + 8] > b2[l] ? b2[l + 8] : b2[l]);
      }
      #pragma GCC unroll 1
      #pragma GCC ivdep
      for (long long l = 0; l < 4; ++l) {
        b2[l] = (b2[l + 4] > b2[l] ? b2[l + 4] : b2[l]);
      }
      #pragma GCC unroll 1
      #pragma GCC ivdep
      for (long long l = 0; l < 2; ++l) {
        b2[l] = (b2[l + 2] > b2[l] ? b2[l + 2] : b2[l]);
      }
      #pragma GCC unroll 1
      #pragma GCC ivdep
      for (long long l = 0; l < 1; ++l) {
        b2[l] = (b2[l + 1] > b2[l] ? b2[l + 1] : b2[l]);
      }
      const float v0 = b2[0];
      #pragma GCC unroll 1
      #pragma GCC ivdep
      for (long long l = 0; l < 8; ++l) {
        b3[l] = bafe_max_i32(b3[l + 8], b3[l]);
      }
      #pragma GCC unroll 1
      #pragma GCC ivdep
      for (long long l = 0; l < 4; ++l) {
        b3[l] = bafe_max_i32(b3[l + 4], b3[l]);
      }
      #pragma GCC unroll 1
      #pragma GCC ivdep
      for (long long l = 0; l < 2; ++l) {
        b3[l] = bafe_max_i32(b3[l + 2], b3[l]);
      }
      #pragma GCC unroll 1
      #pragma GCC ivdep
      for (long long l = 0; l < 1; ++l) {
        b3[l] = bafe_max_i32(b3[l + 1], b3[l]);
      }
      const int v1 = b3[0];
      for (long long l = 0; l < 16; ++l) {
        b4[l] = 0x0p+0f;
      }
      const float t2 = ((0 < v1) ? __builtin_nanf("") : v0);
      for (long long i3 = 0; i3 < 6; ++i3) {
        #pragma GCC unroll 4
        #pragma GCC ivdep
        for (long long i2 = 0; i2 < 16; ++i2) {
          const float t3 = p0[(i0 * 100 + i3 * 16 + i2)];
          const float t4 = bafe_exp_f32((t3 - t2));
          b5[(i3 * 16 + i2)] = t4;
          b4[i2] = b4[i2] + t4;
        }
      }
      #pragma GCC ivdep
      for (long long i4 = 0; i4 < 4; ++i4) {
        const float t5 = p0[(i0 * 100 + i4 + 96)];
        const float t6 = bafe_exp_f32((t5 - t2));
        b5[(i4 + 96)] = t6;
        b4[i4] = b4[i4] + t6;
      }
      #pragma GCC unroll 1
      #pragma GCC ivdep
      for (long long l = 0; l < 8; ++l) {
        b4[l] = b4[l] + b4[l + 8];
      }
      #pragma GCC unroll 1
      #pragma GCC ivdep
      for (long long l = 0; l < 4; ++l) {
        b4[l] = b4[l] + b4[l + 4];
      }
      #pragma GCC unroll 1
      #pragma GCC ivdep
      for (long long l = 0; l < 2; ++l) {
        b4[l] = b4[l] + b4[l + 2];
      }
      #pragma GCC unroll 1
      #pragma GCC ivdep
      for (long long l = 0; l < 1; ++l) {
        b4[l] = b4[l] + b4[l + 1];
      }
      const float v2 = b4[0];
      #pragma GCC ivdep
      for (long long i1 = 0; i1 < 100; ++i1) {
        p1[(i0 * 100 + i1)] = (b5[i1] / v2);
      }
    }
  }
  return 0;
}



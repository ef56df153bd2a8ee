// bafe_k0: reduce_max broadcast_to sub exp reduce_sum broadcast_to div @row, units 2, slots 0 1
int bafe_k0(void *const *slot, const long long *size, void *scratch, long long begin, long long end) {
  (void)size; (void)scratch;
  const float *restrict p0 = (const float *)slot[0];
  float *restrict p1 = (float *)slot[1];
  float b2[16] __attribute__((aligned(64)));
  float b3[16] __attribute__((aligned(64)));
  float b4[100] __attribute__((aligned(64)));
  {
    const long long unit_begin = begin, unit_end = end;
    const long long stop = unit_end * 54 < 64 ? unit_end * 54 : 64;
    for (long long i0 = unit_begin * 54; i0 < stop; ++i0) {
      for (long long l = 0; l < 16; ++l) {
        b2[l] = -__builtin_inff();
      }
      for (long long i3 = 0; i3 < 6; ++i3) {
        #pragma GCC unroll 4
        #pragma GCC ivdep
        for (long long i2 = 0; i2 < 16; ++i2) {
          const float t0 = p0[(i0 * 100 + i3 * 16 + i2)];
          b2[i2] = bafe_max_f32(t0, b2[i2]);
        }
      }
      #pragma GCC ivdep
      for (long long i4 = 0; i4 < 4; ++i4) {
        const float t1 = p0[(i0 * 100 + i4 + 96)];
        b2[i4] = bafe_max_f32(t1, b2[i4]);
      }
      for (long long w = 8; w >= 1; w /= 2) {
        #pragma GCC unroll 1
        #pragma GCC ivdep
        for (long long l = 0; l < w; ++l) {
          b2[l] = bafe_max_f32(b2[l + w], b2[l]);
        }
      }
      const float v0 = b2[0];
      for (long long l = 0; l < 16; ++l) {
        b3[l] = 0x0p+0f;
      }
      for (long long i3 = 0; i3 < 6; ++i3) {
        #pragma GCC unroll 4
        #pragma GCC ivdep
        for (long long i2 = 0; i2 < 16; ++i2) {
          const float t2 = p0[(i0 * 100 + i3 * 16 + i2)];
          const float t3 = bafe_exp_f32((t2 - v0));
          b4[(i3 * 16 + i2)] = t3;
          b3[i2] = b3[i2] + t3;
        }
      }
      #pragma GCC ivdep
      for (long long i4 = 0; i4 < 4; ++i4) {
        const float t4 = p0[(i0 * 100 + i4 + 96)];
        const float t5 = bafe_exp_f32((t4 - v0));
        b4[(i4 + 96)] = t5;
        b3[i4] = b3[i4] + t5;
      }
      for (long long w = 8; w >= 1; w /= 2) {
        #pragma GCC unroll 1
        #pragma GCC ivdep
        for (long long l = 0; l < w; ++l) {
          b3[l] = b3[l] + b3[l + w];
        }
      }
      const float v1 = b3[0];
      #pragma GCC ivdep
      for (long long i1 = 0; i1 < 100; ++i1) {
        p1[(i0 * 100 + i1)] = (b4[i1] / v1);
      }
    }
  }
  return 0;
}



// bafe_k0: mul add relu @row, units 7, slots 0 1 2
int bafe_k0(void *const *slot, const long long *size, void *scratch, long long begin, long long end) {
  (void)size; (void)scratch;
  const float *restrict p0 = (const float *)slot[0];
  const float *restrict p1 = (const float *)slot[1];
  float *restrict p2 = (float *)slot[2];
  {
    const long long unit_begin = begin, unit_end = end;
    const long long stop = unit_end * 16384 < 100000 ? unit_end * 16384 : 100000;
    #pragma GCC ivdep
    for (long long i0 = unit_begin * 16384; i0 < stop; ++i0) {
      const float t0 = p0[i0];
      p2[i0] = bafe_max_f32(((t0 * p1[i0]) + t0), 0x0p+0f);
    }
  }
  return 0;
}



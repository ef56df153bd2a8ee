int bafe_k0(void *const *slot, const long long *size, void *scratch, long long begin, long long end) {
  (void)slot; (void)size; (void)scratch;
  const float *p0 = (const float *)slot[0]; (void)p0;
  const float *p1 = (const float *)slot[1]; (void)p1;
  float *p2 = (float *)slot[2]; (void)p2;
  for (long long unit = begin; unit < end; unit++) {
    const long long jb = unit % 1, ib = unit / 1 % 5;
    const long long i0 = (ib < 5 ? ib * 60 : 5 * 60 + (ib - 5) * 59), i1 = ((ib + 1) < 5 ? (ib + 1) * 60 : 5 * 60 + ((ib + 1) - 5) * 59);
    const long long j0 = (jb < 1 ? jb * 100 : 1 * 100 + (jb - 1) * 99), j1 = ((jb + 1) < 1 ? (jb + 1) * 100 : 1 * 100 + ((jb + 1) - 1) * 99);
    const float *A = (const float *)slot[0]; (void)A;
    const float *B = (const float *)slot[1]; (void)B;
    float *C = (float *)slot[2];
    const long long columns = j1 - j0;
    const VFM mask = VF_MASK(columns % 16); (void)mask;
    for (long long i = i0; i < i1; i++) {
      float *to = C + (i) * 100ll + (j0);
      const long long g_lo = bafe_smaller(bafe_larger(0ll, (i) - 1ll), 300ll);
      const long long g_hi = bafe_larger(bafe_smaller(300ll, (i) + 2ll), g_lo);
      float x[3];
      for (long long k = g_lo; k < g_hi; k++) x[k - g_lo] = A[(i) * 300ll + (k)];
      const float *b = B + (g_lo) * 100ll + (j0);
      if (g_hi - g_lo == 3) {
        const VF x0 = VF_SET(x[0]);
        const VF x1 = VF_SET(x[1]);
        const VF x2 = VF_SET(x[2]);
        long long j = 0;
        for (; j + 16 <= columns; j += 16) {
          VF y = {0};
          y = VF_FMA(x0, VF_LOAD(b + 0ll + j), y);
          y = VF_FMA(x1, VF_LOAD(b + 100ll + j), y);
          y = VF_FMA(x2, VF_LOAD(b + 200ll + j), y);
          VF_STORE(to + j, y);
        }
        if (j < columns) {
          VF y = {0};
          y = VF_FMA(x0, VF_MLOAD(b + 0ll + j, mask), y);
          y = VF_FMA(x1, VF_MLOAD(b + 100ll + j, mask), y);
          y = VF_FMA(x2, VF_MLOAD(b + 200ll + j, mask), y);
          VF_MSTORE(to + j, y, mask);
        }
      } else {
        long long j = 0;
        for (; j + 16 <= columns; j += 16) {
          VF y = {0};
          for (long long d = 0; d < g_hi - g_lo; d++) y = VF_FMA(VF_SET(x[d]), VF_LOAD(b + d * 100ll + j), y);
          VF_STORE(to + j, y);
        }
        if (j < columns) {
          VF y = {0};
          for (long long d = 0; d < g_hi - g_lo; d++) y = VF_FMA(VF_SET(x[d]), VF_MLOAD(b + d * 100ll + j, mask), y);
          VF_MSTORE(to + j, y, mask);
        }
      }
    }
  }
  return 0;
}



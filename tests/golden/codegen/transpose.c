// bafe_k0: transpose @row, units 5, slots 0 1
int bafe_k0(void *const *slot, const long long *size, void *scratch, long long begin, long long end) {
  (void)size; (void)scratch;
  const float *restrict p0 = (const float *)slot[0];
  float *restrict p1 = (float *)slot[1];
  float b2[1024] __attribute__((aligned(64)));
  {
    const long long unit_begin = begin, unit_end = end;
    const long long stop = unit_end * 16 < 70 ? unit_end * 16 : 70;
    for (long long u = unit_begin * 16; u < stop; ++u) {
      const long long i2 = u / 10;
      const long long i3 = u % 10;
      bafe_turn4(b2, p0 + (i2 * 9600 + i3 * 32), 300, ((-i2 * 32 + 200) < 32 ? (-i2 * 32 + 200) : 32), ((-i3 * 32 + 300) < 32 ? (-i3 * 32 + 300) : 32));
      const long long count0 = (-i3 * 32 + 300) < 32 ? (-i3 * 32 + 300) : 32;
      for (long long k0 = 0; k0 < count0; ++k0) {
        const long long i0 = (i3 * 32) + k0;
        const long long i5 = k0;
        const long long count1 = (-i2 * 32 + 200) < 32 ? (-i2 * 32 + 200) : 32;
        #pragma GCC ivdep
        for (long long k1 = 0; k1 < count1; ++k1) {
          const long long i1 = (i2 * 32) + k1;
          const long long i4 = k1;
          p1[(i0 * 200 + i1)] = b2[(i4 + i5 * 32)];
        }
      }
    }
  }
  return 0;
}



// Sine and cosine. Invariant: |x| = q pi/2 + r with |r| <= pi/4 and q known modulo 4, r accurate
// relative to itself for every x. Up to 2^20 the quotient times pi/2 is subtracted in pieces;
// above, x is multiplied by as many bits of 2/pi as matter modulo 4, in integers (Payne and Hanek).

#include "bafe/base/format.h"
#include "bafe/codegen/math_c_parts.h"
#include "bafe/codegen/math_c_tables.h"

namespace bafe {
namespace {

std::string words_c(const char* type, const char* name, std::span<const char* const> words) {
  std::string text = std::string("static const ") + type + " " + name + "[] = {0";
  for (const char* word : words) text += std::string(",") + word;
  return text + "};\n";
}

/// sin(|x|) or cos(|x|) by quadrant, branch-free. The table's words start 32 bits before 2/pi's
/// point.
std::string mid_f32() {
  std::string text = R"(static inline float bafe_sincos_f32(float x, unsigned shift) {
  const unsigned xb = bafe_bits_f32(x), ab = xb & 0x7fffffffu, ex = ab >> 23;
  const double d = __builtin_fabs((double)x);
  const double t = BAFE_FMA(d, 0x1.45f306dc9c883p-1, 0x1.8p52), n = t - 0x1.8p52;
  const double near = BAFE_FMA(n, -0x1.0b4611a626331p-34, BAFE_FMA(n, -0x1.921fb544p+0, d));
  const unsigned long long m = (ab & 0x7fffffu) | 0x800000u;
  const unsigned at = (ex < 147u ? 147u : ex) - 120u, w = at >> 5, s = at & 31u;
  const unsigned long long w0 = bafe_two_over_pi_f32[w], w1 = bafe_two_over_pi_f32[w + 1u],
                           w2 = bafe_two_over_pi_f32[w + 2u], w3 = bafe_two_over_pi_f32[w + 3u];
  const unsigned long long a0 = ((w0 << 32 | w1) << s) >> 32, a1 = ((w1 << 32 | w2) << s) >> 32,
                           a2 = ((w2 << 32 | w3) << s) >> 32;
  const unsigned long long p = ((m * a0) << 32) + m * a1 + ((m * a2) >> 32);
  const unsigned long long q0 = (p + 0x2000000000000000ull) >> 62;
  const double far = (double)(long long)(p - (q0 << 62)) * 0x1.921fb54442d18p-62;
  const unsigned q = (unsigned)(ex < 147u ? bafe_bits_f64(t) : q0) + shift;
  const double r = ex < 147u ? near : far, z = r * r;
)";
  text += horner_c("double", "ps", "z", kSinMid) + horner_c("double", "pc", "z", kCosMid);
  return text +
         R"(  const double sine = BAFE_FMA(r * z, ps, r);
  const double cosine = BAFE_FMA(z * z, pc, BAFE_FMA(z, -0.5, 1.0));
  const float y = (float)((q & 1u) ? cosine : sine);
  const unsigned flip = ((q & 2u) << 30) ^ ((shift ^ 1u) << 31 & xb);
  return ab >= 0x7f800000u ? x - x : bafe_float_f32(bafe_bits_f32(y) ^ flip);
}
)";
}

/// r as high + low for |x| >= 2^20; the quadrant is returned.
std::string reduce_far_f64() {
  return R"(static void bafe_high_product(unsigned long long a, unsigned long long b,
                              unsigned long long *high) {
  const unsigned long long al = a & 0xffffffffull, ah = a >> 32;
  const unsigned long long bl = b & 0xffffffffull, bh = b >> 32;
  const unsigned long long mid = ah * bl + (al * bl >> 32), mid2 = al * bh + (mid & 0xffffffffull);
  *high = ah * bh + (mid >> 32) + (mid2 >> 32);
}
static __attribute__((noinline)) unsigned bafe_reduce_far_f64(double x, double *high, double *low) {
  const unsigned long long b = bafe_bits_f64(x), m = (b & 0xfffffffffffffull) | 0x10000000000000ull;
  const unsigned at = (unsigned)(b >> 52) - 1075u + 62u, w = at >> 6, s = at & 63u;
  unsigned long long a[3], top, second, h, l;
  for (unsigned i = 0; i < 3u; i++) {
    const unsigned long long next = bafe_two_over_pi_f64[w + i + 1u];
    a[i] = bafe_two_over_pi_f64[w + i] << s | (s ? next >> (64u - s) : 0);
  }
  bafe_high_product(m, a[1], &top);
  bafe_high_product(m, a[2], &second);
  l = m * a[1] + second;
  h = m * a[0] + top + (l < second);
  const unsigned q = (unsigned)(h >> 62) + (unsigned)(h >> 61 & 1u);
  const int negative = (int)(h >> 61 & 1u);
  h = h << 2 >> 2;
  if (negative) {
    h = 0x4000000000000000ull - h - (l != 0);
    l = 0ull - l;
  }
  const double p0 = (double)(h >> 31) * 0x1p-31, p1 = (double)(h & 0x7fffffffull) * 0x1p-62,
               p2 = (double)(l >> 32) * 0x1p-94;
  const double y = p0 + (p1 + p2), rest = (p0 - y) + (p1 + p2);
  const double r = y * 0x1.921fb54442d18p+0;
  const double e = bafe_product_error(y, 0x1.921fb54442d18p+0, r) + y * 0x1.1a62633145c07p-54
                 + rest * 0x1.921fb54442d18p+0;
  *high = negative ? -r : r;
  *low = negative ? -e : e;
  return q;
}
)";
}

std::string sincos_f64() {
  std::string text = R"(static inline double bafe_sincos_f64(double x, unsigned shift) {
  const double a = __builtin_fabs(x);
  double r, low;
  unsigned q;
  if (!(a < __builtin_inf())) return x - x;
  if (a < 0x1p20) {
    const double t = BAFE_FMA(a, 0x1.45f306dc9c883p-1, 0x1.8p52), n = t - 0x1.8p52;
    const double b = a - n * 0x1.921fb544p+0, c = n * 0x1.0b4611a6p-34, d = b - c;
    const double w = n * 0x1.3198a2e037073p-69, e = (b - d) - c - w;
    r = d + e;
    low = (d - r) + e;
    q = (unsigned)bafe_bits_f64(t);
  } else {
    q = bafe_reduce_far_f64(a, &r, &low);
  }
  q += shift;
  const double z = r * r;
)";
  text += horner_c("double", "ps", "z", kSinF64) + horner_c("double", "pc", "z", kCosF64);
  return text + R"(  const double sine = r + BAFE_FMA(r * z, ps, BAFE_FMA(z, -0.5 * low, low));
  const double h = 0.5 * z, c1 = 1.0 - h;
  const double cosine = c1 + (((1.0 - c1) - h) + BAFE_FMA(z * z, pc, -r * low));
  double y = (q & 1u) ? cosine : sine;
  y = (q & 2u) ? -y : y;
  return shift == 0u && __builtin_copysign(1.0, x) < 0.0 ? -y : y;
}
)";
}

/// The branch to far arguments keeps a loop from being vectorised. GCC then calls a copy of the
/// function that takes a vector's lanes one after another, and the rest of the loop stays vectors:
/// 1.6 times faster for a distance on a sphere. The bits are those of the plain function.
std::string by_lanes(const char* name, int shift) {
  return format(
      "#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)\n"
      "static __attribute__((noinline, const, simd(\"notinbranch\")))\n"
      "#else\n"
      "static inline\n"
      "#endif\n"
      "double bafe_{}_f64(double x) {{ return bafe_sincos_f64(x, {}u); }}\n",
      name, shift);
}

}  // namespace

void add_trig_math(MathTable& table) {
  table["bafe_two_over_pi_f32"] = words_c("unsigned", "bafe_two_over_pi_f32", kTwoOverPi32);
  table["bafe_two_over_pi_f64"] =
      words_c("unsigned long long", "bafe_two_over_pi_f64", kTwoOverPi64);
  table["bafe_sincos_f32"] = mid_f32();
  table["bafe_reduce_far_f64"] = reduce_far_f64();
  table["bafe_sincos_f64"] = sincos_f64();
  table["bafe_sin_f32"] =
      "static inline float bafe_sin_f32(float x) { return bafe_sincos_f32(x, 0u); }\n";
  table["bafe_cos_f32"] =
      "static inline float bafe_cos_f32(float x) { return bafe_sincos_f32(x, 1u); }\n";
  table["bafe_sin_f64"] = by_lanes("sin", 0);
  table["bafe_cos_f64"] = by_lanes("cos", 1);
}

}  // namespace bafe

// The exponential and its relatives. Invariant of every text: x = n ln 2 + r with |r| <= ln(2)/2, a
// polynomial in r, and 2^n applied as two factors, so that overflow and gradual underflow round
// once. Functions of f32 that need more than f32 compute in double and round at the end.

#include "bafe/codegen/math_c_parts.h"
#include "bafe/codegen/math_c_tables.h"

namespace bafe {
namespace {

std::string exp_f32() {
  return R"(static inline float bafe_exp_f32(float x) {
  float c = x > 89.0f ? 89.0f : x;
  c = c < -104.0f ? -104.0f : c;
  const float t = BAFE_FMAF(c, 0x1.715476p+0f, 0x1.8p23f), n = t - 0x1.8p23f;
  const float s = BAFE_FMAF(n, -0x1.62e4p-1f, c), w = n * -0x1.7f7d1cp-20f, r = s + w;
)" + horner_c("float", "q", "r", kExpF32) +
         R"(  const float p = (s + BAFE_FMAF(r * r, q, w)) + 1.0f;
  const unsigned u = bafe_bits_f32(t) - 0x4b400000u + 512u, h = u >> 1;
  return p * bafe_float_f32((h - 129u) << 23) * bafe_float_f32((u - h - 129u) << 23);
}
)";
}

/// exp(high + low), |low| far below |high|.
std::string exp_pair_f64() {
  return R"(static inline double bafe_exp_pair_f64(double x, double low) {
  double c = x > 720.0 ? 720.0 : x;
  c = c < -760.0 ? -760.0 : c;
  const double t = BAFE_FMA(c, 0x1.71547652b82fep+0, 0x1.8p52), n = t - 0x1.8p52;
  const double s = BAFE_FMA(n, -0x1.62e42fefa3p-1, c);
  const double w = BAFE_FMA(n, -0x1.3de6af278ece6p-42, low), r = s + w;
)" + horner_c("double", "q", "r", kExpF64) +
         R"(  const double p = (s + BAFE_FMA(r * r, q, w)) + 1.0;
  const unsigned long long u = bafe_bits_f64(t) - 0x4338000000000000ull + 2048ull, h = u >> 1;
  return p * bafe_double_f64((h - 1ull) << 52) * bafe_double_f64((u - h - 1ull) << 52);
}
)";
}

/// exp for |x| <= 700 to 2^-32, and expm1 for -60 <= x <= 700 to 2^-30: enough for an f32 result.
std::string mid_functions(bool minus_one) {
  std::string text = minus_one ? "static inline double bafe_expm1_mid(double c) {\n"
                               : "static inline double bafe_exp_mid(double c) {\n";
  text += R"(  const double t = BAFE_FMA(c, 0x1.71547652b82fep+0, 0x1.8p52), n = t - 0x1.8p52;
  const double r = BAFE_FMA(n, -0x1.3de6af278ece6p-42, BAFE_FMA(n, -0x1.62e42fefa3p-1, c));
)";
  text += horner_c("double", "q", "r", kExpMid);
  text += "  const double p = BAFE_FMA(r * r, q, r);\n";
  if (minus_one) {
    return text +
           R"(  const double h = bafe_double_f64(
      (bafe_bits_f64(t) - 0x4338000000000000ull + 1022ull) << 52);
  return BAFE_FMA(h, p, h - 0.5) * 2.0;
}
)";
  }
  return text +
         R"(  return (p + 1.0) * bafe_double_f64(
      (bafe_bits_f64(t) - 0x4338000000000000ull + 1023ull) << 52);
}
)";
}

std::string expm1_f64() {
  return R"(static inline double bafe_expm1_f64(double x) {
  double c = x > 720.0 ? 720.0 : x;
  c = c < -60.0 ? -60.0 : c;
  const double t = BAFE_FMA(c, 0x1.71547652b82fep+0, 0x1.8p52), n = t - 0x1.8p52;
  const double s = BAFE_FMA(n, -0x1.62e42fefa3p-1, c), w = n * 0x1.3de6af278ece6p-42;
  const double r = s - w, low = (s - r) - w;
)" + horner_c("double", "q", "r", kExpF64) +
         R"(  const double tail = BAFE_FMA(r * r, q, low);
  double k = n - 1.0;
  k = k > 1023.0 ? 1023.0 : k;
  const double h = bafe_double_f64(
      (bafe_bits_f64(k + 0x1.8p52) - 0x4338000000000000ull + 1023ull) << 52);
  const double base = h - 0.5, sum = BAFE_FMA(h, r, base), lost = BAFE_FMA(h, r, base - sum);
  double y = (sum + BAFE_FMA(h, tail, lost)) * 2.0;
  y = x > 709.8 ? __builtin_inf() : y;
  return x == 0.0 ? x : y;
}
)";
}

std::string small_float_functions() {
  return R"(static inline float bafe_expm1_f32(float x) {
  float c = x > 100.0f ? 100.0f : x;
  c = c < -50.0f ? -50.0f : c;
  const float y = (float)bafe_expm1_mid((double)c);
  return x == 0.0f ? x : y;
}
)";
}

std::string tanh_f32() {
  return R"(static inline float bafe_tanh_f32(float x) {
  float c = x > 20.0f ? 20.0f : x;
  c = c < -20.0f ? -20.0f : c;
  const double e = bafe_expm1_mid(2.0 * (double)c);
  const float y = (float)(e / (e + 2.0));
  return x == 0.0f ? x : y;
}
)";
}

std::string tanh_f64() {
  return R"(static inline double bafe_tanh_f64(double x) {
  double a = __builtin_fabs(x);
  a = a > 25.0 ? 25.0 : a;
  const double e = bafe_expm1_f64(2.0 * a), y = (a < 0.55 ? e : -2.0) / (e + 2.0);
  return __builtin_copysign(a < 0.55 ? y : 1.0 + y, x);
}
)";
}

std::string sigmoids() {
  return R"(static inline float bafe_sigmoid_f32(float x) {
  double a = __builtin_fabs((double)x);
  a = a > 150.0 ? 150.0 : a;
  const double e = bafe_exp_mid(-a);
  return (float)((x < 0.0f ? e : 1.0) / (1.0 + e));
}
)";
}

}  // namespace

void add_exp_math(MathTable& table) {
  table["bafe_exp_f32"] = exp_f32();
  table["bafe_exp_pair_f64"] = exp_pair_f64();
  table["bafe_exp_f64"] =
      "static inline double bafe_exp_f64(double x) { return bafe_exp_pair_f64(x, 0.0); }\n";
  table["bafe_exp_mid"] = mid_functions(false);
  table["bafe_expm1_mid"] = mid_functions(true);
  table["bafe_expm1_f64"] = expm1_f64();
  table["bafe_expm1_f32"] = small_float_functions();
  table["bafe_tanh_f32"] = tanh_f32();
  table["bafe_tanh_f64"] = tanh_f64();
  table["bafe_sigmoid_f32"] = sigmoids();
  table["bafe_sigmoid_f64"] = R"(static inline double bafe_sigmoid_f64(double x) {
  const double e = bafe_exp_f64(-__builtin_fabs(x));
  return (x < 0.0 ? e : 1.0) / (1.0 + e);
}
)";
}

}  // namespace bafe

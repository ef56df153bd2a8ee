// The exponential and its relatives. Invariant of every text: x = n ln 2 + r with |r| <= ln(2)/2, a
// polynomial in r, and 2^n applied as two factors, so that overflow and gradual underflow round
// once. Functions of f32 that need more than f32 compute in double and round at the end.

#include "bafe/codegen/math_c_parts.h"
#include "bafe/codegen/math_c_tables.h"

namespace bafe {
namespace {

/// exp(c) = p 2^n for |c| <= 104; bits of t hold n.
std::string reduced_exp_f32() {
  return R"(  const float t = BAFE_FMAF(c, 0x1.715476p+0f, 0x1.8p23f), n = t - 0x1.8p23f;
  const float s = BAFE_FMAF(n, -0x1.62e4p-1f, c), w = n * -0x1.7f7d1cp-20f, r = s + w;
)" + horner_c("float", "q", "r", kExpF32) +
         "  const float p = (s + BAFE_FMAF(r * r, q, w)) + 1.0f;\n";
}

/// e = p 2^n, rounded once also where it is subnormal or overflows.
constexpr const char* kScaledExpF32 = R"(  const unsigned u = bafe_bits_f32(t) - 0x4b400000u + 512u;
  const unsigned h = u >> 1;
  const float e = p * bafe_float_f32((h - 129u) << 23) * bafe_float_f32((u - h - 129u) << 23);
)";

std::string exp_f32() {
  return R"(static inline float bafe_exp_f32(float x) {
  float c = x > 89.0f ? 89.0f : x;
  c = c < -104.0f ? -104.0f : c;
)" + reduced_exp_f32() +
         kScaledExpF32 + "  return e;\n}\n";
}

/// x + low = n ln 2 + r; exp(r) = 1 + s + tail; exp(x + low) = exp(r) up down, two powers of two.
std::string reduced_exp_f64() {
  return R"(  double c = x > 720.0 ? 720.0 : x;
  c = c < -760.0 ? -760.0 : c;
  const double t = BAFE_FMA(c, 0x1.71547652b82fep+0, 0x1.8p52), n = t - 0x1.8p52;
  const double s = BAFE_FMA(n, -0x1.62e42fefa3p-1, c);
  const double w = BAFE_FMA(n, -0x1.3de6af278ece6p-42, low), r = s + w;
)" + horner_c("double", "q", "r", kExpF64) +
         R"(  const double tail = BAFE_FMA(r * r, q, w);
  const unsigned long long u = bafe_bits_f64(t) - 0x4338000000000000ull + 2048ull, h = u >> 1;
  const double up = bafe_double_f64((h - 1ull) << 52), down = bafe_double_f64((u - h - 1ull) << 52);
)";
}

/// exp(r) as high + rest, right to 2^-62.
constexpr const char* kExactExp = R"(  const double v = s + tail, high = 1.0 + v;
  const double rest = (v - (high - 1.0)) + (tail - (v - s));
)";

/// exp(x + low), |low| far below |x|.
std::string exp_pair_f64() {
  return "static inline double bafe_exp_pair_f64(double x, double low) {\n" + reduced_exp_f64() +
         "  return ((s + tail) + 1.0) * up * down;\n}\n";
}

/// exp(x + low) (f + g): the factor comes in before the result may underflow. 0.6 units.
std::string exp_times_f64() {
  return "static inline double bafe_exp_times_f64(double x, double low, double f, double g) {\n" +
         reduced_exp_f64() + kExactExp +
         R"(  const double m = high * f;
  const double more = bafe_product_error(high, f, m) + BAFE_FMA(high, g, rest * f);
  return (m + more) * up * down;
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

/// expm1(x) as the result plus *low, for -60 <= x <= 709.
std::string expm1_pair_f64() {
  return R"(static inline double bafe_expm1_pair_f64(double c, double *low) {
  const double t = BAFE_FMA(c, 0x1.71547652b82fep+0, 0x1.8p52), n = t - 0x1.8p52;
  const double s = BAFE_FMA(n, -0x1.62e42fefa3p-1, c), w = n * 0x1.3de6af278ece6p-42;
  const double r = s - w, rl = (s - r) - w;
)" + horner_c("double", "q", "r", kExpF64) +
         R"(  const double tail = BAFE_FMA(r * r, q, rl);
  double k = n - 1.0;
  k = k > 1023.0 ? 1023.0 : k;
  const double h = bafe_double_f64(
      (bafe_bits_f64(k + 0x1.8p52) - 0x4338000000000000ull + 1023ull) << 52);
  const double base = h - 0.5, sum = BAFE_FMA(h, r, base), lost = BAFE_FMA(h, r, base - sum);
  const double more = BAFE_FMA(h, tail, lost), y = sum + more;
  *low = 2.0 * (more - (y - sum));
  return 2.0 * y;
}
)";
}

constexpr const char* kExpm1F64 = R"(static inline double bafe_expm1_f64(double x) {
  double c = x > 720.0 ? 720.0 : x, low;
  c = c < -60.0 ? -60.0 : c;
  double y = bafe_expm1_pair_f64(c, &low);
  y = x > 709.8 ? __builtin_inf() : y;
  return __builtin_fabs(x) < 0x1p-54 ? x : y;
}
)";

std::string small_float_functions() {
  return R"(static inline float bafe_expm1_f32(float x) {
  float c = x > 100.0f ? 100.0f : x;
  c = c < -50.0f ? -50.0f : c;
  const float y = (float)bafe_expm1_mid((double)c);
  return x == 0.0f ? x : y;
}
)";
}

/// An odd polynomial for |x| < 5/8, else 1 - 2 / (exp(2|x|) + 1): all in f32, 1.32 units.
std::string tanh_f32() {
  return R"(static inline float bafe_tanh_f32(float x) {
  const float a = __builtin_fabsf(x), z = x * x, c = a > 10.0f ? 20.0f : a + a;
)" + reduced_exp_f32() +
         horner_c("float", "g", "z", kTanhF32) +
         R"(  const float e = p * bafe_float_f32((bafe_bits_f32(t) - 0x4b400000u + 127u) << 23);
  const float far = 1.0f - 2.0f / (e + 1.0f), near = BAFE_FMAF(g * z, a, a);
  return __builtin_copysignf(a < 0.625f ? near : far, x);
}
)";
}

/// With e = expm1(2|x|): e / (e + 2) for small |x|, else 1 - 2 / (e + 2); the quotient's rest and
/// the low parts of e and e + 2 are put back, so that only one rounding shows.
constexpr const char* kTanhF64 = R"(static inline double bafe_tanh_f64(double x) {
  double a = __builtin_fabs(x), low;
  a = a > 25.0 ? 25.0 : a;
  const double e = bafe_expm1_pair_f64(2.0 * a, &low), d = e + 2.0, dl = (e - (d - 2.0)) + low;
  const double top = a < 0.55 ? e : -2.0, inverse = 1.0 / d, q = top * inverse, p = q * d;
  const double rest = ((top - p) - bafe_product_error(q, d, p)) + (a < 0.55 ? low : 0.0) - q * dl;
  const double base = a < 0.55 ? 0.0 : 1.0, y = base + q, yl = q - (y - base);
  return __builtin_copysign(a < 0x1p-30 ? a : y + BAFE_FMA(rest, inverse, yl), x);
}
)";

constexpr const char* kSigmoidMid = R"(static inline double bafe_sigmoid_mid(float x, double f) {
  double a = __builtin_fabs((double)x);
  a = a > 150.0 ? 150.0 : a;
  const double e = bafe_exp_mid(-a);
  return (x < 0.0f ? f * e : f) / (1.0 + e);
}
)";

/// e / (1 + e) or 1 / (1 + e) for e = exp(-|x|), less what 1 + e lost by rounding: 1.97 units.
std::string sigmoid_f32() {
  return R"(static inline float bafe_sigmoid_f32(float x) {
  float c = -__builtin_fabsf(x);
  c = c < -104.0f ? -104.0f : c;
)" + reduced_exp_f32() +
         kScaledExpF32 +
         R"(  const float d = 1.0f + e, lost = e - (d - 1.0f), y = (x < 0.0f ? e : 1.0f) / d;
  return BAFE_FMAF(-y, lost, y);
}
)";
}

/// f sigmoid(x). With e = exp(-|x|), for x < 0 the numerator is f e with e's powers of two left out
/// until the quotient is complete.
std::string sigmoid_times_f64() {
  return "static inline double bafe_sigmoid_times_f64(double a, double f) {\n"
         "  const double x = -__builtin_fabs(a), low = 0.0;\n" +
         reduced_exp_f64() + kExactExp +
         R"(  const double e = high * up * down, d = 1.0 + e,
               dl = (e - (d - 1.0)) + rest * up * down;
  const double top = a < 0.0 ? f * high : f;
  const double more = a < 0.0 ? bafe_product_error(f, high, top) + f * rest : 0.0;
  const double inverse = 1.0 / d, q1 = top * inverse, p = q1 * d;
  const double y = q1 + inverse * (((top - p) - bafe_product_error(q1, d, p)) + more - q1 * dl);
  return a < 0.0 ? y * up * down : y;
}
)";
}

constexpr const char* kSiluF64 = R"(static inline double bafe_silu_f64(double x) {
  const double y = bafe_sigmoid_times_f64(x, x < -760.0 ? -760.0 : x);
  return (x > 50.0) | (x == 0.0) ? x : x < -0x1.fffffffffffffp1023 ? x * 0.0 : y;
}
)";
constexpr const char* kSiluF32 = R"(static inline float bafe_silu_f32(float x) {
  const float y = (float)bafe_sigmoid_mid(x, x < -150.0f ? -150.0 : (double)x);
  return x < -0x1.fffffep127f ? x * 0.0f : y;
}
)";

}  // namespace

void add_exp_math(MathTable& table) {
  table["bafe_exp_f32"] = exp_f32();
  table["bafe_exp_pair_f64"] = exp_pair_f64();
  table["bafe_exp_f64"] =
      "static inline double bafe_exp_f64(double x) { return bafe_exp_pair_f64(x, 0.0); }\n";
  table["bafe_exp_mid"] = mid_functions(false);
  table["bafe_expm1_mid"] = mid_functions(true);
  table["bafe_exp_times_f64"] = exp_times_f64();
  table["bafe_expm1_pair_f64"] = expm1_pair_f64();
  table["bafe_expm1_f64"] = kExpm1F64;
  table["bafe_expm1_f32"] = small_float_functions();
  table["bafe_tanh_f32"] = tanh_f32();
  table["bafe_tanh_f64"] = kTanhF64;
  table["bafe_sigmoid_mid"] = kSigmoidMid;
  table["bafe_sigmoid_f32"] = sigmoid_f32();
  table["bafe_sigmoid_times_f64"] = sigmoid_times_f64();
  table["bafe_sigmoid_f64"] =
      "static inline double bafe_sigmoid_f64(double x) { return bafe_sigmoid_times_f64(x, 1.0); "
      "}\n";
  table["bafe_silu_f32"] = kSiluF32;
  table["bafe_silu_f64"] = kSiluF64;
}

}  // namespace bafe

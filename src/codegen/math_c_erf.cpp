// Error functions. Invariant: with a = |x|, erfc(a) = exp(-a^2) G(t) / (1 + 2a) where
// t = (a - K) / (a + K) maps [0, Inf) to [-1, 1) and G is smooth, so one polynomial serves every a;
// a^2 is kept as a sum of two doubles where exp would magnify its rounding.

#include "bafe/codegen/math_c_parts.h"
#include "bafe/codegen/math_c_tables.h"

namespace bafe {
namespace {

std::string erfc_positive_mid() {
  return "static inline double bafe_erfc_positive_mid(double a) {\n"
         "  const double t = (a - 2.0) / (a + 2.0);\n" +
         horner_c("double", "g", "t", kErfcMid) +
         "  return bafe_exp_mid(-a * a) * g / (1.0 + 2.0 * a);\n}\n";
}

/// exp(-(s + sl)) G / (1 + 2 (a + al)) times f, for s + sl = (a + al)^2. What the last step of the
/// polynomial and the quotient lose by rounding is kept apart.
std::string erfc_times_f64() {
  const std::span<const char* const> terms(kErfcF64);
  return "static inline double bafe_erfc_times_f64(double a, double al, double s, double sl, "
         "double f) {\n"
         "  const double t = (a - 4.0) / (a + 4.0);\n" +
         horner_c("double", "above", "t", terms.subspan(1)) + "  const double c = " + terms[0] +
         R"(, m = above * t, g = c + m;
  const double gl = (m - (g - c)) + bafe_product_error(above, t, m);
  const double d = 1.0 + 2.0 * a, dl = (1.0 - (d - 2.0 * a)) + 2.0 * al, inverse = 1.0 / d;
  const double q = g * inverse, p = q * d;
  const double ql = (((g - p) - bafe_product_error(q, d, p)) + gl - q * dl) * inverse;
  const double qf = q * f;
  return bafe_exp_times_f64(-s, -sl, qf, bafe_product_error(q, f, qf) + ql * f);
}
)";
}

constexpr const char* kErfcPositiveF64 = R"(static inline double bafe_erfc_positive_f64(double a) {
  const double s = a * a;
  return bafe_erfc_times_f64(a, 0.0, s, bafe_product_error(a, a, s), 1.0);
}
)";

std::string erf_f32() {
  return R"(static inline float bafe_erf_f32(float x) {
  double a = __builtin_fabs((double)x);
  a = a > 10.0 ? 10.0 : a;
  const double z = a * a;
)" + horner_c("double", "p", "z", kErfMid) +
         R"(  double y = a < 1.0 ? BAFE_FMA(a, p, a) : 1.0 - bafe_erfc_positive_mid(a);
  y = x != x ? (double)x : y;
  return __builtin_copysignf((float)y, x);
}
)";
}

std::string erf_f64() {
  return R"(static inline double bafe_erf_f64(double x) {
  double a = __builtin_fabs(x);
  a = a > 10.0 ? 10.0 : a;
  const double z = a * a;
)" + horner_c("double", "p", "z", kErfF64) +
         R"(  double y = a < 1.0 ? BAFE_FMA(a, p, a) : 1.0 - bafe_erfc_positive_f64(a);
  y = x != x ? x : y;
  return __builtin_copysign(y, x);
}
)";
}

/// Below 3/4 the complement of erf is the more exact form: 1 - x loses nothing from 1/2 on, and
/// what is subtracted from it is small.
std::string erfc_f64() {
  return R"(static inline double bafe_erfc_f64(double x) {
  double a = __builtin_fabs(x);
  a = a > 28.0 ? 28.0 : a;
  const double z = a < 0.75 ? a * a : 0.5;
)" + horner_c("double", "p", "z", kErfF64) +
         R"(  double y = bafe_erfc_positive_f64(a);
  y = x < 0.0 ? 2.0 - y : y;
  return a < 0.75 ? BAFE_FMA(-x, p, 1.0 - x) : y;
}
)";
}

/// x/2 erfc(|x| / sqrt(2)), subtracted from x for a positive x; near 0 x/2 + x/2 erf(x / sqrt(2)).
/// The exponent x^2 / 2 is exact.
std::string gelu_f64() {
  return R"(static inline double bafe_gelu_f64(double x) {
  double b = __builtin_fabs(x);
  b = b > 40.0 ? 40.0 : b;
  const double h = 0.5 * b, s = b * h, a = b * 0x1.6a09e667f3bcdp-1;
  const double al = bafe_product_error(b, 0x1.6a09e667f3bcdp-1, a) - b * 0x1.bdd3413b26456p-55;
  const double tail = bafe_erfc_times_f64(a, al, s, bafe_product_error(b, h, s), h);
  const double c = x < 0.0 ? -a : a, k = 1.0 + c, kl = (c - (k - 1.0)) + (x < 0.0 ? -al : al);
  const double z = a < 0.6 ? s : 0.5;
)" + horner_c("double", "p", "z", kErfF64) +
         R"(  double y = x < 0.0 ? -tail : x - tail;
  y = a < 0.6 ? 0.5 * x * (k + BAFE_FMA(c, p, kl)) : y;
  return x < -0x1.fffffffffffffp1023 ? x * 0.0 : y;
}
)";
}

constexpr const char* kGeluF32 = R"(static inline float bafe_gelu_f32(float x) {
  double b = __builtin_fabs((double)x);
  b = b > 16.0 ? 16.0 : b;
  const double tail = 0.5 * b * bafe_erfc_positive_mid(b * 0x1.6a09e667f3bcdp-1);
  const float y = (float)(x < 0.0f ? -tail : (double)x - tail);
  return x < -0x1.fffffep127f ? x * 0.0f : b < 0x1p-30 ? 0.5f * x : y;
}
)";

}  // namespace

void add_erf_math(MathTable& table) {
  table["bafe_erfc_positive_mid"] = erfc_positive_mid();
  table["bafe_erfc_times_f64"] = erfc_times_f64();
  table["bafe_erfc_positive_f64"] = kErfcPositiveF64;
  table["bafe_erf_f32"] = erf_f32();
  table["bafe_erf_f64"] = erf_f64();
  table["bafe_erfc_f32"] = R"(static inline float bafe_erfc_f32(float x) {
  double a = __builtin_fabs((double)x);
  a = a > 12.0 ? 12.0 : a;
  const double y = bafe_erfc_positive_mid(a);
  return (float)(x < 0.0f ? 2.0 - y : y);
}
)";
  table["bafe_erfc_f64"] = erfc_f64();
  table["bafe_gelu_f32"] = kGeluF32;
  table["bafe_gelu_f64"] = gelu_f64();
}

}  // namespace bafe

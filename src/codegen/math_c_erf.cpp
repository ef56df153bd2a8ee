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

std::string erfc_positive_f64() {
  return "static inline double bafe_erfc_positive_f64(double a) {\n"
         "  const double t = (a - 4.0) / (a + 4.0), s = a * a, low = bafe_product_error(a, a, "
         "s);\n" +
         horner_c("double", "g", "t", kErfcF64) +
         R"(  const double d = 1.0 + 2.0 * a, dl = 1.0 - (d - 2.0 * a), q = g / d, qd = q * d;
  const double rest = ((g - qd) - bafe_product_error(q, d, qd) - q * dl) / d;
  const double e = bafe_exp_pair_f64(-s, -low);
  return BAFE_FMA(e, q, e * rest);
}
)";
}

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

}  // namespace

void add_erf_math(MathTable& table) {
  table["bafe_erfc_positive_mid"] = erfc_positive_mid();
  table["bafe_erfc_positive_f64"] = erfc_positive_f64();
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
}

}  // namespace bafe

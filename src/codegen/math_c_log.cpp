// Logarithms and powers. Invariant of every text: x = 2^e m with m in [sqrt(1/2), sqrt(2)), f = m -
// 1 exact, s = f / (2 + f), and log(1 + f) = 2s + s^3 R(s^2). A power multiplies a logarithm that
// is kept as an unevaluated sum of two doubles.

#include "bafe/codegen/math_c_parts.h"
#include "bafe/codegen/math_c_tables.h"

namespace bafe {
namespace {

/// Splits a positive normal x into e (a double) and f; names the exponent's bits g.
constexpr const char* kSplit = R"(  const unsigned long long b = bafe_bits_f64(x);
  const unsigned long long g = (b - 0x3fe6a09e667f3bcdull + 0x4000000000000000ull) >> 52;
  const double e = bafe_double_f64(0x4330000000000000ull | g) - (0x1p52 + 1024.0);
  const double f = bafe_double_f64(b - ((g - 1024ull) << 52)) - 1.0;
)";

/// log(x) + low for a positive normal x.
std::string log_core_f64() {
  return std::string("static inline double bafe_log_core_f64(double x, double low) {\n") + kSplit +
         "  const double s = f / (2.0 + f), z = s * s, v = 0.5 * f * f;\n" +
         horner_c("double", "q", "z", kLogF64) +
         R"(  const double t = BAFE_FMA(s, BAFE_FMA(z, q, v),
                            BAFE_FMA(e, 0x1.3de6af278ece6p-42, low));
  return BAFE_FMA(e, 0x1.62e42fefa3p-1, f - (v - t));
}
)";
}

/// The same to about 2^-40 for an f32 result; x = 0, negative, Inf and NaN come out as log's.
std::string log_mid() {
  return std::string("static inline double bafe_log_mid(double x) {\n") + kSplit +
         "  const double s = f / (2.0 + f), z = s * s;\n" + horner_c("double", "q", "z", kLogMid) +
         R"(  double y = BAFE_FMA(e, 0x1.62e42fefa39efp-1, BAFE_FMA(s * z, q, s + s));
  y = x < __builtin_inf() ? y : x;
  y = x == 0.0 ? -__builtin_inf() : y;
  return x < 0.0 ? __builtin_nan("") : y;
}
)";
}

std::string log_f64() {
  return R"(static inline double bafe_log_f64(double x) {
  const double scaled = x < 0x1p-1022 ? x * 0x1p54 : x;
  double y = bafe_log_core_f64(scaled, 0.0);
  y = x < 0x1p-1022 ? y - 0x1.2b708872320e2p+5 : y;
  y = x < __builtin_inf() ? y : x;
  y = x == 0.0 ? -__builtin_inf() : y;
  return x < 0.0 ? __builtin_nan("") : y;
}
)";
}

std::string log1p_f64() {
  return R"(static inline double bafe_log1p_f64(double x) {
  const double u = 1.0 + x;
  const double lost = u >= 2.0 ? 1.0 - (u - x) : x - (u - 1.0);
  double y = bafe_log_core_f64(u, lost / u);
  y = u < __builtin_inf() ? y : u;
  y = x == -1.0 ? -__builtin_inf() : y;
  y = x < -1.0 ? __builtin_nan("") : y;
  return x == 0.0 ? x : y;
}
)";
}

std::string log1p_f32() {
  return R"(static inline float bafe_log1p_f32(float x) {
  const double d = (double)x, u = 1.0 + d;
  double y = bafe_log_mid(u);
  y = u < 4.0 ? y + (d - (u - 1.0)) : y;
  y = u == 0.0 ? -__builtin_inf() : y;
  return x == 0.0f ? x : (float)y;
}
)";
}

/// a * b - p for p = a * b rounded; without a fused multiply-add by Dekker's splitting.
std::string product_error() {
  return R"(static inline double bafe_product_error(double a, double b, double p) {
#ifdef BAFE_HAS_FMA
  return BAFE_FMA(a, b, -p);
#else
  const double s = a * 134217729.0, t = b * 134217729.0;
  const double ah = s - (s - a), bh = t - (t - b), al = a - ah, bl = b - bh;
  return ((ah * bh - p) + ah * bl + al * bh) + al * bl;
#endif
}
)";
}

/// exp(y * log(x)) for a positive normal x.
std::string pow_core_f64() {
  return std::string(
             "static inline double bafe_pow_core_f64(double x, double extra, double y) {\n") +
         kSplit +
         R"(  const double d = 2.0 + f, dl = f - (d - 2.0), s = f / d, ds = s * d;
  const double sl = ((f - ds) - bafe_product_error(s, d, ds) - s * dl) / d;
  const double z = s * s, zl = bafe_product_error(s, s, z) + 2.0 * s * sl;
  const double c = z * s, cl = bafe_product_error(z, s, c) + zl * s + z * sl;
  const double w = c * 0x1.5555555555555p-1;
  const double wl = bafe_product_error(c, 0x1.5555555555555p-1, w) + c * 0x1.5555555555555p-55
                  + cl * 0x1.5555555555555p-1;
)" + horner_c("double", "q", "z", kLogTail) +
         R"(  const double a = 2.0 * s, h = a + w, hl = (w - (h - a)) + (2.0 * sl + wl + z * c * q);
  const double n = e + extra, k = n * 0x1.62e42fefa3p-1, l = k + h;
  const int big = __builtin_fabs(k) > __builtin_fabs(h);
  const double ll = (big ? h - (l - k) : k - (l - h)) + (hl + n * 0x1.3de6af278ece6p-42);
  const double g1 = l + ll, g2 = ll - (g1 - l);
  double p = y * g1;
  const double pl = __builtin_fabs(p) < 1e4 ? bafe_product_error(y, g1, p) + y * g2 : 0.0;
  p = p > 1e4 ? 1e4 : p < -1e4 ? -1e4 : p;
  return bafe_exp_pair_f64(p, pl);
}
)";
}

/// The cases of C99 around a core for |x|; TYPE, SUFFIX and MAGNITUDE are replaced.
constexpr const char* kPow = R"(static inline TYPE bafe_pow_SUFFIX(TYPE x, TYPE y) {
  const TYPE a = ABS(x);
  TYPE m = MAGNITUDE;
  const int whole = bafe_rint_SUFFIX(y) == y;
  const int half = bafe_rint_SUFFIX(y * (TYPE)0.5) == y * (TYPE)0.5;
  const int negative = __builtin_copysign(1.0, (double)x) < 0.0;
  m = a == (TYPE)1 ? (TYPE)1 : m;
  m = negative & whole & !half ? -m : m;
  m = negative & !whole & (a > (TYPE)0) & (a < (TYPE)__builtin_inf()) ? (TYPE)__builtin_nan("") : m;
  m = (y != y) | (x != x) ? x + y : m;
  return (y == (TYPE)0) | (x == (TYPE)1) ? (TYPE)1 : m;
}
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string pow_of(const char* type, const char* suffix, const char* abs, const char* magnitude) {
  std::string text = replaced(kPow, "MAGNITUDE", magnitude);
  text = replaced(text, "TYPE", type);
  text = replaced(text, "ABS", abs);
  return replaced(text, "SUFFIX", suffix);
}

}  // namespace

void add_log_math(MathTable& table) {
  table["bafe_log_core_f64"] = log_core_f64();
  table["bafe_log_mid"] = log_mid();
  table["bafe_log_f64"] = log_f64();
  table["bafe_log_f32"] =
      "static inline float bafe_log_f32(float x) { return (float)bafe_log_mid((double)x); }\n";
  table["bafe_log1p_f64"] = log1p_f64();
  table["bafe_log1p_f32"] = log1p_f32();
  table["bafe_product_error"] = product_error();
  table["bafe_pow_core_f64"] = pow_core_f64();
  table["bafe_pow_magnitude_f64"] =
      R"(static inline double bafe_pow_magnitude_f64(double a, double y) {
  const double scaled = a < 0x1p-1022 ? a * 0x1p54 : a;
  double m = bafe_pow_core_f64(scaled, a < 0x1p-1022 ? -54.0 : 0.0, y);
  const double big = __builtin_inf();
  m = (a == 0.0) | (a == big) ? ((a == 0.0) == (y < 0.0) ? big : 0.0) : m;
  return (y == big) | (y == -big) ? ((a > 1.0) == (y > 0.0) ? big : 0.0) : m;
}
)";
  table["bafe_pow_magnitude_f32"] =
      R"(static inline float bafe_pow_magnitude_f32(float a, float y) {
  double p = (double)y * bafe_log_mid((double)a);
  p = p > 200.0 ? 200.0 : p;
  p = p < -200.0 ? -200.0 : p;
  return (float)bafe_exp_mid(p);
}
)";
  table["bafe_pow_f64"] = pow_of("double", "f64", "__builtin_fabs", "bafe_pow_magnitude_f64(a, y)");
  table["bafe_pow_f32"] = pow_of("float", "f32", "__builtin_fabsf", "bafe_pow_magnitude_f32(a, y)");
}

}  // namespace bafe

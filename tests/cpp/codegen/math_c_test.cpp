// The C texts of elementary functions against libm in a wider type, over samples of every
// magnitude. The texts are compiled as a vectorised loop, so that both its body and its tail are
// measured.

#include "bafe/codegen/math_c.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#include "bafe/base/format.h"
#include "codegen/gemm_compile.h"

namespace bafe {
namespace {

using Wide = long double;
struct UnaryCase {
  const char* name;
  Wide (*exact)(Wide);
  double float_ulps, double_ulps;
};

Wide sigmoid_of(Wide x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
Wide rsqrt_of(Wide x) { return 1 / std::sqrt(x); }

const UnaryCase kUnary[] = {
    {"exp", [](Wide x) { return std::exp(x); }, 1.0, 1.0},
    {"expm1", [](Wide x) { return std::expm1(x); }, 1.0, 2.0},
    {"log", [](Wide x) { return std::log(x); }, 0.51, 1.0},
    {"log1p", [](Wide x) { return std::log1p(x); }, 0.51, 2.0},
    {"sin", [](Wide x) { return std::sin(x); }, 0.51, 1.0},
    {"cos", [](Wide x) { return std::cos(x); }, 0.51, 1.0},
    {"tanh", [](Wide x) { return std::tanh(x); }, 1.0, 2.0},
    {"sigmoid", sigmoid_of, 1.0, 2.0},
    {"erf", [](Wide x) { return std::erf(x); }, 1.0, 2.0},
    {"erfc", [](Wide x) { return std::erfc(x); }, 1.0, 3.0},
    {"sqrt", [](Wide x) { return std::sqrt(x); }, 0.5001, 0.5001},
    {"rsqrt", rsqrt_of, 1.5, 1.5},
    {"floor", [](Wide x) { return std::floor(x); }, 0, 0},
    {"ceil", [](Wide x) { return std::ceil(x); }, 0, 0},
    {"rint", [](Wide x) { return std::nearbyint(x); }, 0, 0},
};

template <class T>
const char* suffix() {
  return sizeof(T) == 4 ? "f32" : "f64";
}

template <class T>
std::string loop_text(const std::string& name, int arguments) {
  const char* type = sizeof(T) == 4 ? "float" : "double";
  const std::string call = arguments == 1 ? "a[i]" : "a[i], b[i]";
  return math_functions_c({format("bafe_{}_{}", name, suffix<T>())}, host_target()) +
         format(
             "void run(const {0} *restrict a, const {0} *restrict b, {0} *restrict y, long long n) "
             "{{\n"
             "  for (long long i = 0; i < n; i++) y[i] = bafe_{1}_{2}({3});\n}}\n",
             type, name, suffix<T>(), call);
}

/// Bits of every magnitude plus the values where functions turn.
template <class T>
std::vector<T> samples(std::size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<T> out = {T(0),
                        T(-0.0),
                        T(1),
                        T(-1),
                        std::numeric_limits<T>::infinity(),
                        -std::numeric_limits<T>::infinity(),
                        std::numeric_limits<T>::quiet_NaN(),
                        std::numeric_limits<T>::denorm_min(),
                        -std::numeric_limits<T>::denorm_min(),
                        std::numeric_limits<T>::min(),
                        std::numeric_limits<T>::max(),
                        T(0.5),
                        T(2),
                        T(1e22)};
  std::uniform_real_distribution<double> near(-30, 30), one(-1.5, 1.5), wide(-800, 800);
  while (out.size() < count) {
    if constexpr (sizeof(T) == 4)
      out.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
    if constexpr (sizeof(T) == 8) out.push_back(std::bit_cast<double>(random()));
    out.push_back(T(near(random)));
    out.push_back(T(one(random)));
    out.push_back(T(wide(random)));
    out.push_back(T(M_PI / 2 * std::nearbyint(wide(random))));
    out.push_back(T(1 + one(random) * 1e-3));
  }
  return out;
}

/// Distance in units of the last place of T at `exact`; 0 for equal special values, 1e9 for wrong
/// ones.
template <class T>
double ulps(T value, Wide exact) {
  const T rounded = static_cast<T>(exact);
  if (std::isnan(exact) || std::isnan(value))
    return std::isnan(exact) == std::isnan(value) ? 0 : 1e9;
  if (std::isinf(rounded) || std::isinf(value)) {
    if (value == rounded) return 0;
    const T other =
        std::isinf(value) ? rounded : value;  // a rounding apart from overflow is one unit
    return std::isinf(other) || std::abs(other) < std::numeric_limits<T>::max() ||
                   (value > 0) != (rounded > 0)
               ? 1e9
               : 1;
  }
  if (exact == 0) return value == 0 && std::signbit(value) == std::signbit(exact) ? 0 : 1e9;
  int exponent = 0;
  std::frexp(exact, &exponent);
  exponent = std::max(exponent, std::numeric_limits<T>::min_exponent);
  const Wide unit = std::ldexp(Wide(1), exponent - std::numeric_limits<T>::digits);
  return static_cast<double>(std::abs(static_cast<Wide>(value) - exact) / unit);
}

template <class T>
void expect_unary(const UnaryCase& c, double limit) {
  const CompiledC code(loop_text<T>(c.name, 1), host_target(), "-O3");
  const std::vector<T> x = samples<T>(200003, 7);
  std::vector<T> y(x.size());
  code.get<void(const T*, const T*, T*, long long)>("run")(x.data(), nullptr, y.data(),
                                                           static_cast<long long>(x.size()));
  double worst = 0;
  T where = 0, got = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double error = ulps<T>(y[i], c.exact(static_cast<Wide>(x[i])));
    if (error > worst) worst = error, where = x[i], got = y[i];
  }
  ::testing::Test::RecordProperty(std::string(c.name) + suffix<T>(), std::to_string(worst));
  if (std::getenv("BAFE_TEST_VERBOSE"))
    std::printf("%s_%s: %.3f ulp at %.17g\n", c.name, suffix<T>(), worst, double(where));
  EXPECT_LE(worst, limit) << c.name << "(" << where << ") gave " << got << ", exact "
                          << c.exact(static_cast<Wide>(where));
}

TEST(MathC, UnaryFloatFunctionsStayWithinTheirUlps) {
  for (const UnaryCase& c : kUnary) expect_unary<float>(c, c.float_ulps);
}
TEST(MathC, UnaryDoubleFunctionsStayWithinTheirUlps) {
  for (const UnaryCase& c : kUnary) expect_unary<double>(c, c.double_ulps);
}

template <class T>
void expect_pow(double limit) {
  const CompiledC code(loop_text<T>("pow", 2), host_target(), "-O3");
  const std::vector<T> all = samples<T>(60000, 3);
  std::vector<T> a, b;
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> base(0, 3), power(-60, 60);
  for (std::size_t i = 0; i < 14; ++i) {
    for (std::size_t j = 0; j < 14; ++j) a.push_back(all[i]), b.push_back(all[j]);
    for (T e : {T(3), T(-3), T(2), T(0.5), T(-2.5)})
      a.push_back(all[i]), b.push_back(e), a.push_back(-all[i]), b.push_back(e);
  }
  for (std::size_t i = 14; i + 1 < all.size(); ++i) {
    a.push_back(all[i]), b.push_back(all[i + 1]);
    a.push_back(T(base(random))), b.push_back(T(power(random)));
    a.push_back(T(-base(random))), b.push_back(T(std::nearbyint(power(random))));
  }
  std::vector<T> y(a.size());
  code.get<void(const T*, const T*, T*, long long)>("run")(a.data(), b.data(), y.data(),
                                                           static_cast<long long>(a.size()));
  double worst = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double error = ulps<T>(y[i], std::pow(static_cast<Wide>(a[i]), static_cast<Wide>(b[i])));
    if (error > worst) worst = error, at = i;
  }
  if (std::getenv("BAFE_TEST_VERBOSE")) std::printf("pow_%s: %.3f ulp\n", suffix<T>(), worst);
  EXPECT_LE(worst, limit) << "pow(" << a[at] << ", " << b[at] << ") gave " << y[at];
}

TEST(MathC, PowFollowsC99ForFloat) { expect_pow<float>(1.0); }
TEST(MathC, PowFollowsC99ForDouble) { expect_pow<double>(2.0); }

TEST(MathC, EveryTextCompilesForAPlainTarget) {
  const CompiledC code(
      math_functions_c({"bafe_exp_f32", "bafe_tanh_f64", "bafe_erfc_f64", "bafe_floor_f32",
                        "bafe_rint_f64", "bafe_sin_f64", "bafe_pow_f64", "bafe_f64_to_bf16"},
                       Target{}) +
          "double f(double x) { return bafe_sin_f64(x) + bafe_pow_f64(x, 1.5); }\n"
          "float g(float x) { return bafe_floor_f32(x); }\n",
      Target{});
  EXPECT_NEAR(code.get<double(double)>("f")(2.0), std::sin(2.0) + std::pow(2.0, 1.5), 1e-14);
  EXPECT_EQ(code.get<float(float)>("g")(-1.5f), -2.0f);
  EXPECT_TRUE(std::signbit(code.get<float(float)>("g")(-0.0f)));
}

template <class T>
T mod_like_numpy(T a, T b) {
  T m = std::fmod(a, b);
  if (b == 0) return m;
  if (m == 0) return std::copysign(T(0), b);
  return (b < 0) != (m < 0) ? m + b : m;
}

TEST(MathC, FloatRemainderIsNumpys) {
  const CompiledC code(loop_text<double>("mod", 2), host_target());
  const std::vector<double> a = samples<double>(30000, 1), b = samples<double>(30000, 2);
  std::vector<double> y(a.size());
  code.get<void(const double*, const double*, double*, long long)>("run")(a.data(), b.data(),
                                                                          y.data(), 30000);
  for (std::size_t i = 0; i < 30000; ++i) {
    const double want = mod_like_numpy(a[i], b[i]);
    ASSERT_TRUE(y[i] == want || (y[i] != y[i] && want != want))
        << a[i] << " mod " << b[i] << " gave " << y[i];
  }
}

TEST(MathC, MaximumPropagatesNanAndCommutes) {
  const CompiledC code(math_functions_c({"bafe_max_f32", "bafe_min_f32"}, host_target()) +
                           "float hi(float a, float b) { return bafe_max_f32(a, b); }\n"
                           "float lo(float a, float b) { return bafe_min_f32(a, b); }\n",
                       host_target());
  auto hi = code.get<float(float, float)>("hi");
  auto lo = code.get<float(float, float)>("lo");
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(hi(nan, 1)) && std::isnan(hi(1, nan)) && std::isnan(lo(nan, 1)) &&
              std::isnan(lo(1, nan)));
  EXPECT_FALSE(std::signbit(hi(-0.0f, 0.0f)) || std::signbit(hi(0.0f, -0.0f)));
  EXPECT_TRUE(std::signbit(lo(-0.0f, 0.0f)) && std::signbit(lo(0.0f, -0.0f)));
  EXPECT_EQ(hi(-2, 3), 3);
  EXPECT_EQ(lo(-2, 3), -2);
}

TEST(MathC, IntegersAreDefinedForEveryOperand) {
  const CompiledC code(
      math_functions_c({"bafe_floordiv_i32", "bafe_mod_i32", "bafe_shl_i32", "bafe_shr_i32",
                        "bafe_pow_i32", "bafe_abs_i32", "bafe_floordiv_i8", "bafe_shr_u8"},
                       host_target()) +
          "int d(int a, int b) { return bafe_floordiv_i32(a, b); }\nint m(int a, int b) { return "
          "bafe_mod_i32(a, b); }\n"
          "int l(int a, int b) { return bafe_shl_i32(a, b); }\nint r(int a, int b) { return "
          "bafe_shr_i32(a, b); }\n"
          "int p(int a, int b) { return bafe_pow_i32(a, b); }\nint s(int a, int b) { return "
          "bafe_abs_i32(a); }\n"
          "int c(int a, int b) { return bafe_floordiv_i8((signed char)a, (signed char)b); }\n",
      host_target());
  using F = int(int, int);
  const int low = std::numeric_limits<int>::min();
  EXPECT_EQ(code.get<F>("d")(-7, 2), -4);
  EXPECT_EQ(code.get<F>("d")(7, -2), -4);
  EXPECT_EQ(code.get<F>("d")(7, 0), 0);
  EXPECT_EQ(code.get<F>("d")(low, -1), low);
  EXPECT_EQ(code.get<F>("m")(-7, 2), 1);
  EXPECT_EQ(code.get<F>("m")(7, -2), -1);
  EXPECT_EQ(code.get<F>("m")(low, -1), 0);
  EXPECT_EQ(code.get<F>("m")(5, 0), 0);
  EXPECT_EQ(code.get<F>("l")(1, 31), low);
  EXPECT_EQ(code.get<F>("l")(1, 32), 0);
  EXPECT_EQ(code.get<F>("l")(1, -1), 0);
  EXPECT_EQ(code.get<F>("r")(-8, 1), -4);
  EXPECT_EQ(code.get<F>("r")(-8, 40), -1);
  EXPECT_EQ(code.get<F>("r")(8, 40), 0);
  EXPECT_EQ(code.get<F>("p")(3, 4), 81);
  EXPECT_EQ(code.get<F>("p")(2, 32), 0);
  EXPECT_EQ(code.get<F>("p")(7, 0), 1);
  EXPECT_EQ(code.get<F>("s")(low, 0), low);
  EXPECT_EQ(code.get<F>("c")(-128, -1), -128);
}

TEST(MathC, ConversionsAgreeWithScalarCast) {
  std::set<std::string> symbols = {"bafe_f16_to_f32",  "bafe_f32_to_f16",  "bafe_f64_to_f16",
                                   "bafe_bf16_to_f32", "bafe_f32_to_bf16", "bafe_f64_to_bf16"};
  std::string functions =
      "float h2f(unsigned short h) { return bafe_f16_to_f32(h); }\n"
      "unsigned short f2h(float x) { return bafe_f32_to_f16(x); }\n"
      "unsigned short f2b(float x) { return bafe_f32_to_bf16(x); }\n"
      "unsigned short d2b(double x) { return bafe_f64_to_bf16(x); }\n"
      "unsigned short d2h(double x) { return bafe_f64_to_f16(x); }\n";
  const DType integers[] = {DType::kI8, DType::kI16, DType::kI32, DType::kI64,
                            DType::kU8, DType::kU16, DType::kU32, DType::kU64};
  for (DType to : integers) {
    const std::string symbol = conversion_symbol_c(DType::kF64, to);
    symbols.insert(symbol);
    functions +=
        format("unsigned long long cast_{0}(double x) {{ return (unsigned long long){1}(x); }}\n",
               dtype_info(to).name, symbol);
  }
  const CompiledC code(math_functions_c(symbols, host_target()) + functions, host_target());
  for (unsigned h = 0; h < 65536; ++h) {
    const float want = f16_to_f32(static_cast<std::uint16_t>(h));
    ASSERT_EQ(std::bit_cast<std::uint32_t>(
                  code.get<float(unsigned short)>("h2f")(static_cast<unsigned short>(h))),
              std::bit_cast<std::uint32_t>(want))
        << h;
  }
  auto f2h = code.get<unsigned short(float)>("f2h");
  auto f2b = code.get<unsigned short(float)>("f2b");
  auto d2h = code.get<unsigned short(double)>("d2h");
  auto d2b = code.get<unsigned short(double)>("d2b");
  for (float x : samples<float>(100000, 11)) {
    ASSERT_EQ(f2h(x), f32_to_f16(x)) << x;
    ASSERT_EQ(f2b(x), f32_to_bf16(x)) << x;
    ASSERT_EQ(f2h(x * 1e-6f), f32_to_f16(x * 1e-6f)) << x;
  }
  for (double x : samples<double>(100000, 12)) {
    ASSERT_EQ(d2h(x), f64_to_f16(x)) << x;
    ASSERT_EQ(d2b(x), f64_to_bf16(x)) << x;
    for (DType to : integers) {
      const std::uint64_t mask =
          dtype_info(to).bits == 64 ? ~0ull : (1ull << dtype_info(to).bits) - 1;
      const std::string name = format("cast_{}", dtype_info(to).name);
      const double scaled = x * 17.3;
      ASSERT_EQ(code.get<unsigned long long(double)>(name)(scaled) & mask,
                Scalar::of(DType::kF64, scaled).cast(to).bits)
          << scaled << " to " << dtype_info(to).name;
    }
  }
}

}  // namespace
}  // namespace bafe

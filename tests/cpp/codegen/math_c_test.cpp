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
#include "codegen/elementary.h"
#include "codegen/gemm_compile.h"

namespace bafe {
namespace {

template <class T>
const char* suffix() {
  return sizeof(T) == 4 ? "f32" : "f64";
}

template <class T>
std::string loop_text(const std::string& name, int arguments, const Target& target) {
  const char* type = sizeof(T) == 4 ? "float" : "double";
  const std::string call = arguments == 1 ? "a[i]" : "a[i], b[i]";
  return math_functions_c({format("bafe_{}_{}", name, suffix<T>())}, target) +
         format(
             "void run(const {0} *restrict a, const {0} *restrict b, {0} *restrict y, long long n) "
             "{{\n"
             "  for (long long i = 0; i < n; i++) y[i] = bafe_{1}_{2}({3});\n}}\n",
             type, name, suffix<T>(), call);
}

template <class T>
std::vector<T> values_of(const std::string& name, const std::vector<T>& x, const Target& target) {
  const CompiledC code(loop_text<T>(name, 1, target), target, "-O3");
  std::vector<T> y(x.size());
  code.get<void(const T*, const T*, T*, long long)>("run")(x.data(), nullptr, y.data(),
                                                           static_cast<long long>(x.size()));
  return y;
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

template <class T>
void expect_within(const Elementary& f, const std::vector<T>& x, const std::vector<T>& y) {
  double worst = 0;
  T where = 0, got = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double error = ulps_off<T>(y[i], f.wide(x[i]));
    if (error > worst) worst = error, where = x[i], got = y[i];
  }
  if (std::getenv("BAFE_TEST_VERBOSE"))
    std::printf("%s_%s: %.3f ulp at %.17g\n", f.name, suffix<T>(), worst, double(where));
  EXPECT_LE(worst, f.limit<T>()) << f.name << "(" << where << ") gave " << got << ", exact "
                                 << f.wide(where);
}

TEST(MathC, FloatFunctionsStayWithinTheirUlps) {
  const std::vector<float> x = samples<float>(1000003, 7);
  for (const Elementary& f : kElementary) expect_within(f, x, values_of(f.name, x, host_target()));
}
TEST(MathC, DoubleFunctionsStayWithinTheirUlps) {
  const std::vector<double> x = samples<double>(1000003, 7);
  for (const Elementary& f : kElementary) expect_within(f, x, values_of(f.name, x, host_target()));
}

/// Without fused multiply-add the bits may differ; the promise may not.
TEST(MathC, PlainC99KeepsTheSamePromises) {
  const std::vector<float> x = samples<float>(100003, 8);
  const std::vector<double> d = samples<double>(100003, 8);
  for (const Elementary& f : kElementary) {
    expect_within(f, x, values_of(f.name, x, Target{}));
    expect_within(f, d, values_of(f.name, d, Target{}));
  }
}

template <class T>
void expect_same_bits(const std::string& name, const std::vector<T>& a, const std::vector<T>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool same = std::memcmp(&a[i], &b[i], sizeof(T)) == 0 || (a[i] != a[i] && b[i] != b[i]);
    ASSERT_TRUE(same) << name << ": " << a[i] << " and " << b[i];
  }
}

template <class T>
void expect_same_on_vector_targets(const Elementary& f) {
  const std::vector<T> x = samples<T>(10003, 9);
  const std::vector<T> wide = values_of(f.name, x, host_target());
  Target narrow = host_target();
  narrow.isa = Isa::kAvx2;
  narrow.avx512_bf16 = narrow.amx = false;
  expect_same_bits(f.name, wide, values_of(f.name, x, narrow));
  // Every element once in a vector's body and once in a loop of one.
  const CompiledC code(loop_text<T>(f.name, 1, host_target()), host_target(), "-O3");
  auto run = code.template get<void(const T*, const T*, T*, long long)>("run");
  std::vector<T> one(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) run(&x[i], nullptr, &one[i], 1);
  expect_same_bits(f.name, wide, one);
}

TEST(MathC, VectorsOfEveryWidthAndTailsGiveTheSameBits) {
  if (host_target().isa == Isa::kPlain) GTEST_SKIP() << "needs AVX2";
  for (const Elementary& f : kElementary) {
    expect_same_on_vector_targets<float>(f);
    expect_same_on_vector_targets<double>(f);
  }
}

/// Rounding to whole numbers is exact.
TEST(MathC, RoundingIsLibms) {
  const std::vector<float> x = samples<float>(100003, 10);
  const std::vector<double> d = samples<double>(100003, 10);
  for (const Target& target : {host_target(), Target{}}) {
    const std::pair<const char*, double (*)(double)> functions[] = {
        {"floor", [](double v) { return std::floor(v); }},
        {"ceil", [](double v) { return std::ceil(v); }},
        {"rint", [](double v) { return std::nearbyint(v); }}};
    for (const auto& [name, exact] : functions) {
      std::vector<float> want(x.size());
      std::vector<double> wide(d.size());
      for (std::size_t i = 0; i < x.size(); ++i) want[i] = static_cast<float>(exact(x[i]));
      for (std::size_t i = 0; i < d.size(); ++i) wide[i] = exact(d[i]);
      expect_same_bits(name, values_of(name, x, target), want);
      expect_same_bits(name, values_of(name, d, target), wide);
    }
  }
}

template <class T>
void expect_pow(double limit) {
  const CompiledC code(loop_text<T>("pow", 2, host_target()), host_target(), "-O3");
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
    const double error =
        ulps_off<T>(y[i], std::pow(static_cast<Wider<T>>(a[i]), static_cast<Wider<T>>(b[i])));
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
  const CompiledC code(loop_text<double>("mod", 2, host_target()), host_target());
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

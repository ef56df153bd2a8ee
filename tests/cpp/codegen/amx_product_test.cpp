// Products by pairs of bf16, as compiled, on AMX tiles (emulated where there are none) and on
// vdpbf16ps: layouts, edges, epilogues, batches, blocks of k, specials, and errors against f64
// beside those of an f32 product that sums as BLAS libraries do.

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "bafe/base/format.h"
#include "bafe/codegen/amx.h"
#include "bafe/codegen/vector_c.h"
#include "codegen/amx_emulator.h"
#include "codegen/gemm_compile.h"

namespace bafe {
namespace {

using Kernel = int(void* const*, const std::int64_t*, void*, std::int64_t, std::int64_t);
constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

Target with_amx() {
  Target target = host_target();
  target.amx = true;
  return target;
}
Target without_amx() {
  Target target = host_target();
  target.amx = false;
  return target;
}
bool can_run(const Target& target) {
  return host_target().isa == Isa::kAvx512 && host_target().avx512_bf16 &&
         (!target.amx || enable_amx());
}

struct Lines {
  explicit Lines(std::int64_t bytes) : size((bytes + 127) / 64 * 64) {
    data.reset(static_cast<unsigned char*>(std::aligned_alloc(64, static_cast<std::size_t>(size))));
    std::memset(data.get(), 0xa5, static_cast<std::size_t>(size));
  }
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  std::int64_t size;
  std::unique_ptr<unsigned char[], Free> data;
};

/// One product: operands as f32 values in row order; stored as told.
struct Product {
  std::int64_t m, n, k;
  bool a_columns = false, b_columns = false, c_columns = false, bf16 = false, rounds = false;
  std::vector<float> a, b, bias;
  std::int64_t batch = 0;  // of A and C; B is shared
  bool relu = false;

  std::int64_t count() const { return std::max<std::int64_t>(batch, 1); }
  float at_a(std::int64_t g, std::int64_t i, std::int64_t x) const {
    return a[static_cast<std::size_t>((g * m + i) * k + x)];
  }
  float at_b(std::int64_t x, std::int64_t j) const {
    return b[static_cast<std::size_t>(x * n + j)];
  }
};

float rounded(float x) { return bf16_to_f32(f32_to_bf16(x)); }

Product random_product(std::int64_t m, std::int64_t n, std::int64_t k, unsigned seed = 1,
                       std::function<float(std::mt19937&)> value = {}) {
  Product p;
  p.m = m, p.n = n, p.k = k;
  std::mt19937 random(seed);
  auto fill = [&](std::vector<float>& v, std::int64_t size) {
    v.resize(static_cast<std::size_t>(size));
    for (float& x : v)
      x = value ? value(random) : std::uniform_real_distribution<float>(-0.5f, 0.5f)(random);
  };
  fill(p.a, m * k);
  fill(p.b, k * n);
  return p;
}

GemmSpec spec_of(const Product& p) {
  GemmSpec s;
  s.name = "k";
  s.m = p.m, s.n = p.n, s.k = p.k;
  s.strict = false;
  s.rounds = p.rounds;
  auto place = [](GemmOperand& o, int slot, bool columns, std::int64_t rows, std::int64_t cols) {
    o.slot = slot;
    o.row = columns ? 1 : cols;
    o.col = columns ? rows : 1;
  };
  place(s.a, 0, p.a_columns, p.m, p.k);
  place(s.b, 1, p.b_columns, p.k, p.n);
  place(s.c, 2, p.c_columns, p.m, p.n);
  if (p.batch) {
    s.batch = {p.batch};
    s.a.batch = {p.m * p.k};
    s.b.batch = {0};
    s.c.batch = {p.m * p.n};
  }
  if (p.bf16) {
    for (GemmOperand* o : {&s.a, &s.b}) {
      o->stored = DType::kBF16;
      const std::string base = format("((const unsigned short *)slot[{}])", o->slot);
      const std::string first = p.batch && o->slot == 0 ? format("b0 * {} + ", p.m * p.k) : "";
      o->load = [=, row = o->row, col = o->col](const std::string& r, const std::string& c) {
        return format("test_wide({}[{}({}) * {} + ({}) * {}])", base, first, r, row, c, col);
      };
    }
  }
  if (!p.bias.empty()) {
    GemmFastOp add;
    add.y.slot = 4;
    add.y.row = 0;
    add.y.col = 1;
    s.fast.push_back(add);
  }
  if (p.relu) s.fast.push_back({GemmFastOp::Kind::kRelu, {}});
  s.packed_slot = 3;
  return s;
}

Lines stored(const Product& p, const std::vector<float>& v, std::int64_t rows, std::int64_t cols,
             bool columns) {
  Lines out(static_cast<std::int64_t>(v.size()) * (p.bf16 ? 2 : 4));
  for (std::size_t x = 0; x < v.size(); ++x) {
    const auto at = static_cast<std::int64_t>(x), g = at / (rows * cols), r = at / cols % rows,
               c = at % cols;
    const auto to =
        static_cast<std::size_t>(g * rows * cols + (columns ? c * rows + r : r * cols + c));
    if (p.bf16) reinterpret_cast<std::uint16_t*>(out.data.get())[to] = f32_to_bf16(v[x]);
    if (!p.bf16) reinterpret_cast<float*>(out.data.get())[to] = v[x];
  }
  return out;
}

/// C in row order; `cut` splits the units in two calls with scratch of their own.
std::vector<float> run(const Product& p, const Target& target, bool cut = false) {
  GemmSpec spec = spec_of(p);
  GemmSource source = emit_gemm(spec, target);
  EXPECT_EQ(source.order, "blocks") << source.label;
  CompiledC c(
      "static inline float test_wide(unsigned short h) { unsigned w = (unsigned)h << 16; float x; "
      "memcpy(&x, &w, 4); return x; }\n" +
          vector_prelude_c(target) + source.text,
      target);
  Lines a = stored(p, p.a, p.m, p.k, p.a_columns), b = stored(p, p.b, p.k, p.n, p.b_columns),
        out(p.count() * p.m * p.n * 4), packed(source.packed_bytes);
  Lines bias(static_cast<std::int64_t>(p.bias.size()) * 4);
  if (!p.bias.empty()) std::memcpy(bias.data.get(), p.bias.data(), p.bias.size() * 4);
  void* slots[] = {a.data.get(), b.data.get(), out.data.get(), packed.data.get(), bias.data.get()};
  EXPECT_EQ(c.get<Kernel>(source.pack_symbol)(slots, nullptr, nullptr, 0, source.pack_units), 0);
  const std::int64_t half = cut ? source.units / 2 : source.units;
  for (auto [from, to] : {std::pair{std::int64_t{0}, half}, std::pair{half, source.units}}) {
    Lines scratch(source.scratch_bytes);
    EXPECT_EQ(c.get<Kernel>(source.symbol)(slots, nullptr, scratch.data.get(), from, to), 0);
    for (std::int64_t x = source.scratch_bytes; x < scratch.size; ++x)
      EXPECT_EQ(scratch.data[static_cast<std::size_t>(x)], 0xa5) << "written behind the scratch";
  }
  EXPECT_FALSE(amx_tiles_configured());
  for (std::int64_t x = p.count() * p.m * p.n * 4; x < out.size; ++x)
    EXPECT_EQ(out.data[static_cast<std::size_t>(x)], 0xa5) << "written behind C";
  std::vector<float> result(static_cast<std::size_t>(p.count() * p.m * p.n));
  const auto* from = reinterpret_cast<const float*>(out.data.get());
  for (std::size_t x = 0; x < result.size(); ++x) {
    const auto at = static_cast<std::int64_t>(x), g = at / (p.m * p.n), i = at / p.n % p.m,
               j = at % p.n;
    result[x] = from[g * p.m * p.n + (p.c_columns ? j * p.m + i : i * p.n + j)];
  }
  return result;
}

/// f64 sums of the operands as they are stored, and sums of magnitudes.
void exact(const Product& p, std::vector<double>& sum, std::vector<double>& size) {
  sum.assign(static_cast<std::size_t>(p.count() * p.m * p.n), 0);
  size = sum;
  for (std::int64_t g = 0; g < p.count(); ++g)
    for (std::int64_t i = 0; i < p.m; ++i)
      for (std::int64_t x = 0; x < p.k; ++x)
        for (std::int64_t j = 0; j < p.n; ++j) {
          const double term = static_cast<double>(p.at_a(g, i, x)) * p.at_b(x, j);
          const auto at = static_cast<std::size_t>((g * p.m + i) * p.n + j);
          sum[at] += term;
          size[at] += std::fabs(term);
        }
}

/// f32 as BLAS libraries sum: chains of fused multiply-adds over 384 steps, added to C.
std::vector<float> blas(const Product& p) {
  std::vector<float> c(static_cast<std::size_t>(p.m * p.n));
  for (std::int64_t i = 0; i < p.m; ++i)
    for (std::int64_t j = 0; j < p.n; ++j)
      for (std::int64_t k0 = 0; k0 < p.k; k0 += 384) {
        float acc = 0;
        for (std::int64_t x = k0; x < std::min(k0 + 384, p.k); ++x)
          acc = std::fma(p.at_a(0, i, x), p.at_b(x, j), acc);
        c[static_cast<std::size_t>(i * p.n + j)] += acc;
      }
  return c;
}

void expect_near(const Product& p, const std::vector<float>& got, double per_size) {
  std::vector<double> sum, size;
  exact(p, sum, size);
  int bad = 0;
  for (std::size_t x = 0; x < got.size() && bad < 5; ++x) {
    double want = sum[x];
    if (!p.bias.empty()) want += static_cast<double>(p.bias[x % static_cast<std::size_t>(p.n)]);
    if (p.relu) want = std::max(want, 0.0);
    const double error = std::fabs(static_cast<double>(got[x]) - want);
    const double floor = static_cast<double>(p.k) * 0x1p-149;  // where f32 itself ends
    if (!(error <= per_size * size[x] + 1e-7 * std::fabs(want) + floor)) {
      ++bad;
      ADD_FAILURE() << x << ": " << got[x] << " for " << want;
    }
  }
}

void narrow(Product& p) {
  p.bf16 = true;
  for (float& x : p.a) x = rounded(x);
  for (float& x : p.b) x = rounded(x);
}

TEST(AmxProduct, OfBf16InEveryLayoutHasTheErrorOfAnF32Sum) {
  if (!can_run(with_amx())) GTEST_SKIP() << "needs AVX-512 with bf16";
  for (int layout = 0; layout < 8; ++layout) {
    Product p =
        random_product(67 + layout, 97, 129 + 3 * layout, 7u + static_cast<unsigned>(layout));
    narrow(p);
    p.a_columns = layout & 1, p.b_columns = layout & 2, p.c_columns = layout & 4;
    SCOPED_TRACE(layout);
    expect_near(p, run(p, with_amx()), 1e-6);
  }
  EXPECT_TRUE(host_target().amx || emulated_amx_instructions() > 0);
}

TEST(AmxProduct, OfThreeTermsInEveryLayoutHasTheErrorOfAnF32Sum) {
  if (!can_run(with_amx())) GTEST_SKIP() << "needs AVX-512 with bf16";
  for (int layout = 0; layout < 8; layout += 1) {
    Product p = random_product(193 + layout, 200 + layout, 195 + 7 * layout,
                               3u + static_cast<unsigned>(layout));
    p.a_columns = layout & 1, p.b_columns = layout & 2, p.c_columns = layout & 4;
    SCOPED_TRACE(layout);
    expect_near(p, run(p, with_amx()), 1e-6);
  }
}

TEST(Bf16Product, OnVectorsInEveryLayoutHasTheErrorOfAnF32Sum) {
  if (!can_run(without_amx())) GTEST_SKIP() << "needs AVX-512 with bf16";
  for (int layout = 0; layout < 8; ++layout) {
    Product p = random_product(9 + 11 * layout, 50 + layout, 33 + 17 * layout,
                               5u + static_cast<unsigned>(layout));
    narrow(p);
    p.a_columns = layout & 1, p.b_columns = layout & 2, p.c_columns = layout & 4;
    SCOPED_TRACE(layout);
    expect_near(p, run(p, without_amx()), 2e-6);
  }
}

TEST(AmxProduct, RoundedOperandsStayWithinTheStatedBound) {
  for (const Target& target : {with_amx(), without_amx()}) {
    if (!can_run(target)) GTEST_SKIP() << "needs AVX-512 with bf16";
    Product p = random_product(80, 100, 300);
    p.rounds = true;
    const double bound = 0x1p-7 + 0x1p-15 + 300 * 0x1p-23;
    expect_near(p, run(p, target), bound);
    for (float& x : p.a) x = 1.00390625f;  // halfway: the worst case of one rounding
    for (float& x : p.b) x = 1.00390625f;
    expect_near(p, run(p, target), bound);
  }
}

TEST(AmxProduct, AppliesBiasAndReluAndBatches) {
  for (const Target& target : {with_amx(), without_amx()}) {
    if (!can_run(target)) GTEST_SKIP() << "needs AVX-512 with bf16";
    Product p = random_product(3 * 70, 90, 100);
    p.m = 70, p.batch = 3;
    narrow(p);
    p.relu = true;
    for (int j = 0; j < 90; ++j) p.bias.push_back(static_cast<float>(j - 40) * 0.05f);
    expect_near(p, run(p, target), 2e-6);
  }
}

TEST(AmxProduct, BlocksOfKAddUp) {
  if (!can_run(with_amx())) GTEST_SKIP() << "needs AVX-512 with bf16";
  Product p = random_product(192, 193, 1100);
  expect_near(p, run(p, with_amx()), 1e-6);
  Product q = random_product(64, 65, 2100);
  narrow(q);
  expect_near(q, run(q, with_amx()), 1e-6);
  Product r = random_product(20, 100, 2100);
  narrow(r);
  expect_near(r, run(r, without_amx()), 2e-6);
}

TEST(AmxProduct, DoesNotDependOnHowUnitsAreShared) {
  if (!can_run(with_amx())) GTEST_SKIP() << "needs AVX-512 with bf16";
  Product p = random_product(200, 200, 200);
  EXPECT_EQ(run(p, with_amx()), run(p, with_amx(), true));
}

/// What the six products must not be worse than: the same data through f32.
void expect_no_worse(const Product& p, const char* what) {
  std::vector<double> sum, size;
  exact(p, sum, size);
  const std::vector<float> own = run(p, with_amx()), other = blas(p);
  double own_most = 0, other_most = 0, own_square = 0, other_square = 0;
  for (std::size_t x = 0; x < own.size(); ++x) {
    if (size[x] == 0) continue;
    const double e = std::fabs(static_cast<double>(own[x]) - sum[x]) / size[x];
    const double f = std::fabs(static_cast<double>(other[x]) - sum[x]) / size[x];
    own_most = std::max(own_most, e), other_most = std::max(other_most, f);
    own_square += e * e, other_square += f * f;
  }
  EXPECT_LE(own_most, other_most) << what;
  EXPECT_LE(own_square, other_square) << what;
}

TEST(AmxProduct, OfThreeTermsIsNoLessExactThanF32) {
  if (!can_run(with_amx())) GTEST_SKIP() << "needs AVX-512 with bf16";
  auto normal = [](std::mt19937& r) { return std::normal_distribution<float>()(r); };
  auto positive = [](std::mt19937& r) { return std::uniform_real_distribution<float>(0, 1)(r); };
  auto offset = [](std::mt19937& r) { return std::normal_distribution<float>(1e4f, 1)(r); };
  expect_no_worse(random_product(192, 192, 1024), "uniform, deep");
  for (std::int64_t size : {192, 256}) {
    expect_no_worse(random_product(size, size, size), "uniform");
    expect_no_worse(random_product(size, size, size, 2, normal), "normal");
    expect_no_worse(random_product(size, size, size, 3, positive), "positive");
    expect_no_worse(random_product(size, size, size, 4, offset), "offset");
  }
  Product scaled = random_product(256, 256, 256, 5, normal);
  for (std::size_t x = 0; x < scaled.a.size(); ++x) {
    scaled.a[x] *= std::ldexp(1.0f, static_cast<int>(x / 256 % 61) - 30);
    scaled.b[x] *= std::ldexp(1.0f, static_cast<int>(x % 256 % 61) - 30);
  }
  expect_no_worse(scaled, "rows and columns scaled");
  Product cancelling = random_product(256, 256, 256, 6, normal);
  for (std::size_t x = 0; x < cancelling.a.size(); x += 2) {
    cancelling.a[x + 1] = -cancelling.a[x] * (1 + 0x1p-20f);
    const std::size_t k = x / 256, j = x % 256;  // rows k and k + 1 of B nearly equal
    if (k % 2 == 0) {
      cancelling.b[(k + 1) * 256 + j] = cancelling.b[k * 256 + j];
      cancelling.b[(k + 1) * 256 + j + 1] = cancelling.b[k * 256 + j + 1];
    }
  }
  expect_no_worse(cancelling, "cancelling");
}

TEST(AmxProduct, OfTinyOperandsLosesNothingToFlushing) {
  if (!can_run(with_amx())) GTEST_SKIP() << "needs AVX-512 with bf16";
  auto normal = [](std::mt19937& r) { return std::normal_distribution<float>()(r); };
  Product p = random_product(192, 192, 192, 8, normal);
  for (std::size_t x = 0; x < p.a.size(); ++x) {
    const std::size_t row = x / 192;
    if (row % 3 == 0) p.a[x] *= 0x1p-120f;               // low terms are subnormal
    if (row % 3 == 1 && x % 5 == 0) p.a[x] = 0x1p-140f;  // some operands are
    if (x % 192 % 7 == 0) p.b[x] *= 0x1p-60f;            // columns that make products so
  }
  expect_no_worse(p, "tiny");
  narrow(p);
  expect_near(p, run(p, with_amx()), 1e-6);
  expect_near(p, run(p, without_amx()), 2e-6);
}

/// Same class of value: NaN with NaN, Inf with the same Inf, else near.
void expect_same_specials(const Product& p, const Target& target) {
  const std::vector<float> got = run(p, target);
  int bad = 0;
  for (std::int64_t i = 0; i < p.m; ++i)
    for (std::int64_t j = 0; j < p.n && bad < 5; ++j) {
      float want = 0;
      for (std::int64_t x = 0; x < p.k; ++x) want = std::fma(p.at_a(0, i, x), p.at_b(x, j), want);
      const float have = got[static_cast<std::size_t>(i * p.n + j)];
      const bool same = std::isfinite(want) ? std::isfinite(have)
                        : std::isnan(want)  ? std::isnan(have)
                                            : have == want;
      bad += !same;
      EXPECT_TRUE(same) << i << " " << j << ": " << have << " for " << want;
    }
}

TEST(AmxProduct, GivesInfAndNanWhereF32Does) {
  for (const Target& target : {with_amx(), without_amx()}) {
    if (!can_run(target)) GTEST_SKIP() << "needs AVX-512 with bf16";
    for (int kind = 0; kind < 3; ++kind) {
      if (kind == 1 && !target.amx) continue;
      Product p = random_product(200, 195, 193, 9);
      if (kind == 0) narrow(p);
      p.rounds = kind == 2;
      for (std::int64_t x = 0; x < p.k; ++x) p.b[static_cast<std::size_t>(x * p.n + 5)] = 1;
      for (std::int64_t x = 0; x < p.k; ++x) p.b[static_cast<std::size_t>(x * p.n + 6)] = 0;
      auto set = [&](std::int64_t i, std::int64_t x, float v) {
        p.a[static_cast<std::size_t>(i * p.k + x)] = v;
      };
      set(0, 3, kInf), set(1, 4, -kInf), set(2, 5, kNan);
      set(3, 6, kInf), set(3, 7, -kInf), set(4, 8, std::bit_cast<float>(0x7fffffffu));
      set(5, 9, std::bit_cast<float>(0xff800001u));
      if (kind != 0) set(6, 10, std::numeric_limits<float>::max());  // bf16 would round it to Inf
      set(7, 11, 0x1p127f), set(7, 12, 0x1p127f);
      p.b[static_cast<std::size_t>(13 * p.n + 190)] = kInf;
      p.b[static_cast<std::size_t>(14 * p.n + 191)] = std::bit_cast<float>(0x7fffffffu);
      SCOPED_TRACE(kind);
      expect_same_specials(p, target);
    }
  }
}

TEST(AmxProduct, IsNeverTakenWhereBitsAreAskedFor) {
  Product p = random_product(256, 256, 256);
  GemmSpec spec = spec_of(p);
  spec.strict = true;
  EXPECT_EQ(emit_gemm(spec, with_amx()).order, "chain");
  spec.strict = false;
  EXPECT_EQ(emit_gemm(spec, without_amx()).order, "chain");  // f32 under `reals` needs tiles
}

}  // namespace
}  // namespace bafe

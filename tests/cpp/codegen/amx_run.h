#pragma once
/// Products by pairs of bf16 as compiled, for tests: operands by value, run on AMX tiles (emulated
/// where there are none) or on vdpbf16ps, and what f64 and BLAS libraries give.

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

inline Target with_amx() {
  Target target = host_target();
  target.amx = true;
  return target;
}
inline Target without_amx() {
  Target target = host_target();
  target.amx = false;
  return target;
}
inline bool can_run(const Target& target) {
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

inline float rounded(float x) { return bf16_to_f32(f32_to_bf16(x)); }

inline Product random_product(std::int64_t m, std::int64_t n, std::int64_t k, unsigned seed = 1,
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

inline GemmSpec spec_of(const Product& p) {
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

inline Lines stored(const Product& p, const std::vector<float>& v, std::int64_t rows,
                    std::int64_t cols, bool columns) {
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
inline std::vector<float> run(const Product& p, const Target& target, bool cut = false) {
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
inline void exact(const Product& p, std::vector<double>& sum, std::vector<double>& size) {
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
inline std::vector<float> blas(const Product& p) {
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

inline void expect_near(const Product& p, const std::vector<float>& got, double per_size) {
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

inline void narrow(Product& p) {
  p.bf16 = true;
  for (float& x : p.a) x = rounded(x);
  for (float& x : p.b) x = rounded(x);
}

}  // namespace
}  // namespace bafe

// Generated products against a plain triple loop. Where the order of the sum is the ascending chain
// of fused multiply-adds the comparison is of bits; `lanes` is compared within an error bound.
// Several products share one translation unit, because starting a compiler is the slow part.

#include "bafe/codegen/gemm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <random>

#include "bafe/base/format.h"
#include "bafe/codegen/math_c.h"
#include "bafe/codegen/vector_c.h"
#include "codegen/gemm_compile.h"

namespace bafe {
namespace {

using Kernel = int(void* const*, const std::int64_t*, void*, std::int64_t, std::int64_t);

/// 64-byte aligned elements with a guard value behind them.
template <class T>
class Buffer {
 public:
  explicit Buffer(std::size_t count, T value = T(0)) : count_(count), bytes_(round_up(count)) {
    data_.reset(static_cast<T*>(std::aligned_alloc(64, bytes_)));
    for (std::size_t i = 0; i < bytes_ / sizeof(T); ++i) data_[i] = value;
    for (std::size_t i = count_; i < bytes_ / sizeof(T); ++i) data_[i] = T(77);
  }
  T* data() { return data_.get(); }
  T& operator[](std::size_t i) { return data_[i]; }
  std::size_t size() const { return count_; }
  bool guard_intact() const {
    for (std::size_t i = count_; i < bytes_ / sizeof(T); ++i) {
      if (data_[i] != T(77)) return false;
    }
    return true;
  }

 private:
  static std::size_t round_up(std::size_t count) { return (count * sizeof(T) / 64 + 2) * 64; }
  struct Free {
    void operator()(T* p) const { std::free(p); }
  };
  std::size_t count_, bytes_;
  std::unique_ptr<T[], Free> data_;
};

template <class T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, float>) return DType::kF32;
  if constexpr (std::is_same_v<T, double>) return DType::kF64;
  if constexpr (std::is_same_v<T, std::int32_t>) return DType::kI32;
  if constexpr (std::is_same_v<T, std::int16_t>) return DType::kI16;
  if constexpr (std::is_same_v<T, std::uint64_t>) return DType::kU64;
  return DType::kI64;
}

template <class T>
void fill(Buffer<T>& buffer, std::mt19937& random) {
  for (std::size_t i = 0; i < buffer.size(); ++i) {
    if constexpr (std::is_floating_point_v<T>) {
      buffer[i] = static_cast<T>(std::uniform_real_distribution<double>(-1, 1)(random));
    } else {
      buffer[i] = static_cast<T>(random() * 2654435761u);
    }
  }
}

template <class T>
T step(T a, T b, T acc) {
  if constexpr (std::is_floating_point_v<T>) return std::fma(a, b, acc);
  return static_cast<T>(static_cast<std::uint64_t>(acc) +
                        static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

/// One product with all its buffers. `layout` gives the order of A, B, C: 'r' rows or 'c' columns
/// contiguous.
template <class T>
struct Product {
  GemmSpec spec;
  std::int64_t batches = 1;
  std::unique_ptr<Buffer<T>> a, b, c, d;
  std::function<T(T, std::int64_t, std::int64_t, std::int64_t)> finish = [](T acc, auto, auto,
                                                                            auto) { return acc; };

  Product(std::string name, std::int64_t m, std::int64_t n, std::int64_t k,
          const std::string& layout = "rrr", std::vector<std::int64_t> batch = {},
          bool repeat_b = false) {
    spec.name = std::move(name);
    spec.dtype = dtype_of<T>();
    spec.m = m, spec.n = n, spec.k = k;
    spec.batch = batch;
    spec.a = operand(0, m, k, layout[0], batch, false);
    spec.b = operand(1, k, n, layout[1], batch, repeat_b);
    spec.c = operand(2, m, n, layout[2], batch, false);
    spec.packed_slot = 4;
    for (std::int64_t dim : batch) batches *= dim;
    std::mt19937 random(static_cast<unsigned>(m * 31 + n * 7 + k));
    a = std::make_unique<Buffer<T>>(static_cast<std::size_t>(m * k * batches));
    b = std::make_unique<Buffer<T>>(static_cast<std::size_t>(k * n * (repeat_b ? 1 : batches)));
    c = std::make_unique<Buffer<T>>(static_cast<std::size_t>(m * n * batches), T(55));
    d = std::make_unique<Buffer<T>>(static_cast<std::size_t>(m * n * batches));
    fill(*a, random), fill(*b, random), fill(*d, random);
  }

  static GemmOperand operand(int slot, std::int64_t rows, std::int64_t cols, char order,
                             const std::vector<std::int64_t>& batch, bool repeat) {
    GemmOperand out{slot, order == 'r' ? cols : 1, order == 'r' ? 1 : rows, {}, 0, {}};
    std::int64_t stride = rows * cols;
    out.batch.assign(batch.size(), 0);
    for (std::size_t at = batch.size(); at-- > 0;) {
      out.batch[at] = repeat ? 0 : stride;
      stride *= batch[at];
    }
    return out;
  }
  static std::int64_t at(const GemmOperand& o, std::int64_t batch, std::int64_t size,
                         std::int64_t i, std::int64_t j) {
    const bool repeat = o.batch.empty() || o.batch.back() == 0;
    return (repeat ? 0 : batch * size) + i * o.row + j * o.col;
  }

  void expect(const CompiledC& code, const GemmSource& source, double tolerance = 0) {
    Buffer<T> packed(static_cast<std::size_t>(source.packed_bytes) / sizeof(T), T(9));
    Buffer<char> scratch(static_cast<std::size_t>(source.scratch_bytes), 3);
    void* slots[] = {a->data(), b->data(), c->data(), d->data(), packed.data()};
    if (source.packed_bytes) {
      auto pack = code.get<Kernel>(source.pack_symbol);
      for (std::int64_t u = source.pack_units; u-- > 0;)
        ASSERT_EQ(pack(slots, nullptr, nullptr, u, u + 1), 0);
    }
    auto run = code.get<Kernel>(source.symbol);
    const std::int64_t half = source.units / 2;
    ASSERT_EQ(run(slots, nullptr, scratch.data(), half, source.units), 0);
    ASSERT_EQ(run(slots, nullptr, scratch.data(), 0, half), 0);
    ASSERT_TRUE(packed.guard_intact() && scratch.guard_intact() && c->guard_intact()) << spec.name;
    compare(source, tolerance);
  }

  void compare(const GemmSource& source, double tolerance) {
    const GemmSpec& s = spec;
    for (std::int64_t batch = 0; batch < batches; ++batch) {
      for (std::int64_t i = 0; i < s.m; ++i) {
        for (std::int64_t j = 0; j < s.n; ++j) {
          T acc = 0;
          for (std::int64_t k = 0; k < s.k; ++k) {
            acc = step((*a)[static_cast<std::size_t>(at(s.a, batch, s.m * s.k, i, k))],
                       (*b)[static_cast<std::size_t>(at(s.b, batch, s.k * s.n, k, j))], acc);
          }
          const T want = finish(acc, batch, i, j);
          const T got = (*c)[static_cast<std::size_t>(at(s.c, batch, s.m * s.n, i, j))];
          if (tolerance == 0) {
            ASSERT_EQ(got, want) << s.name << " " << source.label << " at " << batch << "," << i
                                 << "," << j;
          } else {
            ASSERT_NEAR(static_cast<double>(got), static_cast<double>(want), tolerance)
                << s.name << " " << source.label;
          }
        }
      }
    }
  }
};

template <class T>
void expect_all(std::vector<std::unique_ptr<Product<T>>>& products, const Target& target,
                double tolerance = 0) {
  std::string text = vector_prelude_c(target);
  std::vector<GemmSource> sources;
  for (auto& product : products) {
    sources.push_back(emit_gemm(product->spec, target));
    text += sources.back().text;
  }
  const CompiledC code(text, target, "-O1");
  for (std::size_t i = 0; i < products.size(); ++i)
    products[i]->expect(code, sources[i], tolerance);
}

struct Size {
  std::int64_t m, n, k;
};
const Size kSizes[] = {{1, 1, 1},    {2, 3, 4},     {5, 17, 3},   {16, 16, 16}, {17, 33, 65},
                       {31, 100, 7}, {64, 64, 64},  {1, 50, 40},  {50, 1, 40},  {1, 1, 70},
                       {40, 50, 1},  {129, 65, 67}, {8, 200, 19}, {200, 5, 33}};

Target avx2_target() {
  Target target = host_target();
  if (target.isa == Isa::kAvx512) target.isa = Isa::kAvx2;
  return target;
}

template <class T>
void expect_layouts(const Target& target) {
  int number = 0;
  for (const char* layout : {"rrr", "rcr", "crr", "ccr", "rrc", "rcc", "crc", "ccc"}) {
    std::vector<std::unique_ptr<Product<T>>> products;
    for (const Size& s : kSizes) {
      if (++number % 2) continue;  // 15 steps a layout: sizes alternate between layouts
      products.push_back(
          std::make_unique<Product<T>>(format("mm{}", number), s.m, s.n, s.k, layout));
    }
    ++number;
    expect_all(products, target);
  }
}

TEST(Gemm, EveryLayoutOfFloatIsOneAscendingChain) { expect_layouts<float>(host_target()); }
TEST(Gemm, EveryLayoutOfDoubleIsOneAscendingChain) { expect_layouts<double>(host_target()); }
TEST(Gemm, TilesOfAvx2GiveTheSameBits) { expect_layouts<float>(avx2_target()); }

TEST(Gemm, LargeProductsPackAndBlockAlongKWithoutChangingBits) {
  std::vector<std::unique_ptr<Product<float>>> products;
  for (const char* layout : {"rrr", "rcr", "crr", "ccc"}) {
    products.push_back(
        std::make_unique<Product<float>>(format("large_{}", layout), 131, 99, 1030, layout));
    products.push_back(
        std::make_unique<Product<float>>(format("even_{}", layout), 128, 128, 512, layout));
  }
  expect_all(products, host_target());
}

TEST(Gemm, EveryWayToCutTilesGivesTheSameBits) {
  if (host_target().isa == Isa::kPlain) GTEST_SKIP();
  std::vector<std::unique_ptr<Product<float>>> products;
  for (Size s : {Size{65, 130, 70}, Size{30, 33, 600}, Size{9, 1100, 300}, Size{130, 64, 1024}}) {
    auto probe = std::make_unique<Product<float>>("probe", s.m, s.n, s.k);
    const int ways = gemm_choices(probe->spec, host_target());
    EXPECT_GE(ways, 2);
    EXPECT_LE(ways, 4);
    for (int way = 0; way < ways; ++way) {
      products.push_back(
          std::make_unique<Product<float>>(format("c{}", products.size()), s.m, s.n, s.k));
      products.back()->spec.choice = way;
    }
  }
  expect_all(products, host_target());
}

TEST(Gemm, FewRowsByALargeMatrixReadItInPlace) {
  if (host_target().isa == Isa::kPlain) GTEST_SKIP();
  std::vector<std::unique_ptr<Product<float>>> products;
  for (Size s : {Size{3, 1100, 600}, Size{20, 1030, 520}, Size{70, 2000, 530}}) {
    products.push_back(
        std::make_unique<Product<float>>(format("s{}", products.size()), s.m, s.n, s.k));
    EXPECT_EQ(gemm_packed_bytes(products.back()->spec, host_target()), 0);
  }
  expect_all(products, host_target());
}

TEST(Gemm, ResultsThatOutgrowTheCachesAreStoredPastThem) {
  std::vector<std::unique_ptr<Product<float>>> products;
  products.push_back(std::make_unique<Product<float>>("large", 2051, 2064, 3));
  expect_all(products, host_target());
}

TEST(Gemm, LanesOrderIsUsedOnlyWhenAllowed) {
  std::vector<std::unique_ptr<Product<float>>> products;
  int number = 0;
  for (Size s : {Size{57, 1, 1003}, Size{300, 1, 64}, Size{40, 3, 100}, Size{1, 1, 333}}) {
    products.push_back(
        std::make_unique<Product<float>>(format("v{}", number++), s.m, s.n, s.k, "rcr"));
  }
  for (Size s : {Size{1, 57, 77}, Size{2, 57, 300}, Size{3, 300, 131}, Size{4, 33, 95}}) {
    products.push_back(
        std::make_unique<Product<float>>(format("v{}", number++), s.m, s.n, s.k, "rcr"));
  }
  // A few columns: the small matrix is copied by columns once.
  for (Size s : {Size{100, 2, 65}, Size{203, 5, 300}, Size{70, 16, 529}, Size{300, 8, 1000}}) {
    products.push_back(
        std::make_unique<Product<float>>(format("v{}", number++), s.m, s.n, s.k, "rrr"));
  }
  for (Size s : {Size{7, 33, 300}, Size{16, 50, 271}}) {
    products.push_back(
        std::make_unique<Product<float>>(format("v{}", number++), s.m, s.n, s.k, "ccr"));
  }
  for (auto& product : products) {
    EXPECT_EQ(emit_gemm(product->spec, host_target()).order, "chain");
    product->spec.strict = false;
    EXPECT_EQ(emit_gemm(product->spec, host_target()).order, "lanes");
  }
  expect_all(products, host_target(), 1e-4);
}

TEST(Gemm, BatchesRepeatAnOperandOfStrideZero) {
  std::vector<std::unique_ptr<Product<float>>> products;
  products.push_back(
      std::make_unique<Product<float>>("b0", 5, 6, 7, "rrr", std::vector<std::int64_t>{3, 2}));
  products.push_back(
      std::make_unique<Product<float>>("b1", 9, 20, 7, "rcr", std::vector<std::int64_t>{4}, true));
  products.push_back(
      std::make_unique<Product<float>>("b2", 70, 70, 300, "rcr", std::vector<std::int64_t>{2, 2}));
  products.push_back(
      std::make_unique<Product<float>>("b3", 6, 1, 7, "rrr", std::vector<std::int64_t>{2, 3}));
  products.push_back(std::make_unique<Product<float>>("b4", 70, 70, 300, "crr",
                                                      std::vector<std::int64_t>{3}, true));
  expect_all(products, host_target());
}

TEST(Gemm, EmptySizesNeedNoWorkAndEmptySumsAreZero) {
  const CompiledC nothing(vector_prelude_c(host_target()) +
                              emit_gemm(Product<float>("none", 0, 4, 4).spec, host_target()).text +
                              emit_gemm(Product<float>("flat", 4, 0, 4).spec, host_target()).text,
                          host_target());
  EXPECT_EQ(emit_gemm(Product<float>("none", 0, 4, 4).spec, host_target()).units, 0);
  std::vector<std::unique_ptr<Product<float>>> products;
  products.push_back(std::make_unique<Product<float>>("empty_sum", 5, 37, 0));
  products.push_back(std::make_unique<Product<float>>("empty_row", 1, 37, 0, "rcr"));
  expect_all(products, host_target());
}

template <class T>
void expect_integers(const Target& target) {
  std::vector<std::unique_ptr<Product<T>>> products;
  int number = 0;
  for (const char* layout : {"rrr", "rcc", "crr"}) {
    for (const Size& s : kSizes) {
      products.push_back(
          std::make_unique<Product<T>>(format("i{}", number++), s.m, s.n, s.k, layout));
    }
  }
  expect_all(products, target);
}
TEST(Gemm, IntegersWrap) {
  expect_integers<std::int32_t>(host_target());
  expect_integers<std::int16_t>(host_target());
  expect_integers<std::uint64_t>(host_target());
}

TEST(Gemm, PlainC99ServesTargetsWithoutVectors) {
  Target plain;
  std::vector<std::unique_ptr<Product<double>>> products;
  products.push_back(std::make_unique<Product<double>>("p0", 17, 70, 9, "rcr"));
  products.push_back(std::make_unique<Product<double>>("p1", 3, 130, 40, "crc"));
  expect_all(products, plain, 1e-13);
}

template <class T>
void add_fast(Product<T>& p, bool bias) {
  using Kind = GemmFastOp::Kind;
  GemmOperand y = p.spec.c;
  y.slot = 3;
  if (bias) y.row = 0, y.col = 1, y.batch.clear();
  p.spec.fast.push_back({Kind::kAdd, y});
  p.spec.fast.push_back({Kind::kRelu, {}});
  p.finish = [&p, y](T acc, std::int64_t batch, std::int64_t i, std::int64_t j) {
    const T x =
        acc + (*p.d)[static_cast<std::size_t>(Product<T>::at(y, batch, p.spec.m * p.spec.n, i, j))];
    return x > 0 || x != x ? x : T(0);
  };
}

TEST(Gemm, FastOperationsRunInRegistersAtEveryEdge) {
  std::vector<std::unique_ptr<Product<float>>> products;
  int number = 0;
  for (const char* layout : {"rrr", "rcr", "ccc"}) {
    for (const Size& s : kSizes) {
      for (bool bias : {false, true}) {
        if (bias == (number++ % 3 == 0)) continue;
        products.push_back(
            std::make_unique<Product<float>>(format("f{}", number++), s.m, s.n, s.k, layout));
        add_fast(*products.back(), bias);
      }
    }
    products.push_back(
        std::make_unique<Product<float>>(format("f{}", number++), 40, 70, 600, layout));
    add_fast(*products.back(), false);
  }
  expect_all(products, host_target());
}

TEST(Gemm, EpilogueSeesEveryElementOnce) {
  std::vector<std::unique_ptr<Product<float>>> products;
  int number = 0;
  for (const char* layout : {"rrr", "crc"}) {
    for (Size s :
         {Size{3, 5, 2}, Size{50, 70, 30}, Size{60, 70, 1030}, Size{1, 90, 12}, Size{90, 1, 12}}) {
      products.push_back(
          std::make_unique<Product<float>>(format("e{}", number++), s.m, s.n, s.k, layout));
      auto& p = *products.back();
      const GemmOperand c = p.spec.c;
      p.spec.epilogue = [c](const std::string& i, const std::string& j, const std::string& acc) {
        const std::string at = format("[({}) * {} + ({}) * {}]", i, c.row, j, c.col);
        return format("((float *)slot[2]){0} = {1} * 2.0f - ((const float *)slot[3]){0};", at, acc);
      };
      p.finish = [&p](float acc, std::int64_t, std::int64_t i, std::int64_t j) {
        return acc * 2.0f - (*p.d)[static_cast<std::size_t>(i * p.spec.c.row + j * p.spec.c.col)];
      };
    }
  }
  expect_all(products, host_target());
}

TEST(Gemm, LoadCallbacksComputeOperandsWhilePacking) {
  std::vector<std::unique_ptr<Product<float>>> products;
  int number = 0;
  for (const char* layout : {"rrr", "ccc", "rcr", "crr"}) {
    for (Size s : {Size{5, 7, 9}, Size{70, 100, 530}, Size{1, 40, 20}, Size{40, 1, 20}}) {
      products.push_back(
          std::make_unique<Product<float>>(format("l{}", number++), s.m, s.n, s.k, layout));
      auto& p = *products.back();
      auto through = [](GemmOperand o) {
        return [o](const std::string& r, const std::string& c) {
          return format("((const float *)slot[{}])[({}) * {} + ({}) * {}] * 2.0f", o.slot, r, o.row,
                        c, o.col);
        };
      };
      p.spec.a.load = through(p.spec.a);
      p.spec.b.load = through(p.spec.b);
      p.finish = [](float acc, auto, auto, auto) { return acc * 4.0f; };  // exact: powers of two
    }
  }
  expect_all(products, host_target());
}

TEST(Gemm, PackedBytesAreKnownWithoutEmitting) {
  for (const char* layout : {"rrr", "rcr"}) {
    Product<float> p("mm", 300, 200, 100, layout);
    EXPECT_EQ(gemm_packed_bytes(p.spec, host_target()),
              emit_gemm(p.spec, host_target()).packed_bytes);
  }
}

}  // namespace
}  // namespace bafe

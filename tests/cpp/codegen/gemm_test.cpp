// Generated products against a plain triple loop. Where the order of the sum is the ascending chain
// of fused multiply-adds the comparison is of bits.

#include "bafe/codegen/gemm.h"
#include "codegen/gemm_product.h"

namespace bafe {
namespace {

using namespace gemm_testing;

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

// Products by their way of being cut: other tiles, operands read in place, results stored past the
// caches, few rows or columns in lanes (compared within an error bound).

#include "bafe/codegen/gemm.h"
#include "codegen/gemm_product.h"

namespace bafe {
namespace {

using namespace gemm_testing;

TEST(GemmCut, EveryWayToCutTilesGivesTheSameBits) {
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

TEST(GemmCut, FewRowsByALargeMatrixReadItInPlace) {
  if (host_target().isa == Isa::kPlain) GTEST_SKIP();
  std::vector<std::unique_ptr<Product<float>>> products;
  for (Size s : {Size{3, 1100, 600}, Size{20, 1030, 520}, Size{70, 2000, 530}}) {
    products.push_back(
        std::make_unique<Product<float>>(format("s{}", products.size()), s.m, s.n, s.k));
    EXPECT_EQ(gemm_packed_bytes(products.back()->spec, host_target()), 0);
  }
  expect_all(products, host_target());
}

TEST(GemmCut, ResultsThatOutgrowTheCachesAreStoredPastThem) {
  std::vector<std::unique_ptr<Product<float>>> products;
  products.push_back(std::make_unique<Product<float>>("large", 2051, 2064, 3));
  expect_all(products, host_target());
}

TEST(GemmCut, LanesOrderIsUsedOnlyWhenAllowed) {
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

}  // namespace
}  // namespace bafe

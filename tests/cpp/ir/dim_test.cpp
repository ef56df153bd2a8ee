#include "bafe/ir/dim.h"

#include <gtest/gtest.h>

#include <thread>

#include "bafe/base/error.h"
#include "golden.h"

namespace bafe {
namespace {

const Dim n = Dim::symbol("n"), m = Dim::symbol("m");

TEST(DimArithmetic, IsCanonical) {
  EXPECT_EQ(n + m, m + n);
  EXPECT_EQ((n + 1) * (n - 1), n * n - 1);
  EXPECT_EQ(n * m - m * n, Dim(0));
  EXPECT_EQ(n - n + 7, Dim(7));
  EXPECT_NE(n, m);
  EXPECT_EQ(Dim(6) * 7, Dim(42));
}

TEST(DimText, PutsTheConstantLast) {
  EXPECT_EQ((n * 2 + 1).text(), "2*n + 1");
  EXPECT_EQ((Dim(3) - n).text(), "-n + 3");
  EXPECT_EQ((m * n * n - n * 5).text(), "m*n*n - 5*n");
  EXPECT_EQ(shape_text({8, n, 0}), "[8, n, 0]");
}

TEST(DimValue, IsKnownForConstantsOnly) {
  EXPECT_TRUE((n - n).is_const());
  EXPECT_FALSE(n.is_const());
  EXPECT_THROW(n.value(), InternalError);
  EXPECT_FALSE(is_concrete({2, n}));
}

TEST(DimOverflow, Throws) {
  Dim big = std::int64_t{1} << 61;
  EXPECT_THROW(big + big, ShapeError);
  EXPECT_THROW(big * 2, ShapeError);
  EXPECT_THROW(Dim(0) - big - big, ShapeError);
  EXPECT_THROW((n * big) * 2, ShapeError);
  EXPECT_THROW(num_elements({big, 2}), ShapeError);
  EXPECT_EQ(num_elements({big, big, 0}), Dim(0));
  EXPECT_EQ(num_elements({}), Dim(1));
}

TEST(DimStrides, AreRowMajor) {
  EXPECT_EQ(row_major_strides({2, 3, 4}), (std::vector<std::int64_t>{12, 4, 1}));
  EXPECT_TRUE(row_major_strides({}).empty());
}

TEST(DimTable, IsOneForAllThreads) {
  std::vector<Dim> made(8);
  std::vector<std::thread> threads;
  for (Dim& d : made) {
    threads.emplace_back([&d] {
      for (int i = 0; i < 200; ++i) d = Dim::symbol("t") * i + Dim::symbol("u") * Dim::symbol("t");
    });
  }
  for (std::thread& t : threads) t.join();
  for (Dim d : made) EXPECT_EQ(d, made[0]);
}

TEST(DimHash, DependsOnTheTextOnly) {
  EXPECT_EQ((n * 2 + m).hash(), (m + n + n).hash());
  EXPECT_NE(n.hash(), m.hash());
}

/// Of two letters each, 2^k terms; a fuzzer asked for gigabytes with 200 bytes.
TEST(DimTerms, AreLimited) {
  Shape shape;
  for (int i = 0; i < 8; ++i) {
    shape.push_back(Dim::symbol("a" + std::to_string(i)) + Dim::symbol("b" + std::to_string(i)));
  }
  EXPECT_FALSE(num_elements(shape).is_const());
  shape.push_back(shape[0] + Dim(1));
  EXPECT_ERROR(ShapeError, num_elements(shape), "errors/size_terms.txt");
  Dim power = n;
  for (int i = 1; i < 64; ++i) power = power * n;
  EXPECT_THROW(power * n, ShapeError);
}

}  // namespace
}  // namespace bafe

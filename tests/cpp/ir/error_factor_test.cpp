#include "bafe/ir/error_factor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "bafe/ir/text.h"

namespace bafe {
namespace {

double factor(const std::string& body, const std::string& result = "f32[4, 8]") {
  const Graph graph =
      parse_program("program main(a: f32[4, 8], b: f32[4, 8], c: f32[4, 8], " +
                    ("d: f32[4, 8], m: f32[8, 5]) -> " + result) + " { return " + body + " }");
  return error_factor(graph, graph.roots()[0]);
}

TEST(ErrorFactor, OfASumIsTheLongestChain) {
  EXPECT_EQ(factor("a"), 0);
  EXPECT_EQ(factor("add (add (add a b) c) d"), 3);
  EXPECT_EQ(factor("add (add a b) (add c d)"), 2);
}

TEST(ErrorFactor, OfAProductIsTheSumOfBothSides) {
  EXPECT_EQ(factor("mul (add a b) (add c d)"), 3);
  EXPECT_EQ(factor("square (square a)"), 3);
  EXPECT_EQ(factor("add (mul a b) (mul a c)"), factor("mul a (add b c)"));
}

TEST(ErrorFactor, OfWhatOnlyMovesOrChoosesIsThatOfItsOperand) {
  EXPECT_EQ(factor("neg (maximum (add a b) (abs c))"), 1);
  EXPECT_EQ(factor("transpose (transpose (exp a) :perm (1 0)) :perm (1 0)"), 1);
  EXPECT_EQ(factor("reduce_max (exp a) :axes (1)", "f32[4, 1]"), 1);
}

TEST(ErrorFactor, OfReductionsCountsTheirTerms) {
  EXPECT_EQ(factor("reduce_sum a :axes (1)", "f32[4, 1]"), 7);
  EXPECT_EQ(factor("reduce_sum a :axes (0 1)", "f32[1, 1]"), 31);
  EXPECT_EQ(factor("reduce_sum (reduce_sum a :axes (1)) :axes (0)", "f32[1, 1]"), 10);
  EXPECT_EQ(factor("matmul (add a b) m", "f32[4, 5]"), 9);
}

TEST(ErrorFactor, CountsEachRoundingInItsOwnType) {
  EXPECT_EQ(factor("cast a :dtype f64", "f64[4, 8]"), 0);
  EXPECT_EQ(factor("cast a :dtype f16", "f16[4, 8]"), 1);
  EXPECT_EQ(factor("cast (cast a :dtype f16) :dtype f32"), 0x1p13);
}

TEST(ErrorFactor, BoundsTheErrorOfSumsOfProducts) {
  // 1 + (2^-12 a sum of squares), where every rounding goes one way.
  float x = 1 + 0x1p-12F, got = x * x;
  for (int i = 0; i < 6; ++i) got *= x;
  const double want = std::pow(1 + 0x1p-12, 8);
  EXPECT_LE(std::fabs(got - want), 7 * 0x1p-24 * want * (1 + 1e-6));
}

TEST(ErrorGrowth, ComparesTwoFactors) {
  EXPECT_EQ(error_growth(0, 0), 1);
  EXPECT_EQ(error_growth(2, 3), 1.5);
  EXPECT_EQ(error_growth(0, 1), std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace bafe

// Index arithmetic of kernels: what is one number stays one number.

#include "bafe/codegen/expr.h"

#include <gtest/gtest.h>

namespace bafe {
namespace {

TEST(ExprIndex, JoinsQuotientAndRemainder) {
  ExprPool pool;
  const Ex x = pool.var(pool.new_var(576));
  EXPECT_EQ(pool.add(pool.scale(pool.quotient(x, 9), 9), pool.modulo(x, 9)), x);
}

/// A reshape (64, 3, 3) -> (576) walked by k: (k / 9) 9 + (k / 3 mod 3) 3 + k mod 3 is k.
TEST(ExprIndex, JoinsTheDigitsOfANumber) {
  ExprPool pool;
  const Ex k = pool.var(pool.new_var(576));
  const Ex digit = pool.modulo(pool.quotient(k, 3), 3);
  const Ex low = pool.add(pool.scale(digit, 3), pool.modulo(k, 3));
  EXPECT_EQ(low, pool.modulo(k, 9));
  EXPECT_EQ(pool.add(pool.scale(pool.quotient(k, 9), 9), low), k);
}

TEST(ExprIndex, KeepsDigitsOfOtherWeights) {
  ExprPool pool;
  const Ex k = pool.var(pool.new_var(576));
  const Ex digit = pool.modulo(pool.quotient(k, 3), 3);
  EXPECT_NE(pool.add(pool.scale(digit, 4), pool.modulo(k, 3)), pool.modulo(k, 9));
  EXPECT_EQ(pool.node(pool.add(pool.scale(digit, 58), pool.modulo(k, 3))).terms.size(), 2u);
}

}  // namespace
}  // namespace bafe

#include <gtest/gtest.h>

#include "bafe/verify/proof.h"

namespace bafe {
namespace {

ProofStatus status_of(const char* text) { return verify_rule_text(text, {})[0].status; }

TEST(IntegerEdges, SumsThatWrapAroundRefuteWhatHoldsOverTheReals) {
  EXPECT_EQ(status_of("(rule r (less (add ?x 1000) 1500) => (less ?x 500) :class reals"
                      " :when (= (dtype ?x) i32))"),
            ProofStatus::kRefuted);
  EXPECT_EQ(status_of("(rule r (maximum (add ?x 100000) 100000) => (add (maximum ?x 0) 100000)"
                      " :class reals :when (= (dtype ?x) i64))"),
            ProofStatus::kRefuted);
}

TEST(IntegerEdges, TheLeastIntegerHasNoNegation) {
  EXPECT_EQ(status_of("(rule r (maximum (neg ?x) (neg ?y)) => (neg (minimum ?x ?y))"
                      " :class reals :when (= (dtype ?x) i64))"),
            ProofStatus::kRefuted);
}

TEST(IntegerEdges, ConversionsThatRoundAreNotProven) {
  EXPECT_GE(status_of("(rule r (less (cast ?x :dtype f32) (cast ?y :dtype f32)) => (less ?x ?y)"
                      " :class reals :when (= (dtype ?x) i32) (= (dtype ?y) i32))"),
            ProofStatus::kTested);
}

TEST(IntegerEdges, ARingNeedsNoFloats) {
  EXPECT_EQ(status_of("(rule r (mul ?x (mul ?y ?z)) => (mul (mul ?x ?y) ?z) :class reals)"),
            ProofStatus::kProven);
}

TEST(BoundedProofs, SizesBeyondThemAreNotShown) {
  EXPECT_GE(status_of("(rule r (transpose ?x :perm ?p) => ?x"
                      " :when (or (= ?p (iota (rank ?x))) (< 5 (rank ?x))) :class bits)"),
            ProofStatus::kTested);
}

}  // namespace
}  // namespace bafe

#include "bafe/verify/check.h"

#include <gtest/gtest.h>

#include "bafe/rules/rule_set.h"

namespace bafe {
namespace {

CheckResult check(const std::string& text) {
  RuleSet set;
  set.add(text);
  return check_rule(set.rule(RuleId(0)));
}

std::vector<std::string> builtin_names() {
  std::vector<std::string> names;
  const RuleSet& set = RuleSet::builtin();
  for (std::uint32_t i = 0; i < set.size(); ++i) names.push_back(set.rule(RuleId(i)).name);
  return names;
}

TEST(RuleCheck, RejectsSoftmaxWithoutTheShift) {
  CheckResult r = check(
      "(rule r (softmax ?x :axes ?a)"
      " => (let ?e (exp ?x) (div ?e (broadcast_to (reduce_sum ?e :axes ?a) :shape (shape ?x)))))");
  EXPECT_FALSE(r.passed);
  EXPECT_EQ(r.failure, "stability") << r.counterexample;
}

TEST(RuleCheck, RejectsVarianceAsDifferenceOfSquares) {
  CheckResult r = check(
      "(rule r (mean (square (sub ?x (broadcast_to (mean ?x :axes ?a) :shape (shape ?x)))) :axes "
      "?a)"
      " => (sub (mean (square ?x) :axes ?a) (square (mean ?x :axes ?a))))");
  EXPECT_FALSE(r.passed);
  EXPECT_EQ(r.failure, "stability") << r.counterexample;
}

TEST(RuleCheck, RejectsAWrongIndex) {
  CheckResult r = check(
      "(rule r (reduce_sum (transpose ?x :perm ?p) :axes ?s)"
      " => (transpose (reduce_sum ?x :axes ?s) :perm ?p))");
  EXPECT_FALSE(r.passed);
}

TEST(RuleCheck, RejectsADroppedGuard) {
  EXPECT_FALSE(check("(rule r (matmul ?a ?i) => ?a :types (?a [m n]) (?i [n n]))").passed);
  EXPECT_FALSE(check("(rule r (abs (neg ?x)) => (abs ?x) :class bits)").passed)
      << "unsigned integers";
}

TEST(RuleCheck, RejectsARightSideOfAnotherType) {
  CheckResult r = check("(rule r (reduce_sum ?x :axes ?a) => ?x)");
  EXPECT_EQ(r.failure, "types");
  EXPECT_NE(r.counterexample.find("rule r"), std::string::npos);
}

TEST(RuleCheck, RejectsAClassThatPromisesTooMuch) {
  EXPECT_FALSE(check("(rule r (add (add ?a ?b) ?c) => (add ?a (add ?b ?c)) :class bits)").passed);
  EXPECT_FALSE(check("(rule r (mul ?x 0) => 0 :class signs)").passed) << "Inf times zero";
}

TEST(RuleCheck, ReportsARuleThatNeverMatches) {
  CheckResult r =
      check("(rule r (reshape ?x :shape ?s) => ?x :when (= (rank ?x) 1) (= (rank ?x) 2))");
  EXPECT_EQ(r.failure, "vacuous");
}

TEST(RuleCheck, ShowsNumbers) {
  CheckResult r = check("(rule r (sub ?a ?b) => (sub ?b ?a))");
  EXPECT_EQ(r.failure, "values");
  EXPECT_NE(r.counterexample.find("?a = f32"), std::string::npos) << r.counterexample;
}

class EveryRule : public testing::TestWithParam<std::string> {};

TEST_P(EveryRule, KeepsTypesValuesAndStability) {
  CheckOptions options;
  options.instances = 3;
  CheckResult result = check_rule(*RuleSet::builtin().find(GetParam()), options);
  EXPECT_TRUE(result.passed) << GetParam() << ": " << result.failure << ": "
                             << result.counterexample;
  EXPECT_GE(result.instances, 10) << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Builtin, EveryRule, testing::ValuesIn(builtin_names()),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name) {
                             if (c == '-') c = '_';
                           }
                           return name;
                         });

}  // namespace
}  // namespace bafe

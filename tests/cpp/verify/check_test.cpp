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

TEST(RuleCheck, RunsMultiPatterns) {
  const std::string match =
      "(rule r :match (?r (maximum ?a ?b)) (?s (minimum ?a ?b)) (?t (add ?r ?s))";
  EXPECT_TRUE(check(match + " :equal (?t (add ?a ?b)) :class signs)").passed);
  EXPECT_FALSE(check(match + " :equal (?t (sub ?a ?b)) :when (is-float ?a))").passed);
}

TEST(RuleCheck, RejectsAMoveThatMixesElements) {
  const std::string move = "(move m (transpose ?x :perm ?p) :types (?x [m n]) :why \"w\"";
  EXPECT_TRUE(check(move + " :from col :to row :when (= ?p (list 1 0)))").passed);
  EXPECT_FALSE(check(move + " :from row :to row :when (= ?p (list 1 0)))").passed);
  EXPECT_FALSE(check(move + " :from col :to row)").passed) << "the guard is dropped";
}

TEST(RuleCheck, KeepsThePromisesOfFacts) {
  EXPECT_TRUE(check("(rule r (sqrt (square ?x)) => ?x :when (in ?x 0 5) :class domain)").passed);
  EXPECT_FALSE(check("(rule r (sqrt (square ?x)) => ?x :class domain)").passed);
  const std::string tril = "(rule r (tril ?x :k 0) => ?x :types (?x [m n])";
  EXPECT_TRUE(check(tril + " :when (lower ?x) :class finite)").passed);
  EXPECT_FALSE(check(tril + " :when (upper ?x) :class finite)").passed);
}

TEST(RuleCheck, DoesNotTakeTestsForNanAsFalse) {
  EXPECT_FALSE(check("(rule r (where (isnan ?x) 0 ?x) => ?x)").passed);
  EXPECT_FALSE(check("(rule r (where (isfinite ?x) ?x 0) => ?x :class finite)").passed);
}

class EveryRule : public testing::TestWithParam<std::string> {};

TEST_P(EveryRule, KeepsTypesValuesAndStability) {
  CheckOptions options;
  options.instances = 2;
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

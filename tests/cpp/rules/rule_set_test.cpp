#include "bafe/rules/rule_set.h"

#include <gtest/gtest.h>

#include <set>

#include "bafe/ir/op.h"

namespace bafe {
namespace {

TEST(RuleSet, HoldsTheSixteenClassicalNames) {
  const std::set<std::string> wanted = {"add_commutative",
                                        "add_assoc_left",
                                        "add_assoc_right",
                                        "mul_commutative",
                                        "distribute_mul_over_add_l",
                                        "distribute_mul_over_add_r",
                                        "sub_sub_to_sub_add",
                                        "transpose_transpose",
                                        "fuse_matmul_relu",
                                        "fuse_bias_relu",
                                        "fuse_matmul_bias",
                                        "fuse_matmul_bias_relu",
                                        "free_transpose_col_to_row",
                                        "free_transpose_row_to_col",
                                        "redundant_layout_transform",
                                        "double_layout_transform"};
  const RuleSet& set = RuleSet::classic();
  EXPECT_EQ(set.size(), wanted.size());
  for (const std::string& name : wanted) EXPECT_NE(set.find(name), nullptr) << name;
  EXPECT_EQ(set.moves().size(), 4u);
  EXPECT_EQ(set.rewrites().size(), 12u);
}

TEST(RuleSet, HoldsManyMoreRulesWithReasons) {
  const RuleSet& set = RuleSet::builtin();
  EXPECT_GE(set.size(), 16u + 70u);
  for (std::uint32_t i = 0; i < set.size(); ++i) {
    const Rule& rule = set.rule(RuleId(i));
    EXPECT_FALSE(rule.why.empty()) << rule.name;
    EXPECT_NE(rule.text.find(":class"), rule.move ? 0 : std::string::npos) << rule.name;
  }
}

TEST(RuleSet, SelectsByStageAndClass) {
  RuleSet set;
  set.add(
      "(rule a (neg (neg ?x)) => ?x :class bits :set simplify)"
      "(rule b (mul (mul ?a ?b) ?c) <=> (mul ?a (mul ?b ?c)) :class (reals approx) :set "
      "explosive)");
  EXPECT_EQ(set.rewrites(NumericClass::kBits).size(), 1u);
  EXPECT_EQ(set.rewrites(RuleStage::kExplosive, NumericClass::kReals).size(), 1u);
  EXPECT_EQ(set.rewrites(RuleStage::kExplosive, NumericClass::kApprox).size(), 2u);
  EXPECT_EQ(set.filter([](const Rule& r) { return r.name == "b"; }).size(), 1u);
}

TEST(RuleSet, HashChangesWithTheRulesOnly) {
  RuleSet a, b, c;
  a.add("(rule r (neg (neg ?x)) => ?x :class bits)");
  b.add("; a comment\n(rule r (neg   (neg ?x)) => ?x :class bits)");
  c.add("(rule r (neg (neg ?x)) => ?x :class signs)");
  EXPECT_EQ(a.hash().hex(), b.hash().hex());
  EXPECT_NE(a.hash().hex(), c.hash().hex());
}

TEST(RuleSet, KeepsItsRulesWhenAnAdditionFails) {
  RuleSet set;
  EXPECT_THROW(set.add("(rule a (neg (neg ?x)) => ?x) (rule b (neg ?x) => ?y)"), RuleError);
  EXPECT_EQ(set.size(), 0u);
  set.add("(rule a (neg (neg ?x)) => ?x)");
  EXPECT_THROW(set.add("(rule a (abs (abs ?x)) => (abs ?x))"), RuleError);
  EXPECT_EQ(set.size(), 1u);
}

}  // namespace
}  // namespace bafe

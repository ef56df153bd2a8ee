#include <gtest/gtest.h>

#include "bafe/ir/op.h"
#include "bafe/rules/rule_set.h"
#include "golden.h"

namespace bafe {
namespace {

Rule read_one(const std::string& text) {
  std::vector<Rule> rules = read_rules(text, "mine.rules", tensor_ops());
  EXPECT_EQ(rules.size(), 1u);
  return rules.at(0);
}

const Rewrite& rewrite_of(const Rule& rule) { return rule.rewrites.at(0); }

TEST(RuleReader, NumbersVariablesInTheOrderTheyAppear) {
  Rule rule = read_one("(rule r (add ?b (mul ?a ?b)) => ?a)");
  const Rewrite& r = rewrite_of(rule);
  EXPECT_EQ(r.class_names, (std::vector<std::string>{"root", "?b", "?a"}));
  const Pattern& left = r.left.roots[0].pattern;
  EXPECT_EQ(left.children[0].var, 1);
  EXPECT_EQ(left.children[1].children[1].var, 1) << "a repeated variable is the same variable";
}

TEST(RuleReader, CompilesBothDirections) {
  Rule rule = read_one(
      "(rule r (mul (mul ?a ?b) ?c) <=> (mul ?a (mul ?b ?c)) :class (reals approx)"
      " :set explosive :why \"because\")");
  ASSERT_EQ(rule.rewrites.size(), 2u);
  EXPECT_EQ(rule.rewrites[0].numeric, NumericClass::kReals);
  EXPECT_EQ(rule.rewrites[1].numeric, NumericClass::kApprox);
  EXPECT_FALSE(rule.rewrites[1].forward);
  EXPECT_EQ(rule.stage, RuleStage::kExplosive);
  EXPECT_EQ(rule.why, "because");
}

TEST(RuleReader, NumbersTheVariablesOfDistinct) {
  Rule rule = read_one(
      "(rule r :match (?r (matmul ?a ?b)) (?s (matmul ?a ?c)) :equal (?r ?s) :distinct ?b ?c)");
  const Rewrite& r = rewrite_of(rule);
  ASSERT_EQ(r.distinct.size(), 2u);
  EXPECT_EQ(r.class_names[r.distinct[0]], "?b");
  EXPECT_EQ(r.class_names[r.distinct[1]], "?c");
  EXPECT_EQ(r.left.roots.size(), 2u);
}

TEST(RuleReader, ReplacesCompositesOnBothSides) {
  Rule rule = read_one("(rule r (clip ?x ?lo ?hi) => (clip ?x 0 1))");
  const Rewrite& r = rewrite_of(rule);
  EXPECT_EQ(r.left.roots[0].pattern.op, tensor_ops().find("minimum"));
  ASSERT_EQ(r.right.steps.size(), 4u) << "two constants, maximum, minimum";
  EXPECT_EQ(r.right.steps.back().op, tensor_ops().find("minimum"));
}

TEST(RuleReader, KeepsNamedCompositesAsNodes) {
  Rule rule = read_one("(rule r (relu (matmul ?a ?b)) => (fused_matmul_relu ?a ?b))");
  EXPECT_EQ(rewrite_of(rule).right.steps.size(), 1u);
}

TEST(RuleReader, TurnsExpressionsOfLeftCompositesIntoEquations) {
  Rule rule = read_one("(rule r (bias_add (matmul ?a ?b) ?c) => (add (matmul ?a ?b) 0))");
  const Rewrite& r = rewrite_of(rule);
  EXPECT_EQ(r.field_equations.size(), 2u) << "axes of expand_dims, shape of broadcast_to";
  const Pattern& product = r.left.roots[0].pattern.children[0];
  EXPECT_NE(product.bind, kNoVariable) << "the equations ask for the type of the product";
}

TEST(RuleReader, TurnsLeftConstantsIntoEquations) {
  Rule rule = read_one("(rule r (mean ?x :axes ?a) => (reduce_sum ?x :axes ?a))");
  EXPECT_EQ(rewrite_of(rule).constant_equations.size(), 1u);
}

TEST(RuleReader, SharesLetTermsOnTheRight) {
  Rule rule = read_one("(rule r (neg ?x) => (let ?e (exp ?x) (add ?e ?e)))");
  EXPECT_EQ(rewrite_of(rule).right.steps.size(), 2u);
}

TEST(RuleReader, ReadsWildcardsLiteralsAndFields) {
  Rule rule = read_one("(rule r (transpose (mul _ 2) :perm (1 0)) => 0)");
  const Pattern& p = rewrite_of(rule).left.roots[0].pattern;
  EXPECT_EQ(p.fields[0].kind, FieldPattern::Kind::kLiteral);
  EXPECT_EQ(p.children[0].children[0].kind, Pattern::Kind::kWildcard);
  EXPECT_EQ(p.children[0].children[1].kind, Pattern::Kind::kLiteral);
  EXPECT_EQ(p.children[0].children[1].literal, 2);
}

TEST(RuleReader, ReadsMultiPatterns) {
  Rule rule = read_one(
      "(rule r :match (?r (maximum ?a ?b)) (?s (minimum ?a ?b)) (?t (add ?r ?s))"
      " :equal (?t (add ?a ?b)) :class finite)");
  const Rewrite& r = rewrite_of(rule);
  EXPECT_EQ(r.left.roots.size(), 3u);
  ASSERT_EQ(r.right.outputs.size(), 1u);
  EXPECT_EQ(r.right.outputs[0].target, r.left.roots[2].root_var);
}

TEST(RuleReader, RepeatsFormsForEachWord) {
  std::vector<Rule> rules =
      read_rules("(for-each ?op (sin tanh) (rule ?op-odd (?op (neg ?x)) => (neg (?op ?x))))",
                 "a.rules", tensor_ops());
  ASSERT_EQ(rules.size(), 2u);
  EXPECT_EQ(rules[1].name, "tanh-odd");
  EXPECT_EQ(rules[1].theme, "a");
}

TEST(RuleReader, ReadsMovesBetweenStates) {
  Rule rule = read_one(
      "(move m (transpose ?x :perm ?p) :from col :to row :types (?x [m n])"
      " :when (= ?p (list 1 0)) :why \"w\")");
  ASSERT_TRUE(rule.move.has_value());
  EXPECT_EQ(rule.move->from.kind, MoveState::Kind::kCol);
  EXPECT_EQ(rule.move->to.kind, MoveState::Kind::kRow);
  EXPECT_EQ(rule.move->rewrite.class_names[rule.move->operand], "?x");
  EXPECT_TRUE(rule.rewrites.empty());
}

struct BadText {
  const char* golden;
  const char* text;
};

class MalformedRule : public ::testing::TestWithParam<BadText> {};

TEST_P(MalformedRule, SaysPlaceFactAndFix) {
  std::string file = std::string("rules/") + GetParam().golden + ".txt";
  try {
    read_rules(GetParam().text, "mine.rules", tensor_ops());
    FAIL() << GetParam().text << " was accepted";
  } catch (const Error& error) {
    testing::expect_golden(error.what(), file);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Texts, MalformedRule,
    ::testing::Values(
        BadText{"unclosed", "(rule r (neg ?x) => ?x"},
        BadText{"not_a_form", "(rewrite r (neg ?x) => ?x)"},
        BadText{"no_name", "(rule (neg (neg ?x)) => ?x)"},
        BadText{"no_arrow", "(rule r (neg (neg ?x)) ?x)"},
        BadText{"unknown_operator", "(rule r (matmull ?a ?b) => ?a)"},
        BadText{"wrong_arity", "(rule r (add ?a) => ?a)"},
        BadText{"unknown_field", "(rule r (neg ?x :axes ?a) => ?x)"},
        BadText{"missing_field", "(rule r (transpose ?x) => ?x)"},
        BadText{"field_twice", "(rule r (transpose ?x :perm ?p :perm ?q) => ?x)"},
        BadText{"unbound_term", "(rule r (neg ?x) => (add ?x ?y))"},
        BadText{"unbound_in_expression", "(rule r (neg ?x) => (transpose ?x :perm (inverse ?p)))"},
        BadText{"unknown_function", "(rule r (neg ?x) => ?x :when (rang ?x))"},
        BadText{"lone_variable_left", "(rule r ?x => (neg (neg ?x)))"},
        BadText{"lone_variable_in_reverse", "(rule r (neg (neg ?x)) <=> ?x)"},
        BadText{"computed_field_in_reverse",
                "(rule r (transpose (transpose ?x :perm ?p) :perm ?q) <=>"
                " (transpose ?x :perm (gather ?p ?q)))"},
        BadText{"term_and_field", "(rule r (transpose ?x :perm ?x) => ?x)"},
        BadText{"field_as_term", "(rule r (transpose ?x :perm ?p) => (neg ?p))"},
        BadText{"unknown_class", "(rule r (neg (neg ?x)) => ?x :class exact)"},
        BadText{"unknown_set", "(rule r (neg (neg ?x)) => ?x :set fast)"},
        BadText{"unknown_clause", "(rule r (neg (neg ?x)) => ?x :cost 3)"},
        BadText{"clause_twice", "(rule r (neg (neg ?x)) => ?x :class bits :class bits)"},
        BadText{"types_of_unknown", "(rule r (neg (neg ?x)) => ?x :types (?y [m n]))"},
        BadText{"batch_in_the_middle", "(rule r (neg (neg ?x)) => ?x :types (?x [m B..]))"},
        BadText{"let_rebinds", "(rule r (neg ?x) => (neg ?x) :let ((?x (rank ?x))))"},
        BadText{"why_without_text", "(rule r (neg (neg ?x)) => ?x :why because)"},
        BadText{"match_without_equal", "(rule r :match (?r (neg ?x)))"},
        BadText{"equal_of_unknown", "(rule r :match (?r (neg ?x)) :equal (?s (neg ?x)))"},
        BadText{"distinct_of_unknown", "(rule r (neg (neg ?x)) => ?x :distinct ?x ?y)"},
        BadText{"move_without_state", "(move m (transpose ?x :perm ?p) :from col)"},
        BadText{"for_each_without_list", "(for-each ?op add (rule r (neg ?x) => ?x))"}));

}  // namespace
}  // namespace bafe

#include "bafe/rules/rule_program.h"

#include <gtest/gtest.h>

#include "bafe/ir/builder.h"
#include "bafe/ir/text.h"
#include "bafe/rules/graph_sink.h"
#include "bafe/rules/rule_set.h"
#include "golden.h"

namespace bafe {
namespace {

/// A match of one rule, written by hand: classes by variable, root first.
class Match {
 public:
  explicit Match(const std::string& rule) {
    rules_.add(rule, "mine.rules");
    rewrite_ = &rules_.rule(RuleId(0)).rewrites.at(0);
  }
  ValueId input(Type type) { return graph_.add_input({"x", "row", false, std::move(type)}); }
  ValueId node(const std::string& op, std::vector<ValueId> operands, Attrs attrs = {}) {
    return graph_.add(*op_from_text(op), std::move(operands), std::move(attrs));
  }
  bool admits(std::vector<ValueId> classes, std::vector<AttrValue> attrs = {}) {
    classes_.clear();
    for (ValueId id : classes) classes_.push_back(term_of(id));
    attrs_ = std::move(attrs);
    GraphSink sink(graph_);
    return interpreter_.admits(*rewrite_, classes_, attrs_, sink);
  }
  /// The right side as text; "" when it is undefined.
  std::string build() {
    GraphSink sink(graph_);
    std::vector<TermPair> pairs;
    if (!interpreter_.build(*rewrite_, classes_, attrs_, sink, pairs)) return "";
    graph_.set_roots({value_of(pairs.at(0).right)});
    return print_brief(graph_);
  }
  Graph& graph() { return graph_; }

 private:
  RuleSet rules_;
  const Rewrite* rewrite_;
  Graph graph_;
  RhsInterpreter interpreter_;
  std::vector<TermRef> classes_;
  std::vector<AttrValue> attrs_;
};

Type f32(Shape shape) { return {DType::kF32, std::move(shape)}; }

TEST(RuleProgram, BuildsTheRightSide) {
  Match m("(rule r (add ?a ?b) => (add ?b ?a))");
  ValueId a = m.input(f32({2})), b = m.input(f32({2}));
  ASSERT_TRUE(m.admits({m.node("add", {a, b}), a, b}));
  m.build();
  const Node& root = m.graph().node(m.graph().roots()[0]);
  EXPECT_EQ(root.operands, (std::vector<ValueId>{b, a}));
}

TEST(RuleProgram, TypesConstantsLikeTheirSibling) {
  Match m("(rule r (neg ?x) => (sub 0 ?x))");
  ValueId x = m.input({DType::kI16, {3}});
  ASSERT_TRUE(m.admits({m.node("neg", {x}), x}));
  m.build();
  const Node& root = m.graph().node(m.graph().roots()[0]);
  EXPECT_EQ(m.graph().type(root.operands[0]).text(), "i16[3]");
}

TEST(RuleProgram, RefusesConstantsThatATypeCannotHold) {
  Match m("(rule r (abs ?x) => (mul ?x 0.5))");
  ValueId x = m.input({DType::kI32, {3}});
  ASSERT_TRUE(m.admits({m.node("abs", {x}), x}));
  EXPECT_EQ(m.build(), "");
}

TEST(RuleProgram, KeepsWideIntegersExact) {
  Match m("(rule r (add ?x ?c) => (sub ?x (splat (- 0 (const ?c)))) :when (const ?c))");
  ValueId x = m.input({DType::kI64, {}});
  std::int64_t wide = (std::int64_t{1} << 60) + 1;
  ValueId c = m.graph().add_fill(Scalar::of_int(DType::kI64, wide), {});
  ASSERT_TRUE(m.admits({m.node("add", {x, c}), x, c}));
  m.build();
  const Node& root = m.graph().node(m.graph().roots()[0]);
  EXPECT_EQ(attr_scalar(m.graph().node(root.operands[1]).attrs, 0).as_int(), -wide);
}

TEST(RuleProgram, TestsTypesConditionsAndEquations) {
  Match m(
      "(rule r (transpose ?x :perm ?p) => ?x :types (?x [B.. n n]) :let ((?k (rank ?x)))"
      " :when (= ?p (iota ?k)))");
  ValueId square = m.input(f32({4, 3, 3})), tall = m.input(f32({4, 3}));
  List same = {0, 1, 2}, swapped = {0, 2, 1};
  EXPECT_TRUE(m.admits({m.node("transpose", {square}, {same}), square}, {same}));
  EXPECT_FALSE(m.admits({m.node("transpose", {square}, {swapped}), square}, {swapped}));
  EXPECT_FALSE(m.admits({m.node("transpose", {tall}, {List{0, 1}}), tall}, {List{0, 1}}));
}

TEST(RuleProgram, TreatsUndefinedAsNoMatch) {
  Match m("(rule r (neg ?x) => ?x :when (= (dim ?x 5) 1))");
  ValueId x = m.input(f32({2}));
  EXPECT_FALSE(m.admits({m.node("neg", {x}), x}));
}

TEST(RuleProgram, NamesRuleAndMatchWhenTypesDiffer) {
  Match m("(rule wrong (reduce_sum ?x :axes ?a) => ?x)");
  ValueId x = m.input(f32({2, 3}));
  ASSERT_TRUE(m.admits({m.node("reduce_sum", {x}, {List{0}}), x}, {List{0}}));
  EXPECT_ERROR(RuleError, m.build(), "rules/other_type.txt");
}

TEST(RuleProgram, NamesRuleAndMatchWhenTheRightSideIsIllTyped) {
  Match m("(rule wrong (add ?a ?b) => (matmul ?a ?b))");
  ValueId a = m.input(f32({2, 3})), b = m.input(f32({2, 3}));
  ASSERT_TRUE(m.admits({m.node("add", {a, b}), a, b}));
  EXPECT_ERROR(RuleError, m.build(), "rules/ill_typed.txt");
}

TEST(RuleProgram, MatchesLiteralsInTheirOwnType) {
  EXPECT_TRUE(literal_matches(0.1, Scalar::of(DType::kF32, 0.1)));
  EXPECT_TRUE(literal_matches(0, Scalar::of(DType::kF64, -0.0)));
  EXPECT_FALSE(literal_matches(0.5, Scalar::of_int(DType::kI32, 0)));
  EXPECT_FALSE(literal_matches(300, Scalar::of_int(DType::kI8, 44)));
}

}  // namespace
}  // namespace bafe

#include "bafe/search/tensor_analysis.h"

#include <gtest/gtest.h>

#include <cmath>

#include "../../../src/search/term_graph.h"
#include "bafe/base/error.h"
#include "bafe/rules/rule_set.h"
#include "bafe/search/optimize.h"
#include "programs.h"

namespace bafe {
namespace {

using programs::call;
using programs::input;

const Facts& root_facts(const TermGraph& terms) {
  return terms.analysis.facts(terms.root_class(0));
}

bool root_fact(const TermGraph& terms, const std::string& name,
               const std::vector<AttrValue>& args = {}) {
  return terms.analysis.fact(name, terms.root_class(0), args);
}

ValueId splat(Graph& g, double value, Shape shape) {
  return g.add_fill(Scalar::of(DType::kF32, value), std::move(shape));
}

TEST(ConstantFacts, FoldThroughPointwiseAndMovement) {
  Graph g;
  ValueId x = call(g, "add", {splat(g, 2, {4, 3}), splat(g, 0.5, {4, 3})});
  g.add_root(call(g, "transpose", {call(g, "square", {x})}, {List{1, 0}}));
  TermGraph terms(g, true);
  ASSERT_TRUE(root_facts(terms).constant);
  EXPECT_EQ(root_facts(terms).constant->value.as_double(), 6.25);
  terms.egraph.check();
}

TEST(ConstantFacts, DoNotFoldPadding) {
  Graph g;
  ValueId x = splat(g, 2, {4});
  g.add_root(call(g, "pad", {x}, {List{1}, List{0}, Scalar::of(DType::kF32, 7)}));
  TermGraph terms(g, true);
  EXPECT_FALSE(root_facts(terms).constant);
}

TEST(ConstantFacts, FoldFloatSumsOnlyOverTheReals) {
  Graph g;
  g.add_root(call(g, "reduce_sum", {splat(g, 0.5, {8})}, {List{0}}));
  TermGraph reals(g, true), bits(g, false);
  ASSERT_TRUE(root_facts(reals).constant);
  EXPECT_EQ(root_facts(reals).constant->value.as_double(), 4);
  EXPECT_FALSE(root_facts(bits).constant);
}

TEST(Ranges, BoundTanhAndKeepNanPossible) {
  Graph g;
  g.add_root(call(g, "tanh", {input(g, "x", {4})}));
  TermGraph terms(g, true);
  EXPECT_EQ(root_facts(terms).range.lo, -1);
  EXPECT_EQ(root_facts(terms).range.hi, 1);
  EXPECT_FALSE(root_fact(terms, "finite"));
  EXPECT_FALSE(root_fact(terms, "in", {Dim(-80), Dim(80)}));
}

TEST(Ranges, ProveFiniteWhereIntegersAreTheSource) {
  Graph g;
  ValueId x = call(g, "cast", {input(g, "x", {4}, DType::kI16)}, {DType::kF32});
  g.add_root(call(g, "tanh", {x}));
  TermGraph terms(g, true);
  EXPECT_TRUE(root_fact(terms, "in", {Dim(-80), Dim(80)}) || !root_fact(terms, "finite"));
}

TEST(Structures, FollowMasksTransposesAndProducts) {
  Graph g;
  ValueId x = input(g, "x", {5, 5});
  ValueId l = call(g, "tril", {x}, {Dim(0)});
  g.add_root(call(g, "transpose", {l}, {List{1, 0}}));
  TermGraph upper(g, true);
  EXPECT_TRUE(root_fact(upper, "upper"));
  EXPECT_FALSE(root_fact(upper, "lower"));
  Graph h;
  ValueId y = input(h, "x", {5, 5});
  h.add_root(call(h, "triu", {call(h, "tril", {y}, {Dim(1)})}, {Dim(-1)}));
  TermGraph banded(h, true);
  EXPECT_TRUE(root_fact(banded, "banded", {Dim(1), Dim(1)}));
  EXPECT_FALSE(root_fact(banded, "banded", {Dim(0), Dim(1)}));
}

TEST(Structures, KnowTheIdentity) {
  Graph g;
  g.add_root(call(g, "diag", {splat(g, 1, {6})}, {Dim(0)}));
  TermGraph terms(g, true);
  EXPECT_TRUE(root_fact(terms, "identity"));
  EXPECT_TRUE(root_fact(terms, "symmetric"));
  EXPECT_TRUE(root_fact(terms, "orthogonal"));
  Graph h;
  h.add_root(call(h, "diag", {splat(h, 1, {6})}, {Dim(1)}));
  TermGraph shifted(h, true);
  EXPECT_FALSE(root_fact(shifted, "identity"));
}

TEST(WeightOnly, EndsAtInputs) {
  Graph g;
  g.add_root(call(g, "exp", {splat(g, 1, {6})}));
  TermGraph constant(g, true);
  EXPECT_TRUE(root_facts(constant).weight_only);
  Graph h;
  h.add_root(call(h, "add", {input(h, "x", {6}), splat(h, 1, {6})}));
  TermGraph variable(h, true);
  EXPECT_FALSE(root_facts(variable).weight_only);
}

TEST(Contradictions, NameTheRule) {
  RuleSet rules;
  rules.add("(rule wrong-law (add ?a ?a) => ?a :class bits :set simplify :why \"a test\")",
            "wrong.rules");
  Graph g;
  ValueId two = splat(g, 2, {3});
  g.add_root(call(g, "add", {two, two}));
  SearchOptions options;
  options.rules = &rules;
  SearchResult found = optimize(g, options);
  ASSERT_EQ(found.rejected.size(), 1u);
  EXPECT_EQ(found.rejected[0].what, "rule wrong-law");
  EXPECT_NE(found.rejected[0].why.find("cannot be equal"), std::string::npos);
  EXPECT_EQ(found.stats.stop_reason, "saturated, without rule wrong-law");
}

}  // namespace
}  // namespace bafe

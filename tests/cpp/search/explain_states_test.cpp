#include <gtest/gtest.h>

#include "bafe/ir/text.h"
#include "bafe/search/optimize.h"
#include "programs.h"

namespace bafe {
namespace {

using programs::call;
using programs::input;

/// relu(0 - (0 - (a b) v)): several rules, one after the other.
Graph several(std::int64_t n) {
  Graph g;
  ValueId a = input(g, "a", {n, n}), b = input(g, "b", {n, n}), v = input(g, "v", {n, 1});
  ValueId product = call(g, "matmul", {call(g, "matmul", {a, b}), v});
  g.add_root(call(g, "relu", {call(g, "neg", {call(g, "neg", {product})})}));
  return g;
}

std::string text_of(const Graph& terms, const std::vector<ValueId>& roots) {
  Graph part = terms;
  part.set_roots(roots);
  return print_brief(part);
}

TEST(ExplainStates, LeadFromTheProgramAsWrittenToTheOneChosen) {
  const Graph graph = several(256);
  const SearchResult found = optimize(graph, SearchOptions{});
  ASSERT_GE(found.steps.size(), 2u);
  const Graph& terms = *found.steps[0].terms;
  std::vector<ValueId> before(terms.roots().begin(), terms.roots().end());
  EXPECT_EQ(text_of(terms, before), print_brief(graph));
  for (const ExplainStep& step : found.steps) {
    ASSERT_EQ(step.terms.get(), &terms);
    EXPECT_EQ(text_of(terms, {step.left}), step.before);
    EXPECT_EQ(text_of(terms, {step.right}), step.after);
    ASSERT_EQ(step.state.size(), 1u);
    EXPECT_NE(step.state, before);
    before = step.state;
  }
  EXPECT_EQ(text_of(terms, before), print_brief(found.program.graph));
}

TEST(ExplainStates, KeepTheTypesOfEveryTerm) {
  const SearchResult found = optimize(several(64), SearchOptions{});
  ASSERT_FALSE(found.steps.empty());
  for (const ExplainStep& step : found.steps)
    EXPECT_EQ(step.terms->type(step.left), step.terms->type(step.right));
}

}  // namespace
}  // namespace bafe

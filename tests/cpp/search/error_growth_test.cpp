#include <gtest/gtest.h>

#include "bafe/ir/error_factor.h"
#include "bafe/ir/text.h"
#include "programs.h"

namespace bafe {
namespace {

using programs::plain;
using programs::searched;

/// One sum over all elements is cheaper and has the longer chain.
Graph sum_of_sums() {
  return parse_program(
      "program main(x: f32[256, 256]) -> f32[1, 1] { return "
      "reduce_sum (reduce_sum x :axes (1)) :axes (0) }");
}

TEST(ErrorGrowth, OfRegroupedSumsIsTakenWithoutALimit) {
  const SearchOptions options = plain();
  const SearchResult found = searched(sum_of_sums(), options);
  ASSERT_FALSE(found.steps.empty());
  EXPECT_DOUBLE_EQ(found.error_growth, (256.0 * 256 - 1) / 510);
}

TEST(ErrorGrowth, IsNeverAboveTheLimit) {
  SearchOptions options = plain();
  for (double limit : {1.0, 1.5, 128.0}) {
    options.max_error_growth = limit;
    const SearchResult found = searched(sum_of_sums(), options);
    EXPECT_TRUE(found.steps.empty());
    EXPECT_EQ(found.error_growth, 1);
    ASSERT_FALSE(found.rejected.empty());
    EXPECT_NE(found.rejected[0].why.find("error factor"), std::string::npos);
  }
}

TEST(ErrorGrowth, IsAllowedUpToTheLimit) {
  SearchOptions options = plain();
  options.max_error_growth = 129;
  EXPECT_GT(searched(sum_of_sums(), options).error_growth, 128);
}

TEST(ErrorGrowth, StopsOneRewriteAndNotTheOther) {
  SearchOptions options = plain();
  const Graph graph = parse_program(
      "program main(a: f32[256, 256], b: f32[256, 256], v: f32[256, 1]) -> f32[256, 1], f32[1, 1] "
      "{ let s = reduce_sum (reduce_sum a :axes (1)) :axes (0); return matmul (matmul a b) v, s }");
  const SearchResult free = searched(graph, options);
  options.max_error_growth = 1;
  const SearchResult limited = searched(graph, options);
  EXPECT_GT(free.error_growth, 1);
  EXPECT_EQ(limited.error_growth, 1);
  EXPECT_LT(limited.program.predicted_ns, 0.5 * limited.predicted_ns_as_written);
  for (const Program& candidate : limited.candidates) {
    for (std::size_t i = 0; i < 2; ++i)
      EXPECT_LE(error_factor(candidate.graph, candidate.graph.roots()[i]),
                error_factor(graph, graph.roots()[i]));
  }
}

}  // namespace
}  // namespace bafe

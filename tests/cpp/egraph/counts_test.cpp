// Exact sizes of saturated graphs: closed forms, and the published steps of the mathematics
// benchmark.
#include <gtest/gtest.h>

#include "egraph/mathematics.h"

namespace bafe::testing {
namespace {

class SumCounts : public ::testing::TestWithParam<int> {};

void count_sums(int n, const SaturationOptions& options) {
  Language sums = sums_of(n);
  EGraph graph(sums.ops);
  sums.add(graph, left_deep(n, "+"));
  Saturation saturation(graph, sums.rules);
  EXPECT_EQ(saturation.run(options), StopReason::kSaturated);
  graph.check();
  std::size_t power3 = 1;
  for (int i = 0; i < n; ++i) power3 *= 3;
  EXPECT_EQ(graph.num_classes(), (std::size_t{1} << n) - 1);
  EXPECT_EQ(graph.nodes_of(sums.ops.find("+")).size(), power3 - (std::size_t{2} << n) + 1);
}

TEST_P(SumCounts, FollowTheClosedForm) { count_sums(GetParam(), unlimited(100)); }
TEST_P(SumCounts, FollowTheClosedFormPatiently) { count_sums(GetParam(), patient(100)); }
INSTANTIATE_TEST_SUITE_P(Terms, SumCounts, ::testing::Range(3, 11));

class ChainCounts : public ::testing::TestWithParam<int> {};

void count_chain(int matrices, const SaturationOptions& options) {
  auto n = static_cast<std::size_t>(matrices);
  Language chains = chains_of(matrices);
  EGraph graph(chains.ops);
  chains.add(graph, left_deep(matrices, "mm"));
  Saturation saturation(graph, chains.rules);
  EXPECT_EQ(saturation.run(options), StopReason::kSaturated);
  graph.check();
  EXPECT_EQ(graph.num_classes(), n * (n + 1) / 2);
  EXPECT_EQ(graph.nodes_of(chains.ops.find("mm")).size(), (n * n * n - n) / 6);
}

TEST_P(ChainCounts, FollowTheClosedForm) { count_chain(GetParam(), unlimited(100)); }
TEST_P(ChainCounts, FollowTheClosedFormPatiently) { count_chain(GetParam(), patient(200)); }
INSTANTIATE_TEST_SUITE_P(Matrices, ChainCounts, ::testing::Range(3, 41));

INSTANTIATE_TEST_SUITE_P(ManyMatrices, ChainCounts, ::testing::Values(47, 53, 60, 67, 73, 80));

TEST(LongChains, FollowTheClosedFormAtEveryLength) {
  for (int matrices = 41; matrices <= 80; ++matrices) count_chain(matrices, patient(400));
}

TEST(Mathematics, GrowsAsPublishedStepByStep) {
  Language m = mathematics();
  EGraph graph(m.ops);
  add_mathematics_terms(m, graph);
  Saturation saturation(graph, m.rules);
  for (std::size_t nodes : {69, 118, 208, 389, 784, 1576, 3160, 8113, 28303, 136446, 1047896}) {
    EXPECT_FALSE(saturation.iterate(unlimited(1)).has_value());
    if (nodes < 100'000) graph.check();
    EXPECT_EQ(graph.num_nodes(), nodes);
  }
}

}  // namespace
}  // namespace bafe::testing

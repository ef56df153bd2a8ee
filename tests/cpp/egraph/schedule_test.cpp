// Patient runs: the saturated graph is the same, fewer nodes are born, no match is lost.
#include <gtest/gtest.h>

#include "egraph/mathematics.h"
#include "egraph/replayer.h"

namespace bafe::testing {
namespace {

void expect_all_sums_of_eight(const EGraph& graph) {
  EXPECT_EQ(graph.num_classes(), 255u);
  EXPECT_EQ(graph.num_nodes(), 6050u + 8u);
}

TEST(PatientRuns, GiveBirthToFewerNodes) {
  std::size_t born[2];
  for (bool is_patient : {false, true}) {
    Language sums = sums_of(8);
    EGraph graph(sums.ops);
    sums.add(graph, left_deep(8, "+"));
    Saturation saturation(graph, sums.rules);
    EXPECT_EQ(saturation.run(is_patient ? patient(100) : unlimited(100)), StopReason::kSaturated);
    expect_all_sums_of_eight(graph);
    born[is_patient] = graph.num_born();
  }
  EXPECT_LT(born[1] * 10, born[0] * 8);
}

TEST(PatientRuns, BuildNoTwinsInChains) {
  Language chains = chains_of(20);
  EGraph graph(chains.ops);
  chains.add(graph, left_deep(20, "mm"));
  Saturation(graph, chains.rules).run(patient(100));
  EXPECT_EQ(graph.num_born(), graph.num_nodes());
}

TEST(PatientRuns, LoseNoMatchToALimit) {
  Language sums = sums_of(8);
  EGraph graph(sums.ops);
  sums.add(graph, left_deep(8, "+"));
  Saturation saturation(graph, sums.rules);
  SaturationOptions options = patient(1000);
  StopReason end = StopReason::kAccepted;
  for (int i = 1; i < 200 && end == StopReason::kAccepted; ++i) {
    options.max_accepted = static_cast<std::size_t>(i) * 97;
    end = saturation.run(options);
    graph.check();
  }
  EXPECT_EQ(end, StopReason::kSaturated);
  expect_all_sums_of_eight(graph);
}

TEST(PatientRuns, LoseNoMatchToBansOrToTheEndOfARun) {
  Language sums = sums_of(8);
  EGraph graph(sums.ops);
  sums.add(graph, left_deep(8, "+"));
  Saturation saturation(graph, sums.rules);
  SaturationOptions options = patient(3);
  options.match_limit = 50;
  StopReason end = StopReason::kIterations;
  for (int i = 0; i < 200 && end == StopReason::kIterations; ++i) {
    end = saturation.run(options);
    options.patient = i % 3 != 1;
  }
  EXPECT_EQ(end, StopReason::kSaturated);
  graph.check();
  expect_all_sums_of_eight(graph);
}

TEST(PatientRuns, LoseNoMatchToARollback) {
  Language sums = sums_of(8);
  EGraph graph(sums.ops);
  sums.add(graph, left_deep(8, "+"));
  Saturation saturation(graph, sums.rules);
  Checkpoint start = graph.mark();
  saturation.run(patient(7));
  graph.rollback(start);
  EXPECT_EQ(saturation.run(patient(1000)), StopReason::kSaturated);
  expect_all_sums_of_eight(graph);
}

TEST(PatientRuns, AreExplained) {
  Language sums = sums_of(5);
  EGraph graph(sums.ops);
  NodeId from = sums.add(graph, left_deep(5, "+"));
  Saturation saturation(graph, sums.rules);
  saturation.run(patient(100));
  NodeId to = sums.find(graph, "(+ v4 (+ (+ v3 v1) (+ v0 v2)))");
  ASSERT_TRUE(to.valid());
  Explainer explainer(graph, sums.rules);
  Replayer replayer(explainer.terms(), sums.rules);
  EXPECT_TRUE(replayer.chain(explainer.steps(from, to), explainer.term(from), explainer.term(to)));
}

}  // namespace
}  // namespace bafe::testing

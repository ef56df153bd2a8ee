#include "bafe/runtime/step_samples.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>

#include "bafe/codegen/plan_facts.h"
#include "bafe/cost/roofline.h"
#include "bafe/ir/text.h"
#include "bafe/search/optimize.h"

namespace bafe {
namespace {

Program planned(const std::string& text) {
  SearchOptions options;
  options.target = host_target();
  return plan_as_written(parse_program(text), options);
}

std::vector<StepSample> samples_of(const std::string& text, const LowerOptions& lower = {}) {
  const RooflineModel roofline(Machine::reference(host_target()));
  const Program program = planned(text);
  const Plan plan = build_plan(program, host_target(), lower);
  return step_samples(program, lower, roofline, std::vector<double>(plan.steps.size(), 1000));
}

const char* const kProduct =
    "program main(x: f32[200, 300], w: f32[300, 250]) -> f32[200, 250] {\n"
    "  return relu (matmul x w)\n}\n";

TEST(StepSamples, KernelsOfOneKindAreOneFamily) {
  const std::pair<const char*, const char*> kCases[] = {
      {kProduct, "product f32"},
      {"program main(x: f64[20, 30], w: f64[30, 25]) -> f64[20, 25] { return matmul x w }",
       "product f64"},
      {"program main(x: f32[50, 60]) -> f32[50, 60] { return exp (neg x) }", "pointwise"},
      {"program main(x: f32[50, 60]) -> f32[60, 50] { return transpose x :perm (1 0) }",
       "movement"},
      {"program main(x: f32[50, 60]) -> f32[50, 1] { return reduce_sum x :axes (1) }", "reduction"},
      {"program main(x: f32[50, 60]) -> f32[50, 60] { return cumsum x :axis 1 }", "scan"}};
  for (const auto& [text, family] : kCases) {
    const std::vector<StepSample> samples = samples_of(text);
    ASSERT_EQ(samples.size(), 1u) << text;
    EXPECT_EQ(samples[0].family, family) << text;
    EXPECT_TRUE(samples[0].is_sound()) << samples[0].to_json();
  }
}

TEST(StepSamples, EmptyAndTinyArraysHaveFiniteFeatures) {
  for (const char* text :
       {"program main(x: f32[0, 5], w: f32[5, 3]) -> f32[0, 3] { return matmul x w }",
        "program main(x: f32[1, 1]) -> f32[1, 1] { return exp x }",
        "program main(x: f32[]) -> f32[] { return exp x }",
        "program main(x: f32[3, 0]) -> f32[3, 1] { return reduce_sum x :axes (1) }"}) {
    for (const StepSample& sample : samples_of(text)) {
      EXPECT_EQ(sample.features.size(), step_feature_names().size()) << text;
      for (double feature : sample.features) EXPECT_TRUE(std::isfinite(feature)) << text;
    }
  }
}

TEST(StepSamples, PackingBelongsToItsProduct) {
  const RooflineModel roofline(Machine::reference(host_target()));
  const Program program = planned(kProduct);
  const Plan plan = build_plan(program, host_target());
  std::vector<double> step_ns(plan.steps.size());
  std::iota(step_ns.begin(), step_ns.end(), 1);
  const std::vector<StepSample> samples = step_samples(program, {}, roofline, step_ns);
  ASSERT_EQ(samples.size(), 1u);
  EXPECT_EQ(samples[0].measured_ns, std::accumulate(step_ns.begin(), step_ns.end(), 0.0));
  EXPECT_TRUE(step_samples(program, {}, roofline, {}).empty()) << "times of another plan";
}

TEST(StepSamples, OtherTilesAreOtherFeatures) {
  const Program program = planned(kProduct);
  const std::vector<int> ways = product_tilings(program, host_target());
  if (ways.empty() || ways[0] < 2) GTEST_SKIP() << "this machine has one way";
  std::set<std::vector<double>> seen;
  for (int way = 0; way < ways[0]; ++way) {
    LowerOptions lower;
    lower.tilings = {way};
    seen.insert(samples_of(kProduct, lower).at(0).features);
    const CutChange cut = plan_facts(program, host_target(), lower).cuts.at(0);
    EXPECT_EQ(way == 0, cut.log_rows == 0 && cut.log_columns == 0) << way;
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(ways[0]));
}

TEST(StepSamples, RowsOfAStoreTeachAModel) {
  ProfileStore store("");
  for (int i = 0; i < 20; ++i) {
    const std::string text = "program main(x: f32[" + std::to_string(10 + 7 * i) +
                             ", 60]) -> f32[" + std::to_string(10 + 7 * i) +
                             ", 60] { return exp (neg x) }";
    std::vector<StepSample> samples = samples_of(text);
    samples.at(0).measured_ns = 3 * samples[0].predicted_ns;
    std::vector<StepRow> rows = rows_of(samples);
    EXPECT_EQ(sample_of(rows.at(0)), samples[0]);
    rows[0].program = text;
    rows[0].configuration = "c";
    rows[0].machine = "m";
    rows[0].samples = 5;
    ASSERT_TRUE(store.add(rows));
  }
  EXPECT_TRUE(learn_residuals(store, "another machine").empty());
  const ResidualModel model = learn_residuals(store, "m");
  ASSERT_TRUE(model.knows("pointwise"));
  const RooflineModel roofline(Machine::reference(host_target()));
  const ResidualCostModel cost(roofline, model);
  const Program program =
      planned("program main(x: f32[93, 60]) -> f32[93, 60] { return exp (neg x) }");
  const Estimate estimate = estimate_plan(program, {}, cost);
  EXPECT_NEAR(estimate.ns - roofline.machine().call_ns, 3 * program.groups[0].predicted_ns,
              0.1 * program.groups[0].predicted_ns);
  EXPECT_LT(estimate.sigma, ResidualModel::kUnknownSigma);
  EXPECT_NE(cost.identity(), roofline.identity());
}

TEST(Roofline, AScanAlongItsLastAxisWaitsForEachAddition) {
  const StepSample along =
      samples_of("program main(x: f32[60, 50]) -> f32[60, 50] { return cumsum x :axis 1 }")[0];
  const StepSample across =
      samples_of("program main(x: f32[60, 50]) -> f32[60, 50] { return cumsum x :axis 0 }")[0];
  EXPECT_GT(along.predicted_ns, 3 * across.predicted_ns);
  EXPECT_NE(along.features, across.features);
}

TEST(StepSamples, ADamagedRowIsUnsound) {
  for (const char* features : {"", "[", "[]", "[1,", "[1;2]", "[1,2]x", "nonsense"}) {
    StepRow row;
    row.family = "row";
    row.features = features;
    row.median_ns = row.predicted_ns = 1;
    EXPECT_FALSE(sample_of(row).is_sound()) << features;
  }
}

}  // namespace
}  // namespace bafe

#include "bafe/cost/features.h"

#include <gtest/gtest.h>

#include <cmath>

#include "bafe/cost/learned.h"
#include "bafe/cost/roofline.h"

namespace bafe {
namespace {

Features row(double log_flops, double log_bytes) {
  return {2, 1, 1, 0, log_flops, log_bytes, 0, 0};
}

TEST(LinearFit, RecoversALogLinearLaw) {
  std::vector<Features> rows;
  std::vector<double> ms;
  for (int i = 1; i <= 40; ++i) {
    rows.push_back(row(i * 0.5, std::sin(i)));
    ms.push_back(std::exp(0.9 * i * 0.5 - 0.2 * std::sin(i) - 6));
  }
  LinearModel model = fit_linear_model(rows, ms);
  EXPECT_TRUE(model.valid);
  EXPECT_GT(model.r_squared, 0.99);
  EXPECT_NEAR(model.weights[4], 0.9, 0.02);
  EXPECT_NEAR(std::log(model.predict_ms(rows[20]) / ms[20]), 0, 0.1);
}

TEST(LinearFit, StaysFiniteOnConstantAndBrokenData) {
  std::vector<std::vector<double>> times = {
      std::vector<double>(49, 0.25), std::vector<double>(49, 0.0), std::vector<double>(49, NAN)};
  times[1][3] = INFINITY;
  for (const std::vector<double>& ms : times) {
    LinearModel model = fit_linear_model(std::vector<Features>(49, row(3, 4)), ms);
    EXPECT_TRUE(std::isfinite(model.r_squared));
    EXPECT_GE(model.r_squared, 0);
    EXPECT_LE(model.r_squared, 1);
    EXPECT_TRUE(std::isfinite(model.bias));
    for (double weight : model.weights) EXPECT_TRUE(std::isfinite(weight));
  }
}

TEST(LinearFit, IsInvalidWithoutRows) {
  LinearModel model = fit_linear_model({}, {});
  EXPECT_FALSE(model.valid);
  EXPECT_EQ(model.n_samples, 0);
}

TEST(LearnedCost, FollowsTheBaseUntilItIsFitted) {
  RooflineModel base(Machine::reference(Target{Isa::kAvx512}));
  Program empty;
  EXPECT_EQ(LearnedCostModel(base, {}).program_ns(empty), base.program_ns(empty));
  EXPECT_EQ(LearnedCostModel(base, {}).identity(), base.identity());
}

TEST(LearnedCost, MovesPricesTowardsWhatWasMeasured) {
  RooflineModel base(Machine::reference(Target{Isa::kAvx512}));
  LinearModel fit;
  fit.valid = true;
  fit.r_squared = 0.95;
  fit.bias = std::log(2.0);  // every program takes 2 ms
  LearnedCostModel learned(base, fit);
  Program empty;
  EXPECT_GT(learned.program_ns(empty), base.program_ns(empty));
  EXPECT_NE(learned.identity(), base.identity());
}

}  // namespace
}  // namespace bafe

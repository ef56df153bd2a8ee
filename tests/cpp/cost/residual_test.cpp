#include "bafe/cost/residual.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "bafe/base/error.h"
#include "bafe/cost/roofline.h"
#include "bafe/ir/text.h"

namespace bafe {
namespace {

std::vector<double> features(double size, double depth) {
  std::vector<double> row(step_feature_names().size(), 0);
  row[0] = size;
  row[3] = depth;
  row[7] = size - depth;
  return row;
}

/// A kernel whose time is off by a smooth function of two features, with a little noise.
double planted(double size, double depth) { return 0.5 * std::sin(size) + 0.2 * depth + 0.3; }

std::vector<StepSample> planted_samples(int count, std::uint64_t seed, double noise = 0.02) {
  std::mt19937_64 random(seed);
  auto uniform = [&] { return static_cast<double>(random() % 100000) / 100000; };
  std::vector<StepSample> out;
  for (int i = 0; i < count; ++i) {
    const double size = 6 * uniform(), depth = 2 * uniform() - 1;
    const double factor = std::exp(planted(size, depth) + noise * (2 * uniform() - 1));
    out.push_back({"row", features(size, depth), 1000, 1000 * factor, true});
  }
  return out;
}

double log_error(const ResidualModel& model, double size, double depth) {
  const Estimate found = model.estimate({"row", features(size, depth)}, 1000);
  return std::fabs(std::log(found.ns / 1000) - planted(size, depth));
}

TEST(ResidualModel, RecoversAPlantedFunctionOnKernelsItHasNotSeen) {
  const ResidualModel model = ResidualModel::fit(planted_samples(120, 1));
  std::vector<double> errors;
  for (const StepSample& sample : planted_samples(60, 2, 0))
    errors.push_back(log_error(model, sample.features[0], sample.features[3]));
  std::sort(errors.begin(), errors.end());
  EXPECT_LT(errors[errors.size() / 2], 0.03);
  EXPECT_LT(errors.back(), 0.25);
}

TEST(ResidualModel, IsLessSureFarFromItsData) {
  const ResidualModel model = ResidualModel::fit(planted_samples(80, 3));
  const double inside = model.estimate({"row", features(3, 0)}, 1000).sigma;
  const double outside = model.estimate({"row", features(12, 4)}, 1000).sigma;
  const double farther = model.estimate({"row", features(30, 9)}, 1000).sigma;
  EXPECT_LT(2 * inside, outside);
  EXPECT_LT(outside, farther);
}

TEST(ResidualModel, SaysHowSureItIs) {
  const ResidualModel model = ResidualModel::fit(planted_samples(100, 4, 0.1));
  int within_one = 0, within_two = 0;
  const std::vector<StepSample> held = planted_samples(200, 5, 0.1);
  for (const StepSample& sample : held) {
    const Estimate found = model.estimate({"row", sample.features}, 1000);
    const double error = std::fabs(std::log(sample.measured_ns / found.ns)) / found.sigma;
    within_one += error < 1;
    within_two += error < 2;
  }
  EXPECT_GT(within_one, 110);  // 137 of a normal law
  EXPECT_LT(within_one, 175);
  EXPECT_GT(within_two, 175);  // 191
}

TEST(ResidualModel, IsAFunctionOfTheSetOfSamples) {
  std::vector<StepSample> samples = planted_samples(50, 6);
  const ResidualModel a = ResidualModel::fit(samples);
  std::reverse(samples.begin(), samples.end());
  const ResidualModel b = ResidualModel::fit(samples);
  EXPECT_EQ(a.identity(), b.identity());
  const Estimate x = a.estimate({"row", features(2, 0.5)}, 777);
  const Estimate y = b.estimate({"row", features(2, 0.5)}, 777);
  EXPECT_EQ(x.ns, y.ns);
  EXPECT_EQ(x.sigma, y.sigma);
  samples[0].measured_ns *= 1.5;
  EXPECT_NE(a.identity(), ResidualModel::fit(samples).identity());
}

TEST(ResidualModel, HasNothingToSayWithoutData) {
  const ResidualModel none = ResidualModel::fit({});
  const ResidualModel one = ResidualModel::fit(planted_samples(1, 7));
  for (const ResidualModel* model : {&none, &one}) {
    EXPECT_TRUE(model->empty());
    EXPECT_TRUE(model->identity().empty());
    const Estimate found = model->estimate({"row", features(1, 1)}, 123);
    EXPECT_EQ(found.ns, 123);
    EXPECT_EQ(found.sigma, ResidualModel::kUnknownSigma);
  }
}

TEST(ResidualModel, PassesOverUnsoundSamplesAndStaysFinite) {
  std::vector<StepSample> samples = planted_samples(30, 8);
  const ResidualModel clean = ResidualModel::fit(samples);
  samples.push_back({"row", features(NAN, 0), 1000, 1000, true});
  samples.push_back({"row", features(1, 0), 1000, NAN, true});
  samples.push_back({"row", features(1, 0), 1000, -5, true});
  samples.push_back({"row", features(1, 0), 0, 5, true});
  samples.push_back({"row", {1, 2}, 1000, 1000, true});
  samples.push_back({"", features(1, 0), 1000, 1000, true});
  EXPECT_EQ(ResidualModel::fit(samples).identity(), clean.identity());
  for (double size : {0.0, 1e300, -1e300}) {
    const Estimate found = clean.estimate({"row", features(size, 0)}, 1000);
    EXPECT_TRUE(std::isfinite(found.ns) && found.ns > 0);
    EXPECT_TRUE(std::isfinite(found.sigma) && found.sigma > 0);
  }
}

TEST(ResidualModel, SurvivesEqualKernelsAndEqualTimes) {
  std::vector<StepSample> equal(40, {"row", features(1, 1), 1000, 2000, true});
  EXPECT_TRUE(ResidualModel::fit(equal).empty());  // one kernel, forty times
  std::vector<StepSample> constant = planted_samples(40, 9);
  for (StepSample& sample : constant) sample.measured_ns = 2000;
  const Estimate found = ResidualModel::fit(constant).estimate({"row", features(2, 0)}, 1000);
  EXPECT_NEAR(found.ns, 2000, 20);
  EXPECT_TRUE(std::isfinite(found.sigma) && found.sigma > 0);
}

TEST(ResidualModel, HeldOutEstimatesHaveNotSeenTheirKernel) {
  std::vector<StepSample> samples = planted_samples(60, 10);
  samples[7].measured_ns *= 10;  // one kernel that no other explains
  const ResidualModel model = ResidualModel::fit(samples);
  const std::vector<Estimate> held = model.estimate_held_out(samples);
  ASSERT_EQ(held.size(), samples.size());
  EXPECT_LT(held[7].ns, 0.3 * samples[7].measured_ns);
  EXPECT_LT(held[8].ns, 2 * samples[8].measured_ns);
}

TEST(ResidualModel, KeepsFamiliesApart) {
  std::vector<StepSample> samples = planted_samples(40, 11);
  for (StepSample other : planted_samples(40, 12)) {
    other.family = "movement";
    other.measured_ns = 4 * other.predicted_ns;
    samples.push_back(other);
  }
  const ResidualModel model = ResidualModel::fit(samples);
  ASSERT_EQ(model.families().size(), 2u);
  EXPECT_NEAR(model.estimate({"movement", features(2, 0)}, 100).ns, 400, 20);
  EXPECT_FALSE(model.knows("attention"));
}

TEST(StepSample, ReadsBackWhatItWrote) {
  const StepSample sample = {"product \"f32\"", features(0.1, 1.0 / 3), 12.5, 1e9 / 7, false};
  EXPECT_EQ(StepSample::from_json(sample.to_json()), sample);
  for (const char* text : {"", "{}", "[1]", "{\"family\": 3}", "nonsense"})
    EXPECT_THROW(StepSample::from_json(text), ParseError) << text;
}

}  // namespace
}  // namespace bafe

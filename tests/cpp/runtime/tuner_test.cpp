// Which way wins, with times that are drawn and a clock that is counted: nothing here is timed.

#include "bafe/runtime/tuner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "bafe/base/error.h"
#include "bafe/runtime/samples.h"

namespace bafe {
namespace {

class Nothing : public Executable {
 public:
  std::span<const BufferSpec> inputs() const override { return {}; }
  std::span<const BufferSpec> outputs() const override { return {}; }
  void run(void* const*, void* const*, int) const override {}
  const Provenance& provenance() const override { return provenance_; }
  std::int64_t arena_bytes() const override { return 0; }

 private:
  Provenance provenance_;
};

/// True times of executables, with noise; every round costs its own length on the clock.
class DrawnTimer : public RunTimer {
 public:
  explicit DrawnTimer(double noise = 0.02, double cold_share = 0)
      : random_(11), noise_(noise), cold_share_(cold_share) {}
  std::optional<std::pair<RunTimes, RunTimes>> round(const Executable& first,
                                                     const Executable& second) override {
    if (refusing.count(&second)) return std::nullopt;
    ++rounds[&second];
    seconds_ += 0.001;
    return std::pair(drawn(times.at(&first)), drawn(times.at(&second)));
  }
  double cold_share() const override { return cold_share_; }
  double seconds() const override { return seconds_; }

  std::map<const Executable*, RunTimes> times;
  std::map<const Executable*, int> rounds;
  std::set<const Executable*> refusing;

 private:
  RunTimes drawn(RunTimes truth) { return {truth.warm_ns * factor(), truth.cold_ns * factor()}; }
  double factor() {  // log-normal by the sum of uniform draws, now and then far off
    double sum = 0;
    for (int i = 0; i < 12; ++i) sum += random_.unit();
    return std::exp(noise_ * (sum - 6)) * (random_.unit() < 0.03 ? 3 : 1);
  }
  SampleSource random_;
  double noise_, cold_share_, seconds_ = 0;
};

struct Bench {
  DrawnTimer timer;
  std::vector<TuningArm> arms;
  std::vector<std::shared_ptr<const Executable>> made;
  std::vector<int> builds;
  std::vector<std::size_t> adopted;
  TuningLimits limits;

  explicit Bench(double noise = 0.02, double cold_share = 0) : timer(noise, cold_share) {}

  void add(double predicted_ns, RunTimes truth, double sigma = 0.35, int kind = 1) {
    const std::size_t at = arms.size();
    made.push_back(std::make_shared<Nothing>());
    builds.push_back(0);
    timer.times[made[at].get()] = truth;
    arms.push_back({"way " + std::to_string(at),
                    std::to_string(at),
                    {predicted_ns, sigma, kind},
                    [this, at](std::string&) {
                      ++builds[at];
                      return made[at];
                    }});
  }
  void add(double predicted_ns, double truth_ns) { add(predicted_ns, {truth_ns, truth_ns}); }
  TuningReport run() {
    return tune(arms, timer, limits, [this](std::size_t at, const auto& executable) {
      EXPECT_EQ(executable, made[at]);
      adopted.push_back(at);
      return true;
    });
  }
  int built() const { return static_cast<int>(std::count(builds.begin(), builds.end(), 1)); }
};

TEST(Tuner, AdoptsTheFasterOfTwo) {
  Bench bench;
  bench.add(100, 100);
  bench.add(110, 80);
  const TuningReport report = bench.run();
  EXPECT_EQ(report.winner, 1u);
  EXPECT_EQ(bench.adopted, (std::vector<std::size_t>{1}));
  EXPECT_TRUE(report.is_complete);
  EXPECT_NEAR(report.speed_up, 1.25, 0.05);
  EXPECT_LE(report.low, report.speed_up);
  EXPECT_GE(report.high, report.speed_up);
  EXPECT_GT(report.low, 1.1);
  EXPECT_EQ(report.arms[1].state, ArmState::kWinner);
  EXPECT_NEAR(report.arms[1].median.warm_ns, 80, 4);
}

TEST(Tuner, NeverAdoptsASlowerOrEqualWay) {
  int wrong = 0;
  for (int trial = 0; trial < 200; ++trial) {
    Bench bench(0.05 + 0.001 * trial);
    bench.add(100, 100);
    bench.add(60, 100);
    bench.add(70, 104);
    bench.add(80, 101);
    wrong += bench.run().winner != 0;
  }
  EXPECT_LE(wrong, 2) << "an error of one in a hundred";
}

TEST(Tuner, FindsTheBestOfManyWaysInFewTimings) {
  SampleSource random(5);
  double worst = 1;
  std::vector<double> losses;
  for (int trial = 0; trial < 60; ++trial) {
    Bench bench;
    double best = 1e9;
    for (int i = 0; i < 40; ++i) {
      const double predicted = 100 * std::exp(i == 0 ? 0 : 0.8 * random.unit());
      double error = 0;
      for (int k = 0; k < 12; ++k) error += random.unit() - 0.5;
      const double truth = predicted * std::exp(0.2 * error);
      bench.add(predicted, {truth, truth}, 0.2, i % 3);
      best = std::min(best, truth);
    }
    bench.limits.most_builds = 20;
    const TuningReport report = bench.run();
    EXPECT_LE(report.builds, 21);
    const double loss = bench.timer.times[bench.made[report.winner].get()].warm_ns / best;
    losses.push_back(loss);
    worst = std::max(worst, loss);
  }
  std::sort(losses.begin(), losses.end());
  EXPECT_LE(losses[54], 1.03) << "nine of ten trials end within 3 % of the best of 40";
  EXPECT_LE(worst, 1.25);
}

TEST(Tuner, BuildsNothingThatPromisesNothing) {
  Bench bench;
  bench.add(100, 100);
  for (int i = 0; i < 10; ++i) bench.add(1000, {1000, 1000}, 0.2);
  const TuningReport report = bench.run();
  EXPECT_EQ(bench.built(), 1);
  EXPECT_EQ(report.rounds, 0);
  EXPECT_TRUE(report.is_complete);
  EXPECT_EQ(report.arms[5].state, ArmState::kUntried);
}

TEST(Tuner, LearnsFromOneWayAboutOthersOfItsKind) {
  ArmPicker picker({{100, 0.1, 0}, {100, 0.5, 1}, {100, 0.5, 1}, {100, 0.5, 2}});
  const double before = picker.belief(2).mean;
  EXPECT_EQ(picker.belief(3).mean, before);
  picker.observe(1, std::log(1.8), 0.02);
  EXPECT_GT(picker.belief(2).mean, before + 0.2);
  EXPECT_LT(picker.belief(3).mean, before + 0.1) << "other kinds share the error of arm 0 only";
  EXPECT_EQ(picker.next(), std::optional<std::size_t>(3));
}

TEST(Tuner, WeighsColdCachesAsOftenAsCallsFindThem) {
  for (const double cold_share : {0.0, 1.0}) {
    Bench bench(0.02, cold_share);
    bench.add(100, {100, 400});
    bench.add(100, {150, 200});  // slower while warm, faster while cold
    EXPECT_EQ(bench.run().winner, cold_share > 0.5 ? 1u : 0u);
  }
}

TEST(Tuner, TakesAWinnerBackThatFreshRoundsDoNotConfirm) {
  Bench bench;
  bench.add(100, 100);
  bench.add(100, 80);
  bench.limits.progress = [&](double, const std::string& what) {
    if (what == "confirming the winner") bench.timer.times[bench.made[1].get()] = {120, 120};
  };
  const TuningReport report = bench.run();
  EXPECT_EQ(report.winner, 0u);
  EXPECT_EQ(bench.adopted, (std::vector<std::size_t>{1, 0}));
  EXPECT_EQ(report.speed_up, 1);
}

TEST(Tuner, PassesOverWaysThatDoNotBuildOrRefuse) {
  Bench bench;
  for (int i = 0; i < 4; ++i) bench.add(100, i == 3 ? 70 : 50);
  bench.timer.times[bench.made[0].get()] = {100, 100};
  bench.arms[1].build = [](std::string& reason) -> std::shared_ptr<const Executable> {
    reason = "no compiler";
    return nullptr;
  };
  bench.arms[2].build = [](std::string&) -> std::shared_ptr<const Executable> {
    throw CompileError({}, "compile", "failed");
  };
  TuningReport report = bench.run();
  EXPECT_EQ(report.winner, 3u);
  EXPECT_EQ(report.arms[1].state, ArmState::kFailed);
  EXPECT_EQ(report.arms[1].reason, "no compiler");
  EXPECT_EQ(report.arms[2].state, ArmState::kFailed);
  bench.timer.refusing.insert(bench.made[3].get());
  report = bench.run();
  EXPECT_EQ(report.winner, 0u);
  EXPECT_EQ(report.arms[3].reason, "refuses the arguments");
}

TEST(Tuner, KeepsTheBestSoFarWhenItIsStopped) {
  Bench bench;
  bench.add(100, 100);
  bench.add(90, 80);
  for (int i = 0; i < 10; ++i) bench.add(95 + i, 85);
  bench.limits.stop = [&] { return !bench.adopted.empty(); };
  const TuningReport report = bench.run();
  EXPECT_EQ(report.winner, 1u);
  EXPECT_FALSE(report.is_complete);
  EXPECT_EQ(report.ended, "stopped");
}

TEST(Tuner, EndsWhenItsTimeIsOver) {
  Bench bench;
  bench.add(100, 100);
  for (int i = 0; i < 30; ++i) bench.add(100, 99);
  bench.limits.seconds = 0.05;
  const TuningReport report = bench.run();
  EXPECT_EQ(report.ended, "time");
  EXPECT_LE(report.rounds, 60);
}

TEST(Tuner, DoesNotTimeAgainWhatWasStored) {
  Bench bench;
  for (const double ns : {100.0, 120.0, 130.0, 90.0}) {
    bench.add(100, ns);
    bench.arms.back().stored = RunTimes{ns, ns};
  }
  bench.add(200, {200, 200}, 0.1);
  const TuningReport report = bench.run();
  EXPECT_EQ(bench.builds, (std::vector<int>{1, 0, 0, 1, 0})) << "only what may win is built";
  EXPECT_EQ(report.winner, 3u);
  EXPECT_TRUE(report.arms[1].is_stored);
  EXPECT_EQ(report.arms[1].state, ArmState::kSlower);
  EXPECT_NEAR(report.arms[2].ratio, 1.3, 1e-9);
}

TEST(Tuner, RefusesAWayThatDoesNotFitTheCalls) {
  Bench bench;
  bench.add(100, 100);
  bench.add(100, 50);
  const TuningReport report =
      tune(bench.arms, bench.timer, bench.limits, [](std::size_t, const auto&) { return false; });
  EXPECT_EQ(report.winner, 0u);
  EXPECT_EQ(report.arms[1].state, ArmState::kFailed);
}

}  // namespace
}  // namespace bafe

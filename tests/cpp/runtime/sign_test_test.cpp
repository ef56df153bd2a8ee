#include "bafe/runtime/sign_test.h"

#include <gtest/gtest.h>

#include <cmath>

#include "bafe/runtime/samples.h"

namespace bafe {
namespace {

struct Outcome {
  double faster = 0, not_faster = 0;  // shares of all trials
  double rounds = 0;                  // mean until the verdict
};

/// Trials of at most `most` rounds, each won with chance p.
Outcome simulate(double p, int most, int trials = 4000) {
  SampleSource random(7);
  Outcome out;
  for (int trial = 0; trial < trials; ++trial) {
    SignTest test(0.01, 0.05);
    while (test.rounds() < most && test.verdict() == SignTest::Verdict::kOpen)
      test.add(random.unit() < p);
    out.faster += test.verdict() == SignTest::Verdict::kFaster;
    out.not_faster += test.verdict() == SignTest::Verdict::kNotFaster;
    out.rounds += test.rounds();
  }
  out.faster /= trials;
  out.not_faster /= trials;
  out.rounds /= trials;
  return out;
}

TEST(SignTest, CallsAnEqualProgramFasterAtMostOnceInAHundred) {
  const Outcome out = simulate(0.5, 300);
  EXPECT_LE(out.faster, 0.01 + 0.005);
  EXPECT_LE(out.not_faster, 0.05 + 0.01);
}

TEST(SignTest, RarelyCallsASlowerProgramFaster) { EXPECT_LE(simulate(0.4, 300).faster, 0.002); }

TEST(SignTest, FindsAFasterProgramInFewRounds) {
  const Outcome clear = simulate(0.95, 300), likely = simulate(0.8, 300);
  EXPECT_GE(clear.faster, 0.99);
  EXPECT_LE(clear.rounds, 14);
  EXPECT_GE(likely.faster, 0.9);
  EXPECT_LE(likely.rounds, 35);
}

TEST(SignTest, DropsASlowerProgramInFewRounds) {
  const Outcome out = simulate(0.05, 300);
  EXPECT_GE(out.not_faster, 0.99);
  EXPECT_LE(out.rounds, 10);
}

TEST(SignTest, NeedsNineWinsInARowForOneInAHundred) {
  SignTest test(0.01);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(test.add(true), SignTest::Verdict::kOpen) << i;
  EXPECT_EQ(test.add(true), SignTest::Verdict::kFaster);  // 2^10 / 10 > 100 > 2^9 / 9
  EXPECT_EQ(test.add(false), SignTest::Verdict::kFaster) << "a verdict stays";
}

TEST(SignTest, StaysFiniteOverThousandsOfRounds) {
  SignTest test(1e-300);
  for (int i = 0; i < 5000; ++i) test.add(i % 2 == 0);
  EXPECT_EQ(test.verdict(), SignTest::Verdict::kOpen);
  EXPECT_EQ(test.wins(), 2500);
}

TEST(MedianBounds, HoldTheMedianAsOftenAsTheySay) {
  SampleSource random(3);
  int held = 0;
  constexpr int kTrials = 2000;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> values;
    for (int i = 0; i < 15; ++i) values.push_back(-std::log(1 - random.unit()));
    const auto [low, high] = median_bounds(values);
    held += low <= std::log(2.0) && std::log(2.0) <= high;
  }
  EXPECT_GE(held, 0.95 * kTrials - 20);
  EXPECT_LE(held, 0.995 * kTrials);
}

TEST(MedianBounds, AreTheExtremesOfFewValues) {
  EXPECT_EQ(median_bounds({3, 1, 2}), (std::pair<double, double>{1, 3}));
  EXPECT_EQ(median_bounds({5}), (std::pair<double, double>{5, 5}));
}

}  // namespace
}  // namespace bafe

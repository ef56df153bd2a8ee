// The clock's bookkeeping: what runs when. No test here asks how long anything takes.

#include "bafe/runtime/run_timer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "bafe/base/error.h"
#include "bafe/base/trace.h"

namespace bafe {
namespace {

/// Writes its letter at every run; the first run after other data went through the caches may take
/// longer.
class Lettered : public Executable {
 public:
  Lettered(char letter, std::string& order, bool refuses = false)
      : letter_(letter), order_(order), refuses_(refuses) {
    specs_.push_back({Type{DType::kF32, {Dim(16)}}, {0}});
  }
  std::span<const BufferSpec> inputs() const override { return specs_; }
  std::span<const BufferSpec> outputs() const override { return specs_; }
  void run(void* const*, void* const*, int) const override {
    if (refuses_) throw ShapeError({}, "take", "index out of range");
    if (order_.empty() || order_.back() != letter_) order_ += letter_;
  }
  const Provenance& provenance() const override { return provenance_; }
  std::int64_t arena_bytes() const override { return 0; }

 private:
  char letter_;
  std::string& order_;
  bool refuses_;
  std::vector<BufferSpec> specs_;
  Provenance provenance_;
};

RunTimerOptions quick() {
  RunTimerOptions options;
  options.sample_ns = 0;
  options.flush_bytes = 1 << 16;
  return options;
}

TEST(ClockTimer, RunsBothInTurnsAndEachFirstEveryOtherRound) {
  std::string order;
  const Lettered a('a', order), b('b', order);
  ClockTimer timer(std::make_shared<Sample>(a.inputs()), a.outputs(), quick());
  for (int i = 0; i < 2; ++i) {
    const auto times = timer.round(a, b);
    ASSERT_TRUE(times);
    for (const RunTimes& one : {times->first, times->second}) {
      EXPECT_GT(one.warm_ns, 0);
      EXPECT_GT(one.cold_ns, 0);
    }
  }
  EXPECT_EQ(order, "bababab") << "b a warm, b a cold, then a b and a b";
}

TEST(ClockTimer, GivesNoTimesOfWhatRefusesItsArguments) {
  std::string order;
  const Lettered a('a', order), b('b', order, true);
  ClockTimer timer(std::make_shared<Sample>(a.inputs()), a.outputs(), quick());
  EXPECT_FALSE(timer.round(a, b));
  EXPECT_TRUE(timer.round(a, a));
}

TEST(ClockTimer, TimesArgumentsThatFitNoCacheInOneState) {
  std::string order;
  const Lettered a('a', order);
  RunTimerOptions options = quick();
  options.flush_bytes = 64;
  ClockTimer timer(std::make_shared<Sample>(a.inputs()), a.outputs(), options);
  EXPECT_EQ(timer.cold_share(), 0);
  const auto times = timer.round(a, a);
  EXPECT_EQ(times->first.warm_ns, times->first.cold_ns);
}

TEST(ClockTimer, BelievesBothStatesEquallyBeforeACallWasSeen) {
  std::string order;
  const Lettered a('a', order);
  ClockTimer timer(std::make_shared<Sample>(a.inputs()), a.outputs(), quick());
  timer.compare_with_calls(a);
  EXPECT_EQ(timer.cold_share(), 0.5);
  EXPECT_EQ(order, "") << "nothing to compare with: nothing is run";
}

TEST(ClockTimer, FindsTheShareOfColdCallsBetweenNoneAndAll) {
  std::string order;
  const Lettered a('a', order);
  for (const double call_ns : {1e-3, 1e12}) {
    RunTimerOptions options = quick();
    options.call_ns = call_ns;
    ClockTimer timer(std::make_shared<Sample>(a.inputs()), a.outputs(), options);
    timer.compare_with_calls(a);
    if (call_ns < 1) {
      EXPECT_EQ(timer.cold_share(), 0);
    } else {
      EXPECT_TRUE(timer.cold_share() == 1 || timer.cold_share() == 0) << "0: both states are equal";
    }
  }
}

/// Notes whether two runs ever overlap.
class Exclusive : public Executable {
 public:
  Exclusive(std::atomic<int>& running, std::atomic<int>& most) : running_(running), most_(most) {}
  std::span<const BufferSpec> inputs() const override { return {}; }
  std::span<const BufferSpec> outputs() const override { return {}; }
  void run(void* const*, void* const*, int) const override {
    const int now = ++running_;
    most_.store(std::max(most_.load(), now));
    std::this_thread::yield();
    --running_;
  }
  const Provenance& provenance() const override { return provenance_; }
  std::int64_t arena_bytes() const override { return 0; }

 private:
  std::atomic<int>&running_, &most_;
  Provenance provenance_;
};

TEST(ClockTimer, TimesOneProgramAtATimeInTheProcess) {
  std::atomic<int> running{0}, most{0};
  const Exclusive one(running, most);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      ClockTimer timer(std::make_shared<Sample>(one.inputs()), one.outputs(), quick());
      for (int i = 0; i < 20; ++i) timer.round(one, one);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most.load(), 1);
}

TEST(CacheFlush, IsLargerThanWhatOneCoreKeeps) {
  Target target;
  target.l2_bytes = 1 << 20;
  target.l3_bytes = 32 << 20;
  EXPECT_EQ(cache_flush_bytes(target, 8), 2 * ((1 << 20) + (4 << 20)));
  EXPECT_LE(cache_flush_bytes(target, 1), 64 << 20);
}

}  // namespace
}  // namespace bafe

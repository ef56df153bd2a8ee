#include "bafe/runtime/background.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "bafe/runtime/child.h"

namespace bafe {
namespace {

using std::chrono::milliseconds;

void sleep_ms(int ms) { std::this_thread::sleep_for(milliseconds(ms)); }

/// A job that counts until it is told to end.
struct Counter {
  std::atomic<std::int64_t> count{0};
  std::atomic<bool> ends{false};
  std::shared_ptr<Job> job = std::make_shared<Job>([this](Job& self) {
    while (!ends && !self.checkpoint()) {
      ++count;
      sleep_ms(1);
    }
  });

  void await_start() const {
    while (count == 0) sleep_ms(1);
  }
};

bool wait_for(const std::shared_ptr<Job>& job) { return Background::shared().wait(job, 60, {}); }

TEST(Background, DoesJobsInOrderOnAThreadOfLowPriority) {
  std::string order;
  int priority = 0;
  auto first = std::make_shared<Job>([&](Job&) { order += "a"; });
  auto second = std::make_shared<Job>([&](Job&) {
    order += "b";
    priority = getpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)));
  });
  ASSERT_TRUE(Background::shared().submit(first));
  ASSERT_TRUE(Background::shared().submit(second));
  ASSERT_TRUE(wait_for(second));
  EXPECT_EQ(order, "ab");
  EXPECT_GE(priority, Background::kNice);
  EXPECT_LT(getpriority(PRIO_PROCESS, 0), priority);
}

TEST(Background, SurvivesAJobThatThrows) {
  auto bad = std::make_shared<Job>([](Job&) { throw std::runtime_error("no"); });
  ASSERT_TRUE(Background::shared().submit(bad));
  EXPECT_TRUE(wait_for(bad));
}

TEST(Background, StandsStillWhileATimingIsTaken) {
  Counter counter;
  ASSERT_TRUE(Background::shared().submit(counter.job));
  counter.await_start();
  {
    const TimingPause pause;
    const TimingPause nested;
    const std::int64_t before = counter.count;
    sleep_ms(50);
    EXPECT_EQ(counter.count, before);
  }
  const std::int64_t after = counter.count;
  while (counter.count == after) sleep_ms(1);
  counter.ends = true;
  EXPECT_TRUE(wait_for(counter.job));
}

TEST(Background, StopsACompilerWhileATimingIsTaken) {
  ChildResult result;
  auto job = std::make_shared<Job>([&](Job& self) {
    ChildSpec spec;
    spec.command = {"/bin/sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"};
    spec.seconds = 60;
    spec.interrupted = [&self] { return self.checkpoint(); };
    result = run_child(spec);
  });
  ASSERT_TRUE(Background::shared().submit(job));
  {
    sleep_ms(5);
    const TimingPause pause;
    sleep_ms(300);
  }
  EXPECT_TRUE(wait_for(job));
  EXPECT_EQ(result.end, ChildEnd::kExited);
  EXPECT_EQ(result.code, 0);
}

TEST(Background, EndsAWaitWhenTheUserInterruptsOrTimeIsOver) {
  Counter counter;
  ASSERT_TRUE(Background::shared().submit(counter.job));
  EXPECT_FALSE(Background::shared().wait(counter.job, 0.05, {}));
  EXPECT_FALSE(Background::shared().wait(counter.job, -1, [] { return true; }));
  counter.job->cancel();
  EXPECT_TRUE(wait_for(counter.job));
}

TEST(Background, AWaitingCallerDoesAJobThatNobodyHasBegun) {
  Counter busy;
  ASSERT_TRUE(Background::shared().submit(busy.job));
  busy.await_start();
  std::thread::id done_by;
  auto queued = std::make_shared<Job>([&](Job&) { done_by = std::this_thread::get_id(); });
  ASSERT_TRUE(Background::shared().submit(queued));
  EXPECT_TRUE(Background::shared().finish(queued, {}));
  EXPECT_EQ(done_by, std::this_thread::get_id());
  busy.ends = true;
  EXPECT_TRUE(wait_for(busy.job));
}

TEST(Background, AnInterruptedCallerLeavesTheJobToTheWorker) {
  Counter busy;
  ASSERT_TRUE(Background::shared().submit(busy.job));
  busy.await_start();
  std::atomic<int> ends{0};
  auto queued = std::make_shared<Job>([&](Job& self) { ends += !self.checkpoint(); });
  ASSERT_TRUE(Background::shared().submit(queued));
  EXPECT_FALSE(Background::shared().finish(queued, [] { return true; }));
  EXPECT_EQ(ends, 0);
  busy.ends = true;
  EXPECT_TRUE(wait_for(queued));
  EXPECT_EQ(ends, 1);
}

TEST(Background, TheChildOfAForkDoesWhatWasPending) {
  Counter running;
  ASSERT_TRUE(Background::shared().submit(running.job));
  running.await_start();
  auto queued = std::make_shared<Job>([](Job&) {});
  ASSERT_TRUE(Background::shared().submit(queued));
  const pid_t child = fork();
  if (child == 0) {
    running.ends = true;
    _exit(wait_for(running.job) && wait_for(queued) ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  running.ends = true;
  EXPECT_TRUE(wait_for(queued));
}

}  // namespace
}  // namespace bafe

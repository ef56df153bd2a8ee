#include "bafe/base/thread_pool.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "bafe/base/cgroup.h"

namespace bafe {
namespace {

std::vector<int> count_visits(std::int64_t units, int threads) {
  std::vector<std::atomic<int>> visits(units);
  parallel_units(units, threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) visits[i].fetch_add(1);
    return 0;
  });
  return {visits.begin(), visits.end()};
}

TEST(ThreadPool, ComputesEveryUnitOnce) {
  for (std::int64_t units : {1, 2, 3, 7, 64, 1000}) {
    for (int threads : {1, 2, 4, 9}) {
      EXPECT_EQ(count_visits(units, threads), std::vector<int>(units, 1))
          << units << " " << threads;
    }
  }
}

TEST(ThreadPool, DoesNothingForNoUnits) {
  EXPECT_EQ(parallel_units(0, 4, [](std::int64_t, std::int64_t) { return 7; }), 0);
}

TEST(ThreadPool, ReturnsANonZeroCode) {
  int code = parallel_units(
      100, 4, [](std::int64_t begin, std::int64_t end) { return begin <= 50 && 50 < end ? 3 : 0; });
  EXPECT_EQ(code, 3);
}

TEST(ThreadPool, UsesSeveralThreads) {
  std::mutex mutex;
  std::set<std::thread::id> seen;
  auto wait_for_two = [&](std::int64_t, std::int64_t) {
    for (int i = 0; i < 2000; ++i) {
      {
        std::lock_guard lock(mutex);
        seen.insert(std::this_thread::get_id());
        if (seen.size() >= 2) return 0;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return 1;
  };
  EXPECT_EQ(parallel_units(2, 2, wait_for_two), 0);
}

TEST(ThreadPool, RunsANestedCallOnTheSameThread) {
  std::atomic<int> inner{0}, strangers{0};
  parallel_units(4, 2, [&](std::int64_t begin, std::int64_t end) {
    auto self = std::this_thread::get_id();
    for (std::int64_t i = begin; i < end; ++i) {
      parallel_units(8, 2, [&](std::int64_t b, std::int64_t e) {
        inner += static_cast<int>(e - b);
        if (std::this_thread::get_id() != self) ++strangers;
        return 0;
      });
    }
    return 0;
  });
  EXPECT_EQ(inner.load(), 32);
  EXPECT_EQ(strangers.load(), 0);
}

TEST(ThreadPool, ServesManyCallersAtOnce) {
  std::atomic<std::int64_t> total{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t) {
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        parallel_units(16, 3, [&](std::int64_t begin, std::int64_t end) {
          total += end - begin;
          return 0;
        });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(total.load(), 4 * 200 * 16);
}

TEST(ThreadPool, WorksInAForkedChildAfterUse) {
  count_visits(64, 4);
  pid_t child = fork();
  if (child == 0) _exit(count_visits(64, 4) == std::vector<int>(64, 1) ? 0 : 1);
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(count_visits(64, 4), std::vector<int>(64, 1));
}

TEST(ThreadPool, RespectsAffinityAndTheOption) {
  cpu_set_t before, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  int first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(usable_threads(), 1);
  sched_setaffinity(0, sizeof before, &before);
  EXPECT_LE(usable_threads(), CPU_COUNT(&before));
  setenv("BAFE_THREADS", "3", 1);
  EXPECT_EQ(usable_threads(), 3);
  setenv("BAFE_THREADS", "lots", 1);
  EXPECT_GE(usable_threads(), 1);
  unsetenv("BAFE_THREADS");
}

TEST(ThreadPool, TakesTheNumberOfThreadsFromTheFirstThatNamesOne) {
  const int cores = usable_threads();
  setenv("OMP_NUM_THREADS", "1,2", 1);
  EXPECT_EQ(usable_threads(), 1);
  setenv("OMP_NUM_THREADS", "1000", 1);
  EXPECT_EQ(usable_threads(), cores);  // a wish for more than there is
  setenv("BAFE_THREADS", "5", 1);
  EXPECT_EQ(usable_threads(), 5);
  setenv("BAFE_NUM_THREADS", "7", 1);
  EXPECT_EQ(usable_threads(), 7);
  set_usable_threads(3);
  EXPECT_EQ(usable_threads(), 3);
  set_usable_threads(-4);
  EXPECT_EQ(usable_threads(), 7);
  for (const char* name : {"OMP_NUM_THREADS", "BAFE_THREADS", "BAFE_NUM_THREADS"}) unsetenv(name);
  EXPECT_EQ(usable_threads(), cores);
}

TEST(ThreadPool, WorksInAChildForkedWhileAnotherThreadComputes) {
  std::atomic<bool> stop{false};
  std::thread other([&] {
    while (!stop) count_visits(64, 4);
  });
  for (int round = 0; round < 20; ++round) {
    pid_t child = fork();
    if (child == 0) _exit(count_visits(64, 4) == std::vector<int>(64, 1) ? 0 : 1);
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  stop = true;
  other.join();
}

class CgroupLimit : public testing::Test {
 protected:
  void SetUp() override {
    root = testing::TempDir() + "cgroup_" + std::to_string(getpid());
    std::filesystem::create_directories(root);
  }
  void TearDown() override { std::filesystem::remove_all(root); }
  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root + path).parent_path());
    std::ofstream(root + path) << text;
  }
  std::string root;
};

TEST_F(CgroupLimit, TakesTheSmallestQuotaOfTheAncestors) {
  write("/a/cpu.max", "150000 100000\n");
  write("/a/b/cpu.max", "max 100000\n");
  EXPECT_EQ(cgroup_cpu_limit("0::/a/b\n", root), 2);
  EXPECT_EQ(cgroup_cpu_limit("0::/\n", root), 0);
  EXPECT_EQ(cgroup_cpu_limit("0::/../elsewhere\n", root), 0);
}

TEST_F(CgroupLimit, ReadsTheFirstVersionsQuota) {
  write("/cpu/job/cpu.cfs_quota_us", "400000\n");
  write("/cpu/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cgroup_cpu_limit("4:memory:/job\n3:cpu,cpuacct:/job\n", root), 4);
  write("/cpu/job/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(cgroup_cpu_limit("3:cpu,cpuacct:/job\n", root), 0);
}

TEST_F(CgroupLimit, ReadsTheSmallestMemoryOfTheAncestors) {
  write("/a/memory.max", "536870912\n");
  write("/a/b/memory.max", "max\n");
  EXPECT_EQ(cgroup_memory_limit("0::/a/b\n", root), 512 << 20);
  EXPECT_EQ(cgroup_memory_limit("0::/\n", root), 0);
}

TEST_F(CgroupLimit, ReadsTheFirstVersionsMemory) {
  write("/memory/job/memory.limit_in_bytes", "268435456\n");
  write("/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(cgroup_memory_limit("4:memory:/job\n3:cpu:/job\n", root), 256 << 20);
  EXPECT_EQ(cgroup_memory_limit("4:memory:/\n", root), 0);
}

}  // namespace
}  // namespace bafe

// Thirty-two threads at everything that a process shares. The program is built with ThreadSanitizer
// by ./run check; without it the tests still compare every number.

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "bafe/base/log.h"
#include "bafe/base/thread_pool.h"
#include "bafe/ir/text.h"
#include "bafe/runtime/arena.h"
#include "bafe/runtime/background.h"
#include "bafe/runtime/cache.h"
#include "bafe/runtime/engine.h"
#include "bafe/runtime/executables.h"
#include "bafe/runtime/flight.h"
#include "bafe/runtime/memory_pool.h"
#include "bafe/runtime/store.h"
#include "bafe/runtime/tiered.h"
#include "runtime/temporary_folder.h"

namespace bafe {
namespace {

constexpr int kThreads = 32;

/// All threads start together; each gets its number.
void at_once(const std::function<void(int)>& work) {
  std::atomic<int> ready{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      ready.fetch_add(1);
      while (ready.load() < kThreads) std::this_thread::yield();
      work(t);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

std::string square_plus(int i) {
  return "program main(x: f32[" + std::to_string(8 + i) + "]) -> f32[" + std::to_string(8 + i) +
         "] { return add (mul x x) x }";
}

/// The program of square_plus() is right on arguments that only this thread has.
bool is_right(const Executable& executable, int i, float offset) {
  std::vector<float> in(static_cast<std::size_t>(8 + i)), out(in.size(), -7.0f);
  for (std::size_t k = 0; k < in.size(); ++k) in[k] = offset + static_cast<float>(k);
  void* inputs[] = {in.data()};
  void* outputs[] = {out.data()};
  executable.run(inputs, outputs);
  for (std::size_t k = 0; k < in.size(); ++k) {
    if (out[k] != in[k] * in[k] + in[k]) return false;
  }
  return true;
}

class ManyThreads : public testing::Test {
 protected:
  std::shared_ptr<const Executable> prepare(int i, Tier tier) {
    EngineOptions options;
    options.tier = tier;
    return Engine::shared().prepare(parse_program(square_plus(i)), options);
  }
  TemporaryFolder folder;
  ScopedVariable cache_dir{"BAFE_CACHE_DIR", folder.file("cache")};
  std::atomic<int> wrong{0};
};

TEST_F(ManyThreads, CallOneExecutable) {
  auto executable = prepare(0, Tier::kCompiled);
  at_once([&](int t) {
    for (int round = 0; round < 300; ++round) {
      wrong += !is_right(*executable, 0, static_cast<float>(t * 8));
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST_F(ManyThreads, AskForOneProgramAndGetOneCompile) {
  at_once(
      [&](int t) { wrong += !is_right(*prepare(1, Tier::kCompiled), 1, static_cast<float>(t)); });
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(KernelCache::shared()->info().compiles, 1);
}

TEST_F(ManyThreads, AskForManyProgramsOfAllTiers) {
  at_once([&](int t) {
    const Tier tiers[] = {Tier::kAuto, Tier::kCompiled, Tier::kInterpreted};
    for (int round = 0; round < 4; ++round) {
      const int i = (t + round) % 4;
      auto executable = prepare(i, tiers[(t + round) % 3]);
      for (int k = 0; k < 20; ++k) wrong += !is_right(*executable, i, static_cast<float>(k));
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST_F(ManyThreads, RunWhileExecutablesAreExchanged) {
  Graph graph = parse_program(square_plus(2));
  auto first = prepare(2, Tier::kInterpreted), second = prepare(2, Tier::kCompiled);
  TieredExecutable tiered(first, "interpreted");
  tiered.expect(std::make_shared<Job>([](Job&) {}));
  std::atomic<bool> is_over{false};
  std::thread exchanger([&] {
    for (int round = 0; round < 100; ++round) {
      tiered.sample();
      tiered.adopt(round % 2 == 0 ? second : first, "compiled", "a test");
      tiered.state();
      if (round % 10 == 0) tiered.adopt_if_faster(second, "compiled");
    }
    tiered.settle("enough");
    is_over = true;
  });
  at_once([&](int t) {
    do {
      wrong += !is_right(tiered, 2, static_cast<float>(t));
    } while (!is_over);
  });
  exchanger.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GE(tiered.state().swaps, 1);
}

TEST_F(ManyThreads, UseOneCache) {
  auto cache = std::make_shared<KernelCache>(folder.file("many"), 200'000);
  at_once([&](int t) {
    for (int round = 0; round < 30; ++round) {
      const std::string name = std::to_string((t + round) % 7);
      CacheEntry entry;
      entry.traced = name;
      entry.code = std::string(10'000, name[0]);
      if (round % 3 == 0) cache->store(sha256(name), entry);
      auto found = cache->load(sha256(name));
      wrong += found && (found->traced != name || found->code != entry.code);
      if (t == 0 && round % 10 == 5) cache->verify();
      if (t == 1 && round % 10 == 7) cache->clear();
      if (t == 2) cache->info();
    }
  });
  cache->flush();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(cache->info().removed, 0);
}

TEST_F(ManyThreads, JoinFlightsThatFail) {
  Flights<int> flights;
  std::atomic<int> made{0};
  at_once([&](int t) {
    for (int round = 0; round < 100; ++round) {
      const int key = round % 3;
      try {
        auto result = flights.once(sha256(std::to_string(key)), [&]() -> std::shared_ptr<int> {
          if (++made % 5 == 0) throw std::runtime_error("one caller's own trouble");
          return std::make_shared<int>(key);
        });
        wrong += *result != key;
      } catch (const std::runtime_error&) {
      }
      if (t % 8 == 0) std::this_thread::yield();
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST_F(ManyThreads, SubmitWorkAndWaitForIt) {
  std::atomic<int> done{0};
  at_once([&](int t) {
    for (int round = 0; round < 20; ++round) {
      auto job = std::make_shared<Job>([&](Job& self) {
        self.checkpoint();
        ++done;
      });
      if (!Background::shared().submit(job)) {
        ++done;
        continue;
      }
      if (t % 4 == 0) TimingPause pause;
      wrong += t % 2 == 0 ? !Background::shared().wait(job, 30, {})
                          : !Background::shared().finish(job, {});
    }
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(done, 20 * kThreads);
}

TEST_F(ManyThreads, ShareThePool) {
  at_once([&](int t) {
    for (int round = 0; round < 50; ++round) {
      std::vector<int> seen(257, 0);
      int code = parallel_units(257, 1 + (t + round) % 4, [&](std::int64_t b, std::int64_t e) {
        for (std::int64_t i = b; i < e; ++i) ++seen[static_cast<std::size_t>(i)];
        return 0;
      });
      wrong += code != 0;
      for (int count : seen) wrong += count != 1;
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST_F(ManyThreads, BorrowMemory) {
  IdleList<std::vector<int>> idle;
  at_once([&](int t) {
    for (int round = 0; round < 200; ++round) {
      auto mine = idle.take();
      if (!mine) mine = std::make_unique<std::vector<int>>(64);
      std::fill(mine->begin(), mine->end(), t);
      for (int value : *mine) wrong += value != t;
      idle.give(std::move(mine));
      const std::int64_t bytes = kPooledBytes << (round % 3);
      auto* memory = static_cast<unsigned char*>(take_memory(bytes));
      memory[0] = memory[bytes - 1] = static_cast<unsigned char>(t);
      wrong += memory[0] != t || memory[bytes - 1] != t;
      give_memory(memory);
      if (t == 0 && round % 50 == 0) trim_memory(0);
      if (t == 1) memory_use();
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST_F(ManyThreads, ShareTheProfileStore) {
  ProfileStore store(folder.file("profile.sqlite"));
  at_once([&](int t) {
    for (int round = 0; round < 4; ++round) {
      store.add({"p", std::to_string(t), "m", 1.0 + t, 1});
      store.timings("p", "m");
    }
  });
  EXPECT_EQ(store.size(), kThreads);
}

TEST_F(ManyThreads, Warn) {
  forget_warnings();
  at_once([&](int t) {
    for (int round = 0; round < 50; ++round)
      warn_once(std::to_string((t + round) % 5), "a warning");
    take_warnings();
  });
  forget_warnings();
}

}  // namespace
}  // namespace bafe

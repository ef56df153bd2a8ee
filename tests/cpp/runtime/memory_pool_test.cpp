#include "bafe/runtime/memory_pool.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <set>
#include <thread>
#include <vector>

namespace bafe {
namespace {

TEST(MemoryPool, GivesAlignedMemoryOfTheAskedSize) {
  for (std::int64_t bytes : {1, 64, 65537, (2 << 20) - 1, 2 << 20, (2 << 20) + 1, 50'000'003}) {
    auto* data = static_cast<unsigned char*>(take_memory(bytes));
    ASSERT_NE(data, nullptr);
    std::uintptr_t border = bytes >= 2 << 20 ? 2 << 20 : 64;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data) % border, 0u);
    EXPECT_GE(memory_bytes(data), bytes);
    data[0] = data[bytes - 1] = 7;
    give_memory(data);
  }
}

TEST(MemoryPool, WastesAtMostAnEighth) {
  for (std::int64_t bytes = 2 << 20; bytes < 40 << 20; bytes += 99'991) {
    void* data = take_memory(bytes);
    EXPECT_LE(memory_bytes(data), bytes + bytes / 8) << bytes;
    give_memory(data);
  }
}

TEST(MemoryPool, NeverGivesOneBlockTwice) {
  std::mt19937 random(3);
  std::vector<std::pair<unsigned char*, std::int64_t>> held;
  for (int round = 0; round < 3000; ++round) {
    if (held.size() < 40 && random() % 3 != 0) {
      std::int64_t bytes = 1000 + static_cast<std::int64_t>(random() % 300'000);
      auto* data = static_cast<unsigned char*>(take_memory(bytes));
      auto mark = static_cast<unsigned char>(held.size());
      std::memset(data, mark, static_cast<std::size_t>(bytes));
      held.emplace_back(data, bytes);
    } else if (!held.empty()) {
      auto [data, bytes] = held.back();
      held.pop_back();
      auto mark = static_cast<unsigned char>(held.size());
      for (std::int64_t i = 0; i < bytes; i += 997) ASSERT_EQ(data[i], mark);
      ASSERT_EQ(data[bytes - 1], mark);
      give_memory(data);
    }
  }
  for (auto [data, bytes] : held) give_memory(data);
}

TEST(MemoryPool, ReusesTheBlockThatDied) {
  void* first = take_memory(5 << 20);
  give_memory(first);
  std::int64_t reused = memory_use().reused;
  void* second = take_memory(5 << 20);
  EXPECT_EQ(first, second);
  EXPECT_EQ(memory_use().reused, reused + 1);
  give_memory(second);
}

TEST(MemoryPool, TrimsToWhatIsAsked) {
  std::vector<void*> blocks;
  for (int i = 0; i < 8; ++i) blocks.push_back(take_memory(4 << 20));
  for (void* block : blocks) give_memory(block);
  EXPECT_GE(memory_use().idle_bytes, 32 << 20);
  trim_memory(8 << 20);
  EXPECT_LE(memory_use().idle_bytes, 8 << 20);
  trim_memory(0);
  EXPECT_EQ(memory_use().idle_bytes, 0);
}

TEST(MemoryPool, SaysWhenThereIsNone) {
  EXPECT_EQ(take_memory(std::int64_t{1} << 60), nullptr);
  EXPECT_EQ(take_memory(INT64_MAX), nullptr);
}

TEST(MemoryPool, ServesManyThreads) {
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 500; ++i) {
        auto* data = static_cast<unsigned*>(take_memory(70'000 + 1000 * (i % 7)));
        data[0] = data[17'000] = t;
        std::this_thread::yield();
        EXPECT_EQ(data[0] + data[17'000], 2 * t);
        give_memory(data);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(MemoryPool, WorksInTheChildOfAFork) {
  void* before = take_memory(100'000);
  pid_t child = fork();
  if (child == 0) {
    give_memory(before);
    void* again = take_memory(100'000);
    _exit(again == before ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  give_memory(before);
}

}  // namespace
}  // namespace bafe

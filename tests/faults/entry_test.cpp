// Damaged entries, and many processes at one key.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "bafe/base/error.h"
#include "bafe/runtime/cache.h"
#include "bafe/runtime/loader.h"
#include "faults/harness.h"

namespace bafe {
namespace {

CacheEntry some_entry(const std::string& code) {
  CacheEntry entry;
  entry.traced = "program main() { }";
  entry.plan = "{\"steps\": []}";
  entry.code = code;
  return entry;
}

bool is_believed(std::string_view bytes, const Digest& key) {
  CacheEntry entry;
  std::string reason;
  bool is_good = decode_entry(bytes, key, entry, reason);
  EXPECT_TRUE(is_good || !reason.empty());
  return is_good;
}

class DamagedEntry : public testing::Test {
 protected:
  FaultBench bench;
  std::string code = read_file(bench.result_path());
  Digest key = sha256("damaged");
  std::string whole = encode_entry(key, some_entry(code));
};

TEST_F(DamagedEntry, IsKnownAtEveryLength) {
  ASSERT_TRUE(is_believed(whole, key));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    if (size > 600 && size + 600 < whole.size() && size % 7 != 0) continue;
    ASSERT_FALSE(is_believed(std::string_view(whole).substr(0, size), key)) << size;
  }
  ASSERT_FALSE(is_believed(whole + '\0', key));
  ASSERT_FALSE(is_believed(whole + whole, key));
}

TEST_F(DamagedEntry, IsKnownByAnyFlippedBit) {
  std::mt19937_64 random(20261121);
  for (int round = 0; round < 10'000; ++round) {
    const std::size_t bit = random() % (8 * whole.size());
    const char mask = static_cast<char>(1 << (bit % 8));
    whole[bit / 8] ^= mask;
    ASSERT_FALSE(is_believed(whole, key)) << "bit " << bit;
    whole[bit / 8] ^= mask;
  }
  EXPECT_TRUE(is_believed(whole, key));
}

TEST_F(DamagedEntry, IsKnownWhenPiecesAreExchanged) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 1000; ++round) {
    std::string other = whole;
    const std::size_t length = 1 + random() % 64;
    const std::size_t from = random() % (whole.size() - length);
    const std::size_t to = random() % (whole.size() - length);
    other.replace(to, length, whole.substr(from, length));
    if (other == whole) continue;
    ASSERT_FALSE(is_believed(other, key)) << from << " to " << to;
  }
}

/// What is cut off in a segment is refused; the tables behind the last segment are not needed.
TEST_F(DamagedEntry, HasNoCodeThatKillsWhenItIsCutOff) {
  for (std::size_t size = 0; size < code.size(); size += size < 4096 ? 16 : 64) {
    fflush(nullptr);
    pid_t child = fork();
    if (child == 0) {
      try {
        load_code(std::string_view(code).substr(0, size));
      } catch (const CompileError&) {
      }
      _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << size;
  }
}

TEST_F(DamagedEntry, IsOneEntryForManyProcessesThatRace) {
  const int processes = all_faults() ? 64 : 16, rounds = all_faults() ? 50 : 3;
  for (int round = 0; round < rounds; ++round) {
    bench.empty_folders();
    int gate[2];
    ASSERT_EQ(pipe(gate), 0);
    std::vector<pid_t> children;
    fflush(nullptr);
    for (int i = 0; i < processes; ++i) {
      pid_t child = fork();
      if (child == 0) {
        char go;
        close(gate[1]);
        if (read(gate[0], &go, 1) != 0) _exit(9);  // all start when the gate is closed
        _exit(static_cast<int>(bench.call(Tier::kCompiled)));
      }
      children.push_back(child);
    }
    close(gate[0]);
    close(gate[1]);
    for (pid_t child : children) {
      int status = -1;
      waitpid(child, &status, 0);
      ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "round " << round;
    }
    int files = 0;
    for (const auto& file : std::filesystem::directory_iterator(bench.cache())) {
      files += file.path().extension() == ".bafe" ? 1 : 100;
    }
    ASSERT_EQ(files, 1) << "round " << round;
    ASSERT_TRUE(std::filesystem::is_empty(bench.temporary()));
    ASSERT_TRUE(FaultBench::in_child([&] { return bench.works(); })) << "round " << round;
  }
}

}  // namespace
}  // namespace bafe

#include "bafe/runtime/cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "bafe/base/log.h"
#include "bafe/runtime/background.h"
#include "runtime/temporary_folder.h"

namespace bafe {
namespace {

Digest key_of(const std::string& text) { return sha256(text); }

CacheEntry entry_of(const std::string& text, std::size_t code_bytes = 100) {
  CacheEntry entry;
  entry.traced = text;
  entry.plan = "{}";
  entry.code = std::string(code_bytes, '\x7f');
  return entry;
}

class Cache : public testing::Test {
 protected:
  void SetUp() override { forget_warnings(); }
  void TearDown() override { forget_warnings(); }
  std::unique_ptr<KernelCache> open(std::int64_t most_bytes = 1 << 20) {
    return std::make_unique<KernelCache>(folder.file("kernels"), most_bytes);
  }
  std::string path_of(const Digest& key) { return folder.file("kernels/" + key.hex() + ".bafe"); }
  TemporaryFolder folder;
};

TEST_F(Cache, GivesBackWhatAnotherProcessStored) {
  open()->store(key_of("a"), entry_of("program a"));
  auto fresh = open();
  auto entry = fresh->load(key_of("a"));
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->traced, "program a");
  EXPECT_EQ(entry->code.size(), 100u);
  EXPECT_EQ(fresh->load(key_of("b")), nullptr);
  CacheInfo info = fresh->info();
  EXPECT_EQ(info.hits, 1);
  EXPECT_EQ(info.misses, 1);
  EXPECT_EQ(info.entries, 1);
  EXPECT_GT(info.bytes, 100);
  EXPECT_EQ(info.dir, folder.file("kernels"));
}

TEST_F(Cache, MakesItsFolderPrivate) {
  open()->store(key_of("a"), entry_of("a"));
  struct stat info;
  ASSERT_EQ(stat(folder.file("kernels").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  ASSERT_EQ(stat(path_of(key_of("a")).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(Cache, RemovesEveryTruncatedEntry) {
  Digest key = key_of("a");
  open()->store(key, entry_of("a"));
  std::string whole = read_file(path_of(key));
  for (std::size_t size = 0; size < whole.size(); size += 13) {
    write_file(path_of(key), whole.substr(0, size));
    auto cache = open();
    EXPECT_EQ(cache->load(key), nullptr) << size;
    EXPECT_EQ(cache->info().removed, 1) << size;
    EXPECT_FALSE(std::filesystem::exists(path_of(key)));
  }
}

TEST_F(Cache, RemovesAnEntryWithAnyFlippedBit) {
  Digest key = key_of("a");
  open()->store(key, entry_of("a"));
  std::string whole = read_file(path_of(key));
  for (std::size_t at = 0; at < whole.size(); at += 7) {
    std::string damaged = whole;
    damaged[at] ^= static_cast<char>(1 << (at % 8));
    write_file(path_of(key), damaged);
    EXPECT_EQ(open()->load(key), nullptr) << at;
  }
}

TEST_F(Cache, RefusesAnEntryOfAnotherKey) {
  Digest a = key_of("a"), b = key_of("b");
  auto cache = open();
  cache->store(a, entry_of("a"));
  std::filesystem::copy(path_of(a), path_of(b));
  EXPECT_EQ(open()->load(b), nullptr);
  EXPECT_FALSE(std::filesystem::exists(path_of(b)));
  EXPECT_TRUE(open()->load(a));
}

TEST_F(Cache, TellsTwoProgramsOfOneKeyApart) {
  CacheEntry first = entry_of("first"), second = entry_of("second");
  first.premises = "x + 1", second.premises = "x + 2";
  auto cache = open();
  cache->store(key_of("shared"), first);
  EXPECT_EQ(cache->load(key_of("shared"), second.premises), nullptr);
  auto fresh = open();
  EXPECT_EQ(fresh->load(key_of("shared"), second.premises), nullptr);
  EXPECT_EQ(fresh->info().misses, 1);
  ASSERT_TRUE(fresh->load(key_of("shared"), first.premises));
  fresh->store(key_of("shared"), second);
  EXPECT_EQ(open()->load(key_of("shared"), second.premises)->traced, "second");
}

TEST_F(Cache, WritesBehindTheCallerWhenItIsShared) {
  auto cache = std::make_shared<KernelCache>(folder.file("kernels"), 1 << 20);
  for (int i = 0; i < 20; ++i) {
    Digest key = key_of(std::to_string(i));
    cache->store(key, entry_of(std::to_string(i)));
    ASSERT_TRUE(cache->load(key));  // at once, whether it is a file yet or not
  }
  cache->flush();
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(open()->load(key_of(std::to_string(i)))) << i;
  EXPECT_EQ(cache->info().entries, 20);
}

TEST_F(Cache, HasAnEntryBeforeItsFileIsWritten) {
  auto cache = std::make_shared<KernelCache>(folder.file("kernels"), 1 << 20);
  {
    TimingPause nobody_works_behind_us;
    cache->store(key_of("a"), entry_of("a"));
    EXPECT_FALSE(std::filesystem::exists(path_of(key_of("a"))));
    EXPECT_TRUE(cache->load(key_of("a")));
  }
  cache->flush();
  EXPECT_TRUE(open()->load(key_of("a")));
}

TEST_F(Cache, WritesWhatItsParentHadNoTimeForAfterAFork) {
  auto cache = std::make_shared<KernelCache>(folder.file("kernels"), 1 << 20);
  for (int i = 0; i < 50; ++i) {
    cache->store(key_of(std::to_string(i)), entry_of(std::to_string(i), 100'000));
    pid_t child = fork();
    if (child == 0) {
      alarm(20);  // a child that waits for a thread of its parent is killed
      cache->store(key_of("child"), entry_of("child"));
      cache->flush();
      _exit(open()->load(key_of("child")) ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << i;
  }
}

TEST_F(Cache, RefusesLinksAndFilesOthersCanWrite) {
  Digest a = key_of("a"), b = key_of("b");
  auto cache = open();
  cache->store(a, entry_of("a"));
  write_file(folder.file("elsewhere"), encode_entry(b, entry_of("b")));
  std::filesystem::create_symlink(folder.file("elsewhere"), path_of(b));
  EXPECT_EQ(open()->load(b), nullptr);
  EXPECT_TRUE(std::filesystem::exists(folder.file("elsewhere")));
  chmod(path_of(a).c_str(), 0666);
  EXPECT_EQ(open()->load(a), nullptr);
}

TEST_F(Cache, RefusesFilesOfAnotherUser) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  Digest a = key_of("a");
  open()->store(a, entry_of("a"));
  ASSERT_EQ(chown(path_of(a).c_str(), 12345, 12345), 0);
  EXPECT_EQ(open()->load(a), nullptr);
}

TEST_F(Cache, KeepsKernelsInMemoryWhenTheFolderIsUnusable) {
  write_file(folder.file("kernels"), "a file, no folder");
  auto cache = open();
  auto again = open();
  cache->store(key_of("a"), entry_of("a"));
  EXPECT_TRUE(cache->load(key_of("a")));
  EXPECT_EQ(cache->info().dir, "");
  EXPECT_EQ(cache->info().entries, 1);
  std::vector<std::string> warnings = take_warnings();
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("kept in memory only"), std::string::npos);
}

TEST_F(Cache, RefusesAFolderOthersCanWrite) {
  mkdir(folder.file("kernels").c_str(), 0700);
  chmod(folder.file("kernels").c_str(), 0777);
  EXPECT_EQ(open()->folder(), "");
  EXPECT_NE(take_warnings().at(0).find("can be written by other users"), std::string::npos);
}

TEST_F(Cache, EvictsTheLeastRecentlyUsed) {
  auto pause = [] { std::this_thread::sleep_for(std::chrono::milliseconds(15)); };
  for (int i = 0; i < 4; ++i) {
    open(1 << 20)->store(key_of(std::to_string(i)), entry_of("x", 10'000));
    pause();
  }
  EXPECT_TRUE(open()->load(key_of("0")));  // used now, so 1 is the oldest
  pause();
  open(45'000)->store(key_of("4"), entry_of("x", 10'000));
  EXPECT_TRUE(open()->load(key_of("0")));
  EXPECT_EQ(open()->load(key_of("1")), nullptr);
  EXPECT_TRUE(open()->load(key_of("4")));
}

TEST_F(Cache, IsEmptyAfterClear) {
  auto cache = open();
  cache->store(key_of("a"), entry_of("a"));
  cache->clear();
  EXPECT_EQ(cache->load(key_of("a")), nullptr);
  EXPECT_EQ(cache->info().entries, 0);
}

TEST_F(Cache, VerifiesEveryEntry) {
  auto cache = open();
  cache->store(key_of("a"), entry_of("a"));
  cache->store(key_of("b"), entry_of("b"));
  write_file(path_of(key_of("b")), "damaged");
  write_file(folder.file("kernels/short.bafe"), "no key");
  KernelCache::Verdict verdict = cache->verify();
  EXPECT_EQ(verdict.good, 1);
  EXPECT_EQ(verdict.removed, 2);
}

TEST_F(Cache, StoresAgainAfterTheFolderWasRemoved) {
  auto cache = open();
  std::filesystem::remove_all(folder.file("kernels"));
  cache->store(key_of("a"), entry_of("a"));
  EXPECT_TRUE(open()->load(key_of("a")));
  EXPECT_TRUE(take_warnings().empty());
}

TEST_F(Cache, ServesTwoProcessesThatWriteOneKey) {
  Digest key = key_of("shared");
  open();
  std::vector<pid_t> children;
  for (int c = 0; c < 2; ++c) {
    pid_t child = fork();
    if (child == 0) {
      bool is_good = true;
      for (int i = 0; i < 200; ++i) {
        open()->store(key, entry_of(c == 0 ? "first" : "second", 20'000));
        auto entry = open()->load(key);
        is_good = is_good && entry && (entry->traced == "first" || entry->traced == "second");
      }
      _exit(is_good ? 0 : 1);
    }
    children.push_back(child);
  }
  for (pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  EXPECT_TRUE(open()->load(key));
  EXPECT_EQ(open()->info().entries, 1);
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder.file("kernels"))) {
    (void)file;
    ++files;
  }
  EXPECT_EQ(files, 1);  // no temporary file is left
}

TEST(SharedCache, FollowsTheEnvironment) {
  TemporaryFolder folder;
  ScopedVariable none("BAFE_CACHE_DIR", "");
  ScopedVariable xdg("XDG_CACHE_HOME", folder.path());
  EXPECT_EQ(KernelCache::shared()->folder(), folder.file("bafe"));
  ScopedVariable chosen("BAFE_CACHE_DIR", folder.file("chosen"));
  EXPECT_EQ(KernelCache::shared()->folder(), folder.file("chosen"));
}

}  // namespace
}  // namespace bafe

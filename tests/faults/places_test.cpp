// Folders that cannot be used or go away: the answer is right, and nothing is trusted that others
// could have written.

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bafe/base/log.h"
#include "bafe/runtime/cache.h"
#include "bafe/runtime/loader.h"
#include "faults/harness.h"

namespace bafe {
namespace {

constexpr uid_t kNobody = 65534;
constexpr int kCannotTry = 77;

class Place : public testing::Test {
 protected:
  /// Runs in a child; false fails the test. kCannotTry skips it.
  void expect_in_child(const std::function<int()>& test) {
    fflush(nullptr);
    pid_t child = fork();
    if (child == 0) {
      forget_warnings();
      int code = 76;
      try {
        code = test();
      } catch (const std::exception& error) {
        fprintf(stderr, "%s\n", error.what());
      }
      _exit(code);
    }
    int status = -1;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status)) << status;
    if (WEXITSTATUS(status) == kCannotTry) GTEST_SKIP() << "this needs rights we do not have";
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
  /// A call is right, and says `warnings` times that something is not as it should be.
  int call_warns(std::size_t warnings) {
    if (bench.call(Tier::kCompiled) != Ending::kRight) return 1;
    if (bench.call(Tier::kAuto) != Ending::kRight) return 2;
    std::vector<std::string> said = take_warnings();
    if (said.size() == warnings) return 0;
    for (const std::string& one : said) fprintf(stderr, "%s\n", one.c_str());
    return 3;
  }
  /// Rights count for others than the administrator only.
  bool become_nobody() {
    if (geteuid() != 0) return true;
    for (const std::string& path : {bench.root(), bench.temporary(), bench.result_path()}) {
      if (chown(path.c_str(), kNobody, kNobody) != 0) return false;
    }
    return setresgid(kNobody, kNobody, kNobody) == 0 && setresuid(kNobody, kNobody, kNobody) == 0;
  }
  /// A file system of our own on `path`, seen by this process only.
  bool mount_here(const std::string& path, unsigned long flags, const char* options) {
    return unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           mount("tmpfs", path.c_str(), "tmpfs", flags, options) == 0;
  }
  FaultBench bench;
};

TEST_F(Place, MayBeReadOnly) {
  expect_in_child([&] {
    std::filesystem::create_directory(bench.cache());
    if (!become_nobody()) return kCannotTry;
    std::filesystem::permissions(bench.root(), std::filesystem::perms(0555));
    int code = call_warns(1);
    std::filesystem::permissions(bench.root(), std::filesystem::perms(0700));
    return code;
  });
}

TEST_F(Place, MayBecomeReadOnlyWhileInUse) {
  expect_in_child([&] {
    if (!become_nobody()) return kCannotTry;
    KernelCache::shared();
    std::filesystem::permissions(bench.cache(), std::filesystem::perms(0500));
    int code = call_warns(1);
    std::filesystem::permissions(bench.cache(), std::filesystem::perms(0700));
    return code;
  });
}

TEST_F(Place, MayBelongToAnotherUser) {
  expect_in_child([&] {
    std::filesystem::create_directory(bench.cache());
    if (geteuid() != 0 || chown(bench.cache().c_str(), kNobody, kNobody) != 0) return kCannotTry;
    int code = call_warns(1);
    return code != 0 ? code : std::filesystem::is_empty(bench.cache()) ? 0 : 4;
  });
}

TEST_F(Place, MayHoldEntriesOfAnotherUser) {
  expect_in_child([&] {
    if (geteuid() != 0 || bench.call(Tier::kCompiled) != Ending::kRight) return kCannotTry;
    for (const auto& file : std::filesystem::directory_iterator(bench.cache())) {
      if (chown(file.path().c_str(), kNobody, kNobody) != 0) return kCannotTry;
    }
    return bench.works() ? 0 : 1;
  });
}

TEST_F(Place, MayBeALinkToAFolderOfOurs) {
  expect_in_child([&] {
    std::filesystem::create_directory(bench.root() + "/far");
    std::filesystem::permissions(bench.root() + "/far", std::filesystem::perms::owner_all);
    std::filesystem::create_directory_symlink(bench.root() + "/far", bench.cache());
    int code = call_warns(0);
    return code != 0 ? code : std::filesystem::is_empty(bench.root() + "/far") ? 4 : 0;
  });
}

TEST_F(Place, IsNotTrustedWhenAnotherUserMadeTheLink) {
  expect_in_child([&] {
    std::filesystem::create_directory(bench.root() + "/far");
    std::filesystem::permissions(bench.root() + "/far", std::filesystem::perms::owner_all);
    std::filesystem::create_directory_symlink(bench.root() + "/far", bench.cache());
    if (lchown(bench.cache().c_str(), kNobody, kNobody) != 0) return kCannotTry;
    return call_warns(1);
  });
}

TEST_F(Place, MayForbidExecution) {
  expect_in_child([&] {
    std::filesystem::create_directory(bench.cache());
    if (!mount_here(bench.cache(), MS_NOEXEC, "mode=0700")) return kCannotTry;
    int code = call_warns(0);
    if (code != 0) return code;
    if (!bench.works()) return 4;  // what is read there is loaded from memory
    if (mount("tmpfs", bench.temporary().c_str(), "tmpfs", MS_NOEXEC, "mode=0700") != 0)
      return kCannotTry;
    KernelCache::shared()->clear();
    return bench.call(Tier::kCompiled) == Ending::kRight ? 0 : 5;
  });
}

TEST_F(Place, NeverHoldsWhatIsExecuted) {
  auto code = load_code(read_file(bench.result_path()));
  EXPECT_NE(read_file("/proc/self/maps").find("/memfd:bafe-kernel (deleted)"), std::string::npos);
}

TEST_F(Place, MayBeFull) {
  for (const char* size : {"size=4k,mode=0700", "size=16k,mode=0700", "size=64k,mode=0700"}) {
    expect_in_child([&] {
      std::filesystem::create_directory(bench.cache());
      if (!mount_here(bench.cache(), 0, size)) return kCannotTry;
      if (bench.call(Tier::kCompiled) != Ending::kRight) return 1;
      auto cache = std::make_unique<KernelCache>(bench.cache(), 1 << 20);
      for (int i = 0; i < 20; ++i) {
        CacheEntry entry;
        entry.traced = std::to_string(i);
        entry.code = std::string(9000, 'x');
        cache->store(sha256(entry.traced), entry);
        auto found = cache->load(sha256(entry.traced));
        if (!found || found->traced != entry.traced) return 2;
      }
      KernelCache fresh(bench.cache(), 1 << 20);
      KernelCache::Verdict verdict = fresh.verify();
      if (verdict.removed != 0) return 3;  // no half entry
      for (const auto& file : std::filesystem::directory_iterator(bench.cache())) {
        if (file.path().extension() != ".bafe") return 4;
      }
      return 0;
    });
  }
}

TEST_F(Place, MayBeUnknownWithoutAHome) {
  expect_in_child([&] {
    for (const char* name : {"BAFE_CACHE_DIR", "XDG_CACHE_HOME", "HOME"}) unsetenv(name);
    int code = call_warns(0);
    return code != 0 ? code : KernelCache::shared()->folder().empty() ? 0 : 4;
  });
}

TEST_F(Place, MayBeRemovedWhileInUse) {
  expect_in_child([&] {
    if (bench.call(Tier::kCompiled) != Ending::kRight) return 1;
    std::filesystem::remove_all(bench.cache());
    if (bench.call(Tier::kCompiled) != Ending::kRight) return 2;
    bench.forget();
    std::filesystem::remove_all(bench.cache());
    if (bench.call(Tier::kCompiled) != Ending::kRight) return 3;
    std::filesystem::remove_all(bench.temporary());
    bench.forget();
    std::filesystem::remove_all(bench.cache());
    if (bench.call(Tier::kAuto) != Ending::kRight) return 4;
    return bench.call(Tier::kCompiled) == Ending::kWrong ? 5 : 0;
  });
}

TEST_F(Place, MayHaveAFolderWhereAnEntryBelongs) {
  expect_in_child([&] {
    if (bench.call(Tier::kCompiled) != Ending::kRight) return 1;
    for (const auto& file : std::filesystem::directory_iterator(bench.cache())) {
      std::filesystem::remove(file.path());
      std::filesystem::create_directory(file.path());
    }
    bench.forget();
    return bench.call(Tier::kCompiled) == Ending::kRight &&
                   bench.call(Tier::kAuto) == Ending::kRight
               ? 0
               : 2;
  });
}

}  // namespace
}  // namespace bafe

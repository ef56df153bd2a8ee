// Compilers that crash, hang, swallow memory or write something else: the answer is right, the
// compiled tier says why not, and a good compiler is used afterwards.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "bafe/base/error.h"
#include "bafe/base/log.h"
#include "bafe/runtime/loader.h"
#include "bafe/runtime/private_folder.h"
#include "bafe/runtime/toolchain.h"
#include "faults/harness.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace bafe {
namespace {

/// What the machine's compiler makes of a text.
std::string object_of(const TemporaryFolder& folder, const std::string& text, const char* flags) {
  std::string out = folder.file("object.so");
  write_file(folder.file("object.c"), text);
  std::string line =
      std::string("cc -shared -fPIC ") + flags + " -o " + out + " " + folder.file("object.c");
  return std::system(line.c_str()) == 0 ? read_file(out) : std::string();
}

class BadCompiler : public testing::Test {
 protected:
  void SetUp() override {
    bench = std::make_unique<FaultBench>();
    setenv("BAFE_COMPILE_SECONDS", "1", 1);
    setenv("BAFE_COMPILE_MEGABYTES", "64", 1);
  }
  void TearDown() override {
    unsetenv("BAFE_COMPILE_SECONDS");
    unsetenv("BAFE_COMPILE_MEGABYTES");
    forget_warnings();
  }
  /// The last argument of a compiler is its output.
  std::string script(const std::string& body) {
    return folder.script("bad-cc", "for out; do :; done\n" + body);
  }
  std::string copying(const std::string& bytes) {
    write_file(folder.file("bytes"), bytes);
    return script("cat >/dev/null; cp " + folder.file("bytes") + " \"$out\"");
  }
  std::string code() { return read_file(bench->result_path()); }
  /// In a child, so that nothing is remembered.
  void expect_survived(const std::string& compiler, const std::string& reason) {
    bench->empty_folders();
    fflush(nullptr);
    pid_t child = fork();
    if (child == 0) {
      ScopedVariable cc("BAFE_CC", compiler);
      if (bench->call(Tier::kAuto) != Ending::kRight) _exit(1);
      bench->empty_folders();
      if (bench->call(Tier::kCompiled) != Ending::kRefused) _exit(2);
      if (bench->refusal().find(reason) == std::string::npos) {
        fprintf(stderr, "%s\n", bench->refusal().c_str());
        _exit(3);
      }
      setenv("BAFE_CC", bench->quick_command().c_str(), 1);
      _exit(bench->call(Tier::kCompiled) == Ending::kRight ? 0 : 4);
    }
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    EXPECT_EQ(bench->processes(folder.path()), "");
    EXPECT_TRUE(std::filesystem::is_empty(bench->temporary()));
    EXPECT_TRUE(FaultBench::in_child([&] { return bench->works(); }));
  }
  TemporaryFolder folder;
  std::unique_ptr<FaultBench> bench;
};

TEST_F(BadCompiler, MayCrash) {
  expect_survived(script("kill -SEGV $$"), "was killed by signal 11");
}

TEST_F(BadCompiler, MayHang) {
  expect_survived(script("sleep 1000 & sleep 1000"), "did not finish within 1 s");
}

TEST_F(BadCompiler, MayIgnoreSignals) {
  expect_survived(script("trap '' TERM INT HUP; while :; do :; done"), "did not finish within 1 s");
}

TEST_F(BadCompiler, MayAskForTenGigabytes) {
  expect_survived(script("exec " + std::string(BAFE_HOG)),
                  "ended with code 9");  // malloc failed below 64 MB
}

TEST_F(BadCompiler, MayWriteWithoutEnd) {
  setenv("BAFE_COMPILE_SECONDS", "20", 1);
  expect_survived(script("exec dd if=/dev/zero of=\"$out\" bs=1M count=2000 2>/dev/null"),
                  "was killed by signal 25");  // SIGXFSZ
}

TEST_F(BadCompiler, MayWriteText) {
  expect_survived(copying("int main() { }\n" + std::string(100, ' ')),
                  "not a 64-bit shared object");
}

TEST_F(BadCompiler, MayWriteForAnotherMachine) {
  std::string other = code();
  other[18] = static_cast<char>(0xf3);  // e_machine: RISC-V
  other[19] = 0;
  expect_survived(copying(other), "another kind of processor");
}

TEST_F(BadCompiler, MayWriteHalf) {
  expect_survived(copying(code().substr(0, code().size() / 4)), "lies outside it");
}

TEST_F(BadCompiler, MayWriteAnObjectWithoutKernels) {
  TemporaryFolder other;
  expect_survived(copying(object_of(other, "int other(void) { return 1; }\n", "-nostdlib")),
                  "is missing");
}

/// The kernels of another program under the names of ours: what validation is for.
TEST_F(BadCompiler, MayWriteOtherKernels) {
  bench->empty_folders();
  TemporaryFolder other;
  std::string zeros = copying(object_of(other, "int bafe_k0(void) { return 0; }\n", "-nostdlib"));
  pid_t child = fork();
  if (child == 0) {
    setenv("BAFE_CC", zeros.c_str(), 1);
    if (bench->call(Tier::kCompiled) == Ending::kWrong) _exit(1);
    _exit(static_cast<int>(bench->call(Tier::kAuto)));
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST_F(BadCompiler, MayFillTheDiskOfItsFolder) {
  expect_survived(script("echo 'No space left on device' >&2; exit 1"), "ended with code 1");
}

#if defined(__x86_64__)
TEST(FloatMode, IsTheSameAfterEveryLoad) {
  FaultBench bench;
  const std::string code = read_file(bench.result_path());
  const unsigned before = _mm_getcsr() & ~0x3fu;
  for (unsigned mode :
       {before, before | 0x8040u, before | 0x6000u}) {  // the host's mode is its own
    _mm_setcsr(mode);
    for (int i = 0; i < 10; ++i) {
      load_code(code);
      EXPECT_EQ(_mm_getcsr() & ~0x3fu, mode);
    }
    _mm_setcsr(before);
  }
}

TEST(FloatMode, IsNotChangedByAnObjectThatTries) {
  TemporaryFolder folder;
  std::string fast = object_of(folder, "int k(void) { return 1; }\n", "-ffast-math");
  ASSERT_FALSE(fast.empty());
  const unsigned before = _mm_getcsr() & ~0x3fu;
  try {
    load_code(fast);  // compilers from 13 on do not set the mode from a shared object
  } catch (const CompileError& error) {
    EXPECT_NE(std::string(error.what()).find("floating-point mode"), std::string::npos);
  }
  EXPECT_EQ(_mm_getcsr() & ~0x3fu, before);
}
#endif

TEST_F(BadCompiler, IsStoppedWhenItsHostIsKilled) {
  setenv("BAFE_COMPILE_SECONDS", "60", 1);
  const std::string name = script("while :; do sleep 0.05; done");
  ScopedVariable cc("BAFE_CC", name);
  fflush(nullptr);
  pid_t child = fork();
  if (child == 0) _exit(static_cast<int>(bench->call(Tier::kCompiled)));
  for (int i = 0; i < 200 && FaultBench::processes(name).empty(); ++i) usleep(10'000);
  EXPECT_NE(FaultBench::processes(name), "");
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  for (int i = 0; i < 100 && !FaultBench::processes(name).empty(); ++i) usleep(10'000);
  EXPECT_EQ(FaultBench::processes(name), "");
}

/// Both have to be long ago and of a process that is gone.
TEST(FolderOfACompile, IsRemovedByALaterProcessWhenItsMakerWasKilled) {
  TemporaryFolder folder;
  const std::string mine = "bafe-" + std::to_string(getpid()) + "-abcdef", gone = "bafe-4194305-";
  for (const std::string& name : {mine, gone + "old", gone + "new", std::string("bafe-notes")}) {
    std::filesystem::create_directory(folder.file(name));
    std::filesystem::permissions(folder.file(name), std::filesystem::perms::owner_all);
    write_file(folder.file(name + "/kernel"), "left behind");
    if (name == gone + "new") continue;
    auto long_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours(2);
    std::filesystem::last_write_time(folder.file(name), long_ago);
  }
  sweep_private_folders(folder.path());
  EXPECT_FALSE(std::filesystem::exists(folder.file(gone + "old")));
  EXPECT_TRUE(std::filesystem::exists(folder.file(gone + "new")));
  EXPECT_TRUE(std::filesystem::exists(folder.file(mine)));
  EXPECT_TRUE(std::filesystem::exists(folder.file("bafe-notes")));
}

TEST_F(BadCompiler, MayBeAtWorkWhileTheProcessForks) {
  setenv("BAFE_COMPILE_SECONDS", "60", 1);
  ScopedVariable cc("BAFE_CC", script("sleep 0.1; exec " + bench->quick_command() + " \"$@\""));
  const int rounds = all_faults() ? 60 : 8;
  for (int round = 0; round < rounds; ++round) {
    bench->empty_folders();
    fflush(nullptr);
    pid_t host = fork();
    if (host == 0) {  // a process of its own a round, so that nothing is cached in memory
      alarm(30);
      Ending in_thread = Ending::kWrong;
      std::thread first([&] { in_thread = bench->call(Tier::kCompiled); });
      usleep(static_cast<useconds_t>(round * 150'000 / rounds));
      pid_t child = fork();
      if (child == 0) {
        alarm(30);
        _exit(static_cast<int>(bench->call(Tier::kCompiled)));
      }
      int status = -1;
      waitpid(child, &status, 0);
      first.join();
      _exit(WIFEXITED(status) && WEXITSTATUS(status) == 0 && in_thread == Ending::kRight ? 0 : 1);
    }
    int status = -1;
    waitpid(host, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
        << "round " << round << " " << status;
  }
}

TEST_F(BadCompiler, MayBeAtWorkBehindACallWhileTheProcessForks) {
  setenv("BAFE_COMPILE_SECONDS", "60", 1);
  ScopedVariable cc("BAFE_CC", script("sleep 0.1; exec " + bench->quick_command() + " \"$@\""));
  const int rounds = all_faults() ? 40 : 6;
  for (int round = 0; round < rounds; ++round) {
    bench->empty_folders();
    fflush(nullptr);
    pid_t host = fork();
    if (host == 0) {
      alarm(30);
      if (bench->call(Tier::kAuto) != Ending::kRight) _exit(1);
      usleep(static_cast<useconds_t>(round * 200'000 / rounds));
      pid_t child = fork();
      if (child == 0) {
        alarm(30);
        _exit(bench->call_and_wait() == Ending::kRight ? 0 : 2);
      }
      int status = -1;
      waitpid(child, &status, 0);
      if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) _exit(3);
      _exit(bench->call_and_wait() == Ending::kRight ? 0 : 4);
    }
    int status = -1;
    waitpid(host, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
        << "round " << round << " " << status;
  }
  EXPECT_EQ(FaultBench::processes(folder.path()), "");
  EXPECT_TRUE(FaultBench::in_child([&] { return bench->works(); }));
}

}  // namespace
}  // namespace bafe

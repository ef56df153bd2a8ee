// The kernels of the random programs under AddressSanitizer and UndefinedBehaviorSanitizer. This
// program runs itself once more with the sanitizers' runtime loaded first: the first run decides,
// the second compiles (gemm_compile.h) and runs.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>

#include "codegen/plan_run.h"

namespace bafe {
namespace {

/// Where the compiler keeps its sanitizer's runtime; empty when it has none.
std::string asan_runtime() {
  FILE* pipe = popen("cc -print-file-name=libasan.so 2>/dev/null", "r");
  if (!pipe) return {};
  std::array<char, 4096> line{};
  const bool has_line = std::fgets(line.data(), line.size(), pipe) != nullptr;
  pclose(pipe);
  std::string path = has_line ? line.data() : "";
  while (!path.empty() && path.back() == '\n') path.pop_back();
  return path.find('/') == std::string::npos ? "" : path;
}

struct Ended {
  bool ok = false;
  std::string output;
};

/// Runs tests of this program in a process whose kernels are sanitized.
Ended run_sanitized(const std::string& filter) {
  std::vector<std::string> environment = {
      "BAFE_TEST_SANITIZE=1", "BAFE_TEST_PROGRAMS=15", "LD_PRELOAD=" + asan_runtime(),
      "ASAN_OPTIONS=detect_leaks=0:abort_on_error=0", "UBSAN_OPTIONS=print_stacktrace=0"};
  for (char** entry = environ; *entry; ++entry) environment.emplace_back(*entry);
  std::vector<char*> envp, argv;
  for (std::string& entry : environment) envp.push_back(entry.data());
  std::string name = "/proc/self/exe", chosen = "--gtest_filter=" + filter,
              all = "--gtest_also_run_disabled_tests";
  for (std::string* text : {&name, &chosen, &all}) argv.push_back(text->data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
  pid_t child = 0;
  const int failed = posix_spawn(&child, name.c_str(), &actions, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  Ended ended;
  std::array<char, 4096> part{};
  for (ssize_t n; (n = read(ends[0], part.data(), part.size())) > 0;)
    ended.output.append(part.data(), static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 1;
  if (failed == 0) waitpid(child, &status, 0);
  ended.ok = failed == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return ended;
}

class SanitizedKernels : public ::testing::Test {
 protected:
  void SetUp() override {
    if (kernels_are_sanitized()) return;
    if (asan_runtime().empty()) GTEST_SKIP() << "the compiler has no AddressSanitizer";
  }
};

std::string last_lines(const std::string& text) {
  return text.size() > 3000 ? text.substr(text.size() - 3000) : text;
}

TEST_F(SanitizedKernels, OfRandomProgramsTouchOnlyWhatIsTheirs) {
  const Ended ended = run_sanitized("PlanRandom.*");
  EXPECT_TRUE(ended.ok) << last_lines(ended.output);
  EXPECT_NE(ended.output.find("[  PASSED  ] 4 tests"), std::string::npos);
}

/// Kernels with one mistake each, run by the tests below in a process of their own.
void run_text(const std::string& body) {
  const CompiledC code("int k(float *p, const float *q, long long n) {" + body + "}", Target{});
  GuardedBlock out(40), in(40);
  code.get<int(float*, const float*, long long)>("k")(reinterpret_cast<float*>(out.data()),
                                                      reinterpret_cast<float*>(in.data()), 10);
}
TEST_F(SanitizedKernels, DISABLED_LeaveTheirStack) {
  run_text(
      "float b[8], *volatile r = b; for (long long i = 0; i < n; i++) r[i] = q[i]; p[0] = r[n - "
      "1]; "
      "return 0;");
}
TEST_F(SanitizedKernels, DISABLED_LeaveTheirArgument) {
  run_text("for (long long i = 0; i <= n; i++) p[i] = q[i]; return 0;");
}
TEST_F(SanitizedKernels, DISABLED_LeaveTheirArgumentBefore) {
  run_text("p[0] = q[-16384]; return 0;");
}
TEST_F(SanitizedKernels, DISABLED_ShiftTooFar) { run_text("return 1 << (n + 30);"); }
TEST_F(SanitizedKernels, DISABLED_ConvertTooMuch) { run_text("return (int)(q[0] + 3e9f);"); }
TEST_F(SanitizedKernels, DISABLED_DoNothingWrong) { run_text("p[0] = q[n - 1]; return 0;"); }

TEST_F(SanitizedKernels, ThatAreWrongAreReported) {
  const std::pair<const char*, const char*> mistakes[] = {
      {"LeaveTheirStack", "stack-buffer-overflow"},
      {"LeaveTheirArgument", "AddressSanitizer: SEGV"},
      {"LeaveTheirArgumentBefore", "AddressSanitizer: SEGV"},
      {"ShiftTooFar", "shift exponent"},
      {"ConvertTooMuch", "outside the range"}};
  for (const auto& [name, report] : mistakes) {
    const Ended ended = run_sanitized(std::string("SanitizedKernels.DISABLED_") + name);
    EXPECT_FALSE(ended.ok) << name;
    EXPECT_NE(ended.output.find(report), std::string::npos) << last_lines(ended.output);
  }
  const Ended ended = run_sanitized("SanitizedKernels.DISABLED_DoNothingWrong");
  EXPECT_TRUE(ended.ok) << last_lines(ended.output);
}

}  // namespace
}  // namespace bafe

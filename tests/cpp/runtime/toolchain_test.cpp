#include "bafe/runtime/toolchain.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "bafe/runtime/child.h"
#include "bafe/runtime/loader.h"
#include "runtime/temporary_folder.h"

namespace bafe {
namespace {

constexpr const char* kDouble =
    "int twice(void *const *slot, const long *size, void *scratch, long begin, long end) {\n"
    "  const float *a = slot[0]; float *o = slot[1];\n"
    "  for (long i = begin; i < end; ++i) o[i] = a[i] + a[i];\n"
    "  return 0;\n"
    "}\n";

Compiler script_compiler(const TemporaryFolder& folder, const std::string& body) {
  return Compiler{{folder.script("fake-cc", body)}, "BAFE_CC"};
}

class Toolchain : public testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    std::optional<Compiler> found = find_compiler(&why);
    ASSERT_TRUE(found) << why;
    compiler = *found;
  }
  Compiler compiler;
  Target target = host_target();
};

TEST_F(Toolchain, CompilesAndLoadsAKernel) {
  CompileResult result = compile_shared(compiler, kDouble, target, {});
  ASSERT_EQ(result.status, CompileStatus::kOk) << result.fact << result.diagnostics;
  std::shared_ptr<LoadedCode> code = load_code(result.code);
  KernelFn twice = code->symbol("twice");
  ASSERT_NE(twice, nullptr);
  EXPECT_EQ(code->symbol("thrice"), nullptr);
  float in[3] = {1, 2, 3}, out[3] = {};
  void* slots[2] = {in, out};
  EXPECT_EQ(twice(slots, nullptr, nullptr, 0, 3), 0);
  EXPECT_EQ(out[2], 6.0f);
}

TEST_F(Toolchain, KeepsObjectsWithEqualNamesApart) {
  std::vector<std::shared_ptr<LoadedCode>> codes;
  for (int i = 0; i < 5; ++i) {
    std::string text = "int k(void) { return " + std::to_string(i) + "; }";
    CompileResult result = compile_shared(compiler, text, target, {});
    ASSERT_EQ(result.status, CompileStatus::kOk) << result.fact;
    codes.push_back(load_code(result.code));
  }
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(codes[i]->symbol("k")(nullptr, nullptr, nullptr, 0, 0), i);
  }
}

TEST_F(Toolchain, ReportsTheCompilersFirstLines) {
  CompileResult result = compile_shared(compiler, "int k(void) { return wrong; }", target, {});
  EXPECT_EQ(result.status, CompileStatus::kFailed);
  std::string message = compile_error(result).what();
  EXPECT_NE(message.find("ended with code 1"), std::string::npos) << message;
  EXPECT_NE(message.find("wrong"), std::string::npos) << message;
  EXPECT_NE(message.find("fix: "), std::string::npos) << message;
}

TEST_F(Toolchain, StopsACompilerThatHangs) {
  TemporaryFolder folder;
  Compiler sleeper = script_compiler(folder, "sleep 60 & echo started >&2; sleep 60");
  CompileLimits limits;
  limits.seconds = 0.2;
  auto begin = std::chrono::steady_clock::now();
  CompileResult result = compile_shared(sleeper, kDouble, target, limits);
  EXPECT_EQ(result.status, CompileStatus::kTimedOut);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_NE(result.fact.find("did not finish within 0.2 s"), std::string::npos) << result.fact;
  EXPECT_NE(result.diagnostics.find("started"), std::string::npos);
}

TEST_F(Toolchain, StopsWhenTheUserInterrupts) {
  TemporaryFolder folder;
  Compiler sleeper = script_compiler(folder, "sleep 60");
  int polls = 0;
  CompileLimits limits;
  limits.interrupted = [&] { return ++polls > 2; };
  auto begin = std::chrono::steady_clock::now();
  CompileResult result = compile_shared(sleeper, kDouble, target, limits);
  EXPECT_EQ(result.status, CompileStatus::kInterrupted);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(Toolchain, SurvivesACompilerThatOnlyFails) {
  TemporaryFolder folder;
  CompileResult result = compile_shared(script_compiler(folder, "exit 1"), kDouble, target, {});
  EXPECT_EQ(result.status, CompileStatus::kFailed);
  EXPECT_NE(result.fact.find("ended with code 1"), std::string::npos) << result.fact;
}

TEST_F(Toolchain, SurvivesACompilerThatLies) {
  TemporaryFolder folder;
  CompileResult result = compile_shared(script_compiler(folder, "exit 0"), kDouble, target, {});
  EXPECT_EQ(result.status, CompileStatus::kFailed);
  EXPECT_NE(result.fact.find("wrote no shared object"), std::string::npos) << result.fact;
}

TEST_F(Toolchain, BoundsWhatAChattyCompilerSays) {
  TemporaryFolder folder;
  Compiler chatty = script_compiler(
      folder, "i=0; while [ $i -lt 20000 ]; do echo noise noise >&2; i=$((i+1)); done; exit 3");
  CompileResult result = compile_shared(chatty, kDouble, target, {});
  EXPECT_EQ(result.status, CompileStatus::kFailed);
  EXPECT_LT(result.diagnostics.size(), 8000u);
}

TEST_F(Toolchain, LimitsTheCompilersMemory) {
  TemporaryFolder folder;
  Compiler slow = script_compiler(folder, "sleep 0.3; exec " + compiler.command[0] + " \"$@\"");
  CompileLimits limits;
  EXPECT_EQ(compile_shared(slow, kDouble, target, limits).status, CompileStatus::kOk);
  limits.memory_bytes = 16 << 20;
  EXPECT_EQ(compile_shared(slow, kDouble, target, limits).status, CompileStatus::kFailed);
}

TEST_F(Toolchain, LeavesNothingBehind) {
  TemporaryFolder folder;
  ScopedVariable tmp("TMPDIR", folder.path());
  compile_shared(compiler, kDouble, target, {});
  compile_shared(compiler, "broken", target, {});
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST_F(Toolchain, ReportsATemporaryFolderThatIsMissing) {
  ScopedVariable tmp("TMPDIR", "/nonexistent/place");
  CompileResult result = compile_shared(compiler, kDouble, target, {});
  EXPECT_EQ(result.status, CompileStatus::kFailed);
  EXPECT_NE(result.fact.find("/nonexistent/place"), std::string::npos) << result.fact;
}

TEST(FindCompiler, FollowsTheVariables) {
  TemporaryFolder folder;
  std::string mine = folder.script("my cc", "exit 0");
  ScopedVariable bafe_cc("BAFE_CC", mine);
  ASSERT_TRUE(find_compiler());
  EXPECT_EQ(find_compiler()->command, std::vector<std::string>{mine});
  ScopedVariable none("BAFE_CC", "");
  ScopedVariable cc("CC", "sh -c true");
  ASSERT_TRUE(find_compiler());
  EXPECT_EQ(find_compiler()->source, "CC");
  EXPECT_EQ(find_compiler()->command.size(), 3u);
}

TEST(FindCompiler, SaysWhyThereIsNone) {
  std::string why;
  ScopedVariable bafe_cc("BAFE_CC", "no-such-compiler");
  EXPECT_FALSE(find_compiler(&why));
  EXPECT_EQ(why, "BAFE_CC=no-such-compiler names no program");
  TemporaryFolder folder;
  ScopedVariable no_bafe_cc("BAFE_CC", ""), no_cc("CC", ""), path("PATH", folder.path());
  EXPECT_FALSE(find_compiler(&why));
  EXPECT_EQ(why, "no C compiler: PATH holds none of cc, gcc, clang");
}

TEST(FindCompiler, GivesAChangedProgramAnotherId) {
  TemporaryFolder folder;
  Compiler compiler = script_compiler(folder, "exit 0");
  std::string before = compiler.id();
  EXPECT_EQ(compiler.id(), before);
  folder.script("fake-cc", "exit 1 # changed");
  EXPECT_NE(compiler.id(), before);
}

TEST(Child, SeesOnlyWhatItIsGiven) {
  ScopedVariable secret("BAFE_TEST_SECRET", "hidden");
  ChildSpec spec;
  spec.command = {"/bin/sh", "-c",
                  "cat >&2; echo ${BAFE_TEST_SECRET:-none} >&2; ls /proc/self/fd >&2"};
  spec.environment = {"PATH=/usr/bin:/bin"};
  spec.input = "given\n";
  ChildResult result = run_child(spec);
  EXPECT_EQ(result.end, ChildEnd::kExited);
  EXPECT_EQ(result.messages, "given\nnone\n0\n1\n2\n3\n");  // 3 is ls reading the directory
}

TEST(Child, ReportsAProgramThatCannotStart) {
  ChildSpec spec;
  spec.command = {"/nonexistent/program"};
  ChildResult result = run_child(spec);
  EXPECT_EQ(result.end, ChildEnd::kNotStarted);
  EXPECT_EQ(result.code, ENOENT);
}

TEST(Loader, RefusesWhatIsNoSharedObject) {
  EXPECT_THROW(load_code(""), CompileError);
  EXPECT_THROW(load_code(std::string(4096, 'x')), CompileError);
  EXPECT_THROW(load_code(read_file("/proc/self/exe").substr(0, 100)), CompileError);
}

TEST_F(Toolchain, RefusesATruncatedObject) {
  CompileResult result = compile_shared(compiler, kDouble, target, {});
  ASSERT_EQ(result.status, CompileStatus::kOk);
  for (std::size_t size : {std::size_t{64}, std::size_t{512}, std::size_t{4000}}) {
    EXPECT_THROW(load_code(std::string_view(result.code).substr(0, size)), CompileError) << size;
  }
}

}  // namespace
}  // namespace bafe

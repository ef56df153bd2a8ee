// A compiler that makes mistakes: its kernels never run.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "bafe/base/log.h"
#include "bafe/ir/text.h"
#include "bafe/runtime/cache.h"
#include "bafe/runtime/engine.h"
#include "bafe/runtime/staging.h"
#include "runtime/temporary_folder.h"

namespace bafe {
namespace {

/// Turns `pattern` into `instead` in every kernel before it compiles.
class WrongCompiler {
 public:
  WrongCompiler(const std::string& folder, const std::string& pattern, const std::string& instead) {
    const std::string path = folder + "/wrong_cc";
    std::ofstream(path) << "#!/bin/sh\nsed '/^int bafe_k/,$ s/" << pattern << "/" << instead
                        << "/' | exec cc \"$@\"\n";
    chmod(path.c_str(), 0755);
    setenv("BAFE_CC", path.c_str(), 1);
  }
  ~WrongCompiler() { unsetenv("BAFE_CC"); }
};

std::vector<float> run(const Executable& executable, std::size_t count) {
  std::vector<float> x(count), y(count), out(count, -77);
  for (std::size_t i = 0; i < count; ++i) {
    x[i] = static_cast<float>(i % 13) / 4 - 1;
    y[i] = static_cast<float>(i % 7) / 2 - 1;
  }
  void* in[] = {x.data(), y.data()};
  void* to[] = {out.data()};
  executable.run(in, to, 1);
  return out;
}

void expect_never_runs(const std::string& text, const std::string& pattern,
                       const std::string& instead) {
  const TemporaryFolder folder;
  setenv("BAFE_CACHE_DIR", folder.path().c_str(), 1);
  const Graph graph = parse_program(text);
  EngineOptions options;
  options.tier = Tier::kInterpreted;
  const std::vector<float> want = run(*Engine::shared().prepare(graph, options), 120);
  options.tier = Tier::kCompiled;
  const WrongCompiler wrong(folder.path(), pattern, instead);
  for (int call = 0; call < 2; ++call) {
    const auto executable = Engine::shared().prepare(graph, options);
    EXPECT_EQ(run(*executable, 120), want) << text;
    EXPECT_EQ(tier_state(*executable).tier, "prebuilt");
    if (call > 0) continue;
    const std::string path = tier_state(*executable).reproducer;
    EXPECT_TRUE(std::ifstream(path).good()) << "no reproducer: " << path;
  }
  EXPECT_EQ(KernelCache::shared()->info().compiles, 1) << "compiled again after it was refused";
  unsetenv("BAFE_CACHE_DIR");
}

TEST(Quarantine, KeepsAKernelWithAWrongSignFromRunning) {
  expect_never_runs("program main(x: f32[8, 15], y: f32[8, 15]) -> f32[8, 15] { return sub x y }",
                    "\\] - p", "] + p");
}

TEST(Quarantine, KeepsAKernelWithAWrongIndexFromRunning) {
  expect_never_runs(
      "program main(x: f32[10, 12], y: f32[10, 12]) -> f32[10, 12] { return sub (mul x x) y }",
      "p1\\[", "p0[");
}

}  // namespace
}  // namespace bafe

#include "bafe/runtime/engine.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>

#include "bafe/base/log.h"
#include "bafe/ir/text.h"
#include "bafe/runtime/cache.h"
#include "bafe/runtime/validate.h"
#include "runtime/temporary_folder.h"

namespace bafe {
namespace {

constexpr const char* kDense =
    "program main(a: f32[8, 16], b: f32[16, 4], c: f32[8, 4]) -> f32[8, 4] "
    "{ return relu (add (matmul a b) c) }";
constexpr const char* kSquare = "program main(x: f32[100]) -> f32[100] { return add (mul x x) x }";
constexpr const char* kTwoRoots =
    "program main(x: i32[3, 5]) -> i32[3, 5], i32[5, 3] "
    "{ return add x x, transpose x :perm (1 0) }";

/// Inputs 0, 1/8, 2/8 … in the executable's own order; outputs as row-major tensors.
std::vector<Tensor> run(const Graph& graph, const Executable& executable) {
  std::vector<std::vector<std::byte>> memory;
  std::vector<void*> in, out;
  auto take = [&](const BufferSpec& spec) {
    memory.emplace_back(static_cast<std::size_t>(type_bytes(spec.type)) + 1);
    return static_cast<void*>(memory.back().data());
  };
  for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
    Tensor value(graph.inputs()[i].type);
    for (std::int64_t e = 0; e < value.count(); ++e) {
      value.set(e, Scalar::of(DType::kF64, static_cast<double>(e % 17) / 8 - 1));
    }
    in.push_back(take(executable.inputs()[i]));
    store_in_order(executable.inputs()[i], value.data(), in.back());
  }
  for (const BufferSpec& spec : executable.outputs()) out.push_back(take(spec));
  executable.run(in.data(), out.data());
  std::vector<Tensor> results;
  for (std::size_t i = 0; i < out.size(); ++i) {
    results.emplace_back(executable.outputs()[i].type);
    load_from_order(executable.outputs()[i], out[i], results.back().data());
  }
  return results;
}

void expect_near(const std::vector<Tensor>& got, const std::vector<Tensor>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t r = 0; r < got.size(); ++r) {
    ASSERT_EQ(got[r].type(), want[r].type());
    for (std::int64_t i = 0; i < got[r].count(); ++i) {
      EXPECT_NEAR(got[r].at(i).as_double(), want[r].at(i).as_double(), 1e-5) << r << " " << i;
    }
  }
}

class EngineTest : public testing::Test {
 protected:
  void SetUp() override { forget_warnings(); }
  void TearDown() override { forget_warnings(); }

  std::shared_ptr<const Executable> prepare(const std::string& text, EngineOptions options = {}) {
    options.in_call = true;  // staging_test.cpp is about what runs before
    return Engine::shared().prepare(parse_program(text), options);
  }
  std::vector<Tensor> interpreted(const std::string& text) {
    EngineOptions options;
    options.tier = Tier::kInterpreted;
    return run(parse_program(text), *prepare(text, options));
  }
  void expect_right(const std::string& text, const Executable& executable) {
    expect_near(run(parse_program(text), executable), interpreted(text));
  }
  CacheInfo info() { return KernelCache::shared()->info(); }

  TemporaryFolder folder;
  ScopedVariable cache_dir{"BAFE_CACHE_DIR", folder.file("cache")};
};

TEST_F(EngineTest, CompilesAProgramOnceAndThenFindsIt) {
  auto first = prepare(kDense);
  EXPECT_FALSE(first->provenance().interpreted);
  EXPECT_FALSE(first->provenance().from_cache);
  EXPECT_FALSE(first->provenance().c_text.empty());
  expect_right(kDense, *first);
  auto second = prepare(kDense);
  EXPECT_TRUE(second->provenance().from_cache);
  EXPECT_EQ(second->provenance().chosen_text, first->provenance().chosen_text);
  EXPECT_EQ(second->provenance().features, first->provenance().features);
  EXPECT_EQ(second->provenance().predicted_ns, first->provenance().predicted_ns);
  EXPECT_EQ(second->provenance().stats.stop_reason, first->provenance().stats.stop_reason);
  expect_right(kDense, *second);
  EXPECT_EQ(info().hits, 1);
  EXPECT_EQ(info().misses, 1);
  EXPECT_EQ(info().compiles, 1);
  EXPECT_TRUE(take_warnings().empty());
}

TEST_F(EngineTest, AnswersSeveralRoots) {
  auto executable = prepare(kTwoRoots);
  EXPECT_FALSE(executable->provenance().interpreted);
  expect_right(kTwoRoots, *executable);
}

TEST_F(EngineTest, LoadsWhatAnotherProcessCompiled) {
  pid_t child = fork();
  if (child == 0) {
    const bool is_compiled = !prepare(kSquare)->provenance().interpreted;
    KernelCache::shared()->flush();  // _exit() does not
    _exit(is_compiled ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  auto executable = prepare(kSquare);
  EXPECT_TRUE(executable->provenance().from_cache);
  expect_right(kSquare, *executable);
  EXPECT_EQ(info().compiles, 0);
}

TEST_F(EngineTest, CompilesAnewWhenTheEntryIsDamaged) {
  std::string key = prepare(kSquare)->provenance().key;
  std::string path = folder.file("cache/" + key + ".bafe");
  KernelCache::shared()->flush();
  std::string bytes = read_file(path);
  ASSERT_FALSE(bytes.empty());
  for (const std::string& damaged :
       {bytes.substr(0, bytes.size() / 2), std::string("foreign"), std::string()}) {
    ScopedVariable elsewhere("BAFE_CACHE_DIR",
                             folder.file("other"));  // another cache forgets the memory level
    EXPECT_EQ(KernelCache::shared()->folder(), folder.file("other"));
    ScopedVariable back("BAFE_CACHE_DIR", folder.file("cache"));
    write_file(path, damaged);
    auto executable = prepare(kSquare);
    EXPECT_FALSE(executable->provenance().from_cache);
    expect_right(kSquare, *executable);
    EXPECT_EQ(info().removed, 1);  // info() waits for the new file
  }
}

TEST_F(EngineTest, CompilesOneKeyOnceForManyThreads) {
  std::vector<std::thread> threads;
  std::vector<std::shared_ptr<const Executable>> results(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] { results[t] = prepare(kSquare); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(info().compiles, 1);
  for (const auto& executable : results) expect_right(kSquare, *executable);
}

TEST_F(EngineTest, InterpretsWithoutACompiler) {
  ScopedVariable cc("BAFE_CC", "no-such-compiler");
  auto executable = prepare(kDense);
  EXPECT_TRUE(executable->provenance().interpreted);
  expect_right(kDense, *executable);
  prepare(kSquare);
  std::vector<std::string> warnings = take_warnings();
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("BAFE_CC=no-such-compiler names no program"), std::string::npos);
  EXPECT_EQ(info().entries, 0);
}

TEST_F(EngineTest, InterpretsWithACompilerThatFails) {
  ScopedVariable cc("BAFE_CC", "false");
  auto executable = prepare(kDense);
  EXPECT_TRUE(executable->provenance().interpreted);
  expect_right(kDense, *executable);
  EXPECT_EQ(info().compile_failures, 1);
  ASSERT_EQ(take_warnings().size(), 1u);
  EngineOptions options;
  options.tier = Tier::kCompiled;
  EXPECT_THROW(prepare(kDense, options), CompileError);
}

TEST_F(EngineTest, WaitsOnceForACompilerThatHangs) {
  ScopedVariable cc("BAFE_CC", folder.script("sleepy", "sleep 60"));
  ScopedVariable limit("BAFE_COMPILE_SECONDS", "0.3");
  EXPECT_TRUE(prepare(kDense)->provenance().interpreted);
  EXPECT_TRUE(prepare(kSquare)->provenance().interpreted);
  EXPECT_EQ(info().compile_failures, 1);
  std::vector<std::string> warnings = take_warnings();
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("did not finish within 0.3 s"), std::string::npos) << warnings[0];
}

TEST_F(EngineTest, StopsWhenTheUserInterrupts) {
  ScopedVariable cc("BAFE_CC", folder.script("slow", "sleep 60"));
  EngineOptions options;
  auto begin = std::chrono::steady_clock::now();
  options.interrupted = [&] {
    return std::chrono::steady_clock::now() - begin > std::chrono::milliseconds(200);
  };
  EXPECT_THROW(prepare(kDense, options), Interrupted);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

/// An executable that is wrong in one element.
class WrongExecutable : public Executable {
 public:
  explicit WrongExecutable(std::shared_ptr<const Executable> right) : right_(std::move(right)) {}
  std::span<const BufferSpec> inputs() const override { return right_->inputs(); }
  std::span<const BufferSpec> outputs() const override { return right_->outputs(); }
  void run(void* const* inputs, void* const* outputs, int threads) const override {
    right_->run(inputs, outputs, threads);
    for (int i = 0; i < 8; ++i) static_cast<float*>(outputs[0])[i] += 0.25f;
  }
  const Provenance& provenance() const override { return right_->provenance(); }
  std::int64_t arena_bytes() const override { return 0; }

 private:
  std::shared_ptr<const Executable> right_;
};

TEST_F(EngineTest, ValidationFindsAWrongKernel) {
  Graph graph = parse_program(kSquare);
  auto right = prepare(kSquare);
  EXPECT_TRUE(validate(graph, *right, {}, 100, 100).passed);
  Validation wrong = validate(graph, WrongExecutable(right), {}, 100, 100);
  EXPECT_FALSE(wrong.passed);
  EXPECT_NE(wrong.record.find("output 0 differs in 8 of 100"), std::string::npos) << wrong.record;
  EXPECT_FALSE(validate(graph, WrongExecutable(right), {}, 1e12, 1).passed);
  ValidationLimits slow;
  slow.predicted_ns = 2 * slow.never_ns;
  EXPECT_NE(validate(graph, *right, {}, 1e12, 1, slow).record.find("skipped"), std::string::npos);
}

}  // namespace
}  // namespace bafe

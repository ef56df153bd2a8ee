#include <gtest/gtest.h>

#include <map>

#include "bafe/ir/text.h"
#include "bafe/rules/rule_set.h"
#include "bafe/runtime/engine_key.h"
#include "runtime/temporary_folder.h"

namespace bafe {
namespace {

constexpr const char* kProgram = "program main(x: f32[4, 4]) -> f32[4, 4] { return add x x }";

class CacheKey : public testing::Test {
 protected:
  std::string key() const { return cache_key(graph, options, threads, target, cost).hex(); }
  /// Changes one premise: no other change so far gave this key.
  void expect_new(const std::string& what) {
    auto [found, is_new] = known_.emplace(key(), what);
    EXPECT_TRUE(is_new) << what << " has the key of " << found->second;
    graph = parse_program(kProgram);
    options = {};
    threads = 1;
    target = host_target();
    cost = "c";
  }
  void with_program(const std::string& text) {
    graph = parse_program(text);
    expect_new(text);
  }
  void with_budget(const std::string& what, SearchBudget budget) {
    options.budget = budget;
    expect_new(what);
  }

  Graph graph = parse_program(kProgram);
  EngineOptions options;
  int threads = 1;
  Target target = host_target();
  std::string cost = "c";

 private:
  std::map<std::string, std::string> known_;
};

TEST_F(CacheKey, ChangesWithTheProgramAndItsArguments) {
  expect_new("the program");
  with_program("program main(x: f32[4, 4]) -> f32[4, 4] { return mul x x }");
  with_program("program main(x: f64[4, 4]) -> f64[4, 4] { return add x x }");
  with_program("program main(x: f32[4, 5]) -> f32[4, 5] { return add x x }");
  with_program("program main(x: f32[2, 2, 4]) -> f32[2, 2, 4] { return add x x }");
  with_program("program main(x: f32[4, 4], y: f32[4, 4]) -> f32[4, 4] { return add x x }");
  with_program("program main(x: f32[4, 4], y: f32[4, 4]) -> f32[4, 4] { return add x y }");
  with_program("program main(x: f32[4, 4]) -> f32[4, 4] { return tril (add x x) :k 0 }");
  with_program("program main(x: f32[4, 4]) -> f32[4, 4] { return tril (add x x) :k 1 }");
  graph.input(0).layout = "col";
  expect_new("columns");
  graph.input(0).weak = true;
  expect_new("a weak argument");
}

TEST_F(CacheKey, ChangesWithEveryOption) {
  expect_new("no options");
  options.math = Math::kBits;
  expect_new("bits");
  options.math = Math::kFast;
  expect_new("fast");
  options.deep = true;
  expect_new("deep");
  options.structure = false;
  expect_new("no structure");
  options.autotune = true;
  expect_new("autotune");
  options.time_budget_ms = 0;
  expect_new("no time");
  options.time_budget_ms = 1e-9;
  expect_new("little time");
  options.max_error_growth = 1;
  expect_new("no growth of errors");
  options.max_error_growth = 2;
  expect_new("some growth of errors");
  options.rules = std::make_shared<RuleSet>();
  expect_new("no rules");
  threads = 2;
  expect_new("two threads");
  with_budget("the default budget", {});
  SearchBudget budget;
  with_budget("max_iters", (budget = {}, budget.max_iters = 5, budget));
  with_budget("max_nodes", (budget = {}, budget.max_nodes = 5, budget));
  with_budget("max_rewrites", (budget = {}, budget.max_rewrites = 5, budget));
  with_budget("time_budget_ms", (budget = {}, budget.time_budget_ms = 5, budget));
  with_budget("temperature", (budget = {}, budget.temperature = 5, budget));
  with_budget("seed", (budget = {}, budget.seed = 5, budget));
  with_budget("enable_multi_pass", (budget = {}, budget.enable_multi_pass = false, budget));
}

TEST_F(CacheKey, ChangesWithTheMachine) {
  expect_new("this machine");
  cost = "d";
  expect_new("another cost model");
  target.avx512_bf16 = !target.avx512_bf16;
  expect_new("other vectors");
  target.amx = !target.amx;
  expect_new("other tiles");
  ScopedVariable rows("BAFE_LAYOUTS", "row");
  expect_new("rows only");
  ScopedVariable tiles("BAFE_TILING", "1");
  expect_new("other cuts of products");
}

TEST_F(CacheKey, IsTheSameWhereThePremisesAre) {
  const std::string first = key();
  options.tier = Tier::kCompiled;  // when to compile, not what
  options.interrupted = [] { return false; };
  options.threads = 7;  // `threads` is what it became
  EXPECT_EQ(key(), first);
  graph = parse_program(
      "program other(renamed: f32[4, 4]) -> f32[4, 4] { return add renamed renamed }");
  EXPECT_EQ(key(), first);
}

TEST_F(CacheKey, NamesBuildAndTargetInItsPremises) {
  const std::string premises = cache_premises(graph, options, threads, target, cost);
  EXPECT_EQ(build_of_premises(premises), build_identity());
  EXPECT_EQ(target_of_premises(premises), target.text());
  EXPECT_EQ(build_of_premises("something else"), "");
  EXPECT_EQ(target_of_premises(premises.substr(0, 30)), "");
}

}  // namespace
}  // namespace bafe

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "bafe/base/log.h"
#include "bafe/ir/text.h"
#include "bafe/rules/rule_set.h"
#include "bafe/search/optimize.h"
#include "golden.h"
#include "programs.h"

namespace bafe {
namespace {

using programs::call;
using programs::input;
using programs::plain;

SearchResult searched(const Graph& graph, const SearchOptions& options) {
  SearchResult result = programs::searched(graph, options);
  EXPECT_LE(result.program.predicted_ns, result.predicted_ns_as_written);
  return result;
}

RuleSet with_rules(const char* text) {
  RuleSet rules = RuleSet::builtin();
  rules.add(text, "user.rules");
  return rules;
}

/// (a @ b) @ v with an activation of v that rules of the tests match.
Graph chain(const std::string& activation, std::int64_t n = 256) {
  Graph g;
  ValueId a = input(g, "a", {n, n}), b = input(g, "b", {n, n}), v = input(g, "v", {n, 1});
  ValueId left = call(g, "matmul", {a, b});
  g.add_root(call(g, "matmul", {left, call(g, activation, {v})}));
  return g;
}

/// Many layers that all differ in size, so that none is searched for another.
Graph tower(int layers) {
  Graph g;
  ValueId x = input(g, "x", {64, 64});
  for (int i = 0; i < layers; ++i) {
    std::int64_t width = 64 + i;
    ValueId up = call(g, "matmul", {x, input(g, "u" + std::to_string(i), {64, width})});
    ValueId y = call(g, "tanh", {call(g, "mul", {up, call(g, "sigmoid", {up})})});
    ValueId down = call(g, "matmul", {y, input(g, "d" + std::to_string(i), {width, 64})});
    x = call(g, "add", {x, down});
  }
  g.add_root(x);
  return g;
}

double thread_ms() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return 1e3 * static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_nsec);
}

TEST(Limits, StopARuleThatGrowsForEver) {
  RuleSet rules = with_rules(
      "(rule grow (sin ?x) => (add (sin (add ?x 1)) 0.5) :class reals :set simplify :why \"no\")");
  SearchOptions options = plain();
  options.rules = &rules;
  for (bool stochastic : {false, true}) {
    if (stochastic) options.budget = SearchBudget{6, 400, 200, 0, 5.0, 3, true};
    SearchResult r = searched(chain("sin"), options);
    EXPECT_NE(r.stats.stop_reason, "saturated");
    EXPECT_FALSE(r.limits.empty());
    EXPECT_LE(r.stats.nodes_after, 10000);
  }
  options.budget.reset();
  SearchResult r = searched(chain("sin"), options);
  EXPECT_LT(r.program.predicted_ns * 3, r.predicted_ns_as_written) << r.program.text();
}

TEST(Limits, NodesAreNeverMoreThanAllowed) {
  RuleSet rules = with_rules(
      "(rule grow (sin ?x) => (add (sin (add ?x 1)) 0.5) :class reals :set simplify :why \"no\")");
  SearchOptions options = plain();
  options.rules = &rules;
  options.max_nodes = 24;
  SearchResult r = searched(chain("sin"), options);
  EXPECT_EQ(r.stats.stop_reason, "node limit");
  EXPECT_LE(r.stats.nodes_after, 24);
}

TEST(Limits, MemoryIsCounted) {
  RuleSet rules = with_rules(
      "(rule grow (sin ?x) => (add (sin (add ?x 1)) 0.5) :class reals :set simplify :why \"no\")");
  SearchOptions options = plain();
  options.rules = &rules;
  options.max_memory_bytes = 1000;
  for (bool stochastic : {false, true}) {
    if (stochastic) options.budget = SearchBudget{6, 400, 200, 0, 5.0, 3, true};
    SearchResult a = searched(chain("sin"), options), b = searched(chain("sin"), options);
    EXPECT_EQ(a.stats.stop_reason, "memory limit");
    EXPECT_EQ(a.program.text(), b.program.text());
  }
}

TEST(Contradictions, OfConstantsLeaveTheRulesOut) {
  RuleSet rules = with_rules(
      "(rule one (sin ?x) => 1 :class reals :set simplify :why \"no\")"
      "(rule two (sin ?x) => 2 :class reals :set simplify :why \"no\")");
  SearchOptions options = plain();
  options.rules = &rules;
  forget_warnings();
  take_warnings();
  for (bool stochastic : {false, true}) {
    if (stochastic) options.budget = SearchBudget{4, 400, 200, 0, 5.0, 3, true};
    SearchResult r = searched(chain("sin"), options);
    EXPECT_NE(r.stats.stop_reason.find("without rule "), std::string::npos) << r.stats.stop_reason;
    ASSERT_FALSE(r.rejected.empty());
    EXPECT_EQ(r.rejected[0].what.rfind("rule ", 0), 0u);
    EXPECT_NE(r.rejected[0].why.find("sin"), std::string::npos) << r.rejected[0].why;
  }
  EXPECT_FALSE(take_warnings().empty());
}

TEST(Contradictions, OfTypesLeaveTheRuleOut) {
  RuleSet rules = with_rules(
      "(rule lose-axis (tanh ?x) => (reduce_sum (tanh ?x) :axes (0))"
      " :class reals :set simplify :why \"no\")");
  SearchOptions options = plain();
  options.rules = &rules;
  forget_warnings();
  SearchResult r = searched(chain("tanh"), options), good = searched(chain("tanh"), plain());
  EXPECT_NE(r.stats.stop_reason.find(", without rule lose-axis"), std::string::npos)
      << r.stats.stop_reason;
  EXPECT_EQ(r.program.text(), good.program.text());
  take_warnings();
}

/// What a search of `chain(activation)` warns of when `rule` is in force.
std::string warned(const std::string& rule, const std::string& activation) {
  RuleSet rules = with_rules(rule.c_str());
  SearchOptions options = plain();
  options.rules = &rules;
  options.deep = true;
  forget_warnings();
  take_warnings();
  searched(chain(activation, 64), options);
  std::string all;
  for (const std::string& warning : take_warnings()) all += (all.empty() ? "" : "\n") + warning;
  return all;
}

TEST(Contradictions, SayWhetherARuleGrowsGivesAnotherTypeOrContradictsFacts) {
  testing::expect_golden(warned("(rule grow (tanh ?x) => (slice (tanh (concat ?x ?x :axis 0))"
                                " :start (* (shape ?x) 0) :size (shape ?x) :step (+ (* (shape ?x) "
                                "0) 1)) :class reals :set simplify :why \"no\")",
                                "tanh"),
                         "errors/rule_grows.txt");
  testing::expect_golden(warned("(rule lose-axis (tanh ?x) => (reduce_sum (tanh ?x) :axes (0))"
                                " :class reals :set simplify :why \"no\")",
                                "tanh"),
                         "errors/rule_another_type.txt");
  testing::expect_golden(warned("(rule square-it (sin ?x) => (matmul ?x ?x)"
                                " :class reals :set simplify :why \"no\")",
                                "sin"),
                         "errors/rule_ill_typed.txt");
  testing::expect_golden(warned("(rule one (sin ?x) => 1 :class reals :set simplify :why \"no\")"
                                "(rule two (sin ?x) => 2 :class reals :set simplify :why \"no\")",
                                "sin"),
                         "errors/rule_facts.txt");
}

std::size_t rules_before_a_limit(const SearchResult& result) {
  return static_cast<std::size_t>(std::count_if(
      result.rejected.begin(), result.rejected.end(),
      [](const Rejection& r) { return r.why.find("rewrites before the") != std::string::npos; }));
}

TEST(Limits, ThatBuiltInRulesMeetAreNoRulesFault) {
  RuleSet harmless =
      with_rules("(rule even (cos (neg ?x)) => (cos ?x) :class bits :set simplify :why \"yes\")");
  SearchOptions options = plain();
  options.max_nodes = 120;
  for (const RuleSet* rules : {static_cast<const RuleSet*>(nullptr), &std::as_const(harmless)}) {
    options.rules = rules;
    SearchResult r = searched(tower(4), options);
    EXPECT_NE(r.stats.stop_reason.find("limit"), std::string::npos) << r.stats.stop_reason;
    EXPECT_EQ(rules_before_a_limit(r), 0u);
  }
}

TEST(Interrupt, EndsTheSearchSoonWhereverItIs) {
  for (int patience : {0, 1, 3, 10, 40}) {
    SearchOptions options = plain();
    options.deep = true;
    int asked = 0;
    double since = -1;
    options.interrupted = [&] {
      if (++asked <= patience) return false;
      if (since < 0) since = thread_ms();
      return true;
    };
    searched(tower(60), options);
    if (since < 0) continue;  // the search ended first
    EXPECT_LT(thread_ms() - since, 100) << "after " << patience << " answers";
  }
}

TEST(Time, OnlyDecidesHowMuchIsDone) {
  SearchOptions options = plain();
  options.time_budget_ms = 60'000;
  SearchResult a = searched(tower(6), options), b = searched(tower(6), options);
  EXPECT_NE(a.stats.stop_reason, "time");
  EXPECT_EQ(a.program.text(), b.program.text());
  EXPECT_EQ(a.stats.work_units, b.stats.work_units);
}

// How closely budgets are kept is measured by the search suite of the benchmarks.
TEST(Time, EndsASearchThatWouldGoOn) {
  SearchOptions options = plain();
  options.budget = SearchBudget{};
  options.budget->max_iters = 1'000'000;
  options.budget->max_nodes = options.budget->max_rewrites = 100'000'000;
  options.budget->time_budget_ms = 5;
  SearchResult result = searched(tower(16), options);
  EXPECT_EQ(result.stats.stop_reason, "time");
  EXPECT_LE(result.program.predicted_ns, result.predicted_ns_as_written);
}

}  // namespace
}  // namespace bafe

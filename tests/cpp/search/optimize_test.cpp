#include "bafe/search/optimize.h"

#include <gtest/gtest.h>

#include <cmath>

#include "bafe/ir/eval.h"
#include "bafe/ir/text.h"
#include "programs.h"

namespace bafe {
namespace {

using programs::call;
using programs::input;
using programs::plain;
using programs::searched;

std::string brief(const Program& program) { return print_brief(program.graph); }

Tensor filled(const Type& type, int salt) {
  Tensor tensor(type);
  for (std::int64_t i = 0; i < tensor.count(); ++i) {
    tensor.set(i, Scalar::of(type.dtype, std::sin(0.7 * static_cast<double>(i) + salt)));
  }
  return tensor;
}

/// Largest difference of two programs on the same inputs, relative to the largest value.
double difference(const Graph& a, const Graph& b) {
  std::vector<Tensor> inputs;
  int salt = 0;
  for (const InputInfo& info : a.inputs()) inputs.push_back(filled(info.type, ++salt));
  std::vector<Tensor> x = evaluate(a, inputs), y = evaluate(b, inputs);
  double worst = 0, largest = 1e-30;
  for (std::size_t r = 0; r < x.size(); ++r) {
    EXPECT_EQ(x[r].type().text(), y[r].type().text());
    for (std::int64_t i = 0; i < x[r].count(); ++i) {
      worst = std::max(worst, std::fabs(x[r].at(i).as_double() - y[r].at(i).as_double()));
      largest = std::max(largest, std::fabs(x[r].at(i).as_double()));
    }
  }
  return worst / largest;
}

Graph chain(std::int64_t n) {
  Graph g;
  ValueId a = input(g, "a", {n, n}), b = input(g, "b", {n, n}), v = input(g, "v", {n});
  g.add_root(call(g, "matmul", {call(g, "matmul", {a, b}), v}));
  return g;
}

Graph distributed(std::int64_t n) {
  Graph g;
  ValueId a = input(g, "a", {n, n}), b = input(g, "b", {n, n}), c = input(g, "c", {n, n});
  g.add_root(call(g, "add", {call(g, "matmul", {a, b}), call(g, "matmul", {a, c})}));
  return g;
}

Graph transposed(std::int64_t n) {
  Graph g;
  ValueId a = input(g, "a", {n, n}), b = input(g, "b", {n, n});
  List swap{1, 0};
  ValueId product =
      call(g, "matmul", {call(g, "transpose", {a}, {swap}), call(g, "transpose", {b}, {swap})});
  g.add_root(call(g, "transpose", {product}, {swap}));
  return g;
}

Graph summed(std::int64_t n) {
  Graph g;
  ValueId a = input(g, "a", {n, n}), b = input(g, "b", {n, n});
  ValueId s = call(g, "reduce_sum", {call(g, "matmul", {a, b})}, {List{0, 1}});
  g.add_root(call(g, "squeeze", {s}, {List{0, 1}}));
  return g;
}

Graph classical() {
  Graph g;
  ValueId a = input(g, "a", {32, 32}), b = input(g, "b", {32, 32}), c = input(g, "c", {32, 32}),
          d = input(g, "d", {32, 32});
  g.add_root(
      call(g, "relu", {call(g, "add", {call(g, "matmul", {a, b}), call(g, "mul", {c, d})})}));
  return g;
}

double total_flops(const Program& program) {
  double flops = 0;
  for (const Group& group : program.groups) flops += group.flops;
  return flops;
}

TEST(Optimize, MultipliesByTheVectorFirst) {
  SearchResult r = searched(chain(1024));
  EXPECT_LT(total_flops(r.program), 1e7) << brief(r.program);
  EXPECT_LT(r.program.predicted_ns * 15, r.predicted_ns_as_written) << r.program.text();
  EXPECT_LT(difference(chain(24), searched(chain(24)).program.graph), 1e-5);
}

TEST(Optimize, TakesTheCommonFactorOut) {
  SearchResult r = searched(distributed(1024));
  EXPECT_LT(total_flops(r.program), 1.2 * 2 * 1024.0 * 1024 * 1024) << brief(r.program);
  EXPECT_LT(difference(distributed(24), searched(distributed(24)).program.graph), 1e-5);
}

TEST(Optimize, UndoesTransposesAroundAProduct) {
  SearchResult r = searched(transposed(1024));
  EXPECT_EQ(r.program.graph.live().size(), 3u) << brief(r.program);
  EXPECT_EQ(difference(transposed(24), searched(transposed(24)).program.graph), 0);
}

TEST(Optimize, SumsBeforeItMultiplies) {
  SearchResult r = searched(summed(1024));
  EXPECT_LT(total_flops(r.program), 1e7) << brief(r.program);
  EXPECT_LT(difference(summed(24), searched(summed(24)).program.graph), 1e-4);
}

TEST(Optimize, ChangesNothingThatIsGoodAlready) {
  Graph g;
  ValueId a = input(g, "a", {64, 64}), b = input(g, "b", {64, 64});
  g.add_root(call(g, "matmul", {a, b}));
  SearchResult r = searched(g);
  EXPECT_EQ(r.program.graph.hash(), plan_form(g).hash());
  EXPECT_TRUE(r.steps.empty());
}

TEST(Optimize, RegroupsNoFloatSumsWhenBitsMustStay) {
  SearchOptions options = plain();
  options.math = Math::kBits;
  SearchResult r = searched(chain(1024), options);
  EXPECT_GT(total_flops(r.program), 1e9) << brief(r.program);
}

TEST(Optimize, IsNeverDearerThanTheProgramAsWritten) {
  for (const Graph& g : {chain(64), distributed(64), transposed(64), summed(64), classical()}) {
    SearchResult r = searched(g);
    EXPECT_LE(r.program.predicted_ns, r.predicted_ns_as_written);
    EXPECT_EQ(r.candidates[0].text(), r.program.text());
  }
}

TEST(Optimize, GivesTheSameAnswerTwice) {
  SearchOptions options = plain();
  options.budget = SearchBudget{5, 256, 64, 0, 2.0, 42, true};
  SearchResult a = searched(classical(), options), b = searched(classical(), options);
  EXPECT_EQ(a.program.text(), b.program.text());
  EXPECT_EQ(a.stats.alternatives, b.stats.alternatives);
  EXPECT_EQ(a.stats.matches_accepted, b.stats.matches_accepted);
}

TEST(SinglePass, FindsTwoAlternativesWithTheClassicalRules) {
  SearchOptions options = plain();
  options.budget = SearchBudget{};
  options.budget->enable_multi_pass = false;
  EXPECT_EQ(searched(classical(), options).stats.alternatives, 2);
}

TEST(StochasticPasses, FindManyEqualTerms) {
  SearchOptions options = plain();
  options.budget = SearchBudget{5, 256, 64, 0, 2.0, 42, true};
  EXPECT_GE(searched(classical(), options).stats.alternatives, 32);
  std::vector<Graph> terms = sample_equivalents(classical(), options, 60, 7);
  EXPECT_GE(terms.size(), 16u);
  for (const Graph& term : terms)
    EXPECT_LT(difference(classical(), term), 2e-5) << print_brief(term);
}

TEST(StochasticPasses, AcceptNoMoreWhenItIsColder) {
  std::int64_t before = -1;
  for (double temperature : {0.0, 0.05, 0.5, 2.0, 50.0}) {
    SearchOptions options = plain();
    options.budget = SearchBudget{3, 4000, 2000, 0, temperature, 9, true};
    std::int64_t accepted = searched(classical(), options).stats.matches_accepted;
    EXPECT_GE(accepted, before) << temperature;
    before = accepted;
  }
}

TEST(StochasticPasses, StayWithinEveryLimit) {
  for (int limit : {0, 1, 3, 10, 40}) {
    SearchOptions options = plain();
    options.budget = SearchBudget{limit, 2 * limit, limit, 0, 5.0, 3, true};
    SearchStats stats = searched(classical(), options).stats;
    EXPECT_LE(stats.matches_accepted, limit);
    EXPECT_LE(stats.nodes_after, std::max<std::int64_t>(2 * limit, stats.nodes_before));
    EXPECT_LE(stats.iterations, limit);
  }
}

TEST(Regimes, AreNamedByTheirTimeBudget) {
  EXPECT_EQ(regime_of(0.5, false), Regime::kGreedy);
  EXPECT_EQ(regime_of(10, false), Regime::kLight);
  EXPECT_EQ(regime_of(100, false), Regime::kBeam);
  EXPECT_EQ(regime_of(1000, false), Regime::kDeep);
  EXPECT_EQ(regime_of(0, false), Regime::kDeep);
  EXPECT_EQ(regime_of(std::nullopt, true), Regime::kDeep);
  EXPECT_EQ(regime_of(std::nullopt, false), Regime::kBeam);
}

TEST(Optimize, ReturnsTheBestSoFarWhenTimeIsUp) {
  SearchOptions options = plain();
  options.time_budget_ms = 1e-6;
  SearchResult r = searched(distributed(64), options);
  EXPECT_LE(r.program.predicted_ns, r.predicted_ns_as_written);
  EXPECT_EQ(r.stats.regime, "greedy");
  options.time_budget_ms.reset();
  options.interrupted = [] { return true; };
  EXPECT_LT(difference(distributed(24), searched(distributed(24), options).program.graph), 1e-5);
}

TEST(Explain, NamesEveryRewriteAndEveryMove) {
  SearchResult r = searched(chain(512));
  ASSERT_EQ(r.steps.size(), 1u);
  EXPECT_EQ(r.steps[0].rule, "matmul-regroup");
  EXPECT_TRUE(r.steps[0].forward);
  EXPECT_EQ(r.steps[0].before, "a @ b @ v");
  EXPECT_EQ(r.steps[0].after, "a @ (b @ v)");
  Graph g;
  ValueId x = input(g, "x", {64, 32}), w = input(g, "w", {48, 32});
  g.add_root(call(g, "matmul", {x, call(g, "transpose", {w}, {List{1, 0}})}));
  r = searched(g);
  ASSERT_EQ(r.steps.size(), 1u);
  EXPECT_EQ(r.steps[0].kind, "move");
  EXPECT_EQ(r.steps[0].rule, "free_transpose_row_to_col");
}

TEST(Candidates, AreAtMostAsManyAsTheRegimeKeeps) {
  SearchOptions options = plain();
  options.time_budget_ms = 0.9;
  EXPECT_EQ(searched(distributed(64), options).candidates.size(), 1u);
  options.time_budget_ms.reset();
  EXPECT_LE(searched(classical(), options).candidates.size(), 16u);
}

TEST(LongChains, AreMultipliedInTheBestOrder) {
  auto build = [](std::int64_t s) {
    Graph g;
    std::int64_t sizes[] = {s, 30 * s / 10, 2, 25 * s / 10, 3, 20 * s / 10, s, 1, s};
    ValueId product;
    for (int i = 0; i < 8; ++i) {
      ValueId m = input(g, "m" + std::to_string(i), {sizes[i], sizes[i + 1]});
      product = i ? call(g, "matmul", {product, m}) : m;
    }
    g.add_root(product);
    return g;
  };
  SearchResult r = searched(build(400));
  EXPECT_LT(total_flops(r.program) * 20, total_flops(plan_as_written(build(400), plain())))
      << brief(r.program);
  EXPECT_LT(r.stats.nodes_after, 400);
  EXPECT_LT(difference(build(10), searched(build(10)).program.graph), 1e-4);
}

TEST(LongSums, StayCheapToSearchAndFindTheCommonFactor) {
  Graph g;
  ValueId a = input(g, "a", {512, 512}), sum;
  for (int i = 0; i < 9; ++i) {
    ValueId term = call(g, "matmul", {a, input(g, "b" + std::to_string(i), {512, 512})});
    sum = i ? call(g, "add", {sum, term}) : term;
  }
  g.add_root(sum);
  SearchResult r = searched(g);
  EXPECT_LT(total_flops(r.program), 1.2 * 2 * 512.0 * 512 * 512) << brief(r.program);
}

TEST(LargePrograms, AreSearchedInPieces) {
  Graph g;
  ValueId x = input(g, "x", {16, 16});
  for (int i = 0; i < 300; ++i) x = call(g, "transpose", {call(g, "tanh", {x})}, {List{1, 0}});
  g.add_root(x);
  SearchResult r = searched(g);
  EXPECT_LT(difference(g, r.program.graph), 1e-6);
  EXPECT_LE(r.program.predicted_ns, r.predicted_ns_as_written);
}

TEST(Extraction, StoresAnIntermediateByColumnsWhenThatIsFaster) {
  // Softmax over the first axis of a product: along rows of the transposed product it is one row
  // program.
  Graph g;
  ValueId a = input(g, "a", {1024, 64}), b = input(g, "b", {64, 1024});
  ValueId e = call(g, "tanh", {call(g, "matmul", {a, b})});
  g.add_root(call(g, "softmax", {call(g, "transpose", {e}, {List{1, 0}})}, {List{1}}));
  Program p = searched(g).program;
  bool other = false;
  for (const Group& group : p.groups) {
    for (ValueId id : group.outputs) other |= !p.layouts[id.index()].is_row();
  }
  EXPECT_TRUE(other) << p.text();
}

}  // namespace
}  // namespace bafe

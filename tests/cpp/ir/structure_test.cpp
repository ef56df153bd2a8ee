#include "bafe/ir/structure.h"

#include <gtest/gtest.h>

#include <random>

#include "bafe/ir/builder.h"
#include "bafe/ir/eval.h"

namespace bafe {
namespace {

ValueId input(Graph& graph, Shape shape) {
  InputInfo info;
  info.type = {DType::kF64, std::move(shape)};
  return graph.add_input(info);
}

ValueId call(Graph& graph, const std::string& op, std::vector<ValueId> operands, Attrs attrs = {}) {
  return Builder(graph).call(op, operands, std::move(attrs));
}

ValueId banded(Graph& graph, ValueId x, int below, int above) {
  return call(graph, "tril", {call(graph, "triu", {x}, {Dim(-below)})}, {Dim(above)});
}

TEST(MatrixStructures, FollowMasksTransposesAndProducts) {
  Graph g;
  ValueId x = input(g, {6, 6});
  ValueId lower = call(g, "tril", {x}, {Dim(0)});
  ValueId upper = call(g, "transpose", {lower}, {List{1, 0}});
  ValueId thin = banded(g, x, 1, 2);
  ValueId product = call(g, "matmul", {lower, lower});
  ValueId wide = call(g, "matmul", {thin, thin});
  ValueId gram = call(g, "matmul", {x, call(g, "transpose", {x}, {List{1, 0}})});
  for (ValueId id : {upper, product, wide, gram}) g.add_root(id);
  std::vector<Structure> facts = matrix_structures(g);
  EXPECT_EQ(facts[lower.index()].text(), "lower");
  EXPECT_EQ(facts[upper.index()].text(), "upper");
  EXPECT_EQ(facts[product.index()].text(), "lower");
  EXPECT_EQ(facts[wide.index()].text(), "banded(2,4)");
  EXPECT_EQ(facts[gram.index()].text(), "symmetric");
  EXPECT_EQ(facts[x.index()].text(), "");
}

TEST(MatrixStructures, AreTrueOfWhatTheInterpreterGives) {
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    Graph g;
    int n = 1 + static_cast<int>(random() % 7);
    std::vector<ValueId> values{input(g, {n, n}), input(g, {n, n})};
    for (int step = 0; step < 8; ++step) {
      ValueId a = values[random() % values.size()], b = values[random() % values.size()];
      int k = static_cast<int>(random() % 5) - 2;
      switch (random() % 7) {
        case 0:
          values.push_back(call(g, "tril", {a}, {Dim(k)}));
          break;
        case 1:
          values.push_back(call(g, "triu", {a}, {Dim(k)}));
          break;
        case 2:
          values.push_back(call(g, "matmul", {a, b}));
          break;
        case 3:
          values.push_back(call(g, "add", {a, b}));
          break;
        case 4:
          values.push_back(call(g, "mul", {a, b}));
          break;
        case 5:
          values.push_back(call(g, "transpose", {a}, {List{1, 0}}));
          break;
        default:
          values.push_back(call(g, "relu", {a}));
      }
    }
    std::vector<Tensor> inputs;
    for (int i = 0; i < 2; ++i) {
      Tensor t(g.type(values[static_cast<std::size_t>(i)]));
      for (int e = 0; e < n * n; ++e)
        t.set(e, Scalar::of(DType::kF64, static_cast<double>(random() % 17) - 8));
      inputs.push_back(std::move(t));
    }
    for (ValueId id : values) g.add_root(id);
    std::vector<Structure> facts = matrix_structures(g);
    std::vector<Tensor> results = evaluate(g, inputs);
    for (std::size_t v = 0; v < values.size(); ++v) {
      const Structure& s = facts[values[v].index()];
      for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
          double here = results[v].at(i * n + j).as_double();
          bool inside = i - j <= s.below && j - i <= s.above;
          EXPECT_TRUE(inside || here == 0) << s.text();
          if (!s.symmetric) continue;
          EXPECT_EQ(here, results[v].at(j * n + i).as_double());
        }
      }
    }
  }
}

/// The leading rows x cols of x.
ValueId prefix(Graph& g, ValueId x, int rows, int cols) {
  return call(g, "slice", {x}, {List{0, 0}, List{rows, cols}, List{1, 1}});
}

TEST(MatrixStructures, OfALeadingPartAreThoseThatItStillHas) {
  Graph g;
  ValueId x = input(g, {6, 6});
  ValueId gram = call(g, "matmul", {x, call(g, "transpose", {x}, {List{1, 0}})});
  ValueId one = g.add_fill(Scalar::of(DType::kF64, 1), {6});
  ValueId unit = call(g, "diag", {one}, {Dim(0)});
  ValueId square = prefix(g, gram, 4, 4);
  ValueId wide = prefix(g, gram, 4, 6), tall = prefix(g, gram, 6, 4);
  ValueId unit_square = prefix(g, unit, 4, 4), unit_wide = prefix(g, unit, 4, 6);
  ValueId lower = prefix(g, call(g, "tril", {x}, {Dim(0)}), 4, 6);
  for (ValueId id : {square, wide, tall, unit_square, unit_wide, lower}) g.add_root(id);
  std::vector<Structure> facts = matrix_structures(g);
  EXPECT_TRUE(facts[square.index()].symmetric);
  EXPECT_FALSE(facts[wide.index()].symmetric);
  EXPECT_FALSE(facts[tall.index()].symmetric);
  EXPECT_TRUE(facts[unit_square.index()].identity);
  EXPECT_EQ(facts[unit_wide.index()].text(), "diagonal");
  EXPECT_FALSE(facts[unit_wide.index()].orthogonal);
  EXPECT_EQ(facts[lower.index()].text(), "lower");
}

TEST(MatrixStructures, OfAPartOfAnOrthogonalMatrixAreNotOrthogonal) {
  Graph g;
  ValueId x = input(g, {6, 6});
  Structure orthogonal;
  orthogonal.orthogonal = true;
  MatrixFacts facts[] = {{g.type(x), orthogonal, true, std::nullopt}};
  auto part = [&](int n) {
    ValueId id = prefix(g, x, n, n);
    return node_structure(g.node(id).op, g.node(id).attrs, facts, g.type(id));
  };
  EXPECT_FALSE(part(4).orthogonal);
  ValueId t = call(g, "transpose", {x}, {List{1, 0}});
  EXPECT_TRUE(node_structure(g.node(t).op, g.node(t).attrs, facts, g.type(t)).orthogonal);
}

TEST(GapBand, IsTheBandInWhichTheConditionHolds) {
  for (int sign : {1, -1})
    for (int number = -3; number <= 3; ++number)
      for (bool equal : {false, true}) {
        Structure band = gap_band(sign, -sign, number, equal).value();
        for (int i = 0; i < 7; ++i)
          for (int j = 0; j < 7; ++j) {
            int gap = sign * (i - j) + number;
            bool inside = i - j <= band.below && j - i <= band.above;
            EXPECT_EQ(inside, equal ? gap == 0 : gap >= 0);
          }
      }
  EXPECT_FALSE(gap_band(1, 1, 0, false));
  EXPECT_FALSE(gap_band(2, -2, 0, true));
  EXPECT_FALSE(gap_band(0, 0, 0, true));
}

TEST(ProductTerms, CountWhatNoZeroTouches) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    auto size = [&] { return static_cast<std::int64_t>(random() % 9); };
    auto bound = [&] { return static_cast<std::int32_t>(random() % 10) - 4; };
    std::int64_t m = size(), n = size(), k = size();
    Structure a, b;
    a.below = bound(), a.above = bound(), b.below = bound(), b.above = bound();
    if (random() % 3 == 0) b = Structure{};
    double count = 0;
    auto in = [](const Structure& s, std::int64_t i, std::int64_t j) {
      return i - j <= s.below && j - i <= s.above;
    };
    for (std::int64_t i = 0; i < m; ++i)
      for (std::int64_t j = 0; j < n; ++j)
        for (std::int64_t p = 0; p < k; ++p) count += in(a, i, p) && in(b, p, j);
    EXPECT_EQ(product_terms(m, n, k, a, b), count);
  }
  Structure lower;
  lower.above = 0;
  EXPECT_EQ(product_terms(1000, 1000, 1000, lower, {}), 500500.0 * 1000);
  EXPECT_EQ(product_terms(1000, 1000, 1000, {}, {}, true), 500500.0 * 1000);
}

}  // namespace
}  // namespace bafe

#include <gtest/gtest.h>

#include <cmath>

#include "bafe/ir/eval.h"
#include "bafe/search/optimize.h"
#include "programs.h"

namespace bafe {
namespace {

using programs::call;
using programs::input;
using programs::products;
using programs::searched;

/// tanh(x_i w) for rows x_i that are given.
Graph rows_by_one_matrix(int count, std::int64_t n) {
  Graph g;
  ValueId w = input(g, "w", {n, n});
  for (int i = 0; i < count; ++i) {
    ValueId x = input(g, "x" + std::to_string(i), {1, n});
    g.add_root(call(g, "tanh", {call(g, "matmul", {x, w})}));
  }
  return g;
}

/// h <- tanh(x_i w + h u), several times: the products by u depend on each other.
Graph recurrence(int steps, std::int64_t n) {
  Graph g;
  ValueId w = input(g, "w", {n, n}), u = input(g, "u", {n, n}), h = input(g, "h", {1, n});
  for (int i = 0; i < steps; ++i) {
    ValueId x = input(g, "x" + std::to_string(i), {1, n});
    ValueId sum = call(g, "add", {call(g, "matmul", {x, w}), call(g, "matmul", {h, u})});
    h = call(g, "tanh", {sum});
  }
  g.add_root(h);
  return g;
}

void expect_same_values(const Graph& a, const Graph& b) {
  std::vector<Tensor> inputs;
  for (const InputInfo& info : a.inputs()) {
    Tensor tensor(info.type);
    for (std::int64_t i = 0; i < tensor.count(); ++i) {
      double value = std::sin(0.7 * static_cast<double>(i) + static_cast<double>(inputs.size()));
      tensor.set(i, Scalar::of(info.type.dtype, value / 16));
    }
    inputs.push_back(tensor);
  }
  std::vector<Tensor> x = evaluate(a, inputs), y = evaluate(b, inputs);
  for (std::size_t r = 0; r < x.size(); ++r) {
    for (std::int64_t i = 0; i < x[r].count(); ++i)
      ASSERT_EQ(x[r].at(i).as_double(), y[r].at(i).as_double()) << r << " " << i;
  }
}

TEST(Siblings, FiveRowsByOneMatrixAreOneProduct) {
  Graph g = rows_by_one_matrix(5, 128);
  SearchResult result = searched(g);
  EXPECT_EQ(products(result.program.graph), 1);
  EXPECT_FALSE(result.steps.empty());
  expect_same_values(g, result.program.graph);
}

TEST(Siblings, ProductsThatNeedEachOtherStayApart) {
  Graph g = recurrence(6, 128);
  SearchResult result = searched(g);
  EXPECT_EQ(products(result.program.graph), 7);  // six by u, all by w at once
  EXPECT_FALSE(result.steps.empty());
  expect_same_values(g, result.program.graph);
}

TEST(Siblings, ALongRecurrenceIsCutBehindThem) {
  Graph g = recurrence(32, 128);
  SearchResult result = searched(g);
  EXPECT_LE(products(result.program.graph), 34);
  expect_same_values(g, result.program.graph);
}

TEST(Siblings, TallProductsStayApart) {
  Graph g;
  ValueId w = input(g, "w", {64, 64});
  for (int i = 0; i < 3; ++i)
    g.add_root(call(g, "matmul", {input(g, "x" + std::to_string(i), {512, 64}), w}));
  EXPECT_EQ(products(searched(g).program.graph), 3);
}

}  // namespace
}  // namespace bafe

#include <gtest/gtest.h>

#include <cmath>

#include "bafe/ir/eval.h"
#include "bafe/ir/text.h"
#include "bafe/search/optimize.h"
#include "programs.h"

namespace bafe {
namespace {

using programs::call;
using programs::input;
using programs::products;
using programs::searched;

/// Layers of x + tanh(x (w v)) sigmoid(x u): the product w v of small inner size is written in the
/// wrong order.
/// `frozen`: the matrices are constants, each another.
Graph layers(int count, std::int64_t n, bool frozen = false) {
  Graph g;
  ValueId x = input(g, "x", {n, n});
  auto matrix = [&](const std::string& name, Shape shape) {
    if (!frozen) return input(g, name, std::move(shape));
    return g.add(Op::kConstant, {}, {name, DType::kF32, List(shape.begin(), shape.end())});
  };
  for (int i = 0; i < count; ++i) {
    std::string name = std::to_string(i);
    ValueId w = matrix("w" + name, {n, 2}), v = matrix("v" + name, {2, n}),
            u = matrix("u" + name, {n, n});
    ValueId low = call(g, "matmul", {x, call(g, "matmul", {w, v})});
    ValueId gate = call(g, "sigmoid", {call(g, "matmul", {x, u})});
    x = call(g, "add", {x, call(g, "mul", {call(g, "tanh", {low}), gate})});
  }
  g.add_root(x);
  return g;
}

double flops(const Program& program) {
  double total = 0;
  for (const Group& group : program.groups) total += group.flops;
  return total;
}

Tensor waves(const Type& type, double salt) {
  Tensor tensor(type);
  for (std::int64_t i = 0; i < tensor.count(); ++i)
    tensor.set(i, Scalar::of(type.dtype, std::sin(0.7 * static_cast<double>(i) + salt)));
  return tensor;
}

double difference(const Graph& a, const Graph& b) {
  std::vector<Tensor> inputs;
  ConstantTable constants;
  double salt = 0;
  for (const InputInfo& info : a.inputs()) inputs.push_back(waves(info.type, ++salt));
  for (ValueId id : a.live()) {
    const Attrs& attrs = a.node(id).attrs;
    if (!attrs.empty() && attr_kind(attrs[0]) == AttrKind::kText)
      constants.emplace(attr_string(attrs, 0), waves(a.type(id), ++salt));
  }
  Tensor x = evaluate(a, inputs, constants)[0], y = evaluate(b, inputs, constants)[0];
  double worst = 0;
  for (std::int64_t i = 0; i < x.count(); ++i)
    worst = std::max(worst, std::fabs(x.at(i).as_double() - y.at(i).as_double()));
  return worst;
}

TEST(RepeatedLayers, AreSearchedOnce) {
  SearchResult one = searched(layers(1, 512)), many = searched(layers(24, 512));
  EXPECT_LE(many.stats.work_units, 2 * one.stats.work_units);
  EXPECT_NEAR(flops(many.program) / flops(one.program), 24, 0.5);
  int instances = 0;
  for (const ExplainStep& step : many.steps) instances += step.kind == "instance";
  EXPECT_GT(instances, 2);
}

TEST(RepeatedLayers, MeanWhatWasWritten) {
  EXPECT_LT(difference(layers(24, 12), searched(layers(24, 12)).program.graph), 1e-4);
}

TEST(RepeatedLayers, AreEqualWhateverTheirConstantsHold) {
  SearchResult one = searched(layers(1, 512, true)), many = searched(layers(24, 512, true));
  EXPECT_LE(many.stats.work_units, 2 * one.stats.work_units);
  EXPECT_NEAR(flops(many.program) / flops(one.program), 24, 0.5);
  Graph small = layers(24, 12, true);
  EXPECT_LT(difference(small, searched(small).program.graph), 1e-4);
}

TEST(Pieces, OfAChainAreNotCutApart) {
  Graph g;
  ValueId product;
  for (int i = 0; i < 80; ++i) {
    ValueId m = input(g, "m" + std::to_string(i), {i % 2 ? 4 : 400, i % 2 ? 400 : 4});
    product = i ? call(g, "matmul", {product, m}) : m;
  }
  g.add_root(product);
  SearchResult r = searched(g);
  // In pairs from the second on: 4 x 400 x 4 each, then 4 x 4 x 4, then 400 x 4 x 400 once.
  EXPECT_LT(flops(r.program), 2.0 * (40 * 6400 + 40 * 64 + 2 * 640000));
}

Graph sum_of_products(int terms, int lefts, int rights) {
  Graph g;
  std::vector<ValueId> a, b;
  for (int i = 0; i < lefts; ++i) a.push_back(input(g, "a" + std::to_string(i), {200, 200}));
  for (int i = 0; i < rights; ++i) b.push_back(input(g, "b" + std::to_string(i), {200, 200}));
  ValueId sum;
  for (int i = 0; i < terms; ++i) {
    ValueId term =
        call(g, "matmul",
             {a[static_cast<std::size_t>(i % lefts)], b[static_cast<std::size_t>(i % rights)]});
    sum = i ? call(g, "add", {sum, term}) : term;
  }
  g.add_root(sum);
  return g;
}

TEST(LongSums, TakeOutTheFactorsOfMostTerms) {
  EXPECT_LE(products(searched(sum_of_products(60, 7, 11)).program.graph), 7);
  EXPECT_EQ(products(searched(sum_of_products(60, 1, 60)).program.graph), 1);
}

TEST(LongSums, TellLeftFactorsFromRightOnes) {
  Graph g;
  ValueId a = input(g, "a", {200, 200}), sum;
  for (int i = 0; i < 60; ++i) {
    ValueId m = input(g, "m" + std::to_string(i), {200, 200});
    ValueId term = i % 2 ? call(g, "matmul", {a, m}) : call(g, "matmul", {m, a});
    sum = i ? call(g, "add", {sum, term}) : term;
  }
  g.add_root(sum);
  EXPECT_EQ(products(searched(g).program.graph), 2);
}

}  // namespace
}  // namespace bafe

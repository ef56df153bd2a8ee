#include "bafe/ir/impose.h"

#include <gtest/gtest.h>

#include "bafe/base/error.h"
#include "bafe/ir/eval.h"

namespace bafe {
namespace {

ValueId input(Graph& graph, Shape shape) {
  InputInfo info;
  info.type = {DType::kF64, std::move(shape)};
  return graph.add_input(info);
}

/// The structured value of a 5 x 5 matrix of 1, 2, 3 …
Tensor imposed(const std::string& text) {
  Graph graph;
  Builder builder(graph);
  graph.add_root(impose_structure(builder, input(graph, {5, 5}), text));
  Tensor x(Type{DType::kF64, {5, 5}});
  for (int i = 0; i < 25; ++i) x.set(i, Scalar::of(DType::kF64, i + 1));
  return evaluate(graph, std::vector<Tensor>{x})[0];
}

TEST(ImposeStructure, KeepsTheDeclaredPartAndZeroesTheRest) {
  auto expect = [](const std::string& text, auto keeps) {
    Tensor got = imposed(text);
    for (int i = 0; i < 5; ++i)
      for (int j = 0; j < 5; ++j)
        EXPECT_EQ(got.at(i * 5 + j).as_double(), keeps(i, j) ? i * 5 + j + 1 : 0) << text;
  };
  expect("lower", [](int i, int j) { return j <= i; });
  expect("upper", [](int i, int j) { return i <= j; });
  expect("diagonal", [](int i, int j) { return i == j; });
  expect("tridiagonal", [](int i, int j) { return i - j <= 1 && j - i <= 1; });
  expect("banded(2, 0)", [](int i, int j) { return i - j <= 2 && j <= i; });
  expect("zero", [](int, int) { return false; });
  expect("block_diagonal(2)", [](int i, int j) { return i / 2 == j / 2; });
}

TEST(ImposeStructure, MirrorsTheLowerPartExactly) {
  Tensor got = imposed("symmetric");
  for (int i = 0; i < 5; ++i)
    for (int j = 0; j < 5; ++j)
      EXPECT_EQ(got.at(i * 5 + j).as_double(), std::max(i, j) * 5 + std::min(i, j) + 1);
  Graph graph;
  Builder builder(graph);
  ValueId x = impose_structure(builder, input(graph, {5, 5}), "symmetric");
  graph.add_root(x);
  EXPECT_TRUE(matrix_structures(graph)[x.index()].symmetric);
}

TEST(ImposeStructure, RefusesWhatItDoesNotKnow) {
  for (const char* text : {"", "lowre", "banded", "banded(1)", "banded(1,-2)", "banded(1,2",
                           "banded(1,2)x", "block_diagonal", "block_diagonal(0)", "banded(1 2)"}) {
    EXPECT_THROW(imposed(text), ParseError) << text;
  }
  Graph graph;
  Builder builder(graph);
  ValueId wide = input(graph, {4, 5}), vector = input(graph, {4});
  EXPECT_THROW(impose_structure(builder, wide, "identity"), ShapeError);
  EXPECT_THROW(impose_structure(builder, vector, "lower"), ShapeError);
}

TEST(InputBands, MaskInputsAndChangeNothingElse) {
  Graph graph;
  Builder b(graph);
  ValueId x = input(graph, {4, 4}), y = input(graph, {4, 4});
  graph.add_root(b.matmul(b.transpose(x, {}), b.matmul(y, x)));
  Structure lower;
  lower.above = 0;
  InputBand bands[] = {{0, lower}};
  Graph masked = with_input_bands(graph, bands);
  Tensor a(Type{DType::kF64, {4, 4}}), c(Type{DType::kF64, {4, 4}});
  for (int i = 0; i < 16; ++i) {
    a.set(i, Scalar::of(DType::kF64, i / 4 >= i % 4 ? i + 1 : 0));
    c.set(i, Scalar::of(DType::kF64, 3 - i));
  }
  Tensor want = evaluate(graph, std::vector<Tensor>{a, c})[0];
  a.set(3, Scalar::of(DType::kF64, 77));  // outside the band
  Tensor got = evaluate(masked, std::vector<Tensor>{a, c})[0];
  for (int i = 0; i < 16; ++i) EXPECT_EQ(got.at(i).as_double(), want.at(i).as_double());
  EXPECT_EQ(masked.inputs().size(), 2u);
  EXPECT_EQ(product_inputs(graph, 4), (std::vector<int>{0, 1}));
  EXPECT_TRUE(product_inputs(graph, 5).empty());
}

}  // namespace
}  // namespace bafe

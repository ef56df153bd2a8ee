#include <gtest/gtest.h>

#include <cmath>

#include "bafe/ir/builder.h"
#include "bafe/ir/eval.h"
#include "ir/random_inputs.h"

namespace bafe {
namespace {

Tensor well_conditioned(Type type, std::uint64_t seed) {
  Random random(seed);
  Tensor x(type);
  std::int64_t n = type.shape.back().value();
  for (std::int64_t i = 0; i < x.count(); ++i) {
    bool on_diagonal = i % (n * n) / n == i % n;
    x.set(i, Scalar::of(DType::kF64,
                        random.uniform(-1, 1) + (on_diagonal ? 2.0 * static_cast<double>(n) : 0)));
  }
  return x;
}

Tensor run(const char* op, const std::vector<Tensor>& inputs) {
  Graph graph;
  Builder builder(graph);
  std::vector<ValueId> operands;
  for (const Tensor& x : inputs) operands.push_back(graph.add_input({"x", "row", false, x.type()}));
  graph.add_root(builder.call(op, operands));
  return evaluate(graph, inputs)[0];
}

double largest_difference(const Tensor& a, const Tensor& b) {
  double largest = 0;
  for (std::int64_t i = 0; i < a.count(); ++i) {
    largest = std::max(largest, std::fabs(a.at(i).as_double() - b.at(i).as_double()));
  }
  return largest;
}

TEST(LibraryRoutines, SolveStacksOfSystems) {
  for (DType dtype : {DType::kF32, DType::kF64}) {
    Tensor a = well_conditioned({dtype, {3, 4, 4}}, 1), b = well_conditioned({dtype, {3, 4, 2}}, 2);
    Tensor x = run("solve", {a, b});
    EXPECT_LT(largest_difference(run("matmul", {a, x}), b), dtype == DType::kF32 ? 1e-5 : 1e-13);
  }
}

TEST(LibraryRoutines, InvertStacksOfMatrices) {
  Tensor a = well_conditioned({DType::kF64, {2, 5, 5}}, 3);
  Tensor identity = run("matmul", {a, run("inv", {a})});
  for (std::int64_t i = 0; i < identity.count(); ++i) {
    EXPECT_NEAR(identity.at(i).as_double(), i % 25 / 5 == i % 5 ? 1 : 0, 1e-13);
  }
}

TEST(LibraryRoutines, CholeskyReadsTheLowerTriangle) {
  Tensor a(Type{DType::kF64, {2, 2}});
  const double values[] = {4, 99, 2, 10};  // 99 is never read
  for (std::int64_t i = 0; i < 4; ++i) a.set(i, Scalar::of(DType::kF64, values[i]));
  Tensor l = run("cholesky", {a});
  const double expected[] = {2, 0, 1, 3};
  for (std::int64_t i = 0; i < 4; ++i) EXPECT_EQ(l.at(i).as_double(), expected[i]);
}

TEST(LibraryRoutines, ReportWhatCannotBeDone) {
  Tensor zero(Type{DType::kF32, {2, 2}});
  EXPECT_THROW(run("inv", {zero}), ShapeError);
  EXPECT_THROW(run("solve", {zero, zero}), ShapeError);
  EXPECT_THROW(run("cholesky", {zero}), ShapeError);
}

TEST(LibraryRoutines, AcceptEmptyStacks) {
  EXPECT_EQ(run("inv", {Tensor(Type{DType::kF32, {0, 3, 3}})}).count(), 0);
  EXPECT_EQ(run("inv", {Tensor(Type{DType::kF32, {2, 0, 0}})}).count(), 0);
  EXPECT_EQ(library_routine("relu"), nullptr);
}

}  // namespace
}  // namespace bafe

// Zeros of matrices from the program as written to the decided one: facts, prices, groups.

#include <gtest/gtest.h>

#include <limits>

#include "bafe/cost/product_cost.h"
#include "bafe/search/optimize.h"
#include "programs.h"

namespace bafe {
namespace {

using programs::call;
using programs::input;

ValueId lower(Graph& g, ValueId x) { return call(g, "tril", {x}, {Dim(0)}); }
ValueId transposed(Graph& g, ValueId x) { return call(g, "transpose", {x}, {List{1, 0}}); }

double flops_of(const Program& program) {
  double total = 0;
  for (const Group& group : program.groups) total += group.flops;
  return total;
}

Program best(const Graph& graph, Math math = Math::kReals, bool structure = true) {
  SearchOptions options;
  options.math = math;
  options.structure = structure;
  options.target = Target{Isa::kAvx512, true};
  return optimize(graph, options).program;
}

TEST(StructureInSearch, CountsTriangularProductsExactly) {
  Graph g;
  ValueId a = input(g, "a", {1000, 1000}), b = input(g, "b", {1000, 1000});
  g.add_root(call(g, "matmul", {lower(g, a), b}));
  const double all = 2e9, half = 2 * 500500.0 * 1000;
  EXPECT_EQ(flops_of(best(g)), half);
  EXPECT_EQ(flops_of(best(g, Math::kBits)), all);
  EXPECT_EQ(flops_of(best(g, Math::kReals, false)), all);
}

TEST(StructureInSearch, KnowsThatALowerProductIsLower) {
  Graph g;
  ValueId a = input(g, "a", {300, 300}), b = input(g, "b", {300, 300});
  g.add_root(call(g, "matmul", {lower(g, a), lower(g, b)}));
  Program program = best(g);
  EXPECT_TRUE(program.structure(program.graph.roots()[0]).lower());
  double terms = 0;
  for (int i = 0; i < 300; ++i)
    for (int j = 0; j <= i; ++j) terms += i - j + 1;
  EXPECT_EQ(flops_of(program), 2 * terms);
  EXPECT_NE(program.text().find("# lower"), std::string::npos);
}

TEST(StructureInSearch, KeepsTheHalfOfASymmetricProductApartFromWhatWouldSpoilIt) {
  Graph g;
  ValueId a = input(g, "a", {1000, 1000}), d = input(g, "d", {1000, 1000});
  g.add_root(call(g, "add", {call(g, "matmul", {a, transposed(g, a)}), d}));
  Program program = best(g);
  EXPECT_EQ(program.groups.size(), 2u) << program.text();
  EXPECT_EQ(flops_of(program), 2 * 500500.0 * 1000 + 1e6);
}

TEST(StructureInSearch, SkipsNothingInAProgramThatTellsNanApart) {
  Graph g;
  ValueId a = input(g, "a", {200, 200}), b = input(g, "b", {200, 200});
  g.add_root(call(g, "isnan", {call(g, "matmul", {lower(g, a), b})}));
  EXPECT_TRUE(best(g).structures.empty());
  Graph h;
  ValueId x = input(h, "x", {200, 200}), y = input(h, "y", {200, 200});
  Scalar infinity = Scalar::of(DType::kF32, std::numeric_limits<double>::infinity());
  ValueId top = h.add_fill(infinity, {200, 200});
  h.add_root(call(h, "minimum", {call(h, "matmul", {lower(h, x), y}), top}));
  EXPECT_TRUE(best(h).structures.empty());
}

TEST(StructureInSearch, SkipsNothingInAProgramThatComparesAValueWithItself) {
  for (const char* test : {"equal", "not_equal", "less_equal", "greater"}) {
    Graph g;
    ValueId a = input(g, "a", {200, 200}), b = input(g, "b", {200, 200});
    ValueId once = call(g, "matmul", {lower(g, a), b});
    ValueId again = call(g, "matmul", {lower(g, a), b});
    g.add_root(call(g, test, {once, again}));
    EXPECT_TRUE(best(g).structures.empty()) << test;
    Graph h;
    ValueId x = input(h, "x", {200, 200}), y = input(h, "y", {200, 200});
    h.add_root(call(h, test, {call(h, "matmul", {lower(h, x), y}), y}));
    EXPECT_FALSE(best(h).structures.empty()) << test;
  }
}

TEST(ProductPrice, CountsWhatKernelsOfOtherDtypesDoNotSkip) {
  Graph g;
  InputInfo info;
  info.type = {DType::kI32, {200, 200}};
  ValueId a = g.add_input(info), b = g.add_input(info);
  g.add_root(call(g, "matmul", {lower(g, a), b}));
  EXPECT_EQ(flops_of(best(g)), 2.0 * 200 * 200 * 200);
}

TEST(ProductPrice, FallsWithWhatIsSkippedAndNeverRises) {
  Machine machine = Machine::reference(Target{Isa::kAvx512, true});
  ProductShape dense;
  dense.m = dense.n = dense.k = 1000;
  ProductShape half = dense, thin = dense, mirrored = dense;
  half.a.above = 0;
  thin.a.below = thin.a.above = 1;
  mirrored.mirrored = true;
  double all = product_ns(machine, dense);
  EXPECT_LT(product_ns(machine, half), 0.62 * all);
  EXPECT_LT(product_ns(machine, mirrored), 0.65 * all);
  EXPECT_LT(product_ns(machine, thin), 0.05 * all);
  for (int n : {1, 7, 64, 300}) {
    ProductShape shape = dense;
    shape.m = shape.n = shape.k = n;
    double whole = product_ns(machine, shape);
    for (int width : {0, 3, 40, 200}) {
      shape.a.below = width;
      EXPECT_LE(product_ns(machine, shape), whole);
    }
  }
}

}  // namespace
}  // namespace bafe

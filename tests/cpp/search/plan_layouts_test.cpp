// Layouts that planning chooses: constants in panels, products stored by columns.

#include <gtest/gtest.h>

#include <cstdlib>

#include "bafe/cost/access.h"
#include "search/programs.h"

namespace bafe {
namespace {

using namespace programs;

ValueId constant(Graph& graph, Shape shape) {
  return graph.add(*op_from_text("constant"), {}, {std::string("0123"), DType::kF32, shape});
}

ValueId transposed(Graph& graph, ValueId x) {
  return call(graph, "transpose", {x}, {List{Dim(1), Dim(0)}});
}

/// x[rows, 1024] times the transpose of a constant [512, 1024].
Program layer(std::int64_t rows) {
  Graph graph;
  ValueId x = input(graph, "x", {Dim(rows), 1024});
  ValueId w = constant(graph, {512, 1024});
  graph.add_root(call(graph, "matmul", {x, transposed(graph, w)}));
  return planned(graph);
}

std::string text_of_constant(const Program& program) {
  for (ValueId id : program.graph.live()) {
    bool leaf = op_info(program.graph.node(id).op).kind == OpKind::kLeaf;
    if (leaf && !is_input(program.graph, id)) return program.layouts[id.index()].text();
  }
  return "no constant";
}

TEST(PlanLayouts, KeepsAConstantWeightInPanels) {
  EXPECT_EQ(text_of_constant(layer(16)), "@blocked(48)");
  EXPECT_NE(layer(16).text().find("@blocked(48)"), std::string::npos);
}

TEST(PlanLayouts, LeavesAVectorTimesAConstantAlone) {
  EXPECT_EQ(text_of_constant(layer(1)), "@row");
}

TEST(PlanLayouts, ChargesPackingOnlyWhereItHappens) {
  Program free = layer(16);
  setenv("BAFE_LAYOUTS", "row", 1);
  Program row = layer(16);
  unsetenv("BAFE_LAYOUTS");
  EXPECT_EQ(text_of_constant(row), "@row");
  EXPECT_LT(free.predicted_ns, row.predicted_ns);
}

/// Keys of several heads are projected here; the product of the scores reads them transposed.
Graph scores() {
  Graph graph;
  ValueId q = input(graph, "q", {8, 8, 64});
  ValueId x = input(graph, "x", {2048, 32}), w = input(graph, "w", {32, 512});
  ValueId k =
      call(graph, "reshape", {call(graph, "matmul", {x, w})}, {List{Dim(2048), Dim(8), Dim(64)}});
  k = call(graph, "transpose", {k}, {List{Dim(1), Dim(2), Dim(0)}});
  graph.add_root(call(graph, "matmul", {q, k}));
  return graph;
}

int stored_by_columns(const Program& program) {
  int count = 0;
  for (const Group& group : program.groups) {
    for (ValueId id : group.outputs) count += program.layouts[id.index()].text() == "@col";
  }
  return count;
}

TEST(PlanLayouts, StoresProjectedKeysByColumns) {
  EXPECT_EQ(stored_by_columns(planned(scores())), 1);
  setenv("BAFE_LAYOUTS", "row", 1);
  EXPECT_EQ(stored_by_columns(planned(scores())), 0);
  unsetenv("BAFE_LAYOUTS");
}

TEST(PlanLayouts, DoesNotScatterWhatAPointwiseKernelStores) {
  Graph graph;
  ValueId a = input(graph, "a", {8, 1024}), b = input(graph, "b", {8, 1024});
  ValueId z = input(graph, "z", {1024, 1024});
  ValueId t = transposed(graph, call(graph, "exp", {z}));
  graph.add_root(call(graph, "matmul", {a, t}));
  graph.add_root(call(graph, "matmul", {b, t}));
  EXPECT_EQ(stored_by_columns(planned(graph)), 0);
}

std::string text_of_root(const Graph& graph) {
  Program program = planned(graph);
  return program.layouts[program.graph.roots()[0].index()].text();
}

TEST(PlanLayouts, StoresArithmeticAlongTheAxesOfItsArguments) {
  Graph graph;
  ValueId x = input(graph, "x", {4, 8, 16});
  ValueId moved = call(graph, "transpose", {x}, {List{Dim(2), Dim(0), Dim(1)}});
  graph.add_root(call(graph, "exp", {moved}));
  EXPECT_EQ(text_of_root(graph), "@order(1 2 0)");
  setenv("BAFE_LAYOUTS", "row", 1);
  EXPECT_EQ(text_of_root(graph), "@row");
  unsetenv("BAFE_LAYOUTS");
}

TEST(PlanLayouts, StoresByRowsWhereArgumentsDisagree) {
  Graph graph;
  ValueId x = input(graph, "x", {32, 32});
  graph.add_root(call(graph, "add", {transposed(graph, x), x}));
  EXPECT_EQ(text_of_root(graph), "@row");
}

TEST(PlanLayouts, StoresProductsAndMovedArgumentsByRows) {
  for (bool product : {false, true}) {
    Graph graph;
    ValueId t = transposed(graph, input(graph, "x", {32, 32}));
    graph.add_root(product ? call(graph, "exp", {call(graph, "matmul", {t, t})}) : t);
    EXPECT_EQ(text_of_root(graph), "@row");
  }
}

}  // namespace
}  // namespace bafe

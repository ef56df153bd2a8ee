#include <gtest/gtest.h>

#include "programs.h"

namespace bafe {
namespace {

using programs::call;
using programs::input;
using programs::planned;

std::vector<GroupKind> kinds(const Program& program) {
  std::vector<GroupKind> result;
  for (const Group& group : program.groups) result.push_back(group.kind);
  return result;
}

using Kinds = std::vector<GroupKind>;

TEST(PlanGroups, FusesAnElementwiseChainIntoOneKernel) {
  Graph g;
  ValueId a = input(g, "a", {2048, 2048}), b = input(g, "b", {2048, 2048});
  ValueId t = call(g, "sigmoid", {call(g, "add", {call(g, "mul", {a, b}), a})});
  g.add_root(call(g, "sub", {call(g, "mul", {t, call(g, "tanh", {b})}), a}));
  Program p = planned(g);
  EXPECT_EQ(kinds(p), Kinds{GroupKind::kPointwise}) << p.text();
  EXPECT_EQ(p.groups[0].outputs.size(), 1u);
}

TEST(PlanGroups, FusesBiasAndReluIntoTheProduct) {
  Graph g;
  ValueId a = input(g, "a", {256, 256}), b = input(g, "b", {256, 256}), c = input(g, "c", {256});
  g.add_root(call(g, "relu", {call(g, "bias_add", {call(g, "matmul", {a, b}), c})}));
  Program p = planned(g);
  EXPECT_EQ(kinds(p), Kinds{GroupKind::kMatmul}) << p.text();
}

TEST(PlanGroups, KeepsTheActivationOfALayerWithItsOwnProduct) {
  Graph g;
  ValueId x = input(g, "x", {64, 784}), w1 = input(g, "w1", {784, 512}),
          w2 = input(g, "w2", {512, 10});
  ValueId h = call(g, "relu", {call(g, "matmul", {x, w1})});
  g.add_root(call(g, "matmul", {h, w2}));
  Program p = planned(g);
  ASSERT_EQ(kinds(p), (Kinds{GroupKind::kMatmul, GroupKind::kMatmul})) << p.text();
  EXPECT_EQ(p.groups[0].outputs, std::vector<ValueId>{h}) << p.text();
}

TEST(PlanGroups, RunsSoftmaxAndLayerNormAsOneRowProgram) {
  const Attrs softmax{List{1}}, layer_norm{List{1}, Scalar::of(DType::kF32, 1e-5)};
  for (const auto& [op, attrs] : {std::pair("softmax", softmax), {"layer_norm", layer_norm}}) {
    Graph g;
    ValueId x = input(g, "x", {4096, 1024});
    g.add_root(call(g, op, {x}, attrs));
    Program p = planned(g);
    EXPECT_EQ(kinds(p), Kinds{GroupKind::kRow}) << p.text();
  }
}

TEST(PlanGroups, DoesNotMakeARowProgramOfColumns) {
  Graph g;
  ValueId x = input(g, "x", {512, 256});
  g.add_root(call(g, "softmax", {x}, {List{0}}));
  Program p = planned(g);
  for (GroupKind kind : kinds(p)) EXPECT_NE(kind, GroupKind::kRow) << p.text();
}

TEST(PlanGroups, PullsPointwiseIntoAReduction) {
  Graph g;
  ValueId x = input(g, "x", {1024, 1024});
  ValueId s = call(g, "reduce_sum", {call(g, "square", {x})}, {List{0}});
  g.add_root(call(g, "sqrt", {call(g, "squeeze", {s}, {List{0}})}));
  Program p = planned(g);
  EXPECT_EQ(kinds(p), Kinds{GroupKind::kReduction}) << p.text();
}

TEST(PlanGroups, ComputesSiblingSumsInOnePass) {
  Graph g;
  ValueId x = input(g, "x", {2048, 2048});
  g.add_root(call(g, "reduce_sum", {x}, {List{1}}));
  g.add_root(call(g, "reduce_sum", {call(g, "square", {x})}, {List{1}}));
  Program p = planned(g);
  ASSERT_EQ(p.groups.size(), 1u) << p.text();
  EXPECT_EQ(p.groups[0].outputs.size(), 2u);
}

TEST(PlanGroups, StoresAnExpensiveValueThatTwoProductsRead) {
  Graph g;
  ValueId x = input(g, "x", {512, 512}), w = input(g, "w", {512, 512}),
          v = input(g, "v", {512, 512});
  ValueId t = call(g, "tanh", {x});
  g.add_root(call(g, "matmul", {t, w}));
  g.add_root(call(g, "matmul", {t, v}));
  Program p = planned(g);
  EXPECT_EQ(p.layouts[t.index()].form, Layout::kBuffer) << p.text();
  EXPECT_EQ(p.groups.size(), 3u) << p.text();
}

TEST(PlanGroups, ReadsATransposedOperandInPlace) {
  Graph g;
  ValueId x = input(g, "x", {512, 512}), w = input(g, "w", {512, 512});
  g.add_root(call(g, "matmul", {x, call(g, "transpose", {w}, {List{1, 0}})}));
  Program p = planned(g);
  EXPECT_EQ(kinds(p), Kinds{GroupKind::kMatmul}) << p.text();
}

TEST(PlanGroups, WritesAMatrixVectorProductWithoutACopy) {
  Graph g;
  ValueId a = input(g, "a", {1024, 1024}), v = input(g, "v", {1024});
  g.add_root(call(g, "matmul", {a, v}));
  Program p = planned(g);
  EXPECT_EQ(kinds(p), Kinds{GroupKind::kMatmul}) << p.text();
}

TEST(PlanGroups, StaysSmallWhenEveryStepDoublesTheReads) {
  Graph g;
  ValueId x = input(g, "x", {128, 128});
  for (int i = 0; i < 24; ++i) x = call(g, "add", {x, call(g, "transpose", {x}, {List{1, 0}})});
  g.add_root(x);
  Program p = planned(g);
  EXPECT_LE(p.groups.size(), 24u);
  EXPECT_LT(p.predicted_ns, 1e9);
}

TEST(PlanForm, CopiesInputsFillsAndRepeatedRoots) {
  Graph g;
  ValueId x = input(g, "x", {4, 4});
  ValueId y = call(g, "exp", {x});
  g.add_root(x);
  g.add_root(y);
  g.add_root(y);
  g.add_root(y);
  g.add_root(g.add_fill(Scalar::of(DType::kF32, 2), {3}));
  Program p = planned(g);
  std::vector<ValueId> roots(p.graph.roots().begin(), p.graph.roots().end());
  std::sort(roots.begin(), roots.end());
  EXPECT_EQ(std::unique(roots.begin(), roots.end()), roots.end());
}

TEST(PlanForm, GivesLibraryRoutinesRowMajorBuffers) {
  Graph g;
  ValueId a = input(g, "a", {8, 8}, DType::kF64, "col"), b = input(g, "b", {8, 2}, DType::kF64);
  g.add_root(call(g, "solve", {a, call(g, "exp", {b})}));
  Program p = planned(g);
  EXPECT_EQ(p.groups.back().kind, GroupKind::kLibrary) << p.text();
  EXPECT_EQ(p.groups.size(), 3u) << p.text();
}

TEST(PlanGroups, StoresARootInTheOrderItsLayoutAsksFor) {
  Graph g;
  ValueId a = input(g, "a", {64, 32});
  g.add_root(call(g, "layout_transform", {call(g, "exp", {a})}, {std::string("col")}));
  Program p = planned(g);
  EXPECT_EQ(p.layouts[p.graph.roots()[0].index()].text(), "@col") << p.text();
  EXPECT_EQ(p.groups.size(), 1u);
}

TEST(PlanGroups, TakesTheOrderOfInputsFromTheCaller) {
  Graph g;
  ValueId a = input(g, "a", {64, 32}, DType::kF32, "col");
  g.add_root(call(g, "exp", {a}));
  EXPECT_EQ(planned(g).layouts[a.index()].text(), "@col");
}

TEST(PlanGroups, IsNeverDearerThanOneKernelAnOperator) {
  Graph g;
  ValueId x = input(g, "x", {300, 200}), w = input(g, "w", {200, 100});
  ValueId y = call(g, "softmax", {call(g, "matmul", {call(g, "tanh", {x}), w})}, {List{1}});
  g.add_root(call(g, "cumsum", {y}, {Dim(1)}));
  Graph form = plan_form(g);
  RooflineModel cost = programs::reference_cost();
  Program fused = plan_groups(form, cost);
  check_program(fused);
  double apart = cost.machine().call_ns;
  Program single;
  single.graph = form;
  for (std::size_t i = 0; i < form.size(); ++i) {
    single.layouts.push_back(Layout::row(form.type(ValueId(i)).rank()));
  }
  for (ValueId id : form.live()) {
    if (op_info(form.node(id).op).kind == OpKind::kLeaf) continue;
    Group group;
    group.nodes = group.outputs = {id};
    group.kind = *legal_group(form, group.nodes, group.outputs);
    apart += cost.group_cost(single, group).ns;
  }
  EXPECT_LT(fused.predicted_ns, apart);
}

}  // namespace
}  // namespace bafe

// Products that skip what is known to be zero, against the interpreter: random sizes, bands, orders
// and dtypes. The C text of many programs is compiled together where it can be.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <set>

#include "bafe/cost/roofline.h"
#include "bafe/ir/builder.h"
#include "codegen/plan_run.h"
#include "golden.h"
#include "ir/random_inputs.h"

namespace bafe {
namespace {

const Target kAvx512{Isa::kAvx512, true};

struct Draw {
  std::uint64_t state;
  int below(int n) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<int>((state >> 33) % static_cast<std::uint64_t>(n));
  }
};

ValueId call(Graph& graph, const std::string& op, std::vector<ValueId> operands, Attrs attrs = {}) {
  return Builder(graph).call(op, operands, std::move(attrs));
}

ValueId matrix(Graph& graph, DType dtype, int rows, int cols) {
  InputInfo info;
  info.type = {dtype, {rows, cols}};
  return graph.add_input(info);
}

/// A program with its facts, every group as small as codegen can take it.
Program structured(Graph graph, bool fused) {
  Program program = fused ? one_group(graph) : one_group_a_node(graph);
  program.structures = matrix_structures(graph);
  return program;
}

Tensor filled(const Type& type, Draw& draw) {
  Tensor t(type);
  std::int64_t count = 1;
  for (Dim d : type.shape) count *= d.value();
  for (std::int64_t i = 0; i < count; ++i)
    t.set(i, Scalar::of(type.dtype, (draw.below(2001) - 1000) / 500.0));
  return t;
}

void expect_close(const Graph& graph, const Program& program, Draw& draw, const std::string& what) {
  std::vector<Tensor> inputs;
  for (const InputInfo& info : graph.inputs()) inputs.push_back(filled(info.type, draw));
  std::vector<Tensor> expected = evaluate(graph, inputs);
  PlanRunner runner(build_plan(program, kAvx512), kAvx512);
  std::vector<Tensor> once = runner.run(inputs, 1), again = runner.run(inputs, 1000);
  ASSERT_EQ(runner.status(), 0);
  for (std::size_t r = 0; r < expected.size(); ++r) {
    const Type& type = graph.type(graph.roots()[r]);
    std::int64_t count = 1;
    for (Dim d : type.shape) count *= d.value();
    double unit = type.dtype == DType::kF32 ? 0x1p-24 : 0x1p-53;
    for (std::int64_t i = 0; i < count; ++i) {
      double want = expected[r].at(i).as_double(), got = once[r].at(i).as_double();
      ASSERT_NEAR(got, want, unit * 4000) << what << " element " << i << " of " << type.text();
      ASSERT_EQ(got, again[r].at(i).as_double()) << "units change bits: " << what;
    }
  }
}

/// tril(triu(x, -below), above), or x itself.
ValueId masked(Graph& g, ValueId x, int below, int above) {
  if (below < 1000) x = call(g, "triu", {x}, {Dim(-below)});
  return above < 1000 ? call(g, "tril", {x}, {Dim(above)}) : x;
}

int bound(Draw& draw, int size) {
  switch (draw.below(4)) {
    case 0:
      return 1000;
    case 1:
      return 0;
    case 2:
      return draw.below(4) - 1;
    default:
      return draw.below(size + 3) - 1;
  }
}

int count_of_runs() {
  const char* text = std::getenv("BAFE_TEST_PROGRAMS");
  return text ? std::atoi(text) : 60;
}

TEST(StructuredProduct, EqualsTheInterpreterOnRandomBands) {
  Draw draw{static_cast<std::uint64_t>(count_of_runs())};
  std::set<std::string> kinds;
  for (int round = 0; round < count_of_runs(); ++round) {
    Graph g;
    DType dtype = draw.below(2) ? DType::kF32 : DType::kF64;
    auto size = [&] { return draw.below(3) == 0 ? 1 + draw.below(9) : 1 + draw.below(190); };
    int m = draw.below(6) == 0 ? 1 : size(), n = draw.below(6) == 0 ? 1 : size(), k = size();
    if (draw.below(8) == 0) k += 700;  // several K blocks
    bool ta = draw.below(3) == 0, tb = draw.below(3) == 0;
    ValueId a = matrix(g, dtype, ta ? k : m, ta ? m : k),
            b = matrix(g, dtype, tb ? n : k, tb ? k : n);
    int which = draw.below(3);
    int below = bound(draw, k), above = bound(draw, k);
    if (which != 1) a = masked(g, a, below, above);
    if (which != 0) b = masked(g, b, bound(draw, k), bound(draw, n));
    if (ta) a = call(g, "transpose", {a}, {List{1, 0}});
    if (tb) b = call(g, "transpose", {b}, {List{1, 0}});
    ValueId c = call(g, "matmul", {a, b});
    if (draw.below(3) == 0) c = call(g, "relu", {call(g, "add", {c, matrix(g, dtype, m, n)})});
    if (draw.below(4) == 0) c = call(g, "tanh", {call(g, "transpose", {c}, {List{1, 0}})});
    g.add_root(c);
    bool fused = draw.below(3) > 0;
    for (const Step& step : build_plan(structured(g, fused), kAvx512).steps)
      for (const char* kind : {"banded", "band x rows", "rows x band"})
        if (step.label.find(kind) != std::string::npos) kinds.insert(kind);
    std::vector<Structure> facts = matrix_structures(g);
    expect_close(g, structured(g, fused), draw,
                 "round " + std::to_string(round) + " " + std::to_string(m) + "x" +
                     std::to_string(k) + "x" + std::to_string(n) + " a " + facts[a.index()].text() +
                     " b " + facts[b.index()].text());
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(kinds.size(), 3u) << "every kind of kernel must have been tried";
}

TEST(StructuredProduct, ReadsNothingOutsideABand) {
  // Infinities outside the declared part would make NaN of every element they touch.
  for (int n : {5, 33, 130}) {
    for (const char* side : {"left", "right"}) {
      Graph g;
      ValueId x = matrix(g, DType::kF32, n, n), y = matrix(g, DType::kF32, n, n);
      ValueId lower = masked(g, x, 1000, 0);
      g.add_root(*side == 'l' ? call(g, "matmul", {lower, y}) : call(g, "matmul", {y, lower}));
      Draw draw{3};
      Tensor a = filled(g.type(x), draw), b = filled(g.type(y), draw);
      std::vector<Tensor> expected = evaluate(g, std::vector<Tensor>{a, b});
      for (int i = 0; i < n; ++i)
        for (int j = i + 1; j < n; ++j) a.set(i * n + j, Scalar::of(DType::kF32, INFINITY));
      PlanRunner runner(build_plan(structured(g, true), kAvx512), kAvx512);
      std::vector<Tensor> got = runner.run({a, b});
      for (int i = 0; i < n * n; ++i)
        ASSERT_NEAR(got[0].at(i).as_double(), expected[0].at(i).as_double(), 1e-4);
    }
  }
}

TEST(StructuredProduct, ComputesHalfOfASymmetricResult) {
  Draw draw{5};
  for (int n : {96, 129, 200}) {
    for (int form = 0; form < 4; ++form) {
      Graph g;
      DType dtype = form % 2 ? DType::kF64 : DType::kF32;
      ValueId x = matrix(g, dtype, n, 37);
      ValueId t = call(g, "transpose", {x}, {List{1, 0}});
      ValueId c = call(g, "matmul", {x, t});
      if (form >= 2) c = call(g, "relu", {c});
      g.add_root(c);
      Program program = structured(g, true);
      Plan plan = build_plan(program, kAvx512);
      ASSERT_EQ(plan.steps.back().label.substr(0, 6), "mirror");
      expect_close(g, program, draw, "gram " + std::to_string(n));
      if (HasFatalFailure()) return;
    }
  }
}

TEST(StructuredProduct, FollowsBatches) {
  Draw draw{9};
  for (int form = 0; form < 5; ++form) {
    Graph g;
    InputInfo info;
    info.type = {DType::kF32, {2, 3, 100, 100}};
    ValueId x = g.add_input(info), y = g.add_input(info);
    ValueId other = form == 1 ? call(g, "transpose", {y}, {List{0, 1, 3, 2}}) : y;
    int below = form == 2 ? 1 : 1000, above = form == 2 || form == 3 ? 2 : 0;
    ValueId left = masked(g, x, below, above);
    if (form == 3) {
      std::swap(left, other);
      other = masked(g, other, 2, 1);
    }
    if (form == 4) {
      left = x;
      other = call(g, "transpose", {x}, {List{0, 1, 3, 2}});
    }
    g.add_root(call(g, "matmul", {left, other}));
    expect_close(g, structured(g, true), draw, "form " + std::to_string(form));
    if (HasFatalFailure()) return;
  }
}

TEST(StructuredProduct, IsARowOfScaledRowsForATridiagonalMatrix) {
  Graph g;
  ValueId x = matrix(g, DType::kF32, 300, 300), y = matrix(g, DType::kF32, 300, 100);
  g.add_root(call(g, "matmul", {masked(g, x, 1, 1), y}));
  Plan plan = build_plan(structured(g, true), kAvx512);
  testing::expect_golden(plan.c_text.substr(plan.c_text.find("int bafe_k0")),
                         "codegen/tridiagonal.c");
}

TEST(StructuredProduct, StaysDenseWhenNothingMayBeAssumed) {
  Graph g;
  ValueId x = matrix(g, DType::kF32, 128, 128), y = matrix(g, DType::kF32, 128, 128);
  g.add_root(call(g, "matmul", {masked(g, x, 1000, 0), y}));
  Plan plan = build_plan(one_group(g), kAvx512);
  EXPECT_EQ(plan.steps.back().label.find("banded"), std::string::npos);
  EXPECT_NE(build_plan(structured(g, true), kAvx512).steps.back().label.find("banded"),
            std::string::npos);
}

TEST(StructuredProduct, CountsExactOperations) {
  Graph g;
  ValueId x = matrix(g, DType::kF32, 1000, 1000), y = matrix(g, DType::kF32, 1000, 1000);
  ValueId thin = masked(g, x, 1, 1);
  g.add_root(call(g, "matmul", {thin, y}));
  Program program = structured(g, true);
  RooflineModel cost(Machine::reference(kAvx512));
  EXPECT_EQ(cost.group_cost(program, program.groups[0]).flops, 2.0 * 2998 * 1000);
  EXPECT_NE(build_plan(program, kAvx512).steps.back().label.find("band x rows"), std::string::npos);
}

}  // namespace
}  // namespace bafe

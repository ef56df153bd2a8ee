#include <gtest/gtest.h>

#include "bafe/codegen/lower.h"
#include "bafe/codegen/prebuilt.h"
#include "bafe/ir/control.h"
#include "bafe/ir/text.h"
#include "bafe/runtime/executor.h"
#include "bafe/search/optimize.h"

namespace bafe {
namespace {

/// x = x * 2 + i, `count` times.
Graph doubling(std::int64_t count) {
  Graph graph;
  const Type type{DType::kF64, {4}};
  const ValueId x = graph.add_input({"x", "row", false, type});
  const ValueId first = graph.add_fill(Scalar::of_int(DType::kI64, 0), {});
  const ValueId last = graph.add_fill(Scalar::of_int(DType::kI64, count), {});
  auto body = std::make_shared<const Graph>(parse_program(
      "program b(i: i64[], x: f64[4]) -> f64[4] { return add (mul x (broadcast_to (expand_dims "
      "2.0:f64 :axes (0)) :shape (4))) (broadcast_to (expand_dims (cast i :dtype f64) :axes (0)) "
      ":shape (4)) }"));
  graph.add_root(
      graph.add(Op::kLoop, {first, last, x}, {body, Dim(1), Dim(0), Dim(0), Dim(0), Dim(0)}));
  return graph;
}

TEST(LoopSteps, AlternateBetweenBuffersForAnyNumberOfIterations) {
  for (std::int64_t count : {0, 1, 2, 3, 8}) {
    const Graph graph = doubling(count);
    Executor executor(prebuilt_plan(graph, {}, host_target()), nullptr, cpu_backend());
    double x[4] = {1, 2, 3, 4}, y[4] = {}, want[4] = {1, 2, 3, 4};
    for (int i = 0; i < count; ++i) {
      for (double& w : want) w = w * 2 + i;
    }
    void* inputs[] = {x};
    void* outputs[] = {y};
    executor.run(inputs, outputs, 1);
    for (int k = 0; k < 4; ++k) EXPECT_EQ(y[k], want[k]) << count;
    EXPECT_EQ(x[0], 1) << "the first state is only read";
  }
}

TEST(LoopSteps, RefuseAPlanThatDoesNotFitItsBody) {
  Plan plan = prebuilt_plan(doubling(2), {}, host_target());
  for (Step& step : plan.steps) {
    if (step.kind == StepKind::kLoop) step.sizes[1] = 3;
  }
  EXPECT_THROW(Executor(plan, nullptr, cpu_backend()), InternalError);
  plan.nested.clear();
  EXPECT_THROW(Executor(plan, nullptr, cpu_backend()), InternalError);
}

TEST(LoopSteps, ArePlannedWithTheirBodiesAndSurviveJson) {
  const Graph graph = doubling(5);
  SearchOptions options;
  options.target = host_target();
  const SearchResult found = optimize(graph, options);
  ASSERT_EQ(found.program.bodies.size(), 1u);
  const Plan plan = build_plan(found.program, host_target());
  ASSERT_EQ(plan.nested.size(), 1u);
  EXPECT_FALSE(plan.nested[0].steps.empty());
  EXPECT_NE(plan.c_text.find(plan.nested[0].steps[0].symbol), std::string::npos);
  const Plan again = Plan::from_json(plan.to_json());
  ASSERT_EQ(again.nested.size(), 1u);
  EXPECT_EQ(again.to_json(), plan.to_json());
  EXPECT_GT(found.program.predicted_ns, 4 * found.program.bodies.begin()->second->predicted_ns);
}

}  // namespace
}  // namespace bafe

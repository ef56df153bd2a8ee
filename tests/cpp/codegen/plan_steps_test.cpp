// Steps, slots and texts of small plans.

#include <gtest/gtest.h>

#include "bafe/base/error.h"
#include "bafe/ir/builder.h"
#include "bafe/ir/text.h"
#include "codegen/plan_run.h"
#include "golden.h"
#include "ir/random_inputs.h"

namespace bafe {
namespace {

const Target kAvx512{Isa::kAvx512, true};

/// The kernels alone: helpers are frozen by their own tests.
std::string kernels_of(const std::string& c_text) {
  std::size_t at = c_text.find("int bafe_k0");
  return at == std::string::npos ? "" : c_text.substr(at);
}

std::string steps_of(const Plan& plan) {
  std::string text;
  for (const Step& s : plan.steps) {
    text += "// " + s.symbol + ": " + s.label + ", units " + std::to_string(s.units) + ", slots";
    for (SlotId id : s.slots) text += " " + std::to_string(id.index());
    text += "\n";
  }
  return text;
}

void expect_text(const std::string& program, const std::string& golden) {
  Plan plan = build_plan(one_group(flatten_named(parse_program(program))), kAvx512);
  testing::expect_golden(steps_of(plan) + kernels_of(plan.c_text), "codegen/" + golden);
}

TEST(PlanText, ChainIsOneVectorLoop) {
  expect_text(
      "program main(a: f32[100000], b: f32[100000]) -> f32[100000] { return relu (add (mul a b) a) "
      "}",
      "chain.c");
}

TEST(PlanText, SoftmaxKeepsItsRowInCache) {
  expect_text("program main(x: f32[64, 100]) -> f32[64, 100] { return softmax x :axes (1) }",
              "softmax.c");
}

TEST(PlanText, ColumnSumWalksColumnsSideBySide) {
  expect_text(
      "program main(x: f32[1000, 300]) -> f32[1, 300] { return reduce_sum (square x) :axes (0) }",
      "column_sum.c");
}

TEST(PlanText, TransposeGoesThroughATile) {
  expect_text("program main(x: f32[200, 300]) -> f32[300, 200] { return transpose x :perm (1 0) }",
              "transpose.c");
}

TEST(PlanText, NothingFromTheUserEntersTheText) {
  Graph graph;
  InputInfo info;
  info.name = "\"; system(evil); //";
  info.type = {DType::kF32, {Dim(4)}};
  ValueId x = graph.add_input(info);
  graph.add_root(Builder(graph).call("neg", std::vector<ValueId>{x}));
  Plan plan = build_plan(one_group(graph), kAvx512);
  EXPECT_EQ(plan.c_text.find("evil"), std::string::npos);
  EXPECT_EQ(plan.c_text.find("#include"), std::string::npos);
}

TEST(PlanSlots, RootsThatAreInputsFillsOrRepeatedGetCopies) {
  std::string text =
      "program main(x: f32[3]) -> f32[3], f32[3], f32[3], f32[2] "
      "{ let v = neg x; return v, x, v, fill :value 5:f32 :shape (2) }";
  Graph graph = parse_program(text);
  PlanRunner runner(build_plan(one_group(graph), kAvx512), host_target());
  std::vector<Tensor> inputs = random_inputs(graph, 3);
  std::vector<Tensor> got = runner.run(inputs), expected = evaluate(graph, inputs);
  ASSERT_EQ(got.size(), 4u);
  for (std::size_t k = 0; k < 4; ++k) {
    for (std::int64_t i = 0; i < got[k].count(); ++i) EXPECT_EQ(got[k].at(i), expected[k].at(i));
  }
  EXPECT_EQ(runner.plan().steps.size(), 4u);
}

TEST(PlanSlots, DeadBuffersAreReused) {
  std::string text =
      "program main(x: f32[1000]) -> f32[1000] { return neg (exp (neg (exp (neg (exp x))))) }";
  Plan plan = build_plan(one_group_a_node(parse_program(text)), kAvx512);
  EXPECT_EQ(plan.steps.size(), 6u);
  EXPECT_EQ(plan.arena_bytes, 2 * 4032);
}

TEST(PlanSlots, EmptyValuesHaveNoSteps) {
  Graph graph = parse_program(
      "program main(x: f32[0, 4]) -> f32[0, 4], f32[1, 4] { return neg x, reduce_sum x :axes (0) "
      "}");
  Plan plan = build_plan(one_group_a_node(graph), kAvx512);
  EXPECT_EQ(plan.steps.size(), 1u);
}

TEST(PlanSlots, ConstantsArePackedOnceInSetupHoweverTheyAreStored) {
  Graph graph;
  InputInfo info;
  info.type = {DType::kF32, {Dim(200), Dim(300)}};
  ValueId x = graph.add_input(info);
  Tensor weight(Type{DType::kF32, {Dim(300), Dim(400)}});
  for (std::int64_t i = 0; i < weight.count(); ++i)
    weight.set(i, Scalar::of(DType::kF32, static_cast<double>(i % 7) - 3));
  ValueId w = graph.add(*op_from_text("constant"), {},
                        {std::string("0123"), DType::kF32, weight.type().shape});
  graph.add_root(Builder(graph).matmul(x, w));
  ConstantTable constants = {{"0123", weight}};
  Program program = one_group(graph);
  if (host_target().isa == Isa::kAvx512) {
    Plan by_rows = build_plan(program, host_target());
    EXPECT_EQ(by_rows.setup.size(), 1u);
    EXPECT_EQ(by_rows.steps.size(), 1u);
    program.layouts[w.index()].blocked = 48;
  }
  Plan plan = build_plan(program, host_target());
  PlanRunner runner(plan, host_target(), constants);
  std::vector<Tensor> inputs = random_inputs(graph, 5, {3, 0});
  std::vector<Tensor> got = runner.run(inputs), expected = evaluate(graph, inputs, constants);
  for (std::int64_t i = 0; i < got[0].count(); ++i) {
    ASSERT_NEAR(got[0].at(i).as_double(), expected[0].at(i).as_double(), 1e-2);
  }
  if (host_target().isa == Isa::kAvx512) {
    ASSERT_EQ(plan.setup.size(), 1u);
    EXPECT_NE(plan.setup[0].label.find("blocked(48"), std::string::npos) << plan.setup[0].label;
    EXPECT_EQ(plan.steps.size(), 1u);
  }
}

TEST(PlanJson, RoundTripKeepsEverything) {
  Graph graph = parse_program(
      "program main(a: f32[64, 64], b: f32[64, 64]) -> f32[64, 64] { return relu (matmul a b) }");
  Plan plan = build_plan(one_group(graph), kAvx512);
  std::string json = plan.to_json();
  Plan again = Plan::from_json(json);
  EXPECT_EQ(again.to_json(), json);
  EXPECT_EQ(again.c_text, plan.c_text);
  EXPECT_EQ(again.steps.size(), plan.steps.size());
}

TEST(PlanJson, DamagedTextIsAParseError) {
  Plan plan = build_plan(
      one_group(parse_program("program main(a: f32[4]) -> f32[4] { return neg a }")), kAvx512);
  std::string json = plan.to_json();
  for (std::size_t cut = 0; cut < json.size(); cut += 7) {
    EXPECT_THROW(Plan::from_json(json.substr(0, cut)), ParseError);
  }
  for (const char* damage : {"\"slots\":[0,9]", "\"slots\":[0,-1]"}) {
    std::string bad = json;
    std::size_t at = bad.find("\"slots\":[0,1]");
    ASSERT_NE(at, std::string::npos) << json;
    bad.replace(at, 13, damage);
    EXPECT_THROW(Plan::from_json(bad), ParseError) << damage;
  }
}

}  // namespace
}  // namespace bafe

// What a plan of attention keeps in memory, and when there is none.

#include <gtest/gtest.h>

#include "bafe/base/format.h"
#include "bafe/codegen/lower.h"
#include "bafe/cost/roofline.h"
#include "bafe/ir/eval.h"
#include "bafe/ir/text.h"
#include "bafe/search/plan.h"
#include "codegen/plan_run.h"
#include "ir/random_inputs.h"

namespace bafe {
namespace {

Target avx512() {
  Target target;
  target.isa = Isa::kAvx512;
  target.fma = true;
  return target;
}

/// softmax(q k^T) v over `keys` keys of `depth` columns.
Graph attention(int queries, int keys, int depth) {
  return parse_program(format(
      "program main(q: f32[{0}, {2}], k: f32[{1}, {2}], v: f32[{1}, {2}]) -> f32[{0}, {2}] {{\n"
      "  return matmul (softmax (matmul q (transpose k :perm (1 0))) :axes (1)) v\n"
      "}}\n",
      queries, keys, depth));
}

Program planned(const Graph& graph, bool keeps_sums = false) {
  RooflineModel cost(Machine::reference(avx512()));
  PlanAid aid;
  aid.keeps_sums = keeps_sums;
  return plan_groups(plan_form(graph), cost, false, aid);
}

std::int64_t memory(const Plan& plan) {
  std::int64_t bytes = plan.arena_bytes;
  for (const Step& step : plan.steps) bytes += step.scratch_bytes;
  return bytes;
}

TEST(AttentionPlan, KeepsNoScores) {
  Program few = planned(attention(256, 512, 64)), many = planned(attention(256, 16384, 64));
  ASSERT_EQ(many.groups.size(), 1u);
  EXPECT_EQ(many.groups[0].kind, GroupKind::kAttention);
  Plan plan = build_plan(many, avx512());
  EXPECT_EQ(plan.steps.size(), 1u);
  EXPECT_LT(memory(plan), 256 << 10);
  EXPECT_EQ(memory(plan), memory(build_plan(few, avx512())));
}

TEST(AttentionPlan, RunsAsPartsWhereSumsKeepTheirOrder) {
  for (const Group& group : planned(attention(256, 512, 64), true).groups) {
    EXPECT_NE(group.kind, GroupKind::kAttention);
  }
}

TEST(AttentionPlan, RunsAsPartsWhereABlockDoesNotFitTheCache) {
  for (const Group& group : planned(attention(256, 512, 512)).groups) {
    EXPECT_NE(group.kind, GroupKind::kAttention);
  }
}

TEST(AttentionPlan, HasPartsWhenAskedOrWithoutVectors) {
  Program program = planned(attention(256, 512, 64));
  LowerOptions options;
  options.attention = false;
  Plan parts = build_plan(program, avx512(), options);
  EXPECT_GT(parts.steps.size(), 1u);
  EXPECT_GE(memory(parts), 256 * 512 * 4);
  EXPECT_GT(build_plan(program, Target{}).steps.size(), 1u);
}

/// Every instruction set that this processor has runs the same plan, block by block.
TEST(AttentionKernel, IsRightForEveryVectorWidth) {
  for (Isa isa : {Isa::kAvx2, Isa::kAvx512}) {
    if (host_target().isa < isa) continue;
    Target target;
    target.isa = isa;
    target.fma = true;
    for (auto [queries, keys, depth] : {std::tuple{70, 131, 33}, {256, 512, 64}, {97, 65, 16}}) {
      SCOPED_TRACE(format("{} queries, {} keys, depth {}", queries, keys, depth));
      Program program = planned(attention(queries, keys, depth));
      if (program.groups[0].kind != GroupKind::kAttention) continue;
      const std::vector<Tensor> inputs = random_inputs(program.graph, 5, {3, 0});
      const std::vector<Tensor> expected = evaluate(program.graph, inputs);
      PlanRunner runner(build_plan(program, target), target);
      const std::vector<Tensor> got = runner.run(inputs, 1);
      ASSERT_EQ(runner.status(), 0);
      for (std::int64_t i = 0; i < expected[0].count(); ++i) {
        const double want = expected[0].at(i).as_double();
        ASSERT_NEAR(got[0].at(i).as_double(), want, 1e-4 * std::max(1.0, std::abs(want))) << i;
      }
    }
  }
}

}  // namespace
}  // namespace bafe

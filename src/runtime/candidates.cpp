// In: a chosen program. Out: other ways to build it, the likelier winners first. Which one runs is
// decided by tuning.h; no way changes what the program means.

#include "bafe/runtime/candidates.h"

#include <algorithm>

#include "bafe/base/format.h"
#include "bafe/cost/product_cost.h"
#include "bafe/ir/op.h"
#include "bafe/search/cuts.h"
#include "bafe/search/plan.h"

namespace bafe {
namespace {

/// Has the program an f32 product that this machine and class could take through bf16?
bool may_take_pairs(const Program& program, const LowerOptions& lower) {
  const Target& target = host_target();
  if (lower.bits || !(target.amx || (lower.fast && target.avx512_bf16))) return false;
  for (const Group& group : program.groups) {
    for (ValueId id : group.nodes) {
      const Node& node = program.graph.node(id);
      if (op_info(node.op).kind != OpKind::kContraction || node.type.dtype != DType::kF32) continue;
      const ProductShape s = product_shape(program.graph.type(node.operands[0]), node.type);
      if (pairs_fit(target.amx, f32_pair_form(lower.fast), s.m, s.n, s.k)) return true;
    }
  }
  return false;
}

bool has_attention(const Program& program) {
  return std::any_of(program.groups.begin(), program.groups.end(),
                     [](const Group& group) { return group.kind == GroupKind::kAttention; });
}

}  // namespace

std::vector<CandidatePlan> candidate_plans(const Program& chosen, const LowerOptions& lower,
                                           const CostModel& cost) {
  std::vector<CandidatePlan> plans;
  plans.push_back({chosen, lower, "as chosen"});
  for (CutProgram& cut : cut_groups(chosen, cost)) {
    plans.push_back({std::move(cut.program), lower, std::move(cut.what)});
  }
  if (has_attention(chosen)) {
    PlanAid aid;
    aid.keeps_sums = true;
    Program parts = plan_groups(chosen.graph, cost, !chosen.structures.empty(), aid);
    parts.bodies = chosen.bodies;
    plans.push_back({std::move(parts), lower, "attention in parts"});
  }
  add_host_plans(plans);
  if (may_take_pairs(chosen, lower)) {
    plans.push_back(
        {chosen, lower, lower.pairs ? "f32 products without bf16" : "f32 products through bf16"});
    plans.back().lower.pairs = !lower.pairs;
  }
  // Each product by each of its other ways, the rest as the model has it.
  const std::vector<int> tilings = product_tilings(chosen, host_target(), lower);
  constexpr std::size_t kMostProducts = 4;
  for (std::size_t i = 0; i < std::min(tilings.size(), kMostProducts); ++i) {
    for (int way = 1; way < tilings[i]; ++way) {
      plans.push_back({chosen, lower, format("product {} cut in way {}", i, way)});
      plans.back().lower.tilings.assign(i + 1, 0);
      plans.back().lower.tilings[i] = way;
    }
  }
  return plans;
}

}  // namespace bafe

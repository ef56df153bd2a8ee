// In: a program and how it becomes code. Out: the group of each step, and for each group how its
// product is cut, as ratios to what the code generator does unasked. Invariant: nothing is emitted
// twice differently: the same builder that makes the plan is asked.

#include "bafe/codegen/plan_facts.h"

#include <algorithm>
#include <cmath>

#include "bafe/codegen/gemm_tiling.h"
#include "plan_builder.h"

namespace bafe {
namespace {

double computed(const GemmTiling& t) {
  return static_cast<double>(t.rows.count * t.rows.big) *
         static_cast<double>(t.columns.count * t.columns.big);
}

double log_ratio(double a, double b) { return std::log(std::max(a, 1e-9) / std::max(b, 1e-9)); }

int packs(const GemmTiling& t) { return (t.pack_a != PackA::kNone) + t.pack_b; }

}  // namespace

CutChange cut_change(const GemmSpec& spec, const Target& target) {
  CutChange change;
  if (spec.choice == 0) return change;
  const GemmTiling t = tile_gemm(spec, target);
  GemmSpec unasked = spec;
  unasked.choice = 0;
  const GemmTiling usual = tile_gemm(unasked, target);
  if (t.nest != GemmNest::kTiles) return change;
  auto ratio = [](std::int64_t a, std::int64_t b) {
    return log_ratio(static_cast<double>(a), static_cast<double>(b));
  };
  change.log_rows = ratio(t.rows.big, usual.rows.big);
  change.log_columns = ratio(t.columns.big, usual.columns.big);
  change.log_depth = ratio(t.kc, usual.kc);
  change.waste = log_ratio(computed(t), computed(usual));
  change.packs = packs(t) - packs(usual);
  return change;
}

PlanFacts PlanBuilder::facts() const {
  PlanFacts out;
  for (const StepDraft& draft : drafts_) {
    if (!draft.in_setup) out.groups.push_back(draft.group);
  }
  out.cuts = cuts_;
  return out;
}

PlanFacts plan_facts(const Program& program, const Target& target, const LowerOptions& options) {
  PlanBuilder builder(program, target, options);
  builder.run();
  return builder.facts();
}

}  // namespace bafe

#pragma once
/// Which group each step of a plan came from, and how its products are cut: what joins measured
/// steps to the features that a cost model learns from.

#include <vector>

#include "bafe/codegen/lower.h"
#include "bafe/cost/step_features.h"

namespace bafe {

struct PlanFacts {
  std::vector<int> groups;      ///< by step of build_plan(): the group of the program, -1 for none
  std::vector<CutChange> cuts;  ///< by group: how its first product's tiles differ from the usual
};

/// Of the plan that build_plan() makes of the same arguments.
PlanFacts plan_facts(const Program& program, const Target& target,
                     const LowerOptions& options = {});

}  // namespace bafe

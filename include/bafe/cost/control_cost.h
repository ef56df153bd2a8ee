#pragma once
/// Prices of loops and branches.

#include "bafe/cost/cost_model.h"

namespace bafe {

/// A loop costs its iterations, a branch its dearer body; the sibling that comes first pays for
/// all. Bodies that are not decided yet cost nothing: they are the same for every way around them.
GroupCost control_cost(const Program& program, ValueId id, const Machine& machine);

}  // namespace bafe

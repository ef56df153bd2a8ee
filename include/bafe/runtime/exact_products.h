#pragma once
/// Products that must have the interpreter's bits.

#include "bafe/cost/target.h"
#include "bafe/ir/graph.h"
#include "bafe/search/optimize.h"

namespace bafe {

/// In math="bits" every element of a product is one ascending chain of fused multiply-adds (DESIGN
/// of numeric classes). A target without that instruction has no kernel for it: such programs run
/// on tier 0, whose products of floats are the interpreter's there. Is this one?
bool needs_interpreted_products(const Graph& graph, Math math, const Target& target);

}  // namespace bafe

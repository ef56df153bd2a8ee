#pragma once
/// The axis order in which a result is stored when nobody asked for one.

#include <vector>

#include "bafe/cost/schedule.h"
#include "bafe/ir/graph.h"

namespace bafe {

/// Axes of `root`, slowest first. Where the root is computed element by element from leaves,
/// however their axes are moved, it is the order of those leaves, as NumPy's "K" order gives;
/// row-major otherwise. `leaves`: by value, the layouts of at least the inputs.
///
/// Time: O(nodes below the root * rank^2), at most kMaxGroupNodes of them.
std::vector<int> result_order(const Graph& graph, const std::vector<Layout>& leaves, ValueId root);

}  // namespace bafe

// In: a program and the inputs to keep. Out: the program with those inputs alone.

#pragma once

#include <vector>

#include "bafe/ir/graph.h"

namespace bafe {

/// Which inputs some root depends on, by input number. O(nodes).
std::vector<bool> used_inputs(const Graph& graph);

/// The live part of the program with the inputs marked in `keep`, numbered anew in their order.
/// Names and layouts stay. InternalError when a used input is not kept. O(nodes).
Graph keep_inputs(const Graph& graph, const std::vector<bool>& keep);

}  // namespace bafe

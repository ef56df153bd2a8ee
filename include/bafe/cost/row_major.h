#pragma once
/// Movements that move nothing in memory.

#include "bafe/ir/graph.h"

namespace bafe {

/// Is every element of the movement's operand where it was in row-major order, as after a reshape?
bool keeps_row_major(const Graph& graph, ValueId movement);

}  // namespace bafe

#pragma once
/// Programs that tell NaN or Inf from other values.

#include "bafe/ir/graph.h"

namespace bafe {

/// Does some node of the program read NaN or Inf apart from its value (isnan, isfinite, a value
/// compared with itself), hold such a literal, or make one out of nothing?
bool sees_specials(const Graph& graph);

}  // namespace bafe

#pragma once
/// What explain says of products through bf16.

#include <string>
#include <vector>

#include "bafe/runtime/engine.h"

namespace bafe {

/// A line for each step through bf16 of the plan that runs: under autotune the one in the cache,
/// where timing has chosen one; else the plan of `chosen`. Nothing is compiled.
std::vector<std::string> product_notes(const Graph& graph, const EngineOptions& options,
                                       const Program& chosen);

}  // namespace bafe

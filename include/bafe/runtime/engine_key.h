#pragma once
/// The cache key: SHA-256 of everything known before search that the compiled program depends on.

#include <string>

#include "bafe/base/digest.h"
#include "bafe/runtime/engine.h"

namespace bafe {

/// The graph as text without the user's names: operators, attributes, types, layouts, roots. Equal
/// texts mean equal programs up to the names of inputs.
std::string canonical_text(const Graph& graph);

/// `threads` is resolved, `cost` is CostModel::identity() of the model that ranks candidates.
Digest cache_key(const Graph& graph, const EngineOptions& options, int threads,
                 const Target& target, const std::string& cost);

/// Identifies this build of BAFE: its version and the linker's build id, so that entries made by
/// other code are never used.
const std::string& build_identity();

}  // namespace bafe

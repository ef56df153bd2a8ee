#pragma once
/// The cache key: SHA-256 of everything known before search that the compiled program depends on.

#include <string>
#include <string_view>

#include "bafe/base/digest.h"
#include "bafe/runtime/engine.h"

namespace bafe {

/// Every premise of an entry, field by field, each with its length before it: the form of the file
/// entries, this build of BAFE, the ABI of kernels, the program, the options, the rules, the
/// machine. `threads` is resolved, `cost` is CostModel::identity() of the model that ranks
/// candidates.
std::string cache_premises(const Graph& graph, const EngineOptions& options, int threads,
                           const Target& target, const std::string& cost);
/// The digest of the premises.
Digest cache_key(const Graph& graph, const EngineOptions& options, int threads,
                 const Target& target, const std::string& cost);

/// May an entry with these premises become a file? Not if unproven rules had a part in it.
bool may_be_shared(std::string_view premises);

/// The build of BAFE that wrote the premises; empty when they are none.
std::string_view build_of_premises(std::string_view premises);
/// The machine that they speak of, as Target::text().
std::string_view target_of_premises(std::string_view premises);

/// Identifies this build of BAFE: its version and the linker's build id, so that entries made by
/// other code are never used.
const std::string& build_identity();

}  // namespace bafe

#pragma once
/// Stores that go around the caches, as C text.

#include <string>

#include "bafe/cost/target.h"

namespace bafe {

/// `bafe_stream(to, from, bytes)`: copies a private tile to memory that nobody reads soon. A kernel
/// that calls it ends with a store fence. Needs memcpy; not for Isa::kPlain.
std::string stream_copy_c(const Target& target);

}  // namespace bafe

#pragma once
/// Routines that move blocks of memory, as C text.

#include <string>

#include "bafe/cost/target.h"

namespace bafe {

/// `bafe_stream(to, from, bytes)`: copies a private tile to memory that nobody reads soon. A kernel
/// that calls it ends with a store fence. Needs memcpy; not for Isa::kPlain.
std::string stream_copy_c(const Target& target);

/// `bafe_turn4(tile, from, step, rows, columns)` and `bafe_turn8` for elements of 4 and 8 bytes:
/// tile[c * pitch + r] = from[r * step + c]. Needs vectors of 32 bytes.
std::string turn_c(int pitch);

}  // namespace bafe

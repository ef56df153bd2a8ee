#pragma once
/// What the topic "recompiles" says of a new signature.

#include <string>

#include "bafe/runtime/engine.h"

namespace bafe {

/// What differs between the arguments of two traced programs of one function:
/// "x: axis 0 was 32, is 48; y: f32, was f64". Where the arguments are alike, that other static
/// arguments, values or code made the difference.
std::string signature_change(const Graph& before, const Graph& now);

/// How `made` came about: from the cache, with the kernel for any size, or searched and compiled.
std::string recompile_outcome(const Executable& made);

}  // namespace bafe

#pragma once
/// Places of a plan's buffers. Private to src/codegen.

#include "bafe/codegen/plan.h"

namespace bafe {

/// Gives every arena slot that a step names its place; slots alive in one step do not overlap.
void place_in_arena(Plan& plan);

}  // namespace bafe

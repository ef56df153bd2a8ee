#pragma once
/// Tier 0: a plan whose steps were compiled with the library.

#include <string_view>

#include "bafe/codegen/lower.h"

namespace bafe {

/// The plan of a program as it was traced: runs of pointwise operators are one step each, blocked
/// in cache; products, reductions and copies are steps with sizes at run time; an operator without
/// a prebuilt kernel is a step that the interpreter takes. No search, no compiler, no C text.
///
/// Shapes:  input slots carry the caller's order (InputInfo::layout), output slots the order that
///          compiled plans give them.
/// Needs:   concrete sizes; constants (bafe.constant) are given to the executor as ever.
/// Time:    O(nodes), microseconds each.
/// Errors:  none for a valid program. What a call may report is what a compiled plan reports.
Plan prebuilt_plan(const Graph& traced, const LowerOptions& options = {},
                   const Target& target = host_target());

/// The kernel of a kPrebuilt step; nullptr when there is none of that name.
KernelFn prebuilt_kernel(std::string_view symbol);

}  // namespace bafe

#pragma once
/// From a decided program to an executable plan with its C text.

#include "bafe/codegen/plan.h"
#include "bafe/cost/schedule.h"
#include "bafe/cost/target.h"

namespace bafe {

struct LowerOptions {
  bool bits =
      false;  ///< math="bits": no regrouping inside kernels, sums in the interpreter's order
  bool fast = false;      ///< math="fast": approximations allowed
  bool pairs = true;  ///< false: f32 products are not taken through bf16, though the class allows
  bool attention = true;  ///< false: attention groups run as their parts
};

/// Emits one C translation unit and the steps over slots. Input slots carry the caller's order
/// (program.layouts of the input nodes); output slots the roots' order.
/// Errors: none for a valid program; InternalError names the group otherwise.
Plan build_plan(const Program& program, const Target& target, const LowerOptions& options = {});

}  // namespace bafe

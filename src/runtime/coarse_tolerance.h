#pragma once
/// Private to src/runtime/validate.cpp and replay.cpp.

#include <vector>

#include "bafe/ir/eval.h"

namespace bafe {

/// Where no bound can be derived (host routines): what the float arithmetic of the program may
/// move, relative to its largest finite intermediate.
struct Tolerance {
  bool is_exact = true;
  double absolute = 0;
};

/// `values`: of all nodes of `traced`. `rounds`: operands of f32 products are rounded to bf16.
Tolerance tolerance_of(const Graph& traced, const std::vector<Tensor>& values, bool rounds);

}  // namespace bafe

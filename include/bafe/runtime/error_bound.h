#pragma once
/// How far rounding may move the results of a program, element by element.

#include <optional>
#include <span>
#include <vector>

#include "bafe/ir/eval.h"
#include "bafe/ir/graph.h"

namespace bafe {

struct BoundLimits {
  double flops = 2e7;     ///< work of the interpreter, several times over
  double elements = 2e6;  ///< of all intermediate values together
  bool rounds = false;    ///< operands of f32 products are rounded to bf16
};

/// For each root an f64 tensor of its shape: a running error bound. Every operator adds its own
/// rounding, a sum or product u * terms * S where S is the same program over absolute values, to
/// what the errors of its operands can do to it, found by moving each operand by its error. Errors
/// that reach a comparison or a floor count as the jump they may cause. Bounds may be infinite: no
/// statement. Nothing when the program is too large or holds an operator without such a rule.
///
/// f64 programs are bounded in f64 themselves, so their unit is taken as 2^-43.
std::optional<std::vector<Tensor>> error_bounds(const Graph& graph, std::span<const Tensor> inputs,
                                                const ConstantTable& constants,
                                                const BoundLimits& limits = {});

/// The unit roundoff that the bounds use.
double bound_unit(DType dtype);

}  // namespace bafe

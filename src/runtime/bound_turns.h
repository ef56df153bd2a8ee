#pragma once
/// What the corners of a box do not show of an operator.

#include <vector>

#include "bafe/ir/eval.h"
#include "bafe/ir/meaning.h"

namespace bafe {

/// One operand of a pointwise operator: its values, and how far each may be off.
struct MovingOperand {
  const Tensor& value;
  const Tensor& by;
};

/// Is `by` so large that nothing is known of the value, not even that it is a number?
bool is_unknown(double by, DType dtype);

/// Raises `most`, element by element, to what the result may change by inside the box of the
/// operands where `tree` turns, jumps or has a pole there.
void add_turns(const Element& tree, DType result, const std::vector<MovingOperand>& operands,
               std::vector<double>& most);

}  // namespace bafe

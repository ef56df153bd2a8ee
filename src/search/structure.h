#pragma once
/// Non-zero parts of matrices, from element trees and algebra flags.

#include <span>

#include "bafe/search/tensor_analysis.h"

namespace bafe {

struct OperandFacts {
  std::vector<const Facts*> operands;
};

/// What the node alone proves about its matrix, in IEEE arithmetic: 0 times a value counts as 0
/// only where the value is proven finite.
Structure node_structure(Op op, const Attrs& attrs, const OperandFacts& facts, const Type& result);
/// Both hold.
Structure join_structure(const Structure& a, const Structure& b);

}  // namespace bafe

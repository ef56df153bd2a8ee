#pragma once
/// Ranges of elements: small interval arithmetic, rounded outwards to powers of two.

#include <span>

#include "bafe/ir/op.h"

namespace bafe {

struct ElementRange {
  double lo, hi;
  bool may_nan = true, may_inf = true;

  bool has_zero() const { return lo <= 0 && hi >= 0; }
  bool finite() const { return !may_nan && !may_inf; }
  ElementRange within(const ElementRange& other) const;  ///< both hold
  friend bool operator==(const ElementRange&, const ElementRange&) = default;
};

ElementRange range_of_dtype(DType dtype);
ElementRange range_of_value(double value);
/// Of one operator's elements, from those of its operands.
ElementRange range_of_node(Op op, const Attrs& attrs, std::span<const Type> types,
                           std::span<const ElementRange> operands, const Type& result);

}  // namespace bafe

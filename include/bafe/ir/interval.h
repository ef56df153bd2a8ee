#pragma once
/// Ranges of element values, walked over element trees.

#include <span>

#include "bafe/ir/op.h"

namespace bafe {

/// All elements lie in [lo, hi] or are NaN. Bounds are rounded outwards to 0, powers of two or
/// infinity, so that chains of intersections end.
struct Interval {
  double lo, hi;
  bool may_nan = true, may_inf = true;

  Interval();  ///< anything
  Interval(double lo, double hi, bool may_nan, bool may_inf);
  static Interval of_dtype(DType dtype);  ///< anything that the type can hold
  static Interval of_value(double value);
  bool finite() const { return !may_nan && !may_inf; }
  bool has_zero() const { return lo <= 0 && hi >= 0; }
  friend bool operator==(const Interval&, const Interval&) = default;
};

/// Both hold. When they contradict by rounding, the first stands.
Interval intersect(const Interval& a, const Interval& b);
Interval hull(const Interval& a, const Interval& b);

/// Range of a node's elements from those of its operands: its element tree, then what the dtype can
/// hold.
Interval node_range(Op op, const Attrs& attrs, std::span<const Type> types,
                    std::span<const Interval> operands, const Type& result);

}  // namespace bafe

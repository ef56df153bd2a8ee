#pragma once
/// Internal: what NumPy allows beside the normal form: negative axes, -1 in reshape, unequal ranks.

#include "bafe/ir/builder.h"

namespace bafe {

/// Fields named axis, axes and perm without negative entries; axes ascending. `x` is the first
/// operand.
Attrs normal_attrs(const OpInfo& info, const Type& x, Attrs attrs);

/// An axis counted from the end where it is negative; ShapeError outside [-rank, rank).
Dim normal_axis(std::string_view subject, Dim axis, int rank, const Type& x);
/// The same for a list, ascending; ShapeError on repetition.
List normal_axes(std::string_view subject, List axes, int rank, const Type& x);

}  // namespace bafe

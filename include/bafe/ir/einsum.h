#pragma once
/// Sums of products named by letters, as NumPy's einsum: the definition in terms of transposes,
/// reshapes, products and sums. More than two operands are contracted two at a time in the order
/// with the fewest multiplications (by dynamic programming to 8 operands, greedily above).

#include <span>
#include <string_view>

#include "bafe/ir/builder.h"

namespace bafe {

/// The value of `equation` for these operands: "ij,jk->ik"; repeated letters in one operand take a
/// diagonal, "..." stands for leading axes that broadcast, and without "->" the letters that occur
/// once are kept in alphabetical order. The result has the operands' common dtype.
/// Errors: ShapeError at `loc` for an equation that does not fit the operands.
ValueId einsum(Builder& builder, std::string_view equation, std::span<const ValueId> operands,
               const SourceLoc& loc);

}  // namespace bafe

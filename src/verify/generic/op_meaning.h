#pragma once
/// The generic meaning of every shaped operator, by the names of its row in ops.def: the column
/// `shape rule` names its generic type and what it asks, the column `element rule` its generic
/// element. A row without one here does not compile.

#include "bafe/base/error.h"
#include "value.h"

namespace bafe::generic {

/// Type of the result; appends what the shape rule asks of operands and fields to `claims`.
using GenericShapeRule = ShapedType (*)(const GenericCall& call, Claims& claims);
using GenericElementRule = ElementAt (*)(const GenericCall& call, const ShapedType& result);

#define BAFE_GENERIC_SHAPE(name) ShapedType generic_##name(const GenericCall& call, Claims& claims)
#define BAFE_GENERIC_ELEMENT(name) \
  ElementAt generic_##name(const GenericCall& call, const ShapedType& result)

// movement_types.cpp
BAFE_GENERIC_SHAPE(transpose_shape);
BAFE_GENERIC_SHAPE(reshape_shape);
BAFE_GENERIC_SHAPE(broadcast_shape);
BAFE_GENERIC_SHAPE(expand_dims_shape);
BAFE_GENERIC_SHAPE(squeeze_shape);
BAFE_GENERIC_SHAPE(slice_shape);
BAFE_GENERIC_SHAPE(windows_shape);
BAFE_GENERIC_SHAPE(concat_shape);
BAFE_GENERIC_SHAPE(pad_shape);
BAFE_GENERIC_SHAPE(fill_shape);
BAFE_GENERIC_SHAPE(iota_shape);
BAFE_GENERIC_SHAPE(layout_shape);
BAFE_GENERIC_SHAPE(input_shape);     // NotRepresentable: rules do not build inputs
BAFE_GENERIC_SHAPE(constant_shape);  // NotRepresentable
// movement_elements.cpp
BAFE_GENERIC_ELEMENT(transpose_element);
BAFE_GENERIC_ELEMENT(reshape_element);
BAFE_GENERIC_ELEMENT(broadcast_element);
BAFE_GENERIC_ELEMENT(expand_dims_element);
BAFE_GENERIC_ELEMENT(squeeze_element);
BAFE_GENERIC_ELEMENT(slice_element);
BAFE_GENERIC_ELEMENT(windows_element);
BAFE_GENERIC_ELEMENT(concat_element);
BAFE_GENERIC_ELEMENT(pad_element);
BAFE_GENERIC_ELEMENT(iota_element);
BAFE_GENERIC_ELEMENT(identity_element);
// matrix_meaning.cpp
BAFE_GENERIC_SHAPE(take_shape);
BAFE_GENERIC_SHAPE(gather_shape);
BAFE_GENERIC_SHAPE(same_matrix_shape);
BAFE_GENERIC_SHAPE(diag_shape);
BAFE_GENERIC_SHAPE(diagonal_shape);
BAFE_GENERIC_SHAPE(matmul_shape);
BAFE_GENERIC_SHAPE(solve_shape);
BAFE_GENERIC_SHAPE(square_float_shape);
BAFE_GENERIC_ELEMENT(take_element);
BAFE_GENERIC_ELEMENT(gather_element);
BAFE_GENERIC_ELEMENT(tril_element);
BAFE_GENERIC_ELEMENT(triu_element);
BAFE_GENERIC_ELEMENT(diag_element);
BAFE_GENERIC_ELEMENT(diagonal_element);
BAFE_GENERIC_ELEMENT(matmul_element);
// reduce_meaning.cpp
BAFE_GENERIC_SHAPE(reduce_shape);
BAFE_GENERIC_SHAPE(reduce_extreme_shape);
BAFE_GENERIC_SHAPE(arg_shape);
BAFE_GENERIC_SHAPE(cumsum_shape);
BAFE_GENERIC_ELEMENT(reduce_sum_element);
BAFE_GENERIC_ELEMENT(reduce_prod_element);
BAFE_GENERIC_ELEMENT(reduce_max_element);
BAFE_GENERIC_ELEMENT(reduce_min_element);
BAFE_GENERIC_ELEMENT(argmax_element);
BAFE_GENERIC_ELEMENT(argmin_element);

/// The element of an operator without the column: a routine of the ir layer (matrix_meaning.cpp).
ElementAt library_element(const GenericCall& call);

// Words that the rules share (op_meaning.cpp).

/// Size of operand `k` on axis t.
IntTerm size_of(const GenericCall& call, std::size_t k, IntTerm axis);
IntTerm rank_of(const GenericCall& call, std::size_t k);
/// Rank `rank`, size `size` on each axis.
IntList shape_of(IntTerm rank, IntFunction size);
/// Equal sizes on every axis where `where` holds (an empty predicate: on all of [0, rank)).
void claim_same_sizes(const IntList& a, const IntList& b, const IntPredicate& where,
                      Claims& claims);

}  // namespace bafe::generic

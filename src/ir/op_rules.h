#pragma once
/// Internal: the shape and element rules that ops.def names, by noun, and the words they share. A
/// shape rule takes operand types and attributes that infer_type() has counted; it answers the
/// result type or throws.

#include <string>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/ir/op.h"

namespace bafe::rules_of_ops {

using Operands = std::span<const Type>;

#define BAFE_SHAPE_RULE(name) Type name(Operands operands, const Attrs& attrs)
#define BAFE_ELEMENT_RULE(name) \
  Element name(Operands operands, const Attrs& attrs, const Type& result)

// leaf_rules.cpp
BAFE_SHAPE_RULE(input_shape);
BAFE_SHAPE_RULE(fill_shape);
BAFE_SHAPE_RULE(constant_shape);
BAFE_SHAPE_RULE(iota_shape);
BAFE_SHAPE_RULE(layout_shape);
// movement_shapes.cpp
BAFE_SHAPE_RULE(transpose_shape);
BAFE_SHAPE_RULE(reshape_shape);
BAFE_SHAPE_RULE(broadcast_shape);
BAFE_SHAPE_RULE(expand_dims_shape);
BAFE_SHAPE_RULE(squeeze_shape);
BAFE_SHAPE_RULE(slice_shape);
BAFE_SHAPE_RULE(windows_shape);
BAFE_SHAPE_RULE(concat_shape);
BAFE_SHAPE_RULE(pad_shape);
BAFE_SHAPE_RULE(take_shape);
BAFE_SHAPE_RULE(gather_shape);
// matrix_shapes.cpp
BAFE_SHAPE_RULE(same_matrix_shape);
BAFE_SHAPE_RULE(diag_shape);
BAFE_SHAPE_RULE(diagonal_shape);
BAFE_SHAPE_RULE(matmul_shape);
BAFE_SHAPE_RULE(solve_shape);
BAFE_SHAPE_RULE(square_float_shape);
// reduce_shapes.cpp
BAFE_SHAPE_RULE(reduce_shape);
BAFE_SHAPE_RULE(reduce_extreme_shape);
BAFE_SHAPE_RULE(arg_shape);
BAFE_SHAPE_RULE(cumsum_shape);
// control.cpp
BAFE_SHAPE_RULE(loop_shape);
BAFE_SHAPE_RULE(cond_shape);

// movement_elements.cpp
BAFE_ELEMENT_RULE(identity_element);
BAFE_ELEMENT_RULE(transpose_element);
BAFE_ELEMENT_RULE(broadcast_element);
BAFE_ELEMENT_RULE(expand_dims_element);
BAFE_ELEMENT_RULE(squeeze_element);
BAFE_ELEMENT_RULE(slice_element);
BAFE_ELEMENT_RULE(windows_element);
BAFE_ELEMENT_RULE(concat_element);
BAFE_ELEMENT_RULE(pad_element);
BAFE_ELEMENT_RULE(take_element);
BAFE_ELEMENT_RULE(gather_element);
// reshape_element.cpp
BAFE_ELEMENT_RULE(reshape_element);
// matrix_elements.cpp
BAFE_ELEMENT_RULE(tril_element);
BAFE_ELEMENT_RULE(triu_element);
BAFE_ELEMENT_RULE(diag_element);
BAFE_ELEMENT_RULE(diagonal_element);
BAFE_ELEMENT_RULE(iota_element);
BAFE_ELEMENT_RULE(matmul_element);
// reduce_elements.cpp
BAFE_ELEMENT_RULE(reduce_sum_element);
BAFE_ELEMENT_RULE(reduce_prod_element);
BAFE_ELEMENT_RULE(reduce_max_element);
BAFE_ELEMENT_RULE(reduce_min_element);
BAFE_ELEMENT_RULE(argmax_element);
BAFE_ELEMENT_RULE(argmin_element);

#undef BAFE_SHAPE_RULE
#undef BAFE_ELEMENT_RULE

/// Result type of a pointwise operator whose operands obey the normal form (pointwise_rules.cpp).
Type pointwise_type(const OpInfo& info, Operands operands, const Attrs& attrs);

/// The error of a product whose inner sizes differ; operands of rank 1 or more (matrix_shapes.cpp).
[[noreturn]] void throw_inner_sizes(Operands operands);

// op_words.cpp: what messages and rules have in common.

/// Detail lines "a  f32[8, 512]   axis 1 is 512", types aligned. axes[i] < 0: no axis is named.
std::vector<std::string> operand_lines(Operands operands, const std::vector<int>& axes);
template <class E>
E with_operands(E error, Operands operands, const std::vector<int>& axes = {}) {
  for (std::string& line : operand_lines(operands, axes)) error.detail(std::move(line));
  return error;
}
/// ShapeError unless the row takes that many operands, and attributes of these kinds.
void check_call(const OpInfo& info, std::size_t operands, const Attrs& attrs);
/// The integer that an attribute must hold; ShapeError when it is symbolic.
std::int64_t known(std::string_view subject, std::string_view what, Dim value);
/// Throws unless `axes` is strictly ascending and inside [0, rank).
void check_axes(std::string_view subject, const List& axes, int rank, Operands operands);
int check_axis(std::string_view subject, Dim axis, int rank, Operands operands);
/// Throws unless every size is a symbol or at least 0.
void check_sizes(std::string_view subject, const Shape& shape);
bool contains(const List& list, std::int64_t value);

/// Indices i0, i1, … of a result of this rank.
std::vector<Element> indices_of(int rank);
/// a + b, a - b and a * b on indices, folded where integers meet.
Element index_add(const Element& a, std::int64_t b);
Element index_mul(const Element& a, std::int64_t b);

}  // namespace bafe::rules_of_ops

// Shape rules of reductions and scans. In: one operand and ascending axes. Out: its type with the
// reduced axes as size 1. Invariant: an extreme of nothing is an error, a sum or product of nothing
// is not.
#include "op_rules.h"

namespace bafe::rules_of_ops {
namespace {

Type reduced(std::string_view subject, Operands operands, const List& axes) {
  check_axes(subject, axes, operands[0].rank(), operands);
  Type out = operands[0];
  for (Dim axis : axes) out.shape[static_cast<std::size_t>(axis.value())] = 1;
  return out;
}

void require_elements(std::string_view subject, Operands operands, const List& axes) {
  for (Dim axis : axes) {
    if (operands[0].shape[static_cast<std::size_t>(axis.value())] != Dim(0)) continue;
    throw with_operands(
        ShapeError({}, std::string(subject), "an empty axis has no largest or smallest element"),
        operands, {static_cast<int>(axis.value())})
        .fix("reduce over axes with at least one element");
  }
}

}  // namespace

Type reduce_shape(Operands operands, const Attrs& attrs) {
  if (operands[0].dtype == DType::kBool) {
    throw with_operands(DTypeError({}, "reduction", "sums and products of bool need a number type"),
                        operands)
        .fix("cast to i64 first; use reduce_max for any, reduce_min for all");
  }
  return reduced("reduction", operands, attr_list(attrs, 0));
}

Type reduce_extreme_shape(Operands operands, const Attrs& attrs) {
  Type out = reduced("reduction", operands, attr_list(attrs, 0));
  require_elements("reduction", operands, attr_list(attrs, 0));
  return out;
}

Type arg_shape(Operands operands, const Attrs& attrs) {
  Type out = reduced("argmax and argmin", operands, attr_list(attrs, 0));
  if (attr_list(attrs, 0).empty()) {
    throw with_operands(ShapeError({}, "argmax and argmin", "no axis is given"), operands)
        .fix("name at least one axis");
  }
  require_elements("argmax and argmin", operands, attr_list(attrs, 0));
  out.dtype = DType::kI64;
  return out;
}

Type cumsum_shape(Operands operands, const Attrs& attrs) {
  if (operands[0].dtype == DType::kBool) {
    throw with_operands(DTypeError({}, "cumsum", "sums of bool need a number type"), operands)
        .fix("cast to i64 first");
  }
  check_axis("cumsum", attr_int(attrs, 0), operands[0].rank(), operands);
  return operands[0];
}

}  // namespace bafe::rules_of_ops

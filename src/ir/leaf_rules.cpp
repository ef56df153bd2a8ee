// Shape rules of leaves and of operators that keep a type. In: attributes. Out: the type they spell. Invariant: no
// negative size passes.
#include "op_rules.h"

namespace bafe::rules_of_ops {

Type input_shape(Operands, const Attrs& attrs) {
  check_sizes("input", attr_list(attrs, 2));
  return {attr_dtype(attrs, 1), attr_list(attrs, 2)};
}

Type fill_shape(Operands, const Attrs& attrs) {
  check_sizes("fill", attr_list(attrs, 1));
  return {attr_scalar(attrs, 0).dtype, attr_list(attrs, 1)};
}

Type constant_shape(Operands, const Attrs& attrs) {
  check_sizes("constant", attr_list(attrs, 2));
  return {attr_dtype(attrs, 1), attr_list(attrs, 2)};
}

Type iota_shape(Operands operands, const Attrs& attrs) {
  const Shape& shape = attr_list(attrs, 1);
  check_sizes("iota", shape);
  check_axis("iota", attr_int(attrs, 2), static_cast<int>(shape.size()), operands);
  return {attr_dtype(attrs, 0), shape};
}

Type same_shape(Operands operands, const Attrs&) { return operands[0]; }

}  // namespace bafe::rules_of_ops

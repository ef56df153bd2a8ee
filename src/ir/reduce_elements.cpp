// Element trees of reductions: one Reduce over the reduced axes in ascending order. In: one operand
// type and axes. Out: the tree. Invariant: bound variable i belongs to the i-th axis of the list.
#include "op_rules.h"

namespace bafe::rules_of_ops {
namespace {

Element over_axes(ReduceKind kind, Operands operands, const Attrs& attrs) {
  std::vector<Element> indices = indices_of(operands[0].rank());
  std::vector<Dim> extents;
  for (Dim axis : attr_list(attrs, 0)) {
    auto a = static_cast<std::size_t>(axis.value());
    indices[a] = element::bound(static_cast<int>(extents.size()));
    extents.push_back(operands[0].shape[a]);
  }
  return element::reduce(kind, 0, std::move(extents), element::read(0, std::move(indices)));
}

}  // namespace

Element reduce_sum_element(Operands operands, const Attrs& attrs, const Type&) {
  return over_axes(ReduceKind::kSum, operands, attrs);
}
Element reduce_prod_element(Operands operands, const Attrs& attrs, const Type&) {
  return over_axes(ReduceKind::kProd, operands, attrs);
}
Element reduce_max_element(Operands operands, const Attrs& attrs, const Type&) {
  return over_axes(ReduceKind::kMax, operands, attrs);
}
Element reduce_min_element(Operands operands, const Attrs& attrs, const Type&) {
  return over_axes(ReduceKind::kMin, operands, attrs);
}
Element argmax_element(Operands operands, const Attrs& attrs, const Type&) {
  return over_axes(ReduceKind::kArgMax, operands, attrs);
}
Element argmin_element(Operands operands, const Attrs& attrs, const Type&) {
  return over_axes(ReduceKind::kArgMin, operands, attrs);
}

}  // namespace bafe::rules_of_ops

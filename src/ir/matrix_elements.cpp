// Element trees of matrix operators, of iota and of products. In: types and attributes. Out: trees
// over the last two indices. Invariant: batch indices are passed on unchanged.
#include "op_rules.h"

namespace bafe::rules_of_ops {
namespace {

/// Keeps operand elements where `keeps` holds; 0 elsewhere.
Element masked(const Element& keeps, std::vector<Element> indices) {
  return element::make(Prim::kSelect,
                       {keeps, element::read(0, std::move(indices)), element::literal(0)});
}

}  // namespace

Element tril_element(Operands operands, const Attrs& attrs, const Type&) {
  std::vector<Element> i = indices_of(operands[0].rank());
  std::size_t n = i.size();
  Element keeps =
      element::make(Prim::kLe, {i[n - 1], index_add(i[n - 2], attr_int(attrs, 0).value())});
  return masked(keeps, std::move(i));
}

Element triu_element(Operands operands, const Attrs& attrs, const Type&) {
  std::vector<Element> i = indices_of(operands[0].rank());
  std::size_t n = i.size();
  Element keeps =
      element::make(Prim::kLe, {index_add(i[n - 2], attr_int(attrs, 0).value()), i[n - 1]});
  return masked(keeps, std::move(i));
}

Element diag_element(Operands, const Attrs& attrs, const Type&) {
  std::int64_t k = attr_int(attrs, 0).value();
  Element row = element::index(0), column = element::index(1);
  Element on_diagonal = element::make(Prim::kEq, {index_add(row, k), column});
  return masked(on_diagonal, {k >= 0 ? row : column});
}

Element diagonal_element(Operands, const Attrs& attrs, const Type& result) {
  std::int64_t k = attr_int(attrs, 0).value();
  std::vector<Element> indices = indices_of(result.rank());
  Element i = indices.back();
  indices.back() = index_add(i, k < 0 ? -k : 0);
  indices.push_back(index_add(i, k > 0 ? k : 0));
  return element::read(0, std::move(indices));
}

Element iota_element(Operands, const Attrs& attrs, const Type&) {
  return element::make(Prim::kOfIndex,
                       {element::index(static_cast<int>(attr_int(attrs, 2).value()))});
}

Element matmul_element(Operands operands, const Attrs&, const Type& result) {
  std::vector<Element> left = indices_of(result.rank()), right = left;
  std::size_t n = left.size();
  left[n - 1] = right[n - 2] = element::bound(0);
  Element product = element::read(0, std::move(left)) * element::read(1, std::move(right));
  return element::reduce(ReduceKind::kSum, 0, {operands[0].shape.back()}, product);
}

}  // namespace bafe::rules_of_ops

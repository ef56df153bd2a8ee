// Element trees of operators that move elements: which operand element lands at output index i. In:
// concrete types. Out: a tree over Index and Read. Invariant: every Read index lies inside its
// operand where the tree reaches it.
#include "op_rules.h"

namespace bafe::rules_of_ops {
namespace {

std::int64_t entry(const Attrs& attrs, int field, std::size_t i) {
  return attr_list(attrs, field)[i].value();
}

/// The padding value as a tree: a literal where a double holds it, else an index turned into the
/// dtype.
Element value_tree(Scalar value) {
  if (is_float(value.dtype)) return element::literal(value.as_double());
  return element::make(Prim::kOfIndex, {element::integer(value.as_int())});
}

/// Operand `k` of a concat, with the axis index moved by the sizes before it.
Element concat_part(int k, int rank, int axis, std::int64_t offset) {
  std::vector<Element> indices = indices_of(rank);
  Element& moved = indices[static_cast<std::size_t>(axis)];
  moved = index_add(moved, -offset);
  return element::read(k, std::move(indices));
}

Element both(const Element& a, const Element& b) {
  return a ? element::make(Prim::kAnd, {a, b}) : b;
}

}  // namespace

Element identity_element(Operands operands, const Attrs&, const Type&) {
  return element::read(0, indices_of(operands[0].rank()));
}

Element transpose_element(Operands operands, const Attrs& attrs, const Type&) {
  std::vector<Element> indices(operands[0].shape.size());
  for (std::size_t i = 0; i < indices.size(); ++i) {
    indices[static_cast<std::size_t>(entry(attrs, 0, i))] = element::index(static_cast<int>(i));
  }
  return element::read(0, std::move(indices));
}

Element broadcast_element(Operands operands, const Attrs&, const Type& result) {
  std::vector<Element> indices = indices_of(result.rank());
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (operands[0].shape[i] != result.shape[i]) indices[i] = element::integer(0);
  }
  return element::read(0, std::move(indices));
}

Element expand_dims_element(Operands, const Attrs& attrs, const Type& result) {
  std::vector<Element> indices;
  for (int i = 0; i < result.rank(); ++i) {
    if (!contains(attr_list(attrs, 0), i)) indices.push_back(element::index(i));
  }
  return element::read(0, std::move(indices));
}

Element squeeze_element(Operands operands, const Attrs& attrs, const Type&) {
  std::vector<Element> indices;
  int next = 0;
  for (int i = 0; i < operands[0].rank(); ++i) {
    indices.push_back(contains(attr_list(attrs, 0), i) ? element::integer(0)
                                                       : element::index(next++));
  }
  return element::read(0, std::move(indices));
}

Element slice_element(Operands, const Attrs& attrs, const Type& result) {
  std::vector<Element> indices = indices_of(result.rank());
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (!attr_list(attrs, 0)[i].is_const() || !attr_list(attrs, 2)[i].is_const()) return {};
    indices[i] = index_add(index_mul(indices[i], entry(attrs, 2, i)), entry(attrs, 0, i));
  }
  return element::read(0, std::move(indices));
}

/// Axis a of the operand is walked by result axis a in strides and by a window axis at the end in
/// steps of the dilation.
Element windows_element(Operands operands, const Attrs& attrs, const Type&) {
  std::vector<Element> indices = indices_of(operands[0].rank());
  const List& axes = attr_list(attrs, 0);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    Element& index = indices[static_cast<std::size_t>(axes[i].value())];
    const int place = operands[0].rank() + static_cast<int>(i);
    index = element::make(Prim::kAdd, {index_mul(index, entry(attrs, 2, i)),
                                       index_mul(element::index(place), entry(attrs, 3, i))});
  }
  return element::read(0, std::move(indices));
}

Element concat_element(Operands operands, const Attrs& attrs, const Type& result) {
  int axis = static_cast<int>(attr_int(attrs, 0).value());
  std::vector<std::int64_t> starts;
  std::int64_t end = 0;
  std::vector<int> parts;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    Dim size = operands[k].shape[static_cast<std::size_t>(axis)];
    if (!size.is_const())
      return operands.size() == 1 ? concat_part(0, result.rank(), axis, 0) : Element{};
    if (size == Dim(0) && !(parts.empty() && k + 1 == operands.size())) continue;
    parts.push_back(static_cast<int>(k));
    starts.push_back(end);
    end += size.value();
  }
  std::size_t last = parts.size() - 1;
  Element tree = concat_part(parts[last], result.rank(), axis, starts[last]);
  for (std::size_t i = last; i-- > 0;) {
    Element inside =
        element::make(Prim::kLt, {element::index(axis), element::integer(starts[i + 1])});
    tree = element::make(Prim::kSelect,
                         {inside, concat_part(parts[i], result.rank(), axis, starts[i]), tree});
  }
  return tree;
}

Element pad_element(Operands operands, const Attrs& attrs, const Type& result) {
  std::vector<Element> indices = indices_of(result.rank());
  Element inside;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    std::int64_t low = entry(attrs, 0, i), high = entry(attrs, 1, i);
    Element index = indices[i];
    if (low > 0) inside = both(inside, element::make(Prim::kLe, {element::integer(low), index}));
    if (high > 0) {
      Dim end = operands[0].shape[i] + Dim(low);
      if (!end.is_const()) return {};
      inside = both(inside, element::make(Prim::kLt, {index, element::integer(end.value())}));
    }
    indices[i] = index_add(index, -low);
  }
  Element read = element::read(0, std::move(indices));
  return inside ? element::make(Prim::kSelect, {inside, read, value_tree(attr_scalar(attrs, 2))})
                : read;
}

Element take_element(Operands operands, const Attrs& attrs, const Type& result) {
  int axis = static_cast<int>(attr_int(attrs, 0).value());
  Dim extent = operands[0].shape[static_cast<std::size_t>(axis)];
  if (!extent.is_const()) return {};
  int index_rank = operands[1].rank();
  std::vector<Element> of_index, of_operand;
  for (int i = 0; i < index_rank; ++i) of_index.push_back(element::index(axis + i));
  Element position = element::make(Prim::kToIndex, {element::read(1, std::move(of_index))});
  for (int i = 0; i < axis; ++i) of_operand.push_back(element::index(i));
  of_operand.push_back(element::make(Prim::kLookup, {position, element::integer(extent.value())}));
  for (int i = axis + index_rank; i < result.rank(); ++i) of_operand.push_back(element::index(i));
  return element::read(0, std::move(of_operand));
}

Element gather_element(Operands operands, const Attrs& attrs, const Type& result) {
  auto axis = static_cast<std::size_t>(attr_int(attrs, 0).value());
  Dim extent = operands[0].shape[axis];
  if (!extent.is_const()) return {};
  std::vector<Element> indices = indices_of(result.rank());
  Element position = element::make(Prim::kToIndex, {element::read(1, indices)});
  indices[axis] = element::make(Prim::kLookup, {position, element::integer(extent.value())});
  return element::read(0, std::move(indices));
}

}  // namespace bafe::rules_of_ops

// The element tree of reshape. In: two shapes of equal count. Out: index arithmetic, by groups of
// axes between positions where the products of sizes on both sides agree. Invariant: a group of one
// axis on each side costs no division, and symbolic axes are fine in such groups.
#include "op_rules.h"

namespace bafe::rules_of_ops {
namespace {

struct Range {
  std::size_t begin = 0, end = 0;
};

/// Row-major position inside the output axes of a group.
Element flat_index(const Shape& shape, Range out) {
  Element flat;
  std::int64_t stride = 1;
  for (std::size_t j = out.end; j-- > out.begin;) {
    if (shape[j] == Dim(1)) continue;
    Element term = index_mul(element::index(static_cast<int>(j)), stride);
    flat = flat ? term + flat : term;
    stride *= shape[j].value();
  }
  return flat ? flat : element::integer(0);
}

/// Takes `flat` apart over the input axes of a group.
void split_index(const Element& flat, const Shape& shape, Range in, std::vector<Element>& indices) {
  std::size_t first = in.begin;
  while (first < in.end && shape[first] == Dim(1)) ++first;
  std::int64_t stride = 1;
  for (std::size_t i = in.end; i-- > in.begin;) {
    if (shape[i] == Dim(1)) {
      indices[i] = element::integer(0);
      continue;
    }
    Element index = flat;
    if (stride != 1) index = element::make(Prim::kFloorDiv, {index, element::integer(stride)});
    if (i != first) index = element::make(Prim::kMod, {index, element::integer(shape[i].value())});
    indices[i] = index;
    stride *= shape[i].value();
  }
}

int count_wide(const Shape& shape, Range range, std::size_t& axis) {
  int count = 0;
  for (std::size_t i = range.begin; i < range.end; ++i) {
    if (shape[i] == Dim(1)) continue;
    ++count;
    axis = i;
  }
  return count;
}

bool all_known(const Shape& shape, Range range) {
  for (std::size_t i = range.begin; i < range.end; ++i) {
    if (!shape[i].is_const()) return false;
  }
  return true;
}

/// Fills indices of one group; false when a size it needs is symbolic.
bool map_group(const Shape& from, Range in, const Shape& to, Range out,
               std::vector<Element>& indices) {
  std::size_t i = 0, j = 0;
  if (count_wide(from, in, i) == 1 && count_wide(to, out, j) == 1) {
    for (std::size_t k = in.begin; k < in.end; ++k) indices[k] = element::integer(0);
    indices[i] = element::index(static_cast<int>(j));
    return true;
  }
  if (!all_known(from, in) || !all_known(to, out)) return false;
  split_index(flat_index(to, out), from, in, indices);
  return true;
}

}  // namespace

Element reshape_element(Operands operands, const Attrs&, const Type& result) {
  const Shape &from = operands[0].shape, &to = result.shape;
  std::vector<Element> indices(from.size(), element::integer(0));
  if (num_elements(to) == Dim(0)) return element::read(0, std::move(indices));
  Range in, out;
  Dim left = 1, right = 1;
  for (std::size_t i = 0; i < from.size(); ++i) {
    left = left * from[i];
    in.end = i + 1;
    // The nearest output position at or after the last one whose product agrees.
    Dim product = right;
    std::size_t j = out.begin;
    while (product != left && j < to.size()) product = product * to[j++];
    if (product != left) continue;
    out.end = i + 1 == from.size() ? to.size() : j;
    if (!map_group(from, in, to, out, indices)) return {};
    right = left;
    in.begin = in.end;
    out.begin = out.end;
  }
  return element::read(0, std::move(indices));
}

}  // namespace bafe::rules_of_ops

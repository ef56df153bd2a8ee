// Movements that put operands side by side or in a frame. In: an element tree that chooses a read
// by bounds on the result's axes. Out: one copy a box of the result, a fill before them where a
// number surrounds the rest. A tree of another form gives nothing, and the interpreter takes the
// node.

#include <algorithm>

#include "bafe/cost/result_order.h"
#include "prebuilt_builder.h"

namespace bafe {
namespace {

struct Box {
  std::vector<std::int64_t> lo, hi;
};

/// Narrows `box` by index < n or n <= index, or both sides of an "and"; false for another form.
bool narrow(const Element& tree, Box& box) {
  if (tree->prim == Prim::kAnd) return narrow(tree->args[0], box) && narrow(tree->args[1], box);
  if (tree->prim != Prim::kLt && tree->prim != Prim::kLe) return false;
  const Element &left = tree->args[0], &right = tree->args[1];
  if (tree->prim == Prim::kLt && left->prim == Prim::kIndex && right->prim == Prim::kInteger) {
    std::int64_t& hi = box.hi[static_cast<std::size_t>(left->number)];
    hi = std::min(hi, right->number);
    return true;
  }
  if (tree->prim == Prim::kLe && left->prim == Prim::kInteger && right->prim == Prim::kIndex) {
    std::int64_t& lo = box.lo[static_cast<std::size_t>(right->number)];
    lo = std::max(lo, left->number);
    return true;
  }
  return false;
}

/// index(axis) + offset.
bool shifted_index(const Element& tree, std::int64_t& axis, std::int64_t& offset) {
  if (tree->prim == Prim::kIndex) {
    axis = tree->number;
    return true;
  }
  const bool adds = tree->prim == Prim::kAdd || tree->prim == Prim::kSub;
  if (!adds || tree->args[1]->prim != Prim::kInteger) return false;
  offset += tree->prim == Prim::kAdd ? tree->args[1]->number : -tree->args[1]->number;
  return shifted_index(tree->args[0], axis, offset);
}

}  // namespace

/// Collects what fills the box; false where the tree says something else.
bool PrebuiltBuilder::paint(const Element& tree, const Node& node, const Strides& lo,
                            const Strides& hi, std::vector<Painted>& out) const {
  if (tree->prim == Prim::kLiteral) {
    StoredView view;
    view.fill = Scalar::of(node.type.dtype, tree->literal);
    view.strides.assign(lo.size(), 0);
    out.push_back({view, lo, hi});
    return true;
  }
  if (tree->prim == Prim::kRead) {
    const StoredView& from = views_[node.operands[static_cast<std::size_t>(tree->number)].index()];
    StoredView view = from;
    view.strides.assign(lo.size(), 0);
    for (std::size_t a = 0; a < tree->args.size(); ++a) {
      std::int64_t axis = 0, offset = 0;
      if (!shifted_index(tree->args[a], axis, offset)) return false;
      view.offset += (offset + lo[static_cast<std::size_t>(axis)]) * from.strides[a];
      view.strides[static_cast<std::size_t>(axis)] += from.strides[a];
    }
    out.push_back({view, lo, hi});
    return true;
  }
  if (tree->prim != Prim::kSelect) return false;
  Box inside{lo, hi};
  if (!narrow(tree->args[0], inside)) return false;
  const Element& rest = tree->args[2];
  if (rest->prim == Prim::kLiteral) {  // it lies below the other
    return paint(rest, node, lo, hi, out) && paint(tree->args[1], node, inside.lo, inside.hi, out);
  }
  if (tree->args[0]->prim != Prim::kLt) return false;
  Strides rest_lo = lo;
  const auto axis = static_cast<std::size_t>(tree->args[0]->args[0]->number);
  rest_lo[axis] = std::max(lo[axis], tree->args[0]->args[1]->number);
  return paint(tree->args[1], node, inside.lo, inside.hi, out) &&
         paint(rest, node, rest_lo, hi, out);
}

bool PrebuiltBuilder::boxes(ValueId id) {
  const Node& node = graph_.node(id);
  std::vector<Type> types;
  for (ValueId operand : node.operands) types.push_back(graph_.type(operand));
  const Element tree = op_element(node.op, types, node.attrs, node.type);
  std::vector<Painted> parts;
  const Strides sizes = concrete(node.type.shape);
  if (!tree || !paint(tree, node, Strides(sizes.size(), 0), sizes, parts)) return false;
  for (std::size_t i = 0; i < parts.size(); ++i) {  // a number fills the whole slot or nothing
    if (parts[i].view.slot < 0 && i > 0) return false;
    if (parts[i].view.slot < 0 && parts[i].hi != sizes) return false;
  }
  StoredView& view = views_[id.index()];
  const std::vector<int> row = Layout::row(node.type.rank()).order;
  view.slot = new_slot(node.type, row);
  view.strides = dense_strides(node.type.shape, row);
  for (const Painted& part : parts) {
    Type type{node.type.dtype, {}};
    std::int64_t to = 0, count = 1;
    for (std::size_t a = 0; a < sizes.size(); ++a) {
      const std::int64_t size = std::max<std::int64_t>(part.hi[a] - part.lo[a], 0);
      type.shape.push_back(Dim(size));
      to += part.lo[a] * view.strides[a];
      count *= size;
    }
    if (count > 0) copy_into(view.slot, part.view, view.strides, type, to);
  }
  return true;
}

}  // namespace bafe

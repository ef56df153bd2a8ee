// In: the element tree of an operator that moves elements, and a position. Out: where the element
// comes from. Invariant: an answer is exact; trees that read values to find positions have none.

#include "element_spot.h"

#include "bafe/ir/scalar_math.h"

namespace bafe {
namespace {

using Maybe = std::optional<std::int64_t>;

/// Indices and truth values.
Maybe whole_number(const Element& tree, std::span<const std::int64_t> index) {
  const ElementNode& node = *tree;
  switch (node.prim) {
    case Prim::kIndex:
      return index[static_cast<std::size_t>(node.number)];
    case Prim::kInteger:
      return node.number;
    case Prim::kSelect: {
      const Maybe holds = whole_number(node.args[0], index);
      if (!holds) return std::nullopt;
      return whole_number(node.args[*holds != 0 ? 1 : 2], index);
    }
    default:
      break;
  }
  if (node.args.empty() || node.args.size() > 2) return std::nullopt;
  const Maybe a = whole_number(node.args[0], index);
  const Maybe b = node.args.size() == 2 ? whole_number(node.args[1], index) : Maybe(0);
  if (!a || !b) return std::nullopt;
  switch (node.prim) {
    case Prim::kNeg:
      return -*a;
    case Prim::kNot:
      return *a == 0;
    case Prim::kAdd:
      return *a + *b;
    case Prim::kSub:
      return *a - *b;
    case Prim::kMul:
      return *a * *b;
    case Prim::kFloorDiv:
      return scalar::floor_div_of(*a, *b);
    case Prim::kMod:
      return scalar::mod_of(*a, *b);
    case Prim::kMin:
      return std::min(*a, *b);
    case Prim::kMax:
      return std::max(*a, *b);
    case Prim::kLt:
      return *a < *b;
    case Prim::kLe:
      return *a <= *b;
    case Prim::kEq:
      return *a == *b;
    case Prim::kAnd:
      return (*a & *b) != 0;
    case Prim::kOr:
      return (*a | *b) != 0;
    default:
      return std::nullopt;
  }
}

/// Coefficients of an index; false when it is no sum of one axis and numbers.
bool as_affine(const Element& tree, AffineIndex& out, std::int64_t factor) {
  const ElementNode& node = *tree;
  switch (node.prim) {
    case Prim::kInteger:
      out.base += factor * node.number;
      return true;
    case Prim::kIndex:
      if (out.axis >= 0 && out.axis != node.number) return false;
      out.axis = static_cast<int>(node.number);
      out.step += factor;
      return true;
    case Prim::kAdd:
      return as_affine(node.args[0], out, factor) && as_affine(node.args[1], out, factor);
    case Prim::kSub:
      return as_affine(node.args[0], out, factor) && as_affine(node.args[1], out, -factor);
    case Prim::kMul:
      for (std::size_t k = 0; k < 2; ++k) {
        if (node.args[k]->prim == Prim::kInteger)
          return as_affine(node.args[1 - k], out, factor * node.args[k]->number);
      }
      return false;
    default:
      return false;
  }
}

}  // namespace

std::optional<ElementSpot> element_spot(const Element& tree, std::span<const std::int64_t> index) {
  const ElementNode& node = *tree;
  ElementSpot out;
  switch (node.prim) {
    case Prim::kRead:
      out.operand = static_cast<int>(node.number);
      for (const Element& arg : node.args) {
        const Maybe at = whole_number(arg, index);
        if (!at) return std::nullopt;
        out.index.push_back(*at);
      }
      return out;
    case Prim::kLiteral:
      out.number = node.literal;
      return out;
    case Prim::kOfIndex: {
      const Maybe at = whole_number(node.args[0], index);
      if (!at || *at > (std::int64_t{1} << 52) || *at < -(std::int64_t{1} << 52))
        return std::nullopt;
      out.number = static_cast<double>(*at);
      return out;
    }
    case Prim::kSelect: {
      const Maybe holds = whole_number(node.args[0], index);
      if (!holds) return std::nullopt;
      return element_spot(node.args[*holds != 0 ? 1 : 2], index);
    }
    default:
      return std::nullopt;
  }
}

std::optional<std::vector<AffineIndex>> affine_read(const Element& tree) {
  if (!tree || tree->prim != Prim::kRead) return std::nullopt;
  std::vector<AffineIndex> out;
  for (const Element& arg : tree->args) {
    AffineIndex index;
    if (!as_affine(arg, index, 1)) return std::nullopt;
    out.push_back(index);
  }
  return out;
}

}  // namespace bafe

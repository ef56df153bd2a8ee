// Structure transfer. In: facts of operands and a node's element tree. Out: where the node's matrix
// may be non-zero. Masks are recognised by their linear condition, so tril, triu and diag need no
// names here.

#include "structure.h"

#include <algorithm>
#include <cmath>

#include "bafe/cost/access.h"

namespace bafe {
namespace {

constexpr std::int32_t kAll = Structure::kUnbounded;

bool is_matrix(const Type& type) { return type.rank() >= 2; }
bool is_square(const Type& type) {
  return is_matrix(type) && type.shape[type.shape.size() - 1] == type.shape[type.shape.size() - 2];
}

/// row + col + offset of a linear index tree over the last two axes.
struct Diagonal {
  std::int64_t offset = 0, row = 0, col = 0;
  bool valid = false;
};

Diagonal diagonal_form(const Element& tree, int rank) {
  Diagonal form;
  form.valid = true;
  switch (tree->prim) {
    case Prim::kInteger:
      form.offset = tree->number;
      return form;
    case Prim::kIndex:
      form.row = tree->number == rank - 2;
      form.col = tree->number == rank - 1;
      form.valid = form.row || form.col;
      return form;
    case Prim::kAdd:
    case Prim::kSub: {
      Diagonal a = diagonal_form(tree->args[0], rank), b = diagonal_form(tree->args[1], rank);
      std::int64_t sign = tree->prim == Prim::kAdd ? 1 : -1;
      return {a.offset + sign * b.offset, a.row + sign * b.row, a.col + sign * b.col,
              a.valid && b.valid};
    }
    default:
      return {};
  }
}

std::int32_t bounded(std::int64_t value) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(value, -kAll, kAll));
}

/// Bands of a mask: true only where the result says.
Structure mask_band(const Element& condition, int rank) {
  Structure band;
  bool equal = condition->prim == Prim::kEq;
  if (!equal && condition->prim != Prim::kLe && condition->prim != Prim::kLt) return band;
  Diagonal a = diagonal_form(condition->args[0], rank), b = diagonal_form(condition->args[1], rank);
  if (!a.valid || !b.valid) return band;
  std::int64_t row = b.row - a.row, col = b.col - a.col, offset = b.offset - a.offset;
  if (condition->prim == Prim::kLt) --offset;  // holds where row·i + col·j + offset >= 0
  if (row == 1 && col == -1) {
    band.above = bounded(offset);
    if (equal) band.below = bounded(-offset);
  } else if (row == -1 && col == 1) {
    band.below = bounded(offset);
    if (equal) band.above = bounded(-offset);
  }
  return band;
}

Structure masked(const Element& tree, const OperandFacts& facts, const Type& result) {
  Structure structure;
  bool zero_else = tree->args[2]->prim == Prim::kLiteral && tree->args[2]->literal == 0;
  bool reads = tree->args[1]->prim == Prim::kRead;
  if (!zero_else || !reads || !is_matrix(result)) return structure;
  structure = mask_band(tree->args[0], result.rank());
  const Facts& operand = *facts.operands[0];
  if (tree->args[1]->args.size() == result.shape.size()) {  // a mask over the operand itself
    structure.below = std::min(structure.below, operand.structure.below);
    structure.above = std::min(structure.above, operand.structure.above);
  }
  if (structure.diagonal() && is_square(result)) {
    structure.symmetric = true;
    bool ones = operand.constant && operand.constant->value.as_double() == 1;
    structure.identity = structure.orthogonal =
        ones && structure.below == 0 && structure.above == 0;
  }
  return structure;
}

Structure moved(const Element& tree, const OperandFacts& facts, const Type& result) {
  Structure structure;
  const Structure& from = facts.operands[0]->structure;
  std::size_t rank = result.shape.size();
  if (tree->args.size() != rank || rank < 2) return structure;
  for (std::size_t axis = 0; axis + 2 < rank; ++axis) {
    if (tree->args[axis]->prim != Prim::kIndex && tree->args[axis]->prim != Prim::kInteger)
      return structure;
  }
  auto axis_of = [&](std::size_t i) {
    const Element& index = tree->args[i];
    return index->prim == Prim::kIndex ? index->number : -1;
  };
  std::int64_t last = static_cast<std::int64_t>(rank) - 1;
  if (axis_of(rank - 2) == last - 1 && axis_of(rank - 1) == last) return from;
  if (axis_of(rank - 2) == last && axis_of(rank - 1) == last - 1) {
    structure = from;
    std::swap(structure.below, structure.above);
  }
  return structure;
}

Structure pointwise(const OpInfo& info, const OperandFacts& facts, const Type& result) {
  Structure structure;
  if (!is_matrix(result)) return structure;
  structure.symmetric = is_square(result);
  std::int32_t below = -kAll, above = -kAll;
  for (const Facts* operand : facts.operands) {
    structure.symmetric = structure.symmetric && operand->structure.symmetric;
    below = std::max(below, operand->structure.below);
    above = std::max(above, operand->structure.above);
  }
  if (info.algebra & kZeroAtZero) {
    structure.below = below;
    structure.above = above;
  }
  bool product = info.value && info.value->prim == Prim::kMul && facts.operands.size() == 2;
  for (int i = 0; product && i < 2; ++i) {
    const Facts &zeros = *facts.operands[i], &other = *facts.operands[1 - i];
    if (!other.range.finite()) continue;
    structure.below = std::min(structure.below, zeros.structure.below);
    structure.above = std::min(structure.above, zeros.structure.above);
  }
  return structure;
}

Structure contracted(const OperandFacts& facts) {
  Structure structure;
  const Facts &a = *facts.operands[0], &b = *facts.operands[1];
  if (!a.range.finite() || !b.range.finite()) return structure;
  if (a.structure.zero() || b.structure.zero()) {
    structure.below = structure.above = -kAll;
    return structure;
  }
  structure.below = bounded(std::int64_t{a.structure.below} + b.structure.below);
  structure.above = bounded(std::int64_t{a.structure.above} + b.structure.above);
  structure.orthogonal = a.structure.orthogonal && b.structure.orthogonal;
  return structure;
}

}  // namespace

Structure join_structure(const Structure& a, const Structure& b) {
  return {std::min(a.below, b.below), std::min(a.above, b.above), a.symmetric || b.symmetric,
          a.orthogonal || b.orthogonal, a.identity || b.identity};
}

Structure node_structure(Op op, const Attrs& attrs, const OperandFacts& facts, const Type& result) {
  const OpInfo& info = op_info(op);
  if (info.kind == OpKind::kPointwise) return pointwise(info, facts, result);
  if (info.kind == OpKind::kContraction) return contracted(facts);
  if (info.kind == OpKind::kLayout) return facts.operands[0]->structure;
  if (info.kind != OpKind::kMovement || facts.operands.size() != 1) return {};
  Element tree = op_element(op, std::vector<Type>{facts.operands[0]->type}, attrs, result);
  if (!tree) return {};
  Structure structure;
  if (tree->prim == Prim::kSelect) structure = masked(tree, facts, result);
  if (tree->prim == Prim::kRead) structure = moved(tree, facts, result);
  bool zero = facts.operands[0]->constant && facts.operands[0]->constant->value.is_zero();
  if (zero && (info.algebra & kZeroAtZero)) structure.below = structure.above = -kAll;
  return structure;
}

}  // namespace bafe

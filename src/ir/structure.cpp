// Structure transfer. In: facts of operands and a node's element tree. Out: where the node's matrix
// may be non-zero. Masks are recognised by their linear condition, so tril, triu and diag need no
// names here.

#include "bafe/ir/structure.h"

#include <algorithm>
#include <cmath>

#include "bafe/base/format.h"

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

/// Sums of bounds near the limit mean no bound.
std::int32_t bounded(std::int64_t value) {
  if (value > kAll / 2) return kAll;
  return static_cast<std::int32_t>(std::max<std::int64_t>(value, -kAll));
}

/// Bands of a mask: true only where the result says.
Structure mask_band(const Element& condition, int rank) {
  bool equal = condition->prim == Prim::kEq;
  if (!equal && condition->prim != Prim::kLe && condition->prim != Prim::kLt) return {};
  Diagonal a = diagonal_form(condition->args[0], rank), b = diagonal_form(condition->args[1], rank);
  if (!a.valid || !b.valid) return {};
  std::int64_t strict = condition->prim == Prim::kLt ? 1 : 0;
  return gap_band(b.row - a.row, b.col - a.col, b.offset - a.offset - strict, equal)
      .value_or(Structure{});
}

Structure masked(const Element& tree, std::span<const MatrixFacts> facts, const Type& result) {
  Structure structure;
  bool zero_else = tree->args[2]->prim == Prim::kLiteral && tree->args[2]->literal == 0;
  bool reads = tree->args[1]->prim == Prim::kRead;
  if (!zero_else || !reads || !is_matrix(result)) return structure;
  structure = mask_band(tree->args[0], result.rank());
  const MatrixFacts& operand = facts[0];
  if (tree->args[1]->args.size() == result.shape.size()) {  // a mask over the operand itself
    structure.below = std::min(structure.below, operand.structure.below);
    structure.above = std::min(structure.above, operand.structure.above);
  }
  if (structure.diagonal() && is_square(result)) {
    structure.symmetric = true;
    bool ones = operand.splat && *operand.splat == 1;
    structure.identity = structure.orthogonal =
        ones && structure.below == 0 && structure.above == 0;
  }
  return structure;
}

Structure moved(const Element& tree, std::span<const MatrixFacts> facts, const Type& result) {
  Structure structure;
  const Structure& from = facts[0].structure;
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
  bool kept = axis_of(rank - 2) == last - 1 && axis_of(rank - 1) == last;
  bool swapped = axis_of(rank - 2) == last && axis_of(rank - 1) == last - 1;
  if (!kept && !swapped) return structure;
  structure = swapped ? from.transposed() : from;
  // A leading part of a matrix has its zeros; only a square one has its symmetry, and only the
  // whole keeps rows of length one.
  const Shape& whole = facts[0].type.shape;
  bool square = is_square(result);
  auto same = [&](std::size_t at, std::int64_t of) {
    return result.shape[at] == whole[whole.size() - static_cast<std::size_t>(of)];
  };
  bool all = whole.size() >= 2 && same(rank - 2, kept ? 2 : 1) && same(rank - 1, kept ? 1 : 2);
  structure.symmetric = structure.symmetric && square;
  structure.identity = structure.identity && square;
  structure.orthogonal = structure.orthogonal && (all || structure.identity);
  return structure;
}

Structure pointwise(const OpInfo& info, std::span<const MatrixFacts> facts, const Type& result,
                    bool mirrored) {
  Structure structure;
  if (!is_matrix(result)) return structure;
  structure.symmetric = is_square(result);
  std::int32_t below = -kAll, above = -kAll;
  for (const MatrixFacts& operand : facts) {
    structure.symmetric = structure.symmetric && (operand.structure.symmetric || operand.splat);
    below = std::max(below, operand.structure.below);
    above = std::max(above, operand.structure.above);
  }
  if (mirrored && (info.algebra & kCommutes)) structure.symmetric = true;
  if (info.algebra & kZeroAtZero) {
    structure.below = below;
    structure.above = above;
  }
  bool product = info.value && info.value->prim == Prim::kMul && facts.size() == 2;
  for (int i = 0; product && i < 2; ++i) {
    const MatrixFacts &zeros = facts[i], &other = facts[1 - i];
    if (!other.finite) continue;
    structure.below = std::min(structure.below, zeros.structure.below);
    structure.above = std::min(structure.above, zeros.structure.above);
  }
  return structure;
}

Structure contracted(std::span<const MatrixFacts> facts, bool mirrored) {
  Structure structure;
  structure.symmetric = mirrored;
  const MatrixFacts &a = facts[0], &b = facts[1];
  if (!a.finite || !b.finite) return structure;
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

std::optional<Structure> gap_band(std::int64_t row, std::int64_t col, std::int64_t number,
                                  bool equal) {
  if (row != -col || (row != 1 && row != -1)) return std::nullopt;
  Structure band;
  (row == 1 ? band.above : band.below) = bounded(number);
  if (equal) (row == 1 ? band.below : band.above) = bounded(-number);
  return band;
}

Structure join_structure(const Structure& a, const Structure& b) {
  return {std::min(a.below, b.below), std::min(a.above, b.above), a.symmetric || b.symmetric,
          a.orthogonal || b.orthogonal, a.identity || b.identity};
}

Structure node_structure(Op op, const Attrs& attrs, std::span<const MatrixFacts> facts,
                         const Type& result, bool mirrored) {
  const OpInfo& info = op_info(op);
  if (info.kind == OpKind::kPointwise) return pointwise(info, facts, result, mirrored);
  if (info.kind == OpKind::kContraction) return contracted(facts, mirrored);
  if (info.kind == OpKind::kLayout) return facts[0].structure;
  if (info.kind != OpKind::kMovement || facts.size() != 1) return {};
  Element tree = op_element(op, std::vector<Type>{facts[0].type}, attrs, result);
  if (!tree) return {};
  Structure structure;
  if (tree->prim == Prim::kSelect) structure = masked(tree, facts, result);
  if (tree->prim == Prim::kRead) structure = moved(tree, facts, result);
  bool zero = facts[0].splat && *facts[0].splat == 0;
  if (zero && (info.algebra & kZeroAtZero)) structure.below = structure.above = -kAll;
  return structure;
}

bool swaps_matrix(Op op, const Attrs& attrs, const Type& operand, const Type& result) {
  std::size_t rank = result.shape.size();
  if (op_info(op).kind != OpKind::kMovement || rank < 2 || operand.rank() != result.rank())
    return false;
  Element tree = op_element(op, std::vector<Type>{operand}, attrs, result);
  if (!tree || tree->prim != Prim::kRead) return false;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    std::size_t from = axis + 2 < rank ? axis : 2 * rank - 3 - axis;
    const Element& index = tree->args[axis];
    if (index->prim != Prim::kIndex || index->number != static_cast<std::int64_t>(from))
      return false;
  }
  return true;
}

std::string Structure::text() const {
  std::string out;
  auto add = [&](const std::string& word) { out += (out.empty() ? "" : " ") + word; };
  if (zero()) {
    add("zero");
  } else if (identity) {
    add("identity");
  } else if (below == 0 && above == 0) {
    add("diagonal");
  } else if (above == 0 && below >= kUnbounded) {
    add("lower");
  } else if (below == 0 && above >= kUnbounded) {
    add("upper");
  } else if (below < kUnbounded || above < kUnbounded) {
    auto side = [](std::int32_t n) { return n >= kUnbounded ? std::string("*") : format("{}", n); };
    add(format("banded({},{})", side(below), side(above)));
  }
  if (symmetric && !diagonal() && !zero()) add("symmetric");
  if (orthogonal && !identity) add("orthogonal");
  return out;
}

namespace {

/// One pass over a graph whose operands precede their users.
class GraphFacts {
 public:
  explicit GraphFacts(const Graph& graph) : graph_(graph), facts_(graph.size()) {}

  std::vector<Structure> run() {
    std::vector<Structure> out(graph_.size());
    for (ValueId id : graph_.live()) {
      facts_[id.index()] = facts_of(id);
      out[id.index()] = facts_[id.index()].structure;
    }
    return out;
  }

 private:
  bool is_transpose(ValueId of, ValueId id) const {
    const Node& node = graph_.node(id);
    return node.operands.size() == 1 && node.operands[0] == of &&
           swaps_matrix(node.op, node.attrs, graph_.type(of), node.type);
  }

  MatrixFacts facts_of(ValueId id) const {
    const Node& node = graph_.node(id);
    MatrixFacts facts{node.type, {}, true, std::nullopt};
    const OpInfo& info = op_info(node.op);
    if (info.kind == OpKind::kLeaf) {
      leaf(node, facts);
      return facts;
    }
    std::vector<MatrixFacts> operands;
    for (ValueId operand : node.operands) operands.push_back(facts_[operand.index()]);
    bool mirrored = node.operands.size() == 2 && is_square(node.type) &&
                    (is_transpose(node.operands[0], node.operands[1]) ||
                     is_transpose(node.operands[1], node.operands[0]));
    if (operands.size() == 1 && info.kind == OpKind::kMovement) facts.splat = splat_of(node);
    facts.structure = node_structure(node.op, node.attrs, operands, node.type, mirrored);
    return facts;
  }

  static void leaf(const Node& node, MatrixFacts& facts) {
    if (node.attrs.empty() || attr_kind(node.attrs[0]) != AttrKind::kScalar) return;
    Scalar value = attr_scalar(node.attrs, 0);
    facts.splat = value.as_double();
    facts.structure.symmetric = is_square(node.type);
    if (value.is_zero()) facts.structure.below = facts.structure.above = -kAll;
  }

  /// A movement that only reads keeps a splat.
  std::optional<double> splat_of(const Node& node) const {
    const MatrixFacts& from = facts_[node.operands[0].index()];
    if (!from.splat) return std::nullopt;
    Element tree = op_element(node.op, std::vector<Type>{from.type}, node.attrs, node.type);
    return tree && tree->prim == Prim::kRead ? from.splat : std::nullopt;
  }

  const Graph& graph_;
  std::vector<MatrixFacts> facts_;
};

/// Rows i of [0, count) with -above <= i - at <= below.
std::int64_t count_near(std::int64_t at, std::int64_t count, std::int64_t below,
                        std::int64_t above) {
  std::int64_t low = std::max<std::int64_t>(0, at - above);
  std::int64_t high = std::min(count - 1, at + below);
  return std::max<std::int64_t>(0, high - low + 1);
}

}  // namespace

std::vector<Structure> matrix_structures(const Graph& graph) { return GraphFacts(graph).run(); }

double product_terms(std::int64_t m, std::int64_t n, std::int64_t k, const Structure& a,
                     const Structure& b, bool mirrored) {
  double terms = 0, diagonal = 0;
  bool dense = !a.limits(m, k) && !b.limits(k, n);
  if (dense) {
    terms = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
    diagonal = static_cast<double>(m) * static_cast<double>(k);
  }
  for (std::int64_t at = 0; !dense && at < k; ++at) {
    // Column `at` of a: i - at in [-above, below]; row `at` of b: at - j in [-above, below].
    auto rows = static_cast<double>(count_near(at, m, a.below, a.above));
    auto cols = static_cast<double>(count_near(at, n, b.above, b.below));
    terms += rows * cols;
    diagonal += rows;
  }
  return mirrored ? (terms + diagonal) / 2 : terms;
}

}  // namespace bafe

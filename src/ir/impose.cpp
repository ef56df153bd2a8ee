// Declared and detected structure. In: a value and what is said of it. Out: the same value masked,
// in operators that every engine knows. Invariant: where the declaration is true the masked value
// equals the value.

#include "bafe/ir/impose.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "bafe/base/format.h"

namespace bafe {
namespace {

ParseError unknown_structure(const std::string& text) {
  return ParseError({}, "structure", format("\"{}\" is no structure", text))
      .fix(
          "use lower, upper, diagonal, tridiagonal, banded(below,above), identity, zero, symmetric "
          "or block_diagonal(size)");
}

/// The numbers of "banded(1,2)": as many as `count`, each at least 0.
std::vector<std::int64_t> numbers_of(const std::string& text, std::size_t open, std::size_t count) {
  std::vector<std::int64_t> numbers;
  const char* at = text.data() + open + 1;
  const char* end = text.data() + text.size();
  while (at < end) {
    while (at < end && *at == ' ') ++at;
    std::int64_t number = -1;
    auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc() || number < 0 || number > (1 << 29)) throw unknown_structure(text);
    numbers.push_back(number);
    at = next;
    while (at < end && *at == ' ') ++at;
    if (at == end || (*at != ',' && *at != ')')) throw unknown_structure(text);
    if (*at == ')' && at + 1 != end) throw unknown_structure(text);
    ++at;
  }
  if (numbers.size() != count || text.back() != ')') throw unknown_structure(text);
  return numbers;
}

ValueId splat(Builder& b, ValueId like, double value, Shape shape) {
  return b.graph().add_fill(Scalar::of(b.type(like).dtype, value), std::move(shape));
}

ValueId identity_like(Builder& b, ValueId x) {
  const Shape& shape = b.type(x).shape;
  std::vector<ValueId> ones{splat(b, x, 1, {shape.back()})};
  return b.broadcast(b.call("diag", ones, {Dim(0)}), shape);
}

/// M + M^T of the strictly lower part, and the diagonal: each element is read once, and the sum is
/// symmetric by its form.
ValueId mirrored(Builder& b, ValueId x) {
  Structure below, diagonal;
  below.above = -1;
  diagonal.below = diagonal.above = 0;
  ValueId lower = impose_band(b, x, below);
  List perm;
  int rank = b.type(x).rank();
  for (int axis = 0; axis < rank; ++axis) perm.push_back(Dim(axis));
  std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  ValueId both[] = {lower, b.transpose(lower, perm)};
  ValueId parts[] = {b.call("add", both), impose_band(b, x, diagonal)};
  return b.call("add", parts);
}

/// The diagonal blocks of [from, to), zeros beside them: cut in two again and again, so that a rule
/// for two blocks serves any number.
ValueId blocks(Builder& b, ValueId x, std::int64_t size, std::int64_t from, std::int64_t to) {
  const Shape shape = b.type(x).shape;
  const std::size_t rank = shape.size();
  const auto last = static_cast<std::int64_t>(rank) - 1;
  if (to - from <= size) {
    List start(rank, Dim(0)), step(rank, Dim(1)), extent = shape;
    start[rank - 2] = start[rank - 1] = Dim(from);
    extent[rank - 2] = extent[rank - 1] = Dim(to - from);
    return b.slice(x, start, extent, step);
  }
  const std::int64_t count = (to - from + size - 1) / size, cut = from + (count + 1) / 2 * size;
  auto zeros = [&](std::int64_t rows, std::int64_t columns) {
    Shape hole = shape;
    hole[rank - 2] = Dim(rows);
    hole[rank - 1] = Dim(columns);
    return splat(b, x, 0, hole);
  };
  ValueId upper[] = {blocks(b, x, size, from, cut), zeros(cut - from, to - cut)};
  ValueId lower[] = {zeros(to - cut, cut - from), blocks(b, x, size, cut, to)};
  ValueId strips[] = {b.concat(upper, Dim(last)), b.concat(lower, Dim(last))};
  return b.concat(strips, Dim(last - 1));
}

ValueId square_form(Builder& b, ValueId x, const std::string& text) {
  const Type& type = b.type(x);
  if (!(type.shape[type.shape.size() - 1] == type.shape[type.shape.size() - 2])) {
    const char* article = text == "identity" ? "an" : "a";
    throw ShapeError({}, "structure",
                     format("{} {} matrix is square, {} is not", article, text, type.text()))
        .fix("declare a square matrix, or lower, upper, diagonal or banded(below,above)");
  }
  if (text == "identity") return identity_like(b, x);
  if (text == "symmetric") return mirrored(b, x);
  std::size_t open = text.find('(');
  std::int64_t size = numbers_of(text, open, 1)[0];
  if (size == 0) throw unknown_structure(text);
  return blocks(b, x, size, 0, type.shape.back().value());
}

}  // namespace

ValueId impose_band(Builder& builder, ValueId x, const Structure& band) {
  std::vector<ValueId> value{x};
  if (band.below < Structure::kUnbounded)
    value[0] = builder.call("triu", value, {Dim(-std::int64_t{band.below})});
  if (band.above < Structure::kUnbounded)
    value[0] = builder.call("tril", value, {Dim(std::int64_t{band.above})});
  return value[0];
}

ValueId impose_structure(Builder& builder, ValueId x, const std::string& text) {
  const Type& type = builder.type(x);
  if (type.rank() < 2) {
    throw ShapeError({}, "structure", format("{} is no matrix", type.text()))
        .fix("declare structure of values with two axes or more");
  }
  Structure band;
  std::size_t open = text.find('(');
  std::string head = text.substr(0, open);
  if (text == "identity" || text == "symmetric" || head == "block_diagonal") {
    if (head == "block_diagonal" && open == std::string::npos) throw unknown_structure(text);
    return square_form(builder, x, text);
  }
  if (text == "zero") return splat(builder, x, 0, type.shape);
  if (text == "lower") {
    band.above = 0;
  } else if (text == "upper") {
    band.below = 0;
  } else if (text == "diagonal") {
    band.below = band.above = 0;
  } else if (text == "tridiagonal") {
    band.below = band.above = 1;
  } else if (head == "banded" && open != std::string::npos) {
    std::vector<std::int64_t> numbers = numbers_of(text, open, 2);
    band.below = static_cast<std::int32_t>(numbers[0]);
    band.above = static_cast<std::int32_t>(numbers[1]);
  } else {
    throw unknown_structure(text);
  }
  return impose_band(builder, x, band);
}

Graph with_input_bands(const Graph& graph, std::span<const InputBand> bands) {
  Graph out;
  Builder builder(out);
  for (const InputInfo& info : graph.inputs()) out.add_input(info);
  std::vector<ValueId> inputs, map(graph.size());
  for (std::size_t i = 0; i < graph.inputs().size(); ++i)
    inputs.push_back(ValueId(static_cast<std::uint32_t>(i)));
  for (const InputBand& one : bands) {
    ValueId& input = inputs[static_cast<std::size_t>(one.input)];
    input = one.block > 0
                ? impose_structure(builder, input, format("block_diagonal({})", one.block))
                : impose_band(builder, input, one.band);
  }
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(ValueId(i));
    bool is_input = op_info(node.op).kind == OpKind::kLeaf && !node.attrs.empty() &&
                    attr_kind(node.attrs[0]) == AttrKind::kInt;
    if (is_input) {
      map[i] = inputs[static_cast<std::size_t>(attr_int(node.attrs, 0).value())];
      continue;
    }
    std::vector<ValueId> operands;
    for (ValueId operand : node.operands) operands.push_back(map[operand.index()]);
    map[i] = out.add(node.op, std::move(operands), node.attrs);
    out.set_loc(map[i], graph.loc(ValueId(i)));
  }
  for (ValueId root : graph.roots()) out.add_root(map[root.index()]);
  return out.compact();
}

std::vector<int> product_inputs(const Graph& graph, std::int64_t smallest) {
  std::set<int> found;
  auto consider = [&](ValueId id) {
    const Node* node = &graph.node(id);
    while (node->operands.size() == 1 &&
           (op_info(node->op).kind == OpKind::kLayout ||
            swaps_matrix(node->op, node->attrs, graph.type(node->operands[0]), node->type))) {
      node = &graph.node(node->operands[0]);
    }
    bool is_input = op_info(node->op).kind == OpKind::kLeaf && !node->attrs.empty() &&
                    attr_kind(node->attrs[0]) == AttrKind::kInt;
    const Shape& shape = node->type.shape;
    bool fits = is_input && is_concrete(shape) && shape.size() == 2 &&
                shape[0].value() >= smallest && shape[1].value() >= smallest &&
                (node->type.dtype == DType::kF32 || node->type.dtype == DType::kF64);
    if (fits) found.insert(static_cast<int>(attr_int(node->attrs, 0).value()));
  };
  for (ValueId id : graph.live()) {
    const Node& node = graph.node(id);
    if (op_info(node.op).kind != OpKind::kContraction) continue;
    for (ValueId operand : node.operands) consider(operand);
  }
  return {found.begin(), found.end()};
}

}  // namespace bafe

// Facts of e-classes. In: nodes as they are born and classes as they merge. Out: what is true of
// every value that the class stands for. Facts only grow; a constant that two nodes of one class
// give differently is a RuleError.

#include "bafe/search/tensor_analysis.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "bafe/base/format.h"
#include "bafe/cost/access.h"
#include "bafe/ir/eval.h"
#include "bafe/ir/rounding.h"

namespace bafe {

namespace {

struct OperandFacts {
  std::vector<const Facts*> operands;
};

/// Could rounding alone explain the difference?
bool agree(const ConstantFact& a, const ConstantFact& b) {
  if (a.value == b.value) return true;
  if (!is_float(a.value.dtype)) return false;
  double x = a.value.as_double(), y = b.value.as_double();
  // An overflow or an invalid operation on one way only is no contradiction of the rule.
  if (!std::isfinite(x) || !std::isfinite(y)) return true;
  double scale = std::max({a.magnitude, b.magnitude, std::fabs(x), std::fabs(y)});
  return std::fabs(x - y) <= 64 * unit_roundoff(a.value.dtype) * scale + 1e-300;
}

bool only_moves(const Element& tree) {
  if (tree->prim == Prim::kRead) return true;
  if (tree->prim != Prim::kSelect) return false;
  return only_moves(tree->args[1]) && only_moves(tree->args[2]);
}

bool is_linear(const OpInfo& info) {
  if (!info.value) return false;
  Prim prim = info.value->prim;
  return prim == Prim::kAdd || prim == Prim::kSub || prim == Prim::kNeg || prim == Prim::kMul;
}

double folded_magnitude(const OpInfo& info, std::span<const ConstantFact> operands, double value) {
  double product = 1, largest = std::fabs(value);
  bool cancelled = false;
  for (const ConstantFact& operand : operands) {
    product *= operand.magnitude;
    largest = std::max(largest, operand.magnitude);
    cancelled |= operand.magnitude > 4 * std::fabs(operand.value.as_double());
  }
  if (is_linear(info)) return info.value->prim == Prim::kMul ? std::max(largest, product) : largest;
  return cancelled ? std::numeric_limits<double>::infinity() : largest;
}

/// One element of a pointwise operator on constants, as the interpreter computes it.
std::optional<Scalar> fold_pointwise(Op op, const Attrs& attrs,
                                     std::span<const ConstantFact> operands) {
  Graph graph;
  std::vector<ValueId> values;
  for (const ConstantFact& operand : operands) values.push_back(graph.add_fill(operand.value, {}));
  try {
    graph.add_root(graph.add(op, std::move(values), attrs));
    return evaluate(graph, {})[0].at(0);
  } catch (const Error&) {
    return std::nullopt;  // a negative integer power stays in the program and fails at run time
  }
}

std::optional<ConstantFact> node_constant(Op op, const Attrs& attrs, const OperandFacts& facts,
                                          const Type& type, bool fold_sums) {
  const OpInfo& info = op_info(op);
  if (element_count(type.shape) == 0) return std::nullopt;
  std::vector<ConstantFact> operands;
  for (const Facts* operand : facts.operands) {
    if (!operand->constant) return std::nullopt;
    operands.push_back(*operand->constant);
  }
  if (info.kind == OpKind::kLeaf) {
    if (attrs.empty() || attr_kind(attrs[0]) != AttrKind::kScalar) return std::nullopt;
    return ConstantFact{attr_scalar(attrs, 0), std::fabs(attr_scalar(attrs, 0).as_double())};
  }
  if (operands.empty()) return std::nullopt;
  if (info.kind == OpKind::kLayout) return operands[0];
  if (info.kind == OpKind::kPointwise) {
    auto value = fold_pointwise(op, attrs, operands);
    if (!value) return std::nullopt;
    return ConstantFact{*value, folded_magnitude(info, operands, value->as_double())};
  }
  std::vector<Type> types;
  for (const Facts* operand : facts.operands) types.push_back(operand->type);
  if (info.kind == OpKind::kMovement) {
    Element tree = op_element(op, types, attrs, type);
    bool same = std::all_of(operands.begin(), operands.end(),
                            [&](const ConstantFact& c) { return c.value == operands[0].value; });
    return tree && same && only_moves(tree) ? std::optional(operands[0]) : std::nullopt;
  }
  bool sum = info.kind == OpKind::kReduction && info.reduce == ReduceKind::kSum && fold_sums;
  if (!sum || !is_concrete(types[0].shape) || !is_float(type.dtype)) return std::nullopt;
  double count = static_cast<double>(element_count(types[0].shape)) /
                 static_cast<double>(element_count(type.shape));
  Scalar value = Scalar::of(type.dtype, operands[0].value.as_double() * count);
  return ConstantFact{value, operands[0].magnitude * count};
}

/// Is class `b` the transpose of class `a`, as some node says?
bool holds_transpose(const EGraph& graph, ClassId a, ClassId b, const std::vector<Facts>& facts) {
  for (NodeId node : graph.nodes(b)) {
    auto children = graph.children(node);
    if (children.size() != 1 || graph.class_of(children[0]) != a) continue;
    if (swaps_matrix(op_of(graph.op(node)), graph.attrs().record(graph.attr(node)),
                     facts[a.index()].type, facts[b.index()].type)) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool TensorAnalysis::is_mirrored(const EGraph& graph, NodeId node) const {
  const OpInfo& info = op_info(op_of(graph.op(node)));
  bool commutes = info.kind == OpKind::kPointwise && (info.algebra & kCommutes) != 0;
  if (info.kind != OpKind::kContraction && !commutes) return false;
  ClassId a = graph.class_of(graph.children(node)[0]), b = graph.class_of(graph.children(node)[1]);
  return holds_transpose(graph, a, b, facts_) || holds_transpose(graph, b, a, facts_);
}

void TensorAnalysis::open(const EGraph& graph, ClassId cls) {
  if (facts_.size() < graph.class_bound()) facts_.resize(graph.class_bound());
  if (facts_.size() <= cls.index()) facts_.resize(cls.index() + 1);
  facts_[cls.index()] = Facts{};
}

Facts TensorAnalysis::node_facts(const EGraph& graph, NodeId node) const {
  Op op = op_of(graph.op(node));
  const Attrs& attrs = graph.attrs().record(graph.attr(node));
  OperandFacts operands;
  std::vector<Type> types;
  std::vector<Interval> ranges;
  Facts result;
  bool leaf = op_info(op).kind == OpKind::kLeaf;
  result.weight_only = !leaf || attr_kind(attrs[0]) != AttrKind::kInt;
  for (NodeId child : graph.children(node)) {
    const Facts& facts = facts_[graph.class_of(child).index()];
    operands.operands.push_back(&facts);
    types.push_back(facts.type);
    ranges.push_back(facts.range);
    result.weight_only = result.weight_only && facts.weight_only;
  }
  result.known = true;
  result.type = infer_type(op, types, attrs);
  result.constant = node_constant(op, attrs, operands, result.type, fold_sums_);
  bool layout = op_info(op).kind == OpKind::kLayout;
  result.range = layout ? ranges[0] : node_range(op, attrs, types, ranges, result.type);
  std::vector<MatrixFacts> matrices;
  for (const Facts* operand : operands.operands) {
    std::optional<double> splat;
    if (operand->constant) splat = operand->constant->value.as_double();
    matrices.push_back(
        {operand->type, operand->structure, finite_ || operand->range.finite(), splat});
  }
  bool mirrored = is_mirrored(graph, node);
  result.structure = node_structure(op, attrs, matrices, result.type, mirrored);
  narrow(result);
  return result;
}

/// What the constant says about range and structure.
void TensorAnalysis::narrow(Facts& facts) {
  if (!facts.constant) return;
  double value = facts.constant->value.as_double();
  if (std::isfinite(value)) facts.range = intersect(facts.range, Interval::of_value(value));
  if (facts.constant->value.is_zero() && facts.type.rank() >= 2) {
    facts.structure.below = facts.structure.above = -Structure::kUnbounded;
  }
}

bool TensorAnalysis::join(const EGraph& graph, Facts& into, const Facts& from) const {
  if (!from.known) return false;
  if (!into.known) {
    into = from;
    return true;
  }
  if (!(into.type == from.type)) {
    throw RuleError({}, "types",
                    format("{} and {} cannot be equal", into.type.text(), from.type.text()))
        .detail(graph.blame())
        .fix("correct the rule, or give it a condition that excludes this match");
  }
  bool changed = false;
  if (from.constant && into.constant && !agree(*into.constant, *from.constant)) {
    throw RuleError({}, "constants",
                    format("{} and {} cannot be equal", attr_text(into.constant->value),
                           attr_text(from.constant->value)))
        .detail(graph.blame())
        .fix("correct the rule, or give it a condition that excludes this match");
  }
  if (from.constant && !into.constant) {
    into.constant = from.constant;
    changed = true;
  }
  Interval range = into.range;
  Structure structure = into.structure;
  bool weight_only = into.weight_only;
  into.range = intersect(into.range, from.range);
  into.structure = join_structure(into.structure, from.structure);
  into.weight_only = into.weight_only || from.weight_only;
  narrow(into);
  return changed || !(range == into.range) || !(structure == into.structure) ||
         weight_only != into.weight_only;
}

bool TensorAnalysis::learn(const EGraph& graph, NodeId node, ClassId cls) {
  Facts facts = node_facts(graph, node);
  return join(graph, facts_[cls.index()], facts);
}

MergeResult TensorAnalysis::merge(const EGraph& graph, ClassId into, ClassId from) {
  Facts before = facts_[into.index()];
  const Facts other = facts_[from.index()];
  bool into_changed = join(graph, facts_[into.index()], other);
  Facts reverse = other;
  bool from_changed = join(graph, reverse, before);
  return {into_changed, from_changed};
}

void TensorAnalysis::modify(EGraph& graph, ClassId cls) {
  const Facts facts = facts_[cls.index()];
  if (!facts.constant || element_count(facts.type.shape) == 0) return;
  if (literal_node(graph, cls, facts.constant->value.as_double()).valid()) return;
  AttrId attr = graph.attrs().intern(Attrs{facts.constant->value, facts.type.shape});
  NodeId fill = graph.add(id_of(Op::kFill), attr, {});
  if (!fill.valid()) return;
  Reason reason;
  reason.kind = ReasonKind::kCompute;
  graph.unite(computing_node(graph, cls), fill, reason);
}

NodeId TensorAnalysis::computing_node(const EGraph& graph, ClassId cls) const {
  const Scalar value = facts_[cls.index()].constant->value;
  for (NodeId node : graph.nodes(cls)) {
    std::optional<ConstantFact> own = node_facts(graph, node).constant;
    if (own && own->value == value) return node;
  }
  return graph.representative(cls);
}

NodeId TensorAnalysis::literal_node(const EGraph& graph, ClassId cls, double literal) const {
  const Facts& facts = facts_[cls.index()];
  if (!facts.constant || !literal_matches(literal, facts.constant->value)) return {};
  for (NodeId node : graph.nodes(cls)) {
    const Attrs& attrs = graph.attrs().record(graph.attr(node));
    bool leaf = op_info(op_of(graph.op(node))).kind == OpKind::kLeaf;
    if (leaf && attr_kind(attrs[0]) == AttrKind::kScalar) return node;
  }
  return {};
}

void TensorAnalysis::assert_structure(EGraph& graph, ClassId cls, const Structure& structure) {
  Structure& into = facts_[cls.index()].structure;
  Structure joined = join_structure(into, structure);
  if (joined == into) return;
  into = joined;
  graph.facts_changed(cls);
}

bool TensorAnalysis::fact(const std::string& name, ClassId cls,
                          const std::vector<AttrValue>& args) const {
  const Facts& facts = facts_[cls.index()];
  const Structure& s = facts.structure;
  auto number = [&](std::size_t i) -> std::optional<double> {
    if (i >= args.size()) return std::nullopt;
    if (attr_kind(args[i]) == AttrKind::kScalar) return std::get<Scalar>(args[i]).as_double();
    if (attr_kind(args[i]) != AttrKind::kInt || !std::get<Dim>(args[i]).is_const())
      return std::nullopt;
    return static_cast<double>(std::get<Dim>(args[i]).value());
  };
  if (name == "finite") return facts.range.finite();
  // Below 1e-4 a 16-bit float may round to zero what the interval keeps apart from it.
  if (name == "nonzero") return facts.range.lo >= 1e-4 || facts.range.hi <= -1e-4;
  if (name == "zero") return s.zero() || (facts.constant && facts.constant->value.is_zero());
  if (name == "identity") return s.identity;
  if (name == "diagonal") return s.diagonal();
  if (name == "lower") return s.lower();
  if (name == "upper") return s.upper();
  if (name == "symmetric") return s.symmetric;
  if (name == "orthogonal") return s.orthogonal;
  auto a = number(0), b = number(1);
  if (!a || !b) return false;
  if (name == "banded") return s.below <= *a && s.above <= *b;
  return name == "in" && facts.range.finite() && facts.range.lo >= *a && facts.range.hi <= *b;
}

}  // namespace bafe

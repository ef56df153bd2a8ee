// From a graph to an e-graph and back. In: a program. Out: classes for its values; or, given a
// choice of nodes, a program again. Invariant: chosen_graph with the imported nodes gives the
// source program without inner layouts.

#include "term_graph.h"

#include <cmath>
#include <map>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/cost/access.h"
#include "bafe/ir/builder.h"

namespace bafe {
namespace {

bool tells_specials(const Element& tree) {
  if (tree->prim == Prim::kIsNan || tree->prim == Prim::kIsFinite) return true;
  for (const Element& arg : tree->args) {
    if (tells_specials(arg)) return true;
  }
  return false;
}

bool compares(const Element& tree) {
  if (tree->prim == Prim::kEq || tree->prim == Prim::kLt || tree->prim == Prim::kLe) return true;
  return tree->prim == Prim::kNot && compares(tree->args[0]);
}

/// Values that are equal by their form have one number.
class ValueNumbers {
 public:
  explicit ValueNumbers(const Graph& graph) : graph_(graph), numbers_(graph.size()) {
    std::map<std::string, std::size_t> known;
    for (ValueId id : graph.live()) {
      const Node& node = graph.node(id);
      std::string key = format("{}", static_cast<int>(node.op));
      for (ValueId operand : node.operands) key += format(" {}", numbers_[operand.index()]);
      for (const AttrValue& value : node.attrs) key += " " + attr_text(value);
      numbers_[id.index()] = known.emplace(key, known.size()).first->second;
    }
  }

  std::size_t of(ValueId id) const { return numbers_[id.index()]; }

  /// The value that `id` is made from, element by element, with nothing but constants.
  std::size_t origin(ValueId id) const {
    for (;;) {
      const Node& node = graph_.node(id);
      OpKind kind = op_info(node.op).kind;
      bool walks = kind == OpKind::kPointwise || kind == OpKind::kMovement;
      ValueId from;
      for (ValueId operand : node.operands) {
        if (is_constant(operand)) continue;
        if (from.valid() && of(from) != of(operand)) walks = false;
        from = operand;
      }
      if (!from.valid() || !(walks || kind == OpKind::kLayout)) return of(id);
      id = from;
    }
  }

 private:
  bool is_constant(ValueId id) const {
    const Node& node = graph_.node(id);
    OpKind kind = op_info(node.op).kind;
    if (kind == OpKind::kLeaf) return attr_kind(node.attrs[0]) != AttrKind::kInt;
    return kind == OpKind::kMovement && node.operands.size() == 1 && is_constant(node.operands[0]);
  }

  const Graph& graph_;
  std::vector<std::size_t> numbers_;
};

/// NaN is not equal to itself: a comparison of a value with itself tells NaN apart as isnan does,
/// and so does equality with what one value alone became, as in y == y * 1.
bool tells_nan_by_comparison(const Graph& graph, ValueId id, const ValueNumbers& numbers) {
  const Node& node = graph.node(id);
  const Element& value = op_info(node.op).value;
  if (node.operands.size() != 2 || !value || !compares(value)) return false;
  ValueId a = node.operands[0], b = node.operands[1];
  if (!is_float(graph.type(a).dtype)) return false;
  if (numbers.of(a) == numbers.of(b)) return true;
  bool equality = (op_info(node.op).algebra & kCommutes) != 0;
  return equality && numbers.origin(a) == numbers.origin(b);
}

class Rebuilder {
 public:
  Rebuilder(const TermGraph& terms, const ChooseNode& choose, bool placed)
      : terms_(terms), choose_(choose) {
    if (placed) find_places();
    for (const InputInfo& info : terms.source.inputs()) inputs_.push_back(graph_.add_input(info));
    values_.resize(terms.egraph.class_bound());
    open_.resize(terms.egraph.class_bound(), false);
  }

  ValueId value(ClassId cls) {
    ValueId& known = values_[cls.index()];
    if (known.valid()) return known;
    BAFE_CHECK(!open_[cls.index()], "a choice of nodes has no cycle");
    open_[cls.index()] = true;
    NodeId node = choose_(cls);
    std::vector<ValueId> operands;
    for (NodeId child : terms_.egraph.children(node))
      operands.push_back(value(terms_.egraph.class_of(child)));
    const Attrs& attrs = terms_.egraph.attrs().record(terms_.egraph.attr(node));
    Op op = op_of(terms_.egraph.op(node));
    bool leaf = op_info(op).kind == OpKind::kLeaf;
    ValueId made = leaf && attr_kind(attrs[0]) == AttrKind::kInt
                       ? inputs_[static_cast<std::size_t>(attr_int(attrs, 0).value())]
                       : graph_.add(op, std::move(operands), attrs);
    values_[cls.index()] = made;
    if (!places_.empty() && places_[cls.index()].valid())
      graph_.set_loc(made, terms_.source.loc(places_[cls.index()]));
    return made;
  }

  Graph finish() {
    for (std::size_t i = 0; i < terms_.roots.size(); ++i) {
      ValueId root = value(terms_.root_class(i));
      for (const std::string& layout : terms_.root_layouts[i]) {
        root = graph_.add(Op::kLayoutTransform, {root}, {layout});
      }
      graph_.add_root(root);
    }
    return std::move(graph_);
  }

 private:
  void find_places() {
    places_.resize(terms_.egraph.class_bound());
    for (std::size_t i = terms_.nodes.size(); i-- > 0;) {
      ValueId id(static_cast<std::uint32_t>(i));
      if (terms_.source.loc(id).line) places_[terms_.egraph.class_of(terms_.nodes[i]).index()] = id;
    }
  }

  const TermGraph& terms_;
  const ChooseNode& choose_;
  std::vector<ValueId> places_;  // of each class: the oldest value of the source in it
  Graph graph_;
  std::vector<ValueId> inputs_, values_;
  std::vector<bool> open_;
};

}  // namespace

TermGraph::TermGraph(const Graph& program, bool fold_sums, bool finite)
    : source(flatten_named(program).compact()),
      analysis(fold_sums),
      egraph(tensor_ops(), &analysis) {
  analysis.assume_finite(finite);
  nodes.resize(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    const Node& node = source.node(ValueId(static_cast<std::uint32_t>(i)));
    if (op_info(node.op).kind == OpKind::kLayout) {
      nodes[i] = nodes[node.operands[0].index()];
      continue;
    }
    std::vector<NodeId> children;
    for (ValueId operand : node.operands) children.push_back(nodes[operand.index()]);
    nodes[i] = egraph.add(id_of(node.op), egraph.attrs().intern(node.attrs), children);
  }
  for (ValueId root : source.roots()) {
    roots.push_back(nodes[root.index()]);
    root_layouts.emplace_back();
    for (ValueId id = root; op_info(source.node(id).op).kind == OpKind::kLayout;
         id = source.node(id).operands[0]) {
      // The outermost layout is what the caller gets; what lies below it is undone by it.
      if (root_layouts.back().empty())
        root_layouts.back().push_back(attr_string(source.node(id).attrs, 0));
    }
  }
  imported_nodes = egraph.num_born();
  imported_classes = egraph.num_classes();
  egraph.rebuild();
}

Graph chosen_graph(const TermGraph& terms, const ChooseNode& choose, bool placed) {
  return Rebuilder(terms, choose, placed).finish().compact();
}

bool sees_specials(const Graph& graph) {
  const ValueNumbers numbers(graph);
  for (ValueId id : graph.live()) {
    const Node& node = graph.node(id);
    for (const AttrValue& value : node.attrs) {
      if (attr_kind(value) != AttrKind::kScalar) continue;
      Scalar scalar = std::get<Scalar>(value);
      if (is_float(scalar.dtype) && !std::isfinite(scalar.as_double())) return true;
    }
    if (op_info(node.op).value && tells_specials(op_info(node.op).value)) return true;
    if (tells_nan_by_comparison(graph, id, numbers)) return true;
    // A mean of nothing is 0 / 0.
    if (op_info(node.op).kind == OpKind::kReduction) {
      const Shape& reduced = graph.type(node.operands[0]).shape;
      if (is_concrete(reduced) && num_elements(reduced) == Dim(0)) return true;
    }
  }
  return false;
}

}  // namespace bafe

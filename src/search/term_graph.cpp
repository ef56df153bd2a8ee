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
      egraph(tensor_ops(), &analysis),
      specials(sees_specials(source)) {
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

}  // namespace bafe

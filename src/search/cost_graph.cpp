// From a program's e-graph to a plain cost graph. In: classes with priced nodes. Out: the same,
// numbered densely in the order of their ids, so ties are broken alike.

#include "cost_graph.h"

namespace bafe {

TermCosts term_costs(const TermGraph& terms, const NodeCosts& costs) {
  const EGraph& egraph = terms.egraph;
  TermCosts out;
  out.classes = egraph.classes();
  out.graph.num_classes = static_cast<std::uint32_t>(out.classes.size());
  std::vector<std::uint32_t> place(egraph.class_bound(), 0);
  for (std::uint32_t i = 0; i < out.classes.size(); ++i) place[out.classes[i].index()] = i;
  for (ClassId cls : out.classes) {
    for (NodeId node : egraph.nodes(cls)) {
      CostGraph::Node made{place[cls.index()], costs.node(node).own_ns, {}};
      for (NodeId child : egraph.children(node))
        made.children.push_back(place[egraph.class_of(child).index()]);
      out.graph.nodes.push_back(std::move(made));
      out.nodes.push_back(node);
    }
  }
  for (std::size_t i = 0; i < terms.roots.size(); ++i)
    out.graph.roots.push_back(place[terms.root_class(i).index()]);
  return out;
}

}  // namespace bafe

// A search's e-graph as data. In: a program and options. Out: the saturated e-graph with a price on
// every node. Invariant: nodes come in the order of their ids, so equal searches give equal files.

#include "bafe/cost/roofline.h"
#include "bafe/search/egraph_json.h"
#include "node_cost.h"
#include "saturation.h"

namespace bafe {

NamedEGraph egraph_of_search(const Graph& graph, const SearchOptions& options) {
  TermGraph terms(graph, options.math != Math::kBits);
  grow(terms, options.rules ? *options.rules : RuleSet::builtin(), options);
  RooflineModel reference(Machine::reference(options.target, options.threads));
  NodeCosts costs(terms, options.cost ? *options.cost : reference);
  const EGraph& egraph = terms.egraph;
  NamedEGraph out;
  std::vector<std::uint32_t> place(egraph.class_bound(), 0);
  for (ClassId cls : egraph.classes()) {
    place[cls.index()] = out.graph.num_classes++;
    out.class_names.push_back("c" + std::to_string(cls.index()));
    out.class_types.push_back(terms.analysis.facts(cls).type.text());
  }
  for (ClassId cls : egraph.classes()) {
    for (NodeId node : egraph.nodes(cls)) {
      CostGraph::Node made{place[cls.index()], costs.node(node).own_ns, {}};
      for (NodeId child : egraph.children(node))
        made.children.push_back(place[egraph.class_of(child).index()]);
      out.graph.nodes.push_back(std::move(made));
      out.node_names.push_back("n" + std::to_string(node.index()));
      const OpSpec& spec = egraph.ops().spec(egraph.op(node));
      out.ops.push_back(spec.name + fields_text(spec, egraph.attrs().record(egraph.attr(node))));
      out.subsumed.push_back(false);
    }
  }
  for (std::size_t i = 0; i < terms.roots.size(); ++i)
    out.graph.roots.push_back(place[terms.root_class(i).index()]);
  return out;
}

}  // namespace bafe

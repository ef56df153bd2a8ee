// A search's e-graph as data. In: a program and options. Out: the saturated e-graph with a price on
// every node. Invariant: nodes come in the order of their ids, so equal searches give equal files.

#include "bafe/cost/roofline.h"
#include "bafe/search/egraph_json.h"
#include "cost_graph.h"
#include "saturation.h"

namespace bafe {

NamedEGraph egraph_of_search(const Graph& graph, const SearchOptions& options) {
  TermGraph terms(graph, options.math != Math::kBits);
  grow(terms, options.rules ? *options.rules : RuleSet::builtin(), options);
  RooflineModel reference(Machine::reference(options.target, options.threads));
  NodeCosts costs(terms, options.cost ? *options.cost : reference);
  const EGraph& egraph = terms.egraph;
  TermCosts plain = term_costs(terms, costs);
  NamedEGraph out;
  for (ClassId cls : plain.classes) {
    out.class_names.push_back("c" + std::to_string(cls.index()));
    out.class_types.push_back(terms.analysis.facts(cls).type.text());
  }
  for (NodeId node : plain.nodes) {
    out.node_names.push_back("n" + std::to_string(node.index()));
    const OpSpec& spec = egraph.ops().spec(egraph.op(node));
    out.ops.push_back(spec.name + fields_text(spec, egraph.attrs().record(egraph.attr(node))));
    out.subsumed.push_back(false);
  }
  out.graph = std::move(plain.graph);
  return out;
}

}  // namespace bafe

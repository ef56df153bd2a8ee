#pragma once
/// E-graphs as data: the JSON form of egraph-serialize, Graphviz text, and extraction from both.

#include <string>
#include <string_view>
#include <vector>

#include "bafe/search/dag_extract.h"

namespace bafe {

class Graph;           // ir/graph.h
struct SearchOptions;  // search/optimize.h

/// A cost graph with the names that its file gives. Nodes and classes keep the file's order.
struct NamedEGraph {
  CostGraph graph;
  std::vector<std::string> node_names, ops;           ///< of each node
  std::vector<bool> subsumed;                         ///< of each node: never extracted
  std::vector<std::string> class_names, class_types;  ///< of each class; "" where no type is given

  /// As extract_dag; messages name nodes and classes as the file does. Without a node or a root
  /// there is nothing to compute: ParseError.
  DagChoice extract(const DagLimits& limits = {}) const;
};

/// `place` is the file's name, for messages. A missing cost is 1, null is infinity.
/// Errors: ParseError naming the place and the member; a key twice in one object is one.
NamedEGraph egraph_from_json(std::string_view text, const std::string& place);
/// Equal e-graphs give equal text; reading it gives the e-graph again.
std::string egraph_to_json(const NamedEGraph& egraph);
/// One cluster a class; the chosen nodes, if any are given, are filled.
std::string egraph_to_dot(const NamedEGraph& egraph, const DagChoice* choice = nullptr);

/// The saturated e-graph of a search, costs in predicted nanoseconds of each node by itself.
NamedEGraph egraph_of_search(const Graph& graph, const SearchOptions& options);

}  // namespace bafe

#pragma once
/// A program's e-graph as a plain cost graph.

#include <vector>

#include "bafe/search/dag_extract.h"
#include "node_cost.h"

namespace bafe {

/// Class and node i of `graph` are `classes[i]` and `nodes[i]`; a node costs what it costs by
/// itself.
struct TermCosts {
  CostGraph graph;
  std::vector<ClassId> classes;
  std::vector<NodeId> nodes;
};
TermCosts term_costs(const TermGraph& terms, const NodeCosts& costs);

}  // namespace bafe

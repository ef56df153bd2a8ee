#pragma once
/// The graph as Graphviz text: a box per class, a node per e-node, an edge from each node to its
/// children's classes.

#include <string>

#include "bafe/egraph/egraph.h"

namespace bafe {

/// Needs:   graph.is_rebuilt(). Equal graphs give equal text.
std::string dot_text(const EGraph& graph);

}  // namespace bafe

#pragma once
/// A program inside an e-graph: its classes, its inputs, the orders its roots must have.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bafe/egraph/egraph.h"
#include "bafe/ir/graph.h"
#include "bafe/ir/specials.h"
#include "bafe/search/tensor_analysis.h"

namespace bafe {

/// Named nodes are replaced by their definitions, layout_transform by its operand; at a root it is
/// kept aside.
struct TermGraph {
  /// finite: zeros of matrices count as zeros of their products.
  explicit TermGraph(const Graph& program, bool fold_sums, bool finite = false);
  TermGraph(const TermGraph&) = delete;

  Graph source;  ///< flattened and compact
  TensorAnalysis analysis;
  EGraph egraph;
  std::vector<NodeId> nodes;  ///< of each value of `source`
  std::vector<NodeId> roots;
  std::vector<std::vector<std::string>> root_layouts;  ///< layouts over each root, innermost first
  std::size_t imported_nodes = 0, imported_classes = 0;
  bool specials;  ///< NaN and Inf are told apart, here or in the program that this is a piece of

  ClassId root_class(std::size_t i) const { return egraph.class_of(roots[i]); }
};

/// Node that stands for a class where `user` reads it (invalid user: a root).
using ChooseNode = std::function<NodeId(ClassId)>;
/// The program in which every class is computed by its chosen node. Inputs are all kept, in order.
/// Needs an acyclic choice. placed: values of classes that the source holds keep their source
/// lines.
Graph chosen_graph(const TermGraph& terms, const ChooseNode& choose, bool placed = false);

}  // namespace bafe

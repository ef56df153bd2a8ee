#pragma once
/// Large programs cut into pieces that are searched apart.

#include <vector>

#include "bafe/ir/graph.h"

namespace bafe {

/// A run of nodes as a program of its own. Inputs are the values it reads, roots the values that
/// others need.
struct Piece {
  Graph graph;
  std::vector<ValueId> inputs;   ///< values of the whole program, one an input
  std::vector<ValueId> outputs;  ///< values of the whole program, one a root
};

struct Pieces {
  Graph whole;                ///< compact, named nodes replaced
  std::vector<Piece> pieces;  ///< in execution order
};

/// Pieces of at most `max_nodes` computed nodes, cut where few values are live.
Pieces cut_into_pieces(const Graph& graph, std::size_t max_nodes);
/// The whole program with each piece's graph replaced by the one given (same inputs, same roots).
Graph join_pieces(const Pieces& pieces, const std::vector<Graph>& graphs);

}  // namespace bafe

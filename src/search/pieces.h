#pragma once
/// Large and repetitive programs cut into pieces that are searched apart, equal ones once.

#include <vector>

#include "bafe/ir/graph.h"

namespace bafe {

/// A run of nodes as a program of its own. Inputs are the values it reads, in order of first use;
/// roots the values that others need.
struct Piece {
  Graph graph;
  std::vector<ValueId> inputs;   ///< values of the whole program, one an input
  std::vector<ValueId> outputs;  ///< values of the whole program, one a root
  /// The graph's array constants are named by their place here, so that pieces that differ in them
  /// alone are like each other: nothing is concluded from their elements.
  std::vector<ValueId> constants;
  std::size_t like = 0;  ///< the first piece with this graph up to names; often itself
};

struct Pieces {
  Graph whole;                ///< compact, named nodes replaced
  std::vector<Piece> pieces;  ///< in execution order
};

/// Pieces of at most `max_nodes` computed nodes. Cuts lie where a single computed tensor is live
/// and no associative chain runs across, at the period of what repeats; where there is no such
/// place, where few values are live. What is cheap to make from one input (views, casts, scalings)
/// is made in every piece that reads it.
/// Time: linear in the nodes for each of at most 64 periods.
Pieces cut_into_pieces(const Graph& graph, std::size_t max_nodes);
/// The whole program with each piece's graph replaced by the one given (same inputs, same roots).
Graph join_pieces(const Pieces& pieces, const std::vector<const Graph*>& graphs);
inline constexpr std::size_t kSmallestRepetitive = 64;  ///< nodes; below, cuts gain nothing
/// Do equal pieces make up most of the program, so that searching one for all is worth the cuts?
bool is_repetitive(const Pieces& pieces);

}  // namespace bafe

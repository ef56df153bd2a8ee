#pragma once
/// Thin products that share an operand, offered as one product.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "term_graph.h"

namespace bafe {

/// At most this many rows (columns) a product: reading the common operand dominates.
inline constexpr std::int64_t kThinRows = 16;

/// Independent thin products with a common operand: none needs the result of another.
struct Siblings {
  int shared_place = 0;           ///< 0: the common operand is the left one
  std::vector<ValueId> products;  ///< at least two, ascending
};

/// All groups of a graph; a product may be in two, once for each operand. O(nodes) a group.
std::vector<Siblings> find_siblings(const Graph& graph);

/// Adds, for each group, the product of the other operands side by side, and the slices of it that
/// equal each member: (a c), (b c) give slices of (concat a b) c. No class is united here: the
/// rules for slices of products and of concatenations find the equality.
void seed_siblings(TermGraph& terms, std::size_t max_nodes);

}  // namespace bafe

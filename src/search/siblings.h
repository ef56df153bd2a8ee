#pragma once
/// Thin products that share an operand, offered as one product.

#include <cstddef>

#include "term_graph.h"

namespace bafe {

/// Adds, for independent products with a common operand, the product of their other operands side
/// by side, and the slices of it that equal each: (a c), (b c) give slices of (concat a b) c. No
/// class is united here: the rules for slices of products and of concatenations find the equality.
/// Only where reading the common operand dominates: at most kThinRows rows (columns) a product.
void seed_siblings(TermGraph& terms, std::size_t max_nodes);
inline constexpr std::int64_t kThinRows = 16;

}  // namespace bafe

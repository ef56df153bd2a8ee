#pragma once
/// Long chains and sums leave the explosive rules: their good groupings are computed, not searched.

#include <vector>

#include "bafe/rules/rule.h"
#include "bafe/search/optimize.h"
#include "term_graph.h"

namespace bafe {

inline constexpr std::size_t kLongChain =
    6;  ///< operands above which regrouping is no longer searched

/// Adds one good grouping of every maximal chain of more than kLongChain operands under an
/// associative operator, as an `ac` union: products of matrices in the order of fewest
/// multiplications, commutative chains with equal terms and terms of a common factor side by side.
/// Returns the operators of such chains.
std::vector<OpId> regroup_long_chains(TermGraph& terms, Math math, std::size_t max_nodes);

/// Does the rule's left side consist of these operators alone?
bool only_regroups(const Rewrite& rewrite, const std::vector<OpId>& operators);

}  // namespace bafe

#pragma once
/// Why the chosen program equals the program as written, for people.

#include <vector>

#include "bafe/search/optimize.h"
#include "saturation.h"
#include "term_graph.h"

namespace bafe {

/// The rewrites between the imported roots and the chosen ones, in order, each once; at most
/// `max_steps` a root.
std::vector<ExplainStep> explain_choice(const TermGraph& terms, const Growth& growth,
                                        const ChooseNode& choose, std::size_t max_steps = 2000);

/// The moves that the chosen layouts use: transposes read in place from a buffer in the other
/// order.
std::vector<ExplainStep> explain_moves(const Program& program, const RuleSet& rules);

}  // namespace bafe

#pragma once
/// Why the chosen program equals the program as written, for people.

#include <vector>

#include "bafe/search/optimize.h"
#include "saturation.h"
#include "term_graph.h"

namespace bafe {

/// The rewrites between the imported roots and the chosen ones, in order, each once, with class and
/// conditions of the rule; at most `max_steps`. A root whose rewriting needs more, because values
/// are used again and again, is told by the equations that prove it, each once. `rules`: where the
/// names come from. `stop` ends the telling early.
std::vector<ExplainStep> explain_choice(const TermGraph& terms, const Growth& growth,
                                        const RuleSet& rules, const ChooseNode& choose,
                                        const std::function<bool()>& stop = {},
                                        std::size_t max_steps = 1000);

/// The conditions of a rule, one a line as the rule writes them: types of its variables, then what
/// :when asks.
std::vector<std::string> premises_of(const Rule& rule);

/// The moves that the chosen layouts use: transposes read in place from a buffer in the other
/// order.
std::vector<ExplainStep> explain_moves(const Program& program, const RuleSet& rules);

}  // namespace bafe

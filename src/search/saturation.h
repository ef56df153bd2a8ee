#pragma once
/// Growing the e-graph: staged saturation, one classical pass, stochastic passes.

#include <optional>
#include <string>
#include <vector>

#include "bafe/egraph/saturate.h"
#include "bafe/rules/rule_set.h"
#include "bafe/search/optimize.h"
#include "term_graph.h"

namespace bafe {

/// The directions of a rule set that a math mode allows, in rule order.
std::vector<const Rewrite*> allowed_rewrites(const RuleSet& rules, Math math);

struct Growth {
  std::int64_t matches_accepted = 0, iterations = 0, work_units = 0;
  std::string stop_reason;
  std::vector<SaturationRule> rules;  ///< as adapted: explanations need them
  std::vector<std::string> rule_names;
};

/// Grows `terms` as the options say. RuleError when a rule contradicts an analysis.
Growth grow(TermGraph& terms, const RuleSet& rules, const SearchOptions& options);

/// Stochastic passes within the limits of `budget`, of which `growth` has used a part.
void grow_stochastically(TermGraph& terms, const SearchBudget& budget, const SearchOptions& options,
                         const std::vector<const Rewrite*>& rewrites, Growth& growth);

/// Live nodes that are not leaves, were not imported, and lie in classes that a root reaches.
std::int64_t count_alternatives(const TermGraph& terms);

}  // namespace bafe

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
  std::vector<GrowthRound> rounds;
  std::vector<Rejection> rejected;         ///< rules held back or left out, and why
  std::optional<RuleError> contradiction;  ///< the graph is not to be used
};

/// Grows `terms` as the options say. A rule that contradicts an analysis ends the growth.
Growth grow(TermGraph& terms, const RuleSet& rules, const SearchOptions& options);

/// Sets of the adapted rules beyond RuleStage: rules that lead uphill, run by chance alone.
inline constexpr std::uint32_t kExploreSet = 5;

/// Takes what one or more iterations did into `growth`.
void absorb(const Saturation& saturation, StopReason reason, Growth& growth);

/// The deep regime's last part: sets of rules as arms of a bandit. A pull runs one set and the
/// goal-directed ones for one iteration; its reward is how far the price of the cheapest term fell,
/// and a little for new classes. Counted, and seeded for ties. Nothing to do when `limits` are met.
void explore_sets(TermGraph& terms, Saturation& saturation, const SearchOptions& options,
                  const SaturationOptions& limits, Growth& growth);

/// Stochastic passes within the limits of `budget`, of which `growth` has used a part.
void grow_stochastically(TermGraph& terms, const SearchBudget& budget, const SearchOptions& options,
                         const std::vector<const Rewrite*>& rewrites, Growth& growth);

/// Adds the user's own rule that made most rewrites, if one made several, and its last match to the
/// report.
void note_growth(const TermGraph& terms, Growth& growth);

/// Live nodes that are not leaves, were not imported, and lie in classes that a root reaches.
std::int64_t count_alternatives(const TermGraph& terms);

}  // namespace bafe

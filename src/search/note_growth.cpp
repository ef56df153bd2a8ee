// Who made an e-graph grow. In: a grown e-graph that met a limit. Out: the rule with most rewrites,
// the user's own before built-in ones, with its last match, among what was left out.

#include <utility>
#include <vector>

#include "bafe/base/format.h"
#include "saturation.h"

namespace bafe {

void note_growth(const TermGraph& terms, Growth& growth) {
  const EGraph& egraph = terms.egraph;
  std::vector<std::size_t> rewrites(growth.rule_names.size(), 0);
  std::vector<NodeId> last(growth.rule_names.size());
  std::size_t total = 0;
  for (std::size_t at = 0; at < egraph.log_size();) {
    EGraph::Union entry = egraph.read_log(at);
    if (entry.kind != ReasonKind::kRule || entry.rule.index() >= rewrites.size()) continue;
    ++rewrites[entry.rule.index()];
    last[entry.rule.index()] = entry.a;
    ++total;
  }
  if (total == 0) return;
  // Built-in rules regroup what a rule of the user's own made: that one is to be named.
  auto rank = [&](std::size_t rule) {
    bool own = !RuleSet::builtin().find(growth.rule_names[rule]);
    return std::pair(own && rewrites[rule] > 0, rewrites[rule]);
  };
  std::size_t rule = 0;
  for (std::size_t i = 1; i < rewrites.size(); ++i) {
    if (rank(i) > rank(rule)) rule = i;
  }
  growth.rejected.push_back(
      {"rule " + growth.rule_names[rule],
       format("{} of {} rewrites before the {}, the last of {}", rewrites[rule], total,
              growth.stop_reason, egraph.term_text(last[rule], 3))});
}

}  // namespace bafe

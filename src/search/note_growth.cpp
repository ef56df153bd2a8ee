// Who made an e-graph grow. In: a grown e-graph that met a limit. Out: the user's own rule with
// most rewrites, with its last match, in the report. Built-in rules are never named: that they meet
// a limit on a large program is how limits work.

#include <optional>
#include <vector>

#include "bafe/base/format.h"
#include "saturation.h"

namespace bafe {
namespace {

constexpr std::size_t kLeastRewrites = 2;  // a rule that grows matches what it made

}  // namespace

void note_growth(const TermGraph& terms, Growth& growth) {
  const EGraph& egraph = terms.egraph;
  const RuleSet& builtin = RuleSet::builtin();
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
  // Built-in rules regroup what a rule of the user's own made, and meet limits on their own too.
  std::optional<std::size_t> most;
  for (std::size_t i = 0; i < rewrites.size(); ++i) {
    bool own = !builtin.find(growth.rule_names[i]);
    if (own && rewrites[i] > (most ? rewrites[*most] : kLeastRewrites - 1)) most = i;
  }
  if (!most) return;
  growth.rejected.push_back(
      {"rule " + growth.rule_names[*most],
       format("{} of {} rewrites before the {}, the last of {}", rewrites[*most], total,
              growth.stop_reason, egraph.term_text(last[*most], 3))});
}

}  // namespace bafe

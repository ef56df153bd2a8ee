// Rules that may come to match. In: rewrites and an e-graph as imported. Out: those whose operators
// all occur in it or in right sides of others that may match, in the same order. Nothing else is
// left out, so the search finds the same; a small program is spared most of the rules.

#include <algorithm>
#include <vector>

#include "rule_adapter.h"

namespace bafe {
namespace {

bool all_known(const Pattern& pattern, const std::vector<bool>& known) {
  if (pattern.kind == Pattern::Kind::kOperator && !known[pattern.op.index()]) return false;
  return std::all_of(pattern.children.begin(), pattern.children.end(),
                     [&](const Pattern& child) { return all_known(child, known); });
}

bool may_match(const Rewrite& rewrite, const std::vector<bool>& known) {
  return std::all_of(rewrite.left.roots.begin(), rewrite.left.roots.end(),
                     [&](const RootPattern& root) { return all_known(root.pattern, known); });
}

}  // namespace

std::vector<const Rewrite*> reachable_rewrites(const std::vector<const Rewrite*>& rewrites,
                                               const EGraph& egraph) {
  std::vector<bool> known(egraph.ops().size(), false), taken(rewrites.size(), false);
  known[id_of(Op::kFill).index()] = true;  // folding makes constants of anything
  for (std::size_t i = 0; i < egraph.num_born(); ++i)
    known[egraph.op(NodeId(static_cast<std::uint32_t>(i))).index()] = true;
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = 0; i < rewrites.size(); ++i) {
      if (taken[i] || !may_match(*rewrites[i], known)) continue;
      taken[i] = changed = true;
      for (const RightStep& step : rewrites[i]->right.steps) {
        if (step.kind == RightStep::Kind::kNode) known[step.op.index()] = true;
      }
    }
  }
  std::vector<const Rewrite*> result;
  for (std::size_t i = 0; i < rewrites.size(); ++i) {
    if (taken[i]) result.push_back(rewrites[i]);
  }
  return result;
}

}  // namespace bafe

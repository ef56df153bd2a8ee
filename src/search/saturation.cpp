// Staged saturation. In: an imported program, rules, limits. Out: the grown e-graph and what it
// took. Stages of one iteration run in the order analysis, simplify, structural, fuse, explosive;
// the first two to their fixpoint.

#include "saturation.h"

#include <algorithm>
#include <set>

#include "bafe/base/format.h"
#include "flatten.h"
#include "rule_adapter.h"
#include "siblings.h"

namespace bafe {
namespace {

constexpr std::uint32_t bit(RuleStage stage) { return 1u << static_cast<std::uint32_t>(stage); }

// Matches after which no further round begins: by the regime's width and the program's size.
constexpr std::size_t kMatchesPerWidth = 120, kMatchesPerNode = 24, kFreeNodes = 40;
constexpr std::uint32_t kGoalDirected = bit(RuleStage::kAnalysis) | bit(RuleStage::kSimplify);

const char* reason_text(StopReason reason) {
  switch (reason) {
    case StopReason::kSaturated:
      return "saturated";
    case StopReason::kIterations:
      return "iteration limit";
    case StopReason::kNodes:
      return "node limit";
    case StopReason::kMemory:
      return "memory limit";
    case StopReason::kAccepted:
      return "rewrite limit";
    case StopReason::kInterrupted:
      return "time";
    default:
      return stop_reason_text(reason);
  }
}

/// Rules that matched more often than the backoff allows.
void note_bans(const Saturation& saturation, Growth& growth) {
  for (std::size_t i = 0; i < saturation.rules().size(); ++i) {
    std::size_t bans = saturation.stats(i).bans;
    if (!bans) continue;
    growth.rejected.push_back({"rule " + saturation.rules()[i].name,
                               format("matched too often, held back {} times", bans)});
  }
}

/// Rewrites that may run on this program: rules of one long chain alone leave the explosive set.
std::vector<const Rewrite*> without_chains(std::vector<const Rewrite*> rewrites,
                                           const std::vector<OpId>& chained, Growth& growth) {
  auto drop = [&](const Rewrite* rewrite) {
    bool drops = rewrite->stage == RuleStage::kExplosive && only_regroups(*rewrite, chained);
    if (drops && rewrite->forward)
      growth.rejected.push_back(
          {"rule " + rewrite->name, "long chains are grouped by computation"});
    return drops;
  };
  rewrites.erase(std::remove_if(rewrites.begin(), rewrites.end(), drop), rewrites.end());
  return rewrites;
}

/// Rules of the theme "explore" lead uphill: only chance goes through them.
bool is_goal_rule(const Rule& rule) { return rule.theme != "explore"; }

void run_staged(TermGraph& terms, Saturation& saturation, const SearchOptions& options,
                std::size_t max_nodes, Growth& growth) {
  SaturationOptions limits;
  limits.stages = {
      {kGoalDirected, 8},         {bit(RuleStage::kStructural), 1}, {kGoalDirected, 8},
      {bit(RuleStage::kFuse), 1}, {bit(RuleStage::kExplosive), 1},  {kGoalDirected, 8}};
  Regime regime = regime_of(options.time_budget_ms, options.deep);
  limits.max_iterations =
      options.time_budget_ms || options.deep ? static_cast<std::size_t>(regime_iters(regime)) : 8;
  limits.max_nodes = std::max(max_nodes, terms.egraph.num_nodes());
  limits.interrupted = options.interrupted;
  std::optional<StopReason> end;
  std::size_t matches = 0, nodes = std::max(terms.imported_nodes, kFreeNodes) - kFreeNodes;
  std::size_t work = kMatchesPerWidth * static_cast<std::size_t>(regime_beam_width(regime)) +
                     kMatchesPerNode * nodes;
  bool worked = false;
  for (std::size_t i = 0; i < limits.max_iterations && !end; ++i) {
    // Work is counted in matches: rounds over a graph that exploded are not worth a caller's wait.
    worked = matches >= work;
    if (worked) break;
    if (options.interrupted && options.interrupted()) {
      end = StopReason::kInterrupted;
      break;
    }
    end = saturation.iterate(limits);
    matches += saturation.iterations().back().matches;
  }
  absorb(saturation, end.value_or(StopReason::kIterations), growth);
  if (worked) growth.stop_reason = "work limit";
  bool stopped = end && *end != StopReason::kSaturated;
  if (regime == Regime::kDeep && !stopped) explore_sets(terms, saturation, options, limits, growth);
  note_bans(saturation, growth);
  if (growth.stop_reason.find("limit") != std::string::npos) note_growth(terms, growth);
}

/// A budget bounds the whole search: the goal-directed sets take at most half, chance the rest.
void run_budget(TermGraph& terms, Saturation& saturation, const SearchOptions& options,
                const std::vector<const Rewrite*>& rewrites, Growth& growth) {
  const SearchBudget& budget = *options.budget;
  SaturationOptions limits;
  limits.stages = {{kGoalDirected, 1}};
  limits.max_iterations = static_cast<std::size_t>(std::max(0, std::min(budget.max_iters, 1)));
  limits.max_nodes =
      std::max(static_cast<std::size_t>(std::max(0, budget.max_nodes)), terms.egraph.num_nodes());
  limits.max_accepted = static_cast<std::size_t>(std::max(0, budget.max_rewrites)) / 2;
  limits.interrupted = options.interrupted;
  if (limits.max_accepted > 0 && limits.max_iterations > 0) {
    absorb(saturation, saturation.run(limits), growth);
    if (growth.contradiction) return;
    growth.iterations = 0;  // the passes below are the iterations that the caller budgets
  }
  grow_stochastically(terms, budget, options, rewrites, growth);
}

/// One pass of the classical sixteen: every match of the program as it stands, once.
void run_single_pass(TermGraph& terms, const SearchOptions& options, Growth& growth) {
  auto rewrites = allowed_rewrites(RuleSet::classic(), options.math);
  growth.rules = adapt_rules(rewrites, terms.analysis, terms.specials, growth.rule_names);
  Saturation saturation(terms.egraph, growth.rules);
  const SearchBudget& budget = *options.budget;
  SaturationOptions limits;
  limits.max_iterations = 1;
  limits.max_nodes =
      std::max(static_cast<std::size_t>(std::max(0, budget.max_nodes)), terms.egraph.num_nodes());
  limits.max_accepted = static_cast<std::size_t>(std::max(0, budget.max_rewrites));
  limits.interrupted = options.interrupted;
  absorb(saturation, saturation.run(limits), growth);
  if (growth.stop_reason == std::string("saturated")) return;
  if (growth.matches_accepted < budget.max_rewrites) growth.stop_reason = "iteration limit";
}

/// Uphill rules get a set of their own, which only the bandit of the deep regime runs.
void mark_uphill(const RuleSet& rules, std::vector<SaturationRule>& adapted) {
  std::set<std::string> uphill;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules.rule(RuleId(static_cast<std::uint32_t>(i)));
    if (!is_goal_rule(rule)) uphill.insert(rule.name);
  }
  for (SaturationRule& rule : adapted) {
    if (uphill.count(rule.name)) rule.set = kExploreSet;
  }
}

void grow_as_asked(TermGraph& terms, const RuleSet& rules, const SearchOptions& options,
                   Growth& growth) {
  if (options.budget && !options.budget->enable_multi_pass)
    return run_single_pass(terms, options, growth);
  std::size_t max_nodes = static_cast<std::size_t>(
      std::max(0, options.budget ? options.budget->max_nodes : options.max_nodes));
  std::vector<OpId> chained = regroup_long_chains(terms, options.math, max_nodes);
  seed_siblings(terms, max_nodes);
  bool deep = regime_of(options.time_budget_ms, options.deep) == Regime::kDeep;
  RuleSet searched = options.budget || deep ? rules : rules.filter(is_goal_rule);
  auto rewrites = without_chains(allowed_rewrites(searched, options.math), chained, growth);
  rewrites = reachable_rewrites(rewrites, terms.egraph);
  growth.rules = adapt_rules(rewrites, terms.analysis, terms.specials, growth.rule_names);
  if (deep) mark_uphill(searched, growth.rules);
  Saturation saturation(terms.egraph, growth.rules);
  if (options.budget) {
    run_budget(terms, saturation, options, rewrites, growth);
  } else {
    run_staged(terms, saturation, options, max_nodes, growth);
  }
}

}  // namespace

void absorb(const Saturation& saturation, StopReason reason, Growth& growth) {
  growth.contradiction = saturation.error();
  growth.matches_accepted = static_cast<std::int64_t>(saturation.accepted());
  const std::vector<IterationStats>& all = saturation.iterations();
  growth.iterations = static_cast<std::int64_t>(all.size());
  for (std::size_t i = growth.rounds.size(); i < all.size(); ++i) {
    growth.work_units += static_cast<std::int64_t>(all[i].matches);
    growth.rounds.push_back({"all sets", static_cast<std::int64_t>(all[i].nodes),
                             static_cast<std::int64_t>(all[i].classes),
                             static_cast<std::int64_t>(all[i].matches),
                             static_cast<std::int64_t>(all[i].accepted)});
  }
  growth.stop_reason = reason_text(reason);
}

std::vector<const Rewrite*> allowed_rewrites(const RuleSet& rules, Math math) {
  NumericClass weakest = math == Math::kBits    ? NumericClass::kBits
                         : math == Math::kReals ? NumericClass::kDomain
                                                : NumericClass::kApprox;
  return rules.rewrites(weakest);
}

Growth grow(TermGraph& terms, const RuleSet& rules, const SearchOptions& given) {
  Growth growth;
  growth.stop_reason = "saturated";
  if (rules.size() == 0) return growth;  // nothing is to be rewritten, long chains neither
  SearchOptions options = given;
  bool full = false;
  options.interrupted = [&] {
    full = full || terms.egraph.memory_bytes() > given.max_memory_bytes;
    return full || (given.interrupted && given.interrupted());
  };
  try {
    grow_as_asked(terms, rules, options, growth);
  } catch (const RuleError& error) {
    growth.contradiction = error;
  }
  if (full) growth.stop_reason = "memory limit";
  return growth;
}

std::int64_t count_alternatives(const TermGraph& terms) {
  const EGraph& egraph = terms.egraph;
  std::vector<bool> seen(egraph.class_bound(), false);
  std::vector<ClassId> work;
  auto push = [&](ClassId cls) {
    if (seen[cls.index()]) return;
    seen[cls.index()] = true;
    work.push_back(cls);
  };
  for (std::size_t i = 0; i < terms.roots.size(); ++i) push(terms.root_class(i));
  std::int64_t count = 0;
  while (!work.empty()) {
    ClassId cls = work.back();
    work.pop_back();
    for (NodeId node : egraph.nodes(cls)) {
      bool leaf = op_info(op_of(egraph.op(node))).kind == OpKind::kLeaf;
      count += !leaf && node.index() >= terms.imported_nodes;
      for (NodeId child : egraph.children(node)) push(egraph.class_of(child));
    }
  }
  return count;
}

}  // namespace bafe

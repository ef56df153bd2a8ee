// One program searched. In: a program and its plan as written. Out: the cheapest plan found, the
// rewrites between, and what was done. Invariants: the chosen price is never above that of the
// program as written; no rule that contradicted an analysis had a part in the result.

#include "search_one.h"

#include <algorithm>
#include <memory>

#include "bafe/base/format.h"
#include "bafe/rules/rule_set.h"
#include "contradiction.h"
#include "explain_steps.h"
#include "ranking.h"
#include "saturation.h"

namespace bafe {
namespace {

constexpr std::size_t kMaxRefinedNodes = 3000;
constexpr int kRefineRounds = 3, kNeighbours = 8;
constexpr double kMsPerNode = 0.003, kMsPerPlanned = 0.015;  // on a slow machine
// Operators in all plans of one search, for each candidate that the regime keeps: plans of large
// programs cost more, and more rarely win.
constexpr std::size_t kPlannedNodes = 150;
constexpr int kMaxContradictions = 4;  // then the program as written is the best sound one
// Shares of a time budget after which a part hands over to the next.
constexpr double kGrowShare = 0.5, kExtractShare = 0.7, kPlanShare = 0.9;

struct Grown {
  std::unique_ptr<TermGraph> terms;
  Growth growth;
  bool sound = true;
};

ExtractLimits extract_limits(const SearchContext& context) {
  Regime regime = regime_of(context.options.time_budget_ms, context.options.deep);
  ExtractLimits limits;
  limits.candidates = regime_beam_width(regime);
  limits.evaluations = 80 * regime_beam_width(regime);
  limits.interrupted = context.deadline.at(kExtractShare);
  return limits;
}

Grown grow_soundly(const Graph& graph, SearchContext& context) {
  Grown grown;
  SearchOptions options = context.options;
  options.interrupted = context.deadline.at(kGrowShare);
  RuleSet rules = context.rules;
  std::vector<Rejection> rejected;
  std::string left_out;
  for (int attempt = 0; attempt <= kMaxContradictions; ++attempt) {
    grown.terms =
        std::make_unique<TermGraph>(graph, options.math != Math::kBits, context.structured);
    grown.terms->specials = grown.terms->specials || context.specials;
    grown.growth = grow(*grown.terms, rules, options);
    grown.sound = !grown.growth.contradiction;
    if (grown.sound) break;
    std::vector<std::string> out =
        report_contradiction(*grown.growth.contradiction, rules, grown.growth.rule_names, rejected);
    if (out.empty()) break;
    for (const std::string& name : out) left_out += ", without rule " + name;
    rules = rules.filter([&](const Rule& rule) {
      return std::find(out.begin(), out.end(), rule.name) == out.end();
    });
  }
  grown.growth.stop_reason += left_out;
  grown.growth.rejected.insert(grown.growth.rejected.begin(), rejected.begin(), rejected.end());
  return grown;
}

const ErrorLimit* limits_of(const Ranking& ranking) {
  return ranking.errors() ? &ranking.errors() : nullptr;
}

Rejection outside_errors(const Extraction& extraction, const SearchContext& context) {
  return {format("{} programs", extraction.outside),
          format("their error factor is more than {} times that of the program as written",
                 *context.options.max_error_growth)};
}

/// The prices of groups feed back: what lies one exchange from the best plan is planned too, while
/// that helps.
void refine(Ranking& ranking, const TermGraph& terms, const NodeCosts& costs,
            const Extraction& extraction, std::size_t most, const std::function<bool()>& stop) {
  if (terms.egraph.num_nodes() > kMaxRefinedNodes) return;
  for (int round = 0; round < kRefineRounds; ++round) {
    if (stop && stop()) return;
    Candidate center = ranking.best() ? *ranking.best() : extraction.candidates[0];
    bool improved = false;
    for (const Candidate& next :
         neighbours(terms, costs, center, kNeighbours, limits_of(ranking))) {
      if (ranking.planned() >= most || (stop && stop())) return;
      improved |= ranking.offer(next, stop);
    }
    if (!improved) return;
  }
}

void add_stats(const TermGraph& terms, const Growth& growth, SearchStats& stats) {
  stats.alternatives = count_alternatives(terms);
  stats.matches_accepted = growth.matches_accepted;
  stats.nodes_before = static_cast<std::int64_t>(terms.imported_nodes);
  stats.classes_before = static_cast<std::int64_t>(terms.imported_classes);
  stats.nodes_after = static_cast<std::int64_t>(terms.egraph.num_nodes());
  stats.classes_after = static_cast<std::int64_t>(terms.egraph.num_classes());
  stats.iterations = growth.iterations;
  stats.work_units = growth.work_units;
  stats.stop_reason = growth.stop_reason;
}

std::size_t plans_worth_making(const TermGraph& terms, int width) {
  std::size_t nodes = std::max<std::size_t>(1, terms.source.size());
  return 2 + kPlannedNodes * static_cast<std::size_t>(width) / nodes;
}

/// Extracts and plans; the result's program is the best of all. The candidate behind it, if it is
/// not the program as written.
std::optional<Candidate> choose(const TermGraph& terms, const Growth& growth, Program written,
                                SearchContext& context, SearchResult& result) {
  ExtractLimits limits = extract_limits(context);
  NodeCosts costs(terms, context.cost);
  Ranking ranking(terms, std::move(written), context);
  limits.errors = limits_of(ranking);
  Extraction extraction = extract_candidates(terms, costs, limits);
  result.stats.work_units += extraction.evaluations;
  result.lower_bound_ns = extraction.lower_bound_ns;
  result.surrogate_ns = extraction.candidates[0].surrogate_ns;
  if (extraction.evaluations >= limits.evaluations)
    result.limits.push_back(format("extraction ended after {} programs", extraction.evaluations));
  if (extraction.outside > 0) result.rejected.push_back(outside_errors(extraction, context));
  std::function<bool()> stop = context.deadline.at(kPlanShare);
  std::size_t most = plans_worth_making(terms, limits.candidates);
  for (std::size_t i = 0; i < extraction.candidates.size() && ranking.planned() < most; ++i) {
    if (i > 0 && stop && stop()) break;
    ranking.offer(extraction.candidates[i], stop);
  }
  if (limits.candidates >= 16) refine(ranking, terms, costs, extraction, most, stop);
  if (ranking.planned() >= most)
    result.limits.push_back(format("planning ended after {} programs", ranking.planned()));
  std::optional<Candidate> best;
  if (const Candidate* chosen = ranking.best()) {
    auto node_of = [&](ClassId cls) { return chosen->nodes[cls.index()]; };
    result.steps = explain_choice(terms, growth, context.rules, node_of, context.deadline.at(1));
    best = *chosen;
  }
  result.candidates = ranking.take(static_cast<std::size_t>(limits.candidates));
  return best;
}

/// The proof that the result's program is the program as written.
void prove(const Graph& graph, const Grown& grown, const std::optional<Candidate>& best,
           const std::vector<Type>& constants, const SearchResult& result, SearchContext& context) {
  ProofText proof(graph, constants);
  auto written = proof.of_graph(graph), chosen = proof.of_graph(result.program.graph);
  if (best) {
    auto node_of = [&](ClassId cls) { return best->nodes[cls.index()]; };
    context.proof.add_equations(proof, *grown.terms, grown.growth, context.rules, node_of);
  }
  context.proof.add_block(proof.text(written, chosen));
}

}  // namespace

Program plan_written(const Graph& graph, SearchContext& context) {
  return plan_groups(
      plan_form(graph), context.cost, context.structured,
      {&context.memo, context.deadline.at(kGrowShare), context.options.math == Math::kBits});
}

bool prove_program(const Graph& graph, const Graph& program, SearchContext& context) {
  Grown grown = grow_soundly(graph, context);
  if (!grown.sound) return false;
  const EGraph& egraph = grown.terms->egraph;
  std::vector<NodeId> nodes(program.size());
  std::vector<NodeId> chosen(egraph.class_bound());
  for (ValueId id : program.live()) {
    const Node& node = program.node(id);
    std::vector<NodeId> children;
    for (ValueId operand : node.operands) children.push_back(nodes[operand.index()]);
    if (op_info(node.op).kind == OpKind::kLayout) {
      nodes[id.index()] = children[0];
      continue;
    }
    AttrId attrs = grown.terms->egraph.attrs().intern(node.attrs);
    NodeId found = egraph.lookup(id_of(node.op), attrs, children);
    if (!found.valid()) return false;
    nodes[id.index()] = found;
    NodeId& of_class = chosen[egraph.class_of(found).index()];
    if (!of_class.valid()) of_class = found;
  }
  for (std::size_t i = 0; i < program.roots().size(); ++i) {
    NodeId root = nodes[program.roots()[i].index()];
    if (egraph.class_of(root) != grown.terms->root_class(i)) return false;
  }
  ProofText proof(graph, {});
  auto written = proof.of_graph(graph), after = proof.of_graph(program);
  auto node_of = [&](ClassId cls) { return chosen[cls.index()]; };
  context.proof.add_equations(proof, *grown.terms, grown.growth, context.rules, node_of);
  context.proof.add_block(proof.text(written, after));
  return true;
}

SearchResult search_whole(const Graph& graph, Program written, SearchContext& context,
                          const std::vector<Type>& constants) {
  SearchResult result;
  result.predicted_ns_as_written = written.predicted_ns;
  Grown grown = grow_soundly(graph, context);
  add_stats(*grown.terms, grown.growth, result.stats);
  result.rounds = std::move(grown.growth.rounds);
  result.rejected = std::move(grown.growth.rejected);
  if (grown.growth.stop_reason.rfind("saturated", 0) != 0)
    result.limits.push_back("saturation: " + grown.growth.stop_reason);
  // Prices of all nodes, the first extraction and the first plan cannot be interrupted.
  double least_ms = kMsPerNode * static_cast<double>(grown.terms->egraph.num_nodes()) +
                    kMsPerPlanned * static_cast<double>(grown.terms->source.size());
  std::optional<Candidate> best;
  if (grown.sound && context.deadline.has_time_for(least_ms)) {
    best = choose(*grown.terms, grown.growth, std::move(written), context, result);
  } else {
    result.candidates.push_back(std::move(written));
  }
  result.program = result.candidates[0];
  prove(graph, grown, best, constants, result, context);
  return result;
}

}  // namespace bafe

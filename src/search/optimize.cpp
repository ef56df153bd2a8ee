// The whole search of one program. In: a graph and options. Out: the decided program with its
// rivals, the rewrites between, and counts. Invariant: the chosen program's price is never above
// that of the program as written.

#include "bafe/search/optimize.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <set>

#include "bafe/cost/roofline.h"
#include "bafe/ir/text.h"
#include "bafe/rules/rule_set.h"
#include "bafe/search/plan.h"
#include "explain_steps.h"
#include "extract.h"
#include "pieces.h"
#include "saturation.h"

namespace bafe {
namespace {

constexpr std::size_t kMaxSearchedNodes = 400;
// A predicted gain below this is noise of the model: the program as written stays.
constexpr double kMinGain = 0.995;
constexpr std::size_t kMaxRefinedNodes = 3000;
constexpr int kRefineRounds = 3, kNeighbours = 8;

struct Ranked {
  Program program;
  int candidate = -1;  // -1: as written
};

bool is_interrupted(const SearchOptions& options) {
  return options.interrupted && options.interrupted();
}

ExtractLimits extract_limits(const SearchOptions& options) {
  Regime regime = regime_of(options.time_budget_ms, options.deep);
  ExtractLimits limits;
  limits.candidates = regime_beam_width(regime);
  limits.evaluations = 80 * regime_beam_width(regime);
  return limits;
}

/// The caller's interrupt, or the end of a time budget. Time only decides how much work runs.
std::function<bool()> with_deadline(const SearchOptions& options) {
  double ms = options.budget && options.budget->time_budget_ms > 0
                  ? options.budget->time_budget_ms
                  : options.time_budget_ms.value_or(0);
  if (!(ms > 0) || options.deep) return options.interrupted;
  auto end = std::chrono::steady_clock::now() +
             std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                 std::chrono::duration<double, std::milli>(std::min(ms, 1e9)));
  return [end, inner = options.interrupted] {
    return (inner && inner()) || std::chrono::steady_clock::now() >= end;
  };
}

/// Plans of candidates and of the program as written, cheapest first; ties keep the earlier one.
class Ranking {
 public:
  Ranking(const TermGraph& terms, Program as_written, const CostModel& cost)
      : terms_(terms),
        cost_(cost),
        structured_(!as_written.structures.empty()),
        seen_{as_written.graph.hash()} {
    as_written_ns_ = as_written.predicted_ns;
    ranked_.push_back({std::move(as_written), -1});
  }

  /// True when the candidate is the best so far.
  bool offer(const Candidate& candidate) {
    Graph graph = chosen_graph(terms_, [&](ClassId cls) { return candidate.nodes[cls.index()]; });
    Program program = plan_groups(plan_form(graph), cost_, structured_);
    if (!(program.predicted_ns < 1e17) || !seen_.insert(program.graph.hash()).second) return false;
    double ns = program.predicted_ns;
    auto place = std::upper_bound(ranked_.begin(), ranked_.end(), ns,
                                  [&](double a, const Ranked& b) { return a < price(b); });
    bool first = place == ranked_.begin();
    ranked_.insert(place, {std::move(program), static_cast<int>(candidates_.size())});
    candidates_.push_back(candidate);
    return first;
  }

  /// nullptr: the program as written is the best.
  const Candidate* best() const {
    if (ranked_[0].candidate < 0) return nullptr;
    return &candidates_[static_cast<std::size_t>(ranked_[0].candidate)];
  }
  double as_written_ns() const { return as_written_ns_; }
  std::vector<Program> programs(std::size_t count) {
    std::vector<Program> result;
    for (Ranked& r : ranked_) {
      if (result.size() < count) result.push_back(std::move(r.program));
    }
    return result;
  }

 private:
  double price(const Ranked& r) const {
    return r.candidate < 0 ? r.program.predicted_ns * kMinGain : r.program.predicted_ns;
  }

  const TermGraph& terms_;
  const CostModel& cost_;
  bool structured_;
  std::set<std::uint64_t> seen_;
  std::vector<Ranked> ranked_;
  std::deque<Candidate> candidates_;
  double as_written_ns_ = 0;
};

/// The prices of groups feed back: what lies one exchange from the best plan is planned too, while
/// that helps.
void refine(Ranking& ranking, const TermGraph& terms, const NodeCosts& costs,
            const Extraction& extraction, const SearchOptions& options) {
  bool small = terms.egraph.num_nodes() <= kMaxRefinedNodes;
  if (!small || extract_limits(options).candidates < 16) return;
  for (int round = 0; round < kRefineRounds; ++round) {
    Candidate center = ranking.best() ? *ranking.best() : extraction.candidates[0];
    bool improved = false;
    for (const Candidate& next : neighbours(terms, costs, center, kNeighbours)) {
      if (is_interrupted(options)) return;
      improved |= ranking.offer(next);
    }
    if (!improved) return;
  }
}

SearchStats stats_of(const TermGraph& terms, const Growth& growth, const Extraction& extraction) {
  SearchStats stats;
  stats.alternatives = count_alternatives(terms);
  stats.matches_accepted = growth.matches_accepted;
  stats.nodes_before = static_cast<std::int64_t>(terms.imported_nodes);
  stats.classes_before = static_cast<std::int64_t>(terms.imported_classes);
  stats.nodes_after = static_cast<std::int64_t>(terms.egraph.num_nodes());
  stats.classes_after = static_cast<std::int64_t>(terms.egraph.num_classes());
  stats.iterations = growth.iterations;
  stats.work_units = growth.work_units + extraction.evaluations;
  stats.stop_reason = growth.stop_reason;
  return stats;
}

const RuleSet& rules_of(const SearchOptions& options) {
  return options.rules ? *options.rules : RuleSet::builtin();
}

SearchResult search_whole(const Graph& graph, const SearchOptions& options, const CostModel& cost) {
  bool structured = skips_zeros(graph, options);
  TermGraph terms(graph, options.math != Math::kBits, structured);
  Growth growth = grow(terms, rules_of(options), options);
  NodeCosts costs(terms, cost);
  Extraction extraction = extract_candidates(terms, costs, extract_limits(options));
  Ranking ranking(terms, plan_groups(plan_form(graph), cost, structured), cost);
  for (std::size_t i = 0; i < extraction.candidates.size(); ++i) {
    if (i > 0 && is_interrupted(options)) break;
    ranking.offer(extraction.candidates[i]);
  }
  refine(ranking, terms, costs, extraction, options);
  SearchResult result;
  result.stats = stats_of(terms, growth, extraction);
  result.predicted_ns_as_written = ranking.as_written_ns();
  if (const Candidate* chosen = ranking.best()) {
    auto choose = [&](ClassId cls) { return chosen->nodes[cls.index()]; };
    result.steps = explain_choice(terms, growth, choose);
  }
  auto kept = static_cast<std::size_t>(extract_limits(options).candidates);
  result.candidates = ranking.programs(kept);
  result.program = result.candidates[0];
  return result;
}

void add_stats(SearchStats& total, const SearchStats& part) {
  total.alternatives += part.alternatives;
  total.matches_accepted += part.matches_accepted;
  total.nodes_before += part.nodes_before;
  total.nodes_after += part.nodes_after;
  total.classes_before += part.classes_before;
  total.classes_after += part.classes_after;
  total.iterations = std::max(total.iterations, part.iterations);
  total.work_units += part.work_units;
  if (total.stop_reason.empty() || part.stop_reason != "saturated")
    total.stop_reason = part.stop_reason;
}

/// A large program piece by piece; the pieces are put together again and planned as one.
SearchResult search_pieces(const Graph& graph, const SearchOptions& options,
                           const CostModel& cost) {
  SearchResult result;
  std::vector<Graph> chosen;
  Pieces pieces = cut_into_pieces(graph, kMaxSearchedNodes);
  for (const Piece& piece : pieces.pieces) {
    if (is_interrupted(options)) {
      chosen.push_back(piece.graph);
      continue;
    }
    SearchResult part = search_whole(piece.graph, options, cost);
    add_stats(result.stats, part.stats);
    result.steps.insert(result.steps.end(), part.steps.begin(), part.steps.end());
    chosen.push_back(part.program.graph);
  }
  bool structured = skips_zeros(graph, options);
  Program as_written = plan_groups(plan_form(graph), cost, structured);
  Program searched = plan_groups(plan_form(join_pieces(pieces, chosen)), cost, structured);
  result.predicted_ns_as_written = as_written.predicted_ns;
  bool better = searched.predicted_ns < as_written.predicted_ns * kMinGain;
  if (!better) result.steps.clear();
  result.candidates.push_back(better ? searched : as_written);
  result.candidates.push_back(better ? std::move(as_written) : std::move(searched));
  result.program = result.candidates[0];
  return result;
}

}  // namespace

SearchResult optimize(const Graph& graph, const SearchOptions& asked) {
  auto begin = std::chrono::steady_clock::now();
  SearchOptions options = asked;
  options.interrupted = with_deadline(asked);
  RooflineModel reference(Machine::reference(options.target, options.threads));
  const CostModel& cost = options.cost ? *options.cost : reference;
  bool large = graph.live().size() > kMaxSearchedNodes;
  SearchResult result =
      large ? search_pieces(graph, options, cost) : search_whole(graph, options, cost);
  std::vector<ExplainStep> moves = explain_moves(result.program, rules_of(options));
  result.steps.insert(result.steps.end(), moves.begin(), moves.end());
  result.stats.regime = regime_name(regime_of(options.time_budget_ms, options.deep));
  result.stats.ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

}  // namespace bafe

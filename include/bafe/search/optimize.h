#pragma once
/// The whole search: saturate, extract over states, group, price; the result explains itself.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bafe/cost/schedule.h"
#include "bafe/cost/target.h"
#include "bafe/ir/graph.h"

namespace bafe {

class CostModel;  // cost/cost_model.h
class RuleSet;    // rules/rule_set.h

enum class Math : std::uint8_t { kBits, kReals, kFast };

/// The seven attributes of BAFE 0.1's search budget, with its defaults.
struct SearchBudget {
  int max_iters = 4;
  int max_nodes = 256;
  int max_rewrites = 64;
  double time_budget_ms = 0;
  double temperature = 1.0;
  std::uint64_t seed = 0xBAFE5EED;
  bool enable_multi_pass = true;
};

enum class Regime : std::uint8_t { kGreedy, kLight, kBeam, kDeep };
Regime regime_of(std::optional<double> time_budget_ms, bool deep);  ///< ends: 1, 10, 100 ms
const char* regime_name(Regime regime);
int regime_beam_width(Regime regime);  ///< 1, 4, 16, 64
int regime_iters(Regime regime);       ///< 1, 2, 4, 8

struct SearchOptions {
  Math math = Math::kReals;
  std::optional<SearchBudget> budget;  ///< set: stochastic passes follow the staged saturation
  std::optional<double> time_budget_ms;
  bool deep = false;
  bool structure = true;  ///< skip known zeros of matrices (class `finite`); never in math="bits"
  int max_nodes = 10000;  ///< of the staged saturation
  std::size_t max_memory_bytes = std::size_t{1} << 30;  ///< of the e-graph, proofs included
  const RuleSet* rules = nullptr;                       ///< nullptr: the default rules
  const CostModel* cost = nullptr;  ///< nullptr: roofline on the reference machine
  Target target;
  int threads = 1;
  std::function<bool()> interrupted;  ///< polled at least every 10 ms of work
  /// At least 1: no root's error factor (ir/error_factor.h) is more than this many times that of
  /// the program as written.
  std::optional<double> max_error_growth = {};
};

/// What f.search_stats() reports. Counts, so equal in every process; ms is the only clock.
struct SearchStats {
  std::int64_t alternatives =
      0;  ///< distinct e-nodes that rules added in classes reachable from a root
  std::int64_t matches_accepted = 0;  ///< raw accepted matches
  std::int64_t nodes_before = 0, nodes_after = 0, classes_before = 0, classes_after = 0;
  std::int64_t iterations = 0, work_units = 0;
  /// "saturated", "iteration limit", "work limit", "node limit", "rewrite limit", "memory limit",
  /// "time"; then
  /// ", without rule x" for every rule that contradicted an analysis.
  std::string stop_reason;
  std::string regime;
  double ms = 0;
};

/// One rewrite between the program as written and the program chosen.
struct ExplainStep {
  std::string rule;  ///< "matmul-regroup", "compute", "ac"
  std::string kind;  ///< rule, compute, ac, define, instance, move
  bool forward = true;
  std::string before, after;  ///< the rewritten subterm, brief text
  std::string numeric;        ///< class of the rule in this direction; empty where bits stay
  std::vector<std::string> premises;  ///< conditions that held, as the rule writes them
  std::string why;                    ///< when the rule wins, in its own words
  /// Every term of the proof, its roots the program as written; nullptr where none was kept, as in
  /// what a cache entry gives back. In it `left` became `right`, which left the roots `state`,
  /// empty where the rewriting is told by equations without places.
  std::shared_ptr<const Graph> terms = {};
  ValueId left = {}, right = {};
  std::vector<ValueId> state = {};
};

/// One round of saturation or one stochastic pass: the e-graph after it.
struct GrowthRound {
  std::string sets;  ///< "all sets", "pass", or the set a bandit pulled
  std::int64_t nodes = 0, classes = 0, matches = 0, accepted = 0;
};

/// Something tried or known and not taken.
struct Rejection {
  std::string what, why;
};

struct CandidateSummary {
  std::string program;  ///< brief text
  double predicted_ns = 0;
};

struct BodySearch;

struct SearchResult {
  Program program;                  ///< chosen
  std::vector<Program> candidates;  ///< up to K, best first; [0] equals program
  std::vector<ExplainStep> steps;
  SearchStats stats;
  double predicted_ns_as_written = 0;
  std::vector<GrowthRound> rounds;
  std::vector<Rejection> rejected;
  std::vector<std::string> limits;  ///< limits that ended some part of the search
  /// Error factor of the chosen program over that of the program as written, where it is largest.
  double error_growth = 1;
  /// Of extraction: price of the best candidate and what no program of the e-graph is below. 0 for
  /// programs searched in pieces.
  double surrogate_ns = 0, lower_bound_ns = 0;
  /// Why `program` equals the graph that was given, for bafe-check (check/check.h).
  std::string certificate;
  /// Searches of the bodies of its loops and branches, those inside them included.
  std::vector<BodySearch> bodies;
};

struct BodySearch {
  std::shared_ptr<const Graph> graph;
  SearchResult result;
};

/// Never fails for a valid graph: on any limit the best sound program so far is returned. A rule
/// that contradicts an analysis (two constants or two types in one class) is left out: the search
/// begins again without it, `rejected` and one warning name rule and match. A contradiction that
/// only shows under a built-in rule leaves out all rules that were added to the built-in ones.
SearchResult optimize(const Graph& graph, const SearchOptions& options);

/// May known zeros of matrices be skipped? Asked for, not math="bits", and the program neither
/// tells NaN or Inf apart nor holds one.
bool skips_zeros(const Graph& graph, const SearchOptions& options);

/// Searches the bodies of loops and branches of every program in `found` with the same options and
/// joins the results to them; optimize() has done it.
void decide_bodies(const SearchOptions& options, SearchResult& found);

/// The same without any rewrite in them.
void decide_bodies_as_written(const SearchOptions& options, Program& program);

/// The program as written, decided and grouped without any rewrite.
Program plan_as_written(const Graph& graph, const SearchOptions& options);

/// All distinct terms of the root class of the saturated e-graph, up to `limit`, each as its own
/// graph: for tests.
std::vector<Graph> sample_equivalents(const Graph& graph, const SearchOptions& options, int limit,
                                      std::uint64_t seed);

}  // namespace bafe

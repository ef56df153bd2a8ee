#pragma once
/// One program searched as a whole, or piece by piece.

#include <chrono>
#include <functional>
#include <optional>

#include "bafe/search/optimize.h"
#include "certificate.h"
#include "group_memo.h"

namespace bafe {

/// When a search has to end: the caller's interrupt, or the end of its time budget.
class Deadline {
 public:
  explicit Deadline(const SearchOptions& options);
  /// True from the moment when `share` of the time budget is used, or the caller interrupted. Asks
  /// the caller at most every 2 ms. Outlives no Deadline.
  std::function<bool()> at(double share) const;
  /// Milliseconds since the search began.
  double used_ms() const;
  /// Is there time for a part that cannot be interrupted and takes about `ms`? False counts as met.
  bool has_time_for(double ms) const;
  /// Was any `at` answered with true, so that work was left out?
  bool was_met() const { return met_; }

 private:
  using Clock = std::chrono::steady_clock;
  bool is_interrupted() const;

  const SearchOptions& options_;
  Clock::time_point begin_ = Clock::now();
  double budget_ms_ = 0;  // 0: none
  mutable std::optional<Clock::time_point> asked_;
  mutable bool interrupted_ = false, met_ = false;
};

/// What all parts of one optimize() share.
struct SearchContext {
  const SearchOptions& options;
  const RuleSet& rules;
  const CostModel& cost;
  const Deadline& deadline;
  bool structured = false;  ///< known zeros of matrices may be skipped
  bool specials = false;    ///< some part of the program tells NaN or Inf apart
  CertificateText proof;    ///< of what was searched so far, one block a search_whole()
  GroupMemo memo;
};

/// The plan of the program as it stands.
Program plan_written(const Graph& graph, SearchContext& context);
/// Saturates, extracts, plans, and adds the proof to context.proof. `written`: the plan of `graph`
/// as written; constants: types of array constants that are named by their place.
SearchResult search_whole(const Graph& graph, Program written, SearchContext& context,
                          const std::vector<Type>& constants = {});
/// The same for any program: a large or repetitive one piece by piece, equal pieces once; put
/// together again and planned as one.
SearchResult search_program(const Graph& graph, SearchContext& context);

/// The block that proves `program`, some other program of the search, to context.proof. False:
/// the search does not hold it.
bool prove_program(const Graph& graph, const Graph& program, SearchContext& context);

/// A predicted gain below this is noise of the model: the program as written stays.
inline constexpr double kMinGain = 0.995;

}  // namespace bafe

#pragma once
/// Planned candidates, cheapest first.

#include <deque>
#include <set>
#include <vector>

#include "error_limit.h"
#include "extract.h"
#include "search_one.h"

namespace bafe {

/// Plans of candidates and of the program as written, cheapest first; ties keep the earlier one.
class Ranking {
 public:
  Ranking(const TermGraph& terms, Program written, SearchContext& context);
  /// Plans the candidate unless an equal program was planned or it is outside the limit on errors.
  /// True when it is the best so far.
  bool offer(const Candidate& candidate, const std::function<bool()>& stop);
  /// nullptr: the program as written is the best.
  const Candidate* best() const;
  double written_ns() const { return written_ns_; }
  const ErrorLimit& errors() const { return errors_; }
  std::size_t planned() const { return ranked_.size(); }
  /// The best programs, the very best with source lines; the ranking is empty then.
  std::vector<Program> take(std::size_t count);

 private:
  struct Ranked {
    Program program;
    int candidate = -1;  // -1: as written
    double price() const { return program.predicted_ns * (candidate < 0 ? kMinGain : 1); }
  };

  const TermGraph& terms_;
  SearchContext& context_;
  std::set<std::uint64_t> seen_;
  std::vector<Ranked> ranked_;
  std::deque<Candidate> candidates_;
  double written_ns_;
  ErrorLimit errors_;
};

/// The program of a candidate, in plan form. placed: with the source lines of values that the
/// source holds too.
Graph candidate_form(const TermGraph& terms, const Candidate& candidate, bool placed = false);

}  // namespace bafe

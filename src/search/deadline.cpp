// The end of a search. In: options. Out: predicates for its parts. Time only decides how much work
// runs: a part that is never told to stop gives the same result in every process.

#include <algorithm>

#include "search_one.h"

namespace bafe {
namespace {

constexpr double kAskEveryMs = 2;  // the caller's predicate may take a lock

}  // namespace

Deadline::Deadline(const SearchOptions& options) : options_(options) {
  double ms = options.budget && options.budget->time_budget_ms > 0
                  ? options.budget->time_budget_ms
                  : options.time_budget_ms.value_or(0);
  if (ms > 0) budget_ms_ = std::min(ms, 1e9);
}

bool Deadline::is_interrupted() const {
  if (interrupted_ || !options_.interrupted) return interrupted_;
  auto now = Clock::now();
  auto pause = std::chrono::duration<double, std::milli>(kAskEveryMs);
  if (asked_ && now - *asked_ < pause) return false;
  asked_ = now;
  return interrupted_ = options_.interrupted();
}

double Deadline::used_ms() const {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin_).count();
}

bool Deadline::has_time_for(double ms) const {
  bool over = is_interrupted() || (budget_ms_ > 0 && used_ms() + ms > budget_ms_);
  met_ = met_ || over;
  return !over;
}

std::function<bool()> Deadline::at(double share) const {
  if (budget_ms_ == 0 && !options_.interrupted) return {};
  auto left = std::chrono::duration<double, std::milli>(budget_ms_ * share);
  auto end = begin_ + std::chrono::duration_cast<Clock::duration>(left);
  return [this, end] {
    bool over = is_interrupted() || (budget_ms_ > 0 && Clock::now() >= end);
    met_ = met_ || over;
    return over;
  };
}

}  // namespace bafe

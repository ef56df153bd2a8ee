// In: who won each round. Out: a verdict with a stated error. Binomial
// coefficients are logarithms, so thousands of rounds overflow nothing.

#include "bafe/runtime/sign_test.h"

#include <algorithm>
#include <cmath>

namespace bafe {
namespace {

double log_choose(int n, int k) {
  return std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0);
}

/// ln of the evidence that the chance of a win is above one half. The mixture's integral
///   2 ∫_{1/2}^1 (2p)^w (2(1-p))^l dp  is  w! l! / (n+1)! * sum_{j<=w} C(n+1, j),  n = w + l,
/// because a beta distribution with integer parameters has binomial tails.
double log_evidence(int wins, int losses) {
  const int n = wins + losses;
  double sum = 0, term = 1;  // C(n+1, j) / C(n+1, w), from j = w downwards
  for (int j = wins; j >= 0 && term > 1e-18 * sum; --j) {
    sum += term;
    term *= static_cast<double>(j) / (n + 2.0 - j);
  }
  return std::lgamma(wins + 1.0) + std::lgamma(losses + 1.0) - std::lgamma(n + 2.0) +
         log_choose(n + 1, wins) + std::log(sum);
}

}  // namespace

SignTest::SignTest(double error, double miss) : error_(error), miss_(miss) {}

SignTest::Verdict SignTest::add(bool is_win) {
  (is_win ? wins_ : losses_) += 1;
  if (verdict_ != Verdict::kOpen) return verdict_;
  if (log_evidence(wins_, losses_) >= -std::log(error_)) verdict_ = Verdict::kFaster;
  if (log_evidence(losses_, wins_) >= -std::log(miss_)) verdict_ = Verdict::kNotFaster;
  return verdict_;
}

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::pair<double, double> median_bounds(std::vector<double> values, double error) {
  std::sort(values.begin(), values.end());
  const int n = static_cast<int>(values.size());
  int rank = 0;  // values below the lower bound, and above the upper
  double tail = 0;
  while (2 * rank + 1 < n) {
    tail += std::exp(log_choose(n, rank) - n * std::log(2.0));
    if (2 * tail > error) break;
    ++rank;
  }
  rank = std::max(rank - 1, 0);
  return {values[static_cast<std::size_t>(rank)], values[static_cast<std::size_t>(n - 1 - rank)]};
}

}  // namespace bafe

#pragma once
/// Is one program faster than another? Answered from rounds that run both, one round at a time.

#include <cstdint>
#include <utility>
#include <vector>

namespace bafe {

/// A sign test that may be looked at after every round. `wins` rounds of n were won: the evidence
/// for a chance of winning above one half is the likelihood ratio of a uniform mixture over (1/2,
/// 1] to 1/2. Under any chance of at most one half it is a supermartingale that begins at 1, so it
/// ever reaches 1 / error with a probability of at most `error` (Ville's inequality), whenever the
/// test is looked at and however long it goes on. The same holds for the other side.
class SignTest {
 public:
  enum class Verdict : std::uint8_t { kOpen, kFaster, kNotFaster };

  /// `error`: largest probability to call a program faster that wins no more than half of all
  /// rounds. `miss`: to call one not faster that wins at least half; larger, as it only costs a
  /// chance.
  explicit SignTest(double error = 0.01, double miss = 0.05);
  /// One more round. A verdict once given stays.
  Verdict add(bool is_win);
  Verdict verdict() const { return verdict_; }
  int rounds() const { return wins_ + losses_; }
  int wins() const { return wins_; }

 private:
  double error_, miss_;
  int wins_ = 0, losses_ = 0;
  Verdict verdict_ = Verdict::kOpen;
};

double median_of(std::vector<double> values);

/// Bounds of the median of independent draws by order statistics: the true median lies within with
/// a probability of at least 1 - error, whatever the distribution. The extremes when there are too
/// few values for that; `values` must not be empty.
std::pair<double, double> median_bounds(std::vector<double> values, double error = 0.05);

}  // namespace bafe

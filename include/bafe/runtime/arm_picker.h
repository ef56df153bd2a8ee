#pragma once
/// Which of several ways to run a program is worth a timing next.

#include <cstddef>
#include <optional>
#include <vector>

namespace bafe {

/// What the cost model says of one way before it was timed.
struct ArmPrior {
  double predicted_ns = 0;
  double sigma = 0.35;  ///< standard deviation of ln(true / predicted)
  int kind = 0;         ///< ways of one kind (other tiles, another grouping …) err alike
};

/// Best-arm identification on logarithms of time. Arm 0 is what runs now; the value of an arm is
/// ln(its time / arm 0's), believed to be normal. The error of a prediction is half the arm's own
/// and half its kind's, and that of arm 0 is in all of them, so one timing moves what is believed
/// of the others. The next arm is that with the largest expected improvement; when no arm promises
/// `least_gain` the search is over.
class ArmPicker {
 public:
  /// An improvement begins below the ratio `gain`: what is nearer to what runs now cannot win.
  explicit ArmPicker(std::vector<ArmPrior> priors, double gain = 0.98);
  /// A timing said that ln(arm's time / time of what runs now) is `log_ratio`, give or take
  /// `sigma`. Replaces what was observed before.
  void observe(std::size_t arm, double log_ratio, double sigma);
  /// The arm cannot run or is decided: never picked again.
  void drop(std::size_t arm);
  /// `arm` runs now; what was observed of others stays, relative to it.
  void adopt(std::size_t arm);
  std::optional<std::size_t> next(double least_gain = 0.0001) const;

  struct Belief {
    double mean = 0, sigma = 0;  ///< of ln(time / time of what runs now)
  };
  Belief belief(std::size_t arm) const;
  double expected_gain(std::size_t arm) const;

 private:
  struct Arm {
    ArmPrior prior;
    bool is_observed = false, is_dropped = false;
    double value = 0, noise = 0;  // against arm 0
  };
  double offset(const Arm& arm) const;
  Belief bias(int kind) const;

  std::vector<Arm> arms_;
  double gain_;     ///< ln of the ratio below which an arm wins
  double now_ = 0;  ///< value of what runs now, against arm 0
  std::size_t current_ = 0;
};

}  // namespace bafe

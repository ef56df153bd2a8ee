// In: predictions with their uncertainty, then timings. Out: the arm to time next. Everything is a
// normal belief over logarithms, so each answer is a formula and equal inputs give equal answers.

#include "bafe/runtime/arm_picker.h"

#include <algorithm>
#include <cmath>

namespace bafe {
namespace {

constexpr double kSharedPart = 0.5;    // of a prediction's variance, common to its kind
constexpr double kLeastSigma = 0.005;  // no timing is surer
constexpr double kTimedGain = 10;      // what was timed must promise so many times least_gain: it
                                       // has no surprises left

double square(double x) { return x * x; }

}  // namespace

ArmPicker::ArmPicker(std::vector<ArmPrior> priors, double gain) : gain_(std::log(gain)) {
  for (ArmPrior& prior : priors) {
    prior.predicted_ns = std::max(prior.predicted_ns, 1.0);
    prior.sigma = std::max(prior.sigma, kLeastSigma);
    arms_.push_back({prior});
  }
  if (!arms_.empty()) arms_[0].is_dropped = true;  // it is what the others are timed against
}

/// ln(predicted / arm 0's prediction).
double ArmPicker::offset(const Arm& arm) const {
  return std::log(arm.prior.predicted_ns / arms_[0].prior.predicted_ns);
}

namespace {

/// A normal belief, as a sum of evidence.
struct Evidence {
  double precision = 0, weighted = 0;
  void add(double value, double variance) {
    precision += 1 / variance;
    weighted += value / variance;
  }
  ArmPicker::Belief belief() const { return {weighted / precision, std::sqrt(1 / precision)}; }
};

}  // namespace

/// By how much the predictions of a kind are off, as its timed arms say; before there are any, as
/// all timed arms say, which share the error of arm 0's prediction.
ArmPicker::Belief ArmPicker::bias(int kind) const {
  Evidence all, own;
  double kind_variance = square(kLeastSigma);
  all.add(0, square(arms_[0].prior.sigma));
  for (std::size_t i = 1; i < arms_.size(); ++i) {
    const Arm& arm = arms_[i];
    if (arm.prior.kind == kind)
      kind_variance = std::max(kind_variance, kSharedPart * square(arm.prior.sigma));
    if (arm.is_observed)
      all.add(arm.value - offset(arm), square(arm.prior.sigma) + square(arm.noise));
  }
  own.add(all.belief().mean, square(all.belief().sigma) + kind_variance);
  for (std::size_t i = 1; i < arms_.size(); ++i) {
    const Arm& arm = arms_[i];
    if (arm.prior.kind != kind || !arm.is_observed) continue;
    own.add(arm.value - offset(arm),
            (1 - kSharedPart) * square(arm.prior.sigma) + square(arm.noise));
  }
  return own.belief();
}

ArmPicker::Belief ArmPicker::belief(std::size_t index) const {
  const Arm& arm = arms_[index];
  if (arm.is_observed) return {arm.value - now_, arm.noise};
  const Belief off = bias(arm.prior.kind);
  const double variance = (1 - kSharedPart) * square(arm.prior.sigma) + square(off.sigma);
  return {offset(arm) + off.mean - now_, std::sqrt(variance)};
}

void ArmPicker::observe(std::size_t arm, double log_ratio, double sigma) {
  arms_[arm].is_observed = true;
  arms_[arm].value = log_ratio + now_;
  arms_[arm].noise = std::max(sigma, kLeastSigma);
}

void ArmPicker::drop(std::size_t arm) { arms_[arm].is_dropped = true; }

void ArmPicker::adopt(std::size_t arm) {
  now_ = arms_[arm].is_observed ? arms_[arm].value : 0;
  current_ = arm;
}

/// E[max(0, gain - X)] of a normal X: how much faster, in logarithms, a timing may be expected to
/// make the program.
double ArmPicker::expected_gain(std::size_t arm) const {
  const Belief x = belief(arm);
  const double z = (gain_ - x.mean) / x.sigma;
  const double density = std::exp(-z * z / 2) / std::sqrt(2 * M_PI);
  return (gain_ - x.mean) * 0.5 * std::erfc(-z / std::sqrt(2.0)) + x.sigma * density;
}

std::optional<std::size_t> ArmPicker::next(double least_gain) const {
  std::optional<std::size_t> best;
  double most = least_gain;
  for (std::size_t i = 1; i < arms_.size(); ++i) {
    if (arms_[i].is_dropped || i == current_) continue;
    const double gain = expected_gain(i);
    if (gain <= most || (arms_[i].is_observed && gain <= kTimedGain * least_gain)) continue;
    most = gain;
    best = i;
  }
  return best;
}

}  // namespace bafe

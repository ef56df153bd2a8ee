#pragma once
/// Ridge regression in the space of a kernel function, with the variance of each prediction (a
/// Gaussian process). Private to src/cost.

#include <cstddef>
#include <vector>

namespace bafe {

/// What is chosen by the likelihood of the rows.
struct KernelNumbers {
  std::vector<double> relevance;  ///< 1 / length² of the bumps, by feature
  double smooth = 0, linear = 0, noise = 0;
};

/// y = mean + smooth function of the features + noise. The smooth function is linear, plus bumps
/// around the rows that were seen; how long each feature's bumps are, and how much of y is noise,
/// is chosen by the likelihood of the rows. Far from all rows the variance grows.
class KernelRidge {
 public:
  struct Prediction {
    double mean = 0, variance = 0;
  };

  /// Needs: rows.size() == y.size() >= 2, rows of one length, everything finite. Same rows in the
  /// same order give the same bits. Time: O(features * min(n, kTuned)^3 + n^3).
  KernelRidge(const std::vector<std::vector<double>>& rows, const std::vector<double>& y);

  double mean(const std::vector<double>& row) const;
  Prediction predict(const std::vector<double>& row) const;
  /// What row i would be given by all others.
  Prediction without(std::size_t i) const;
  double noise() const;  ///< variance of what the features do not explain
  std::size_t size() const { return y_.size(); }

 private:
  static constexpr std::size_t kTuned = 96;

  std::vector<double> scaled(const std::vector<double>& row) const;
  std::vector<double> against(const std::vector<double>& row) const;
  void tune();
  void solve();
  void calibrate();

  std::vector<std::size_t> used_;       // features that vary
  std::vector<double> center_, scale_;  // of the used ones
  std::vector<double> x_;               // rows, scaled, one after another
  std::vector<double> y_;               // less mean_
  double mean_ = 0, least_ = 0, most_ = 0;
  KernelNumbers numbers_;
  std::vector<double> factor_;   // Cholesky factor of the kernel matrix
  std::vector<double> weights_;  // its inverse times y
  std::vector<double> inverse_diagonal_;
  double spread_ = 1;  // by which held-out errors exceed what the variance says
};

}  // namespace bafe

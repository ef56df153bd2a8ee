// In: rows of features and what was observed. Out: a mean and a variance for any row. The kernel is
// smooth / (1 + d²/2) + linear * dot, d² weighted by each feature's relevance; both are sums of
// products, so no library function's rounding enters. Invariant: the kernel matrix with noise on
// its diagonal was factored without a pivot near zero, so every prediction is finite.

#include "kernel_ridge.h"

#include <algorithm>
#include <cmath>

#include "bafe/base/error.h"

namespace bafe {
namespace {

constexpr double kLeastNoise = 1e-4;  // 1 %: no clock says more
constexpr double kBeyond = 1;         // a prediction leaves what was seen by a factor e at most

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

/// Factors the lower half of a symmetric n x n matrix in place; false when it is not positive.
bool factor(std::vector<double>& a, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    double* row = &a[i * n];
    for (std::size_t j = 0; j <= i; ++j) {
      const double* other = &a[j * n];
      double sum = row[j];
      for (std::size_t k = 0; k < j; ++k) sum -= row[k] * other[k];
      if (j < i) {
        row[j] = sum / other[j];
      } else {
        if (!(sum > 1e-12)) return false;
        row[i] = std::sqrt(sum);
      }
    }
  }
  return true;
}

/// L x = b.
void forward(const std::vector<double>& l, std::size_t n, std::vector<double>& b) {
  for (std::size_t i = 0; i < n; ++i) {
    double sum = b[i];
    for (std::size_t k = 0; k < i; ++k) sum -= l[i * n + k] * b[k];
    b[i] = sum / l[i * n + i];
  }
}

/// L' x = b.
void backward(const std::vector<double>& l, std::size_t n, std::vector<double>& b) {
  for (std::size_t i = n; i-- > 0;) {
    b[i] /= l[i * n + i];
    for (std::size_t k = 0; k < i; ++k) b[k] -= l[i * n + k] * b[i];
  }
}

/// Coordinate ascent on the likelihood of some of the rows; d² and the dot products of all pairs
/// are at hand. Relevances pay for leaving the common one, as there are many of them and few rows.
class Tuning {
 public:
  Tuning(std::vector<double> x, std::vector<double> y, std::size_t features, KernelNumbers& numbers)
      : n_(y.size()), features_(features), x_(std::move(x)), y_(std::move(y)), numbers_(numbers) {
    d2_.assign(n_ * n_, 0);
    dot_.assign(n_ * n_, 0);
    leaving_.assign(features_, 0);
    for (std::size_t f = 0; f < features_; ++f) {
      add_distance(f, numbers_.relevance[f]);
      for (std::size_t i = 0; i < n_; ++i) {
        for (std::size_t j = 0; j <= i; ++j)
          dot_[i * n_ + j] += x_[i * features_ + f] * x_[j * features_ + f];
      }
    }
    best_ = score();
  }

  void run() {
    constexpr int kSweeps = 3, kSteps = 4;
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      for (double factor : {3.0, 1 / 3.0}) {
        for (int i = 0; i < kSteps && scale(numbers_.smooth, factor, 1e-6); ++i) continue;
        for (int i = 0; i < kSteps && scale(numbers_.linear, factor, 1e-9); ++i) continue;
        for (int i = 0; i < kSteps && scale(numbers_.noise, factor, kLeastNoise); ++i) continue;
        for (int i = 0; i < kSteps && scale_relevances(factor); ++i) continue;
      }
      if (sweep + 1 == kSweeps) break;
      for (std::size_t f = 0; f < features_; ++f) {
        if (!move_relevance(f, 1.5)) move_relevance(f, -1.5);
      }
    }
  }

 private:
  double score() const {
    std::vector<double> k(n_ * n_);
    for (std::size_t i = 0; i < n_; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        k[i * n_ + j] =
            numbers_.smooth / (1 + 0.5 * d2_[i * n_ + j]) + numbers_.linear * dot_[i * n_ + j];
      }
      k[i * n_ + i] += numbers_.noise;
    }
    if (!factor(k, n_)) return -1e300;
    std::vector<double> b = y_;
    forward(k, n_, b);
    double sum = penalty_;
    for (std::size_t i = 0; i < n_; ++i) sum += 0.5 * b[i] * b[i] + std::log(k[i * n_ + i]);
    return -sum;
  }

  bool is_better() {
    const double now = score();
    if (now <= best_) return false;
    best_ = now;
    return true;
  }

  void add_distance(std::size_t feature, double weight) {
    for (std::size_t i = 0; i < n_; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        const double gap = x_[i * features_ + feature] - x_[j * features_ + feature];
        d2_[i * n_ + j] += weight * gap * gap;
      }
    }
  }

  bool scale(double& value, double factor, double least) {
    const double before = value;
    value = std::max(least, value * factor);
    if (is_better()) return true;
    value = before;
    return false;
  }

  bool scale_relevances(double factor) {
    const std::vector<double> before = d2_;
    for (double& entry : d2_) entry *= factor;
    if (!is_better()) {
      d2_ = before;
      return false;
    }
    for (double& r : numbers_.relevance) r *= factor;
    return true;
  }

  bool move_relevance(std::size_t f, double step) {
    constexpr double kVariance = 4;  // of ln(relevance / the common one), before any data
    const double change = numbers_.relevance[f] * (std::exp(step) - 1);
    const double before = penalty_, left = leaving_[f] + step;
    const std::vector<double> d2 = d2_;
    add_distance(f, change);
    penalty_ += (left * left - leaving_[f] * leaving_[f]) / (2 * kVariance);
    if (is_better()) {
      numbers_.relevance[f] += change;
      leaving_[f] = left;
      return true;
    }
    d2_ = d2;
    penalty_ = before;
    return false;
  }

  std::size_t n_, features_;
  std::vector<double> x_, y_, d2_, dot_, leaving_;
  KernelNumbers& numbers_;
  double penalty_ = 0, best_ = 0;
};

}  // namespace

KernelRidge::KernelRidge(const std::vector<std::vector<double>>& rows,
                         const std::vector<double>& y) {
  BAFE_CHECK(rows.size() == y.size() && rows.size() >= 2, "two rows at least, one result for each");
  const double n = static_cast<double>(rows.size());
  for (std::size_t j = 0; j < rows[0].size(); ++j) {
    double center = 0, variance = 0;
    for (const auto& row : rows) center += row[j] / n;
    for (const auto& row : rows) variance += (row[j] - center) * (row[j] - center) / n;
    if (variance < 1e-12) continue;
    used_.push_back(j);
    center_.push_back(center);
    scale_.push_back(1 / std::sqrt(variance));
  }
  for (const auto& row : rows) {
    const std::vector<double> x = scaled(row);
    x_.insert(x_.end(), x.begin(), x.end());
  }
  for (double value : y) mean_ += value / n;
  for (double value : y) y_.push_back(value - mean_);
  least_ = *std::min_element(y_.begin(), y_.end());
  most_ = *std::max_element(y_.begin(), y_.end());
  tune();
  solve();
  calibrate();
}

std::vector<double> KernelRidge::scaled(const std::vector<double>& row) const {
  std::vector<double> x(used_.size());
  for (std::size_t j = 0; j < used_.size(); ++j)
    x[j] = std::clamp((row[used_[j]] - center_[j]) * scale_[j], -20.0, 20.0);
  return x;
}

void KernelRidge::tune() {
  const std::size_t d = used_.size(), n = std::min(y_.size(), kTuned);
  double variance = 0;
  for (double y : y_) variance += y * y / static_cast<double>(y_.size());
  variance = std::max(variance, kLeastNoise);
  const auto features = static_cast<double>(std::max<std::size_t>(d, 1));
  numbers_.smooth = 0.6 * variance;
  numbers_.linear = 0.3 * variance / features;
  numbers_.noise = std::max(0.1 * variance, kLeastNoise);
  numbers_.relevance.assign(d, 0.5 / features);
  std::vector<double> x, y;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t from = i * y_.size() / n;
    y.push_back(y_[from]);
    x.insert(x.end(), x_.begin() + static_cast<std::ptrdiff_t>(from * d),
             x_.begin() + static_cast<std::ptrdiff_t>((from + 1) * d));
  }
  Tuning(std::move(x), std::move(y), d, numbers_).run();
}

std::vector<double> KernelRidge::against(const std::vector<double>& x) const {
  const std::size_t d = used_.size();
  std::vector<double> out(y_.size());
  for (std::size_t i = 0; i < y_.size(); ++i) {
    double d2 = 0, dot = 0;
    for (std::size_t j = 0; j < d; ++j) {
      const double gap = x[j] - x_[i * d + j];
      d2 += numbers_.relevance[j] * gap * gap;
      dot += x[j] * x_[i * d + j];
    }
    out[i] = numbers_.smooth / (1 + 0.5 * d2) + numbers_.linear * dot;
  }
  return out;
}

void KernelRidge::solve() {
  const std::size_t n = y_.size(), d = used_.size();
  std::vector<double> kernel(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::vector<double> x(x_.begin() + static_cast<std::ptrdiff_t>(i * d),
                                x_.begin() + static_cast<std::ptrdiff_t>((i + 1) * d));
    const std::vector<double> row = against(x);
    std::copy(row.begin(), row.end(), kernel.begin() + static_cast<std::ptrdiff_t>(i * n));
  }
  for (;;
       numbers_.noise *= 4) {  // never more than a few times: noise alone makes the matrix positive
    factor_ = kernel;
    for (std::size_t i = 0; i < n; ++i) factor_[i * n + i] += numbers_.noise;
    if (factor(factor_, n)) break;
  }
  weights_ = y_;
  forward(factor_, n, weights_);
  backward(factor_, n, weights_);
  inverse_diagonal_.assign(n, 0);
  for (std::size_t c = 0; c < n; ++c) {
    std::vector<double> column(n - c, 0);  // of the factor's inverse, from its diagonal down
    column[0] = 1 / factor_[c * n + c];
    for (std::size_t i = c + 1; i < n; ++i) {
      double sum = 0;
      for (std::size_t k = c; k < i; ++k) sum -= factor_[i * n + k] * column[k - c];
      column[i - c] = sum / factor_[i * n + i];
    }
    for (double value : column) inverse_diagonal_[c] += value * value;
  }
}

/// Two of three held-out errors must lie within one deviation, nineteen of twenty within two.
void KernelRidge::calibrate() {
  std::vector<double> errors;
  for (std::size_t i = 0; i < y_.size(); ++i) {
    const Prediction held = without(i);
    errors.push_back(std::fabs(y_[i] + mean_ - held.mean) / std::sqrt(held.variance));
  }
  const double wanted = std::max(quantile(errors, 0.683), 0.5 * quantile(errors, 0.954));
  const double n = static_cast<double>(y_.size());
  spread_ = std::pow(std::clamp(wanted, 0.5, 4.0), n / (n + 10));  // few errors say little
}

double KernelRidge::mean(const std::vector<double>& row) const {
  const std::vector<double> k = against(scaled(row));
  double sum = 0;
  for (std::size_t i = 0; i < k.size(); ++i) sum += k[i] * weights_[i];
  return mean_ + std::clamp(sum, least_ - kBeyond, most_ + kBeyond);
}

KernelRidge::Prediction KernelRidge::predict(const std::vector<double>& row) const {
  const std::vector<double> x = scaled(row);
  std::vector<double> k = against(x);
  double itself = numbers_.smooth + numbers_.noise, explained = 0;
  for (double value : x) itself += numbers_.linear * value * value;
  forward(factor_, k.size(), k);
  for (double value : k) explained += value * value;
  return {mean(row), std::max(itself - explained, numbers_.noise) * spread_ * spread_};
}

KernelRidge::Prediction KernelRidge::without(std::size_t i) const {
  const double inverse = inverse_diagonal_[i];
  const double held = std::clamp(y_[i] - weights_[i] / inverse, least_ - kBeyond, most_ + kBeyond);
  return {mean_ + held, std::max(1 / inverse, kLeastNoise) * spread_ * spread_};
}

double KernelRidge::noise() const { return numbers_.noise * spread_ * spread_; }

}  // namespace bafe

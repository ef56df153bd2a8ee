#pragma once
/// The eight public features of a chosen plan, and the linear model over them.

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "bafe/cost/schedule.h"

namespace bafe {

inline constexpr int kFeatureCount = 8;
using Features = std::array<double, kFeatureCount>;
/// "num_inputs", "num_ops", "num_matmuls", "num_fused", "log_flops", "log_bytes",
/// "num_intermediates", "has_col_major"
const std::array<std::string_view, kFeatureCount>& feature_names();
Features plan_features(const Program& program);

/// log(runtime_ms) = weights · features + bias, fitted by ridge regression. R² in [0, 1], never
/// NaN.
struct LinearModel {
  Features weights{};
  double bias = 0, r_squared = 0;
  int n_samples = 0;
  bool valid = false;
  double predict_ms(const Features& features) const;
};
LinearModel fit_linear_model(const std::vector<Features>& rows,
                             const std::vector<double>& runtime_ms);

}  // namespace bafe

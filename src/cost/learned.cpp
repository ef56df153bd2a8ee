// Ranks programs by the fitted model. In: a base model and a fit. Out: nanoseconds. Invariant: an
// invalid fit changes nothing, and a price is never NaN.

#include "bafe/cost/learned.h"

#include <cmath>

#include "bafe/base/format.h"

namespace bafe {

GroupCost LearnedCostModel::group_cost(const Program& program, const Group& group) const {
  return base_.group_cost(program, group);
}

double LearnedCostModel::program_ns(const Program& program) const {
  double base = base_.program_ns(program);
  if (!model_.valid || !std::isfinite(base)) return base;
  double learned = model_.predict_ms(plan_features(program)) * 1e6;
  // The fit has no say where it has seen nothing: R² is its weight. Geometric, as both err by
  // factors.
  double weight = 0.5 * model_.r_squared;
  return std::exp(weight * std::log(std::max(learned, 1e-3)) +
                  (1 - weight) * std::log(std::max(base, 1e-3)));
}

std::string LearnedCostModel::identity() const {
  if (!model_.valid) return base_.identity();
  std::string text = format("linear-1 bias {:a}", model_.bias);
  for (double weight : model_.weights) text += format(" {:a}", weight);
  return text + format(" r2 {:a} over ", model_.r_squared) + base_.identity();
}

}  // namespace bafe

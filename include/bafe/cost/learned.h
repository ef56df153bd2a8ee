#pragma once
/// The price that learned from the autotune log: groups cost what the base model says; whole
/// programs are ranked by the public linear model once it is valid.

#include "bafe/cost/cost_model.h"
#include "bafe/cost/features.h"

namespace bafe {

class LearnedCostModel : public CostModel {
 public:
  /// `base` must outlive this object.
  LearnedCostModel(const CostModel& base, LinearModel model) : base_(base), model_(model) {}
  const Machine& machine() const override { return base_.machine(); }
  GroupCost group_cost(const Program& program, const Group& group) const override;
  /// Geometric mean of the linear model (weight R²/2) and the base price: the eight features cannot
  /// tell every two plans apart, the roofline can, and a poor fit has little say.
  double program_ns(const Program& program) const override;
  std::string identity() const override;

 private:
  const CostModel& base_;
  LinearModel model_;
};

}  // namespace bafe

#pragma once
/// The first price of a group: max(compute, traffic at the cache level that the working set fits) +
/// overhead.

#include "bafe/cost/cost_model.h"

namespace bafe {

class RooflineModel : public CostModel {
 public:
  explicit RooflineModel(Machine machine) : machine_(std::move(machine)) {}
  const Machine& machine() const override { return machine_; }
  GroupCost group_cost(const Program& program, const Group& group) const override;
  double program_ns(const Program& program) const override;
  std::string identity() const override;

 private:
  Machine machine_;
};

/// GB/s at which a working set of `bytes` streams.
double bandwidth_gbs(const Machine& machine, double bytes);
/// Vector slots (one addition of one element) per nanosecond for a dtype.
double slots_per_ns(const Machine& machine, DType dtype);

}  // namespace bafe

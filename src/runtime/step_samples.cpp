// In: a program, how it became code, and the times of its steps. Out: samples by group; rows of the
// profile store as samples and back. Invariant: packing and the product it serves are one sample,
// since a group is what is priced.

#include "bafe/runtime/step_samples.h"

#include <cstdlib>
#include <map>

#include "bafe/base/format.h"
#include "bafe/codegen/plan_facts.h"

namespace bafe {
namespace {

std::string array_text(const std::vector<double>& values) {
  std::string text = "[";
  for (double value : values) text += format("{}{}", text.size() > 1 ? "," : "", value);
  return text + "]";
}

/// Numbers of "[1,2.5]"; empty when it is anything else.
std::vector<double> array_of(const std::string& text) {
  std::vector<double> values;
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return values;
  const char* at = text.c_str() + 1;
  for (;;) {
    char* end = nullptr;
    values.push_back(std::strtod(at, &end));
    if (end == at) return {};
    if (*end == ']') return values;
    if (*end != ',') return {};
    at = end + 1;
  }
}

}  // namespace

std::vector<StepSample> step_samples(const Program& program, const LowerOptions& lower,
                                     const CostModel& roofline, std::span<const double> step_ns,
                                     bool warm) {
  const PlanFacts facts = plan_facts(program, host_target(), lower);
  std::vector<StepSample> out;
  if (facts.groups.size() != step_ns.size()) return out;
  std::map<std::size_t, double> by_group;
  for (std::size_t i = 0; i < step_ns.size(); ++i) {
    if (facts.groups[i] >= 0) by_group[static_cast<std::size_t>(facts.groups[i])] += step_ns[i];
  }
  for (const auto& [g, ns] : by_group) {
    const Group& group = program.groups[g];
    const GroupCost cost = roofline.group_cost(program, group);
    StepFacts step = step_facts(program, group, cost, roofline.machine(), facts.cuts[g]);
    out.push_back({std::move(step.family), std::move(step.features), cost.ns, ns, warm});
  }
  return out;
}

Estimate estimate_plan(const Program& program, const LowerOptions& lower,
                       const ResidualCostModel& cost) {
  return cost.estimate(program, plan_facts(program, host_target(), lower).cuts);
}

std::vector<StepRow> rows_of(const std::vector<StepSample>& samples) {
  std::vector<StepRow> rows;
  for (const StepSample& sample : samples) {
    StepRow row;
    row.position = static_cast<std::int64_t>(rows.size());
    row.median_ns = sample.measured_ns;
    row.state = sample.warm ? "warm" : "cold";
    row.predicted_ns = sample.predicted_ns;
    row.family = sample.family;
    row.features = array_text(sample.features);
    rows.push_back(std::move(row));
  }
  return rows;
}

StepSample sample_of(const StepRow& row) {
  return {row.family, array_of(row.features), row.predicted_ns, row.median_ns, row.state != "cold"};
}

ResidualModel learn_residuals(ProfileStore& store, const std::string& machine) {
  std::vector<StepSample> samples;
  for (const StepRow& row : store.steps(machine)) samples.push_back(sample_of(row));
  return ResidualModel::fit(samples);
}

}  // namespace bafe

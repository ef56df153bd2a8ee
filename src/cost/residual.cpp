// In: measured kernels. Out: corrected prices with their uncertainty. Rows are put in one order and
// equal kernels merged before anything is fitted, so the model is a function of the set of samples.
// Invariant: estimates are finite and above zero for every finite price.

#include "bafe/cost/residual.h"

#include <algorithm>
#include <cmath>

#include "bafe/base/digest.h"
#include "bafe/base/format.h"
#include "kernel_ridge.h"

namespace bafe {
namespace {

/// The features of a sample, and whether its data were out of the caches.
std::vector<double> row_of(const std::vector<double>& features, bool warm) {
  std::vector<double> row = features;
  row.push_back(warm ? 0 : 1);
  return row;
}

double residual_of(const StepSample& sample) {
  return std::clamp(std::log(sample.measured_ns / sample.predicted_ns), -5.0, 5.0);
}

/// ln(measured / predicted) of every kernel of one family, in the order of their features.
using Kernels = std::map<std::vector<double>, std::vector<double>>;

std::map<std::string, Kernels> by_family(const std::vector<StepSample>& samples) {
  std::map<std::string, Kernels> families;
  for (const StepSample& sample : samples) {
    if (!sample.is_sound()) continue;
    families[sample.family][row_of(sample.features, sample.warm)].push_back(residual_of(sample));
  }
  return families;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : 0.5 * (values[half - 1] + values[half]);
}

struct Rows {
  std::vector<std::vector<double>> x;
  std::vector<double> y;
};

/// One row a kernel, kMostKernels at most, evenly from all.
Rows rows_of(const Kernels& kernels) {
  Rows rows;
  const std::size_t count = std::min(kernels.size(), ResidualModel::kMostKernels);
  std::size_t at = 0;
  for (const auto& [row, values] : kernels) {
    const bool is_taken = at * count / kernels.size() != (at + 1) * count / kernels.size();
    if (++at; !is_taken) continue;
    rows.x.push_back(row);
    rows.y.push_back(median(values));
  }
  return rows;
}

Estimate corrected(double roofline_ns, double log_factor, double variance) {
  return {roofline_ns * std::exp(std::clamp(log_factor, -6.0, 6.0)), std::sqrt(variance)};
}

}  // namespace

ResidualModel::ResidualModel() = default;
ResidualModel::~ResidualModel() = default;
ResidualModel::ResidualModel(ResidualModel&&) noexcept = default;
ResidualModel& ResidualModel::operator=(ResidualModel&&) noexcept = default;

ResidualModel ResidualModel::fit(const std::vector<StepSample>& samples) {
  ResidualModel model;
  DigestBuilder digest;
  for (const auto& [family, kernels] : by_family(samples)) {
    if (kernels.size() < kLeastKernels) continue;
    const Rows rows = rows_of(kernels);
    model.families_[family] = std::make_unique<KernelRidge>(rows.x, rows.y);
    digest.add(family);
    for (std::size_t i = 0; i < rows.x.size(); ++i) {
      std::string text = format("{:a}", rows.y[i]);
      for (double value : rows.x[i]) text += format(" {:a}", value);
      digest.add(text);
    }
  }
  if (!model.families_.empty()) model.identity_ = "residual-1 " + digest.finish().hex();
  return model;
}

bool ResidualModel::knows(const std::string& family) const { return families_.count(family) > 0; }

Estimate ResidualModel::estimate(const StepFacts& facts, double roofline_ns, bool warm) const {
  const auto found = families_.find(facts.family);
  if (found == families_.end() || facts.features.size() != step_feature_names().size())
    return {roofline_ns, kUnknownSigma};
  const auto prediction = found->second->predict(row_of(facts.features, warm));
  return corrected(roofline_ns, prediction.mean, prediction.variance);
}

std::vector<Estimate> ResidualModel::estimate_held_out(
    const std::vector<StepSample>& samples) const {
  const std::map<std::string, Kernels> families = by_family(samples);
  std::map<std::string, std::map<std::vector<double>, std::size_t>> places;
  for (const auto& [family, kernels] : families) {
    const Rows rows = rows_of(kernels);
    const auto found = families_.find(family);
    if (found == families_.end() || found->second->size() != rows.x.size()) continue;
    for (std::size_t i = 0; i < rows.x.size(); ++i) places[family][rows.x[i]] = i;
  }
  std::vector<Estimate> out;
  for (const StepSample& sample : samples) {
    const auto place = places[sample.family].find(row_of(sample.features, sample.warm));
    if (place == places[sample.family].end()) {
      out.push_back(estimate({sample.family, sample.features}, sample.predicted_ns, sample.warm));
      continue;
    }
    const auto held = families_.at(sample.family)->without(place->second);
    out.push_back(corrected(sample.predicted_ns, held.mean, held.variance));
  }
  return out;
}

std::vector<ResidualModel::FamilyInfo> ResidualModel::families() const {
  std::vector<FamilyInfo> out;
  for (const auto& [family, model] : families_)
    out.push_back({family, model->size(), std::sqrt(model->noise())});
  return out;
}

GroupCost ResidualCostModel::group_cost(const Program& program, const Group& group) const {
  return roofline_.group_cost(program, group);
}

std::string ResidualCostModel::identity() const {
  if (residuals_.empty()) return roofline_.identity();
  return residuals_.identity() + " over " + roofline_.identity();
}

Estimate ResidualCostModel::step_estimate(const Program& program, const Group& group,
                                          const CutChange& cut) const {
  const GroupCost cost = roofline_.group_cost(program, group);
  if (!(cost.ns < 1e17)) return {cost.ns, ResidualModel::kUnknownSigma};
  return residuals_.estimate(step_facts(program, group, cost, machine(), cut), cost.ns);
}

Estimate ResidualCostModel::estimate(const Program& program,
                                     const std::vector<CutChange>& cuts) const {
  double ns = machine().call_ns, variance = 0;
  for (std::size_t g = 0; g < program.groups.size(); ++g) {
    const CutChange cut = g < cuts.size() ? cuts[g] : CutChange{};
    const Estimate step = step_estimate(program, program.groups[g], cut);
    ns += step.ns;
    variance += step.ns * step.sigma * step.ns * step.sigma;
  }
  return {ns, std::sqrt(variance) / std::max(ns, 1e-3)};
}

bool ResidualCostModel::knows(const Program& program) const {
  return std::all_of(program.groups.begin(), program.groups.end(), [&](const Group& group) {
    const GroupCost cost = roofline_.group_cost(program, group);
    return residuals_.knows(step_facts(program, group, cost, machine()).family);
  });
}

}  // namespace bafe

#pragma once
/// What the roofline gets wrong, learned: for each family of kernels a model of
/// ln(measured / predicted) that knows how sure it is.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bafe/cost/step_features.h"

namespace bafe {

/// A predicted time. `sigma` is the standard deviation of its logarithm: with 0.1 the true time is
/// within about 10 % in two of three cases.
struct Estimate {
  double ns = 0, sigma = 0;
};

class KernelRidge;  // src/cost/kernel_ridge.h

/// Immutable once fitted; may be asked from many threads at once. Equal samples give equal models.
class ResidualModel {
 public:
  ResidualModel();
  ~ResidualModel();
  ResidualModel(ResidualModel&&) noexcept;
  ResidualModel& operator=(ResidualModel&&) noexcept;

  /// Samples of one machine in any order; unsound ones are passed over, equal kernels count once,
  /// with the median of their times. A family with fewer than kLeastKernels kernels has no model.
  /// Time: about 50 ms for each family of 100 kernels.
  static ResidualModel fit(const std::vector<StepSample>& samples);
  static constexpr std::size_t kLeastKernels = 12, kMostKernels = 240;

  /// Is there a model of this family?
  bool knows(const std::string& family) const;
  bool empty() const { return families_.empty(); }
  /// roofline_ns corrected; as it is, and with kUnknownSigma, where the family has no model.
  Estimate estimate(const StepFacts& facts, double roofline_ns, bool warm = true) const;
  static constexpr double kUnknownSigma = 0.7;  ///< of a roofline that nothing corrects

  /// What the model would say of each sample had it never seen that kernel; in the order of
  /// `samples`. For pictures and figures of merit.
  std::vector<Estimate> estimate_held_out(const std::vector<StepSample>& samples) const;

  struct FamilyInfo {
    std::string family;
    std::size_t kernels = 0;
    double noise = 0;  ///< standard deviation of what the features do not explain
  };
  std::vector<FamilyInfo> families() const;
  /// Names the samples it was fitted to; part of every cache key. Empty when there is no model.
  const std::string& identity() const { return identity_; }

 private:
  std::map<std::string, std::unique_ptr<const KernelRidge>> families_;
  std::string identity_;
};

/// Ranks programs by roofline x exp(residual).
class ResidualCostModel : public CostModel {
 public:
  /// Both must outlive this object.
  ResidualCostModel(const CostModel& roofline, const ResidualModel& residuals)
      : roofline_(roofline), residuals_(residuals) {}
  const Machine& machine() const override { return roofline_.machine(); }
  /// As the roofline's: what is inside a program is decided without what was learned, so that a
  /// model of few kernels cannot lead a search astray.
  GroupCost group_cost(const Program& program, const Group& group) const override;
  double program_ns(const Program& program) const override { return estimate(program).ns; }
  std::string identity() const override;

  Estimate step_estimate(const Program& program, const Group& group,
                         const CutChange& cut = {}) const;
  /// The whole program; `cuts` by group of the program, missing ones as usual.
  Estimate estimate(const Program& program, const std::vector<CutChange>& cuts = {}) const;
  /// Has every group of the program a model?
  bool knows(const Program& program) const;

 private:
  const CostModel& roofline_;
  const ResidualModel& residuals_;
};

}  // namespace bafe

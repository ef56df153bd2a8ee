#pragma once
/// Tuning of one program: its ways, what the profile store knows of them, the timings, and what is
/// kept of them.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bafe/cost/cost_model.h"
#include "bafe/cost/residual.h"
#include "bafe/runtime/candidates.h"
#include "bafe/runtime/store.h"
#include "bafe/runtime/tiered.h"
#include "bafe/runtime/tuner.h"

namespace bafe {

/// Who makes the ways of a program: the engine, or a test.
class WayBuilder {
 public:
  virtual ~WayBuilder() = default;
  /// Every way, the choice of the search first. May search.
  virtual std::vector<CandidatePlan> ways() = 0;
  /// Compiles, loads, and compares with the interpreter; nullptr with a reason when it cannot run.
  virtual std::shared_ptr<const Executable> build(const CandidatePlan& way,
                                                  std::string& reason) = 0;
  virtual const CostModel& cost() const = 0;
  virtual const CostModel& roofline() const { return cost(); }
  /// What build() gave for this way; nullptr when it was not built here.
  virtual std::shared_ptr<const Executable> built(const CandidatePlan& way) const = 0;
  /// The cache entry holds this way from now on; `note` says what tuning found. The way was built.
  virtual void publish(const CandidatePlan& way, const std::string& note) = 0;
};

struct TuningSubject {
  std::string program;                        ///< program_digest() of the traced graph
  std::string machine;                        ///< machine_name()
  std::string configuration;                  ///< of what runs now; empty: as the search chose
  std::shared_ptr<const Executable> running;  ///< what runs now; nullptr: it is built
  std::function<std::shared_ptr<const Sample>()> sample;  ///< asked when timing begins
  std::shared_ptr<const ResidualModel> residuals;         ///< may be nullptr
  int threads = 0;
  std::function<double()> call_ns = {};  ///< median of real calls, see RunTimerOptions
  /// Where times come from; empty: the clock.
  std::function<std::unique_ptr<RunTimer>(std::shared_ptr<const Sample>)> timer = {};
};

/// Names of a program and of one way to run it in the profile store. The numeric class and the
/// version are in both: what was timed under another one says little.
std::string program_digest(const Graph& traced, int threads);
std::string configuration_of(const CandidatePlan& way);

/// What is believed of a way before it was timed: what the residual models say where they know its
/// kernels, else the price of `cost` with a fixed uncertainty. `residuals` may be nullptr.
ArmPrior way_prior(const CandidatePlan& way, const CandidatePlan& first, const CostModel& cost,
                   const ResidualCostModel* residuals = nullptr);

/// The configuration with the best stored time, if the store holds at least two; else empty.
std::string stored_winner(ProfileStore& store, const std::string& program,
                          const std::string& machine);

/// Tunes, writes every timing to the store and publishes the winner. `adopt` as in tune(). Uses the
/// clock, one timing at a time in the process.
TuningReport tune_program(
    WayBuilder& builder, const TuningSubject& subject, ProfileStore& store, TuningLimits limits,
    const std::function<bool(std::size_t, std::shared_ptr<const Executable>)>& adopt);

/// "kept the choice of the search; 7 of 12 ways timed" or "product 0 cut in way 2, 1.21 times as
/// fast (1.18 to 1.24); 9 of 12 ways timed".
std::string tuning_note(const TuningReport& report);

}  // namespace bafe

#pragma once
/// From timed plans to what the residual models learn from, and from stored rows to the models.

#include <span>
#include <string>
#include <vector>

#include "bafe/codegen/lower.h"
#include "bafe/cost/residual.h"
#include "bafe/runtime/store.h"

namespace bafe {

/// One sample for each group of the program that has steps, from the times of the plan's steps
/// (Executor::time_steps) in nanoseconds.
///
/// Needs: step_ns has one time for each step of build_plan(program, host_target(), lower); else
/// there are no samples.
std::vector<StepSample> step_samples(const Program& program, const LowerOptions& lower,
                                     const CostModel& roofline, std::span<const double> step_ns,
                                     bool warm = true);

/// A candidate plan priced with what was learned: its tiles count, where program_ns() takes the
/// usual ones.
Estimate estimate_plan(const Program& program, const LowerOptions& lower,
                       const ResidualCostModel& cost);

/// For ProfileStore::add(); the caller fills in program, configuration, machine and samples.
std::vector<StepRow> rows_of(const std::vector<StepSample>& samples);
/// Unsound (see StepSample::is_sound) where the row was written by another version.
StepSample sample_of(const StepRow& row);

/// The model fitted to the steps of `machine` in a store; it may be empty.
ResidualModel learn_residuals(ProfileStore& store, const std::string& machine);

}  // namespace bafe

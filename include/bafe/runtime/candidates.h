#pragma once
/// The ways to build a program that tuning (tuning.h) chooses from.

#include <memory>
#include <string>
#include <vector>

#include "bafe/codegen/lower.h"
#include "bafe/cost/cost_model.h"
#include "bafe/runtime/engine.h"

namespace bafe {

/// One way to run a program: its decisions, and how they become code.
struct CandidatePlan {
  Program program;
  LowerOptions lower;
  std::string what;  ///< how it differs from the first: "group 2 cut after matmul %7"
};

/// `chosen` first, then ways that may be faster. Whoever knows another way adds it here.
std::vector<CandidatePlan> candidate_plans(const Program& chosen, const LowerOptions& lower,
                                           const CostModel& cost);

/// Adds ways in which the host's array library (NumPy, where Python registered it) runs single
/// groups. Results are of class `reals`; nothing is added under math="bits".
void add_host_plans(std::vector<CandidatePlan>& plans);

}  // namespace bafe

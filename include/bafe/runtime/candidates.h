#pragma once
/// Under autotune a program is built in several ways, and what runs is the one that was fastest.

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

struct RaceLimits {
  int rounds = 7;                   ///< each runs every contender once, so that all see one machine
  std::int64_t sample_ns = 50'000;  ///< a run is repeated until so much has passed
  std::int64_t total_ns = 400'000'000;         ///< no further round after this
  std::int64_t bytes = std::int64_t{1} << 30;  ///< larger arguments are not copied: the first wins
  double gain = 0.98;  ///< another contender wins only below this median ratio to the first
};

/// The fastest of `contenders` on drawn arguments, timed in turns; 0 unless another is clearly
/// faster. An executable that throws is out of the race.
std::size_t fastest(const std::vector<std::shared_ptr<const Executable>>& contenders,
                    const RaceLimits& limits = {});

}  // namespace bafe

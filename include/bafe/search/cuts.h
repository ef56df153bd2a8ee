#pragma once
/// Other ways to group one decided program: what a measurement compares the planner's choice with.

#include <string>
#include <vector>

#include "bafe/cost/cost_model.h"
#include "bafe/cost/schedule.h"

namespace bafe {

/// A program in which one group became two.
struct CutProgram {
  Program program;
  std::string what;  ///< "group 2 cut after matmul %7"
};

/// Each group of several operators cut where the cut costs least by `cost`, at most `most` of them,
/// cheapest first; none above `worst` times the price of `program`.
///
/// Needs: check_program(program) holds. Every result holds it too.
std::vector<CutProgram> cut_groups(const Program& program, const CostModel& cost,
                                   std::size_t most = 3, double worst = 2);

}  // namespace bafe

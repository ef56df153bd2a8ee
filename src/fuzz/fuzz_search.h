#pragma once
/// The search as a case's settings ask for it.

#include "bafe/cost/cost_model.h"
#include "bafe/fuzz/oracle.h"

namespace bafe {

/// The host, or less of it.
Target fuzz_target(const FuzzSettings& settings);
SearchOptions fuzz_search_options(const FuzzCase& one);
/// What prices its plans, as the engine has it.
Machine fuzz_machine(const FuzzCase& one);
/// The program that a call would compile.
Program fuzz_program(const FuzzCase& one, const FuzzCoverage& coverage);

}  // namespace bafe

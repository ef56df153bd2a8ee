#pragma once
/// What is wrong with a case: nothing, or one line that says where results differ.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bafe/fuzz/case.h"

namespace bafe {

/// One result an oracle gives for a case.
struct Finding {
  std::uint64_t seed = 0;
  std::string what;  ///< empty: nothing is wrong
  std::string rule;  ///< oracle 3: the rule whose sides differ
};

/// What the cases touched, for the report.
struct FuzzCoverage {
  std::function<void(const Graph&)> program = [](const Graph&) {};
  std::function<void(std::string_view)> rule = [](std::string_view) {};
  /// Called before each case's part of the work; `stage` is for people.
  std::function<void(std::uint64_t seed, const char* stage)> now = [](std::uint64_t, const char*) {
  };
};

/// Oracle 1: interpreter against compiled. All cases are compiled in one run of the compiler, so
/// they share its level and instruction set; every program also runs on tier 0. In math="bits" and
/// for integers results are equal bit for bit (NaN payload aside), else within the sum of the
/// rounding bounds of the program as written and as chosen. No thread count changes a bit.
std::vector<Finding> check_compiled(std::span<const FuzzCase> cases, const FuzzCoverage& coverage);

/// Oracles 2 and 3 over the saturated e-graph of a program: cheapest against dearest term, or
/// `terms` random ones. rules: instead of the built-in ones. What equal means:
/// oracle_extraction.cpp.
Finding check_extraction(const FuzzCase& one, int terms, const FuzzCoverage& coverage,
                         const RuleSet* rules = nullptr);

using FuzzCheck = std::function<Finding(const FuzzCase&)>;

/// The oracle that the case's settings name.
Finding check_case(const FuzzCase& one, const FuzzCoverage& coverage = {});

}  // namespace bafe

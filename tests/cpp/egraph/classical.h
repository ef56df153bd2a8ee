#pragma once
/// Goals that equality saturation is known to reach, and some that it must not.

#include <gtest/gtest.h>

#include <regex>

#include "egraph/language.h"

namespace bafe::testing {

/// Integers as text become nodes of operator `num`: "(+ x 3)" is "(+ x (num @3))".
inline std::string with_numbers(const std::string& text) {
  static const std::regex kNumber(R"((^|[ (])(-?[0-9]+)(?=[ )]|$))");
  std::string once = std::regex_replace(text, kNumber, "$1(num @$2)");
  return std::regex_replace(once, kNumber, "$1(num @$2)");
}

struct GoalLimits {
  std::size_t iterations = 60, nodes = 60'000;
  bool shows_goal = false;  ///< the goal is a second start term, which rules may lead from
};

/// Saturates until `goal` is in the class of `start`. False: limits were met or nothing is left.
inline bool reaches(const Language& language, Analysis* analysis, const std::string& start,
                    const std::string& goal, const GoalLimits& limits = {}) {
  EGraph graph(language.ops, analysis);
  NodeId from = language.add(graph, with_numbers(start));
  if (limits.shows_goal) language.add(graph, with_numbers(goal));
  Saturation saturation(graph, language.rules);
  SaturationOptions options;
  options.max_nodes = limits.nodes;
  bool reached = false;
  for (std::size_t i = 0; i < limits.iterations && !reached; ++i) {
    std::optional<StopReason> end = saturation.iterate(options);
    NodeId to = language.find(graph, with_numbers(goal));
    reached = to.valid() && graph.class_of(to) == graph.class_of(from);
    if (end) break;
  }
  graph.check();
  return reached;
}

}  // namespace bafe::testing

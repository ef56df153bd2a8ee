#pragma once
/// Goals that equality saturation is known to reach, and some that it must not.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "egraph/language.h"

namespace bafe::testing {

/// Integers as text become nodes of operator `num`: "(+ x 3)" is "(+ x (num @3))".
inline std::string with_numbers(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.find_first_of(" ()", at), text.size());
    std::string word = text.substr(at, std::max<std::size_t>(end - at, 1));
    std::size_t digits = word.size() > 1 && word[0] == '-' ? 1 : 0;
    bool number = word.find_first_not_of("0123456789", digits) == std::string::npos;
    out += number ? "(num @" + word + ")" : word;
    at += word.size();
  }
  return out;
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

#pragma once
/// Rules that a search has to do without, and what their user is told.

#include <string>
#include <vector>

#include "bafe/rules/rule_set.h"
#include "bafe/search/optimize.h"

namespace bafe {

/// The rules to leave out after `error`: the one that it blames; or every rule that was added, when
/// it blames a built-in one or none, because those are suspected first. Warns once and adds a row
/// to `rejected`. `names` are the rules that ran. None: the program stays as written.
std::vector<std::string> report_contradiction(const RuleError& error, const RuleSet& rules,
                                              const std::vector<std::string>& names,
                                              std::vector<Rejection>& rejected);

}  // namespace bafe

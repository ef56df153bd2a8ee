// Rules that cannot stay. In: the error that ended a search, the rules in force. Out: the names of
// the rules to leave out, a warning, a row of what was rejected. Invariant: the warning says which
// of three things happened: sizes grew without end, types differ, or facts do.

#include "contradiction.h"

#include <algorithm>

#include "bafe/base/format.h"
#include "bafe/base/log.h"

namespace bafe {
namespace {

/// The rule that an error names in its subject or as the union in progress; empty when it is none
/// of `names` (a fold, a congruence).
std::string blamed_rule(const RuleError& error, const std::vector<std::string>& names) {
  const std::string text = error.what();
  auto named = [&](const std::string& name) {
    if (error.subject() == "rule " + name) return true;
    return text.find("\n  " + name + ": ") != std::string::npos ||
           text.find("\n  " + name + " (backward): ") != std::string::npos;
  };
  auto found = std::find_if(names.begin(), names.end(), named);
  return found == names.end() ? std::string() : *found;
}

std::vector<std::string> culprits(const RuleSet& rules, const std::string& name) {
  const RuleSet& builtin = RuleSet::builtin();
  std::vector<std::string> added;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string& one = rules.rule(RuleId(static_cast<std::uint32_t>(i))).name;
    if (!builtin.find(one)) added.push_back(one);
  }
  if (!name.empty() && (added.empty() || !builtin.find(name))) return {name};
  return added;
}

/// What the rules did: a fact of one rule, or of several.
std::string what_happened(const RuleError& error, bool several) {
  const std::string& fact = error.fact();
  auto says = [&](const char* words) { return fact.find(words) != std::string::npos; };
  if (says("leaves the range of 62 bits"))
    return format("{} without end: a size leaves the range of 62 bits", several ? "grow" : "grows");
  if (error.subject() == "types" || says("the right side has type") || says("is ill-typed"))
    return format("{} another type", several ? "give" : "gives");
  return format("{} what is known", several ? "contradict" : "contradicts");
}

}  // namespace

std::vector<std::string> report_contradiction(const RuleError& error, const RuleSet& rules,
                                              const std::vector<std::string>& names,
                                              std::vector<Rejection>& rejected) {
  std::vector<std::string> out = culprits(rules, blamed_rule(error, names));
  std::string who = out.size() == 1 ? "rule " : "rules ";
  for (std::size_t i = 0; i < out.size(); ++i) who += (i == 0 ? "" : ", ") + out[i];
  std::string what = what_happened(error, out.size() > 1);
  if (out.empty()) {
    who = "the rules in force";
    what = what_happened(error, true) + "; the program stays as written";
  } else {
    what += "; left out";
  }
  rejected.push_back({who, what + "\n  " + error.what()});
  // Once for each rule as written, however many matches and programs show it.
  warn_once(format("contradiction:{} {}: {}", error.loc().text(), who, what),
            format("bafe: {} {}\n{}", who, what, error.what()));
  return out;
}

}  // namespace bafe

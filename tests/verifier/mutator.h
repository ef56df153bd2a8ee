#pragma once
/// Small changes of a rule's text, most of which make it wrong: what the verifier is tested with.

#include <string>
#include <string_view>
#include <vector>

namespace bafe::verifier {

struct Mutant {
  std::string kind;  ///< what was done: "swap operands", "drop condition" …
  std::string text;  ///< a rule
};

/// Every mutant of one rule, each text once, without the rule itself. Texts may be no rules.
std::vector<Mutant> mutants_of(std::string_view rule_text);

}  // namespace bafe::verifier

#pragma once
/// What the build embeds: the texts of rules/*.rules in the order of their names, rules.lock, and
/// the hash of the sources that give operators their meaning.

#include <span>
#include <string_view>

namespace bafe {

struct BuiltinText {
  std::string_view file, text;
};

std::span<const BuiltinText> builtin_rule_texts();
std::string_view builtin_lock_text();
std::string_view builtin_operator_hash();  ///< 32 hex digits

}  // namespace bafe

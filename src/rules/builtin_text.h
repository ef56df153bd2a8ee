#pragma once
/// The texts of rules/*.rules as the build embeds them, in the order of their names.

#include <span>
#include <string_view>

namespace bafe {

struct BuiltinText {
  std::string_view file, text;
};

std::span<const BuiltinText> builtin_rule_texts();

}  // namespace bafe

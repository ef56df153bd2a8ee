#pragma once
/// Every BAFE_* environment variable, in one table. Nothing else in BAFE reads the environment.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bafe {

enum class OptionForm : std::uint8_t { kText, kInteger, kNumber };

/// One variable: its name, its default as text, what it means, what it may be.
struct OptionInfo {
  std::string_view name;
  std::string_view fallback;
  std::string_view doc;
  OptionForm form = OptionForm::kText;
  double least = 0;  ///< of a number
};

std::span<const OptionInfo> option_table();

/// The value of a variable of the table: the environment's, else the default. Read at every call.
/// What should be a number and is none, or is too small, is one warning and counts as not set.
std::string option(std::string_view name);
/// A set of comma-separated topics, as in BAFE_LOG=cache,code; spaces around them do not count.
bool option_has_topic(std::string_view name, std::string_view topic);
std::vector<std::string> option_topics(std::string_view name);
/// A variable that belongs to the system (HOME, XDG_CACHE_HOME, CC, PATH …); nullopt when unset.
std::optional<std::string> system_variable(std::string_view name);

}  // namespace bafe

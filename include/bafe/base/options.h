#pragma once
/// Every BAFE_* environment variable, in one table. Nothing else in BAFE reads the environment.

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bafe {

/// One variable: its name, its default as text, what it means.
struct OptionInfo {
  std::string_view name;
  std::string_view fallback;
  std::string_view doc;
};

std::span<const OptionInfo> option_table();

/// The value of a variable of the table: the environment's, else the default. Read at every call.
std::string option(std::string_view name);
/// A set of comma-separated topics, as in BAFE_LOG=cache,code.
bool option_has_topic(std::string_view name, std::string_view topic);
/// A variable that belongs to the system (HOME, XDG_CACHE_HOME, CC, PATH …); nullopt when unset.
std::optional<std::string> system_variable(std::string_view name);

}  // namespace bafe

#pragma once
/// What BAFE says outside its results: topics on stderr when BAFE_LOG asks for them, and warnings,
/// which are handed to the host program. The library prints nothing else.

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bafe {

/// One topic: its name, the BAFE_DEBUG level from which on it is told, what it tells.
struct LogTopic {
  std::string_view name;
  int level;
  std::string_view doc;
};
std::span<const LogTopic> log_topics();

/// True when BAFE_LOG lists `topic`, or BAFE_DEBUG is at least its level. Ask before building an
/// expensive message. A word of BAFE_LOG that is no topic is warned of once.
bool log_enabled(std::string_view topic);
/// One line "bafe[topic]: message" on stderr; nothing when the topic is off.
void log(std::string_view topic, std::string_view message);

using WarningSink = std::function<void(const std::string& message)>;

/// Hands `message` to the host once a process for each `key`. Never throws; may be called on any
/// thread.
void warn_once(std::string_view key, const std::string& message);
/// Warnings go to `sink` from now on, those kept so far first. An empty sink keeps them again.
void set_warning_sink(WarningSink sink);
/// The warnings kept since the last call, oldest first (at most 64 are kept). For hosts that prefer
/// to ask.
std::vector<std::string> take_warnings();
/// Lets every key warn again. For tests.
void forget_warnings();

}  // namespace bafe

#pragma once
/// One child process with its input, bounded output, and limits. No shell.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bafe {

struct ChildSpec {
  std::vector<std::string> command;      ///< command[0] is a path
  std::vector<std::string> environment;  ///< "NAME=value"; nothing is inherited
  std::string_view input;                ///< the child's whole standard input
  double seconds = 60;
  std::int64_t memory_bytes = 0;  ///< of each process; 0: no limit
  std::int64_t file_bytes = 0;    ///< of each file it writes; 0: no limit
  std::size_t most_message_bytes = 64 << 10;
  std::function<bool()> interrupted;
};

enum class ChildEnd : std::uint8_t { kExited, kSignalled, kTimedOut, kInterrupted, kNotStarted };

struct ChildResult {
  ChildEnd end = ChildEnd::kNotStarted;
  int code = 0;          ///< exit code, signal number, or errno when not started
  std::string messages;  ///< standard error, its first most_message_bytes
};

/// Runs the child in its own process group and waits. When it returns, nothing of the group is left
/// running.
ChildResult run_child(const ChildSpec& spec);

}  // namespace bafe

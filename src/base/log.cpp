// In: messages of any thread. Out: lines on stderr for topics that are on, warnings to the host's
// sink. The sink runs outside the lock, so a sink may itself warn.

#include "bafe/base/log.h"

#include <cstdio>
#include <mutex>
#include <set>

#include "bafe/base/options.h"

namespace bafe {
namespace {

constexpr std::size_t kMostKept = 64;

struct Warnings {
  std::mutex mutex;
  std::set<std::string, std::less<>> seen;
  std::vector<std::string> kept;
  WarningSink sink;
};

Warnings& warnings() {
  static Warnings* state = new Warnings;  // outlives threads that still warn at exit
  return *state;
}

void deliver(const WarningSink& sink, const std::string& message) noexcept {
  try {
    sink(message);
  } catch (...) {  // a warning must not change what a call does
  }
}

}  // namespace

bool log_enabled(std::string_view topic) { return option_has_topic("BAFE_LOG", topic); }

void log(std::string_view topic, std::string_view message) {
  if (!log_enabled(topic)) return;
  std::string line = "bafe[" + std::string(topic) + "]: " + std::string(message) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void warn_once(std::string_view key, const std::string& message) {
  Warnings& state = warnings();
  WarningSink sink;
  {
    std::lock_guard lock(state.mutex);
    if (!state.seen.emplace(key).second) return;
    sink = state.sink;
    if (!sink && state.kept.size() < kMostKept) state.kept.push_back(message);
  }
  if (sink) deliver(sink, message);
}

void set_warning_sink(WarningSink sink) {
  Warnings& state = warnings();
  std::vector<std::string> kept;
  {
    std::lock_guard lock(state.mutex);
    state.sink = sink;
    if (sink) kept.swap(state.kept);
  }
  for (const std::string& message : kept) deliver(sink, message);
}

std::vector<std::string> take_warnings() {
  Warnings& state = warnings();
  std::lock_guard lock(state.mutex);
  std::vector<std::string> kept;
  kept.swap(state.kept);
  return kept;
}

void forget_warnings() {
  Warnings& state = warnings();
  std::lock_guard lock(state.mutex);
  state.seen.clear();
  state.kept.clear();
}

}  // namespace bafe

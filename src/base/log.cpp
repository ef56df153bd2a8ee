// In: messages of any thread. Out: lines on stderr for topics that are on, warnings to the host's
// sink. The sink runs outside the lock, so a sink may itself warn.

#include "bafe/base/log.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <set>

#include "bafe/base/options.h"

namespace bafe {
namespace {

constexpr std::size_t kMostKept = 64;

constexpr std::array kTopics = {
    LogTopic{"dispatch", 1, "what a new signature runs on, and what replaces it"},
    LogTopic{"cache", 1, "hits, misses, entries removed"},
    LogTopic{"recompiles", 2, "which argument of a call differs from what was compiled"},
    LogTopic{"autotune", 2, "candidates, their times, refits"},
    LogTopic{"rewrites", 3, "the rules between the program as written and the one chosen"},
    LogTopic{"validate", 3, "comparisons of compiled code with its meaning"},
    LogTopic{"extract", 4, "the best candidates and their predicted times"},
    LogTopic{"code", 5, "generated C"},
};

int debug_level() { return std::atoi(option("BAFE_DEBUG").c_str()); }

bool is_topic(std::string_view word) {
  return std::any_of(kTopics.begin(), kTopics.end(),
                     [&](const LogTopic& topic) { return topic.name == word; });
}

/// Once for each text of BAFE_LOG.
void check_topics() {
  for (const std::string& word : option_topics("BAFE_LOG")) {
    if (is_topic(word)) continue;
    std::string known;
    for (const LogTopic& topic : kTopics)
      known += (known.empty() ? "" : ", ") + std::string(topic.name);
    warn_once("topic:" + word, "bafe: BAFE_LOG names the topic \"" + word +
                                   "\", which does not exist\n  fix: use some of " + known);
  }
}

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

std::span<const LogTopic> log_topics() { return kTopics; }

bool log_enabled(std::string_view topic) {
  if (!option("BAFE_LOG").empty()) {
    check_topics();
    if (option_has_topic("BAFE_LOG", topic)) return true;
  }
  const int level = debug_level();
  return level > 0 && std::any_of(kTopics.begin(), kTopics.end(), [&](const LogTopic& known) {
           return known.name == topic && known.level <= level;
         });
}

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

// In: spans of any thread. Out: a list of events. While tracing is off a span takes no time stamp
// and no lock.

#include "bafe/base/trace.h"

#include <time.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "bafe/base/format.h"

namespace bafe {
namespace {

constexpr std::size_t kMostNames = 4096;

std::atomic<bool> is_on{false};

struct Events {
  std::mutex mutex;
  std::vector<TraceEvent> list;
  std::set<std::string, std::less<>> names;      // never shrinks: events point into it
  std::map<std::uint32_t, const char*> threads;  // those that have a name
  std::size_t most = kMostTraceEvents;
  std::int64_t dropped = 0;  // of this trace, for want of room
};

Events& events() {
  static Events* state = new Events;
  return *state;
}

std::uint32_t thread_number() {
  static std::atomic<std::uint32_t> count{0};
  thread_local std::uint32_t number = count.fetch_add(1);
  return number;
}

/// Text between the quotes of a JSON string.
std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out;
}

}  // namespace

std::int64_t now_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000ll + now.tv_nsec;
}

void trace_start(std::size_t most) {
  std::lock_guard lock(events().mutex);
  events().list.clear();
  events().most = most;
  events().dropped = 0;
  is_on.store(true);
}

std::vector<TraceEvent> trace_stop() {
  is_on.store(false);
  std::lock_guard lock(events().mutex);
  std::vector<TraceEvent> out;
  out.swap(events().list);
  return out;
}

std::vector<TraceEvent> trace_events() {
  std::lock_guard lock(events().mutex);
  return events().list;
}

bool trace_is_on() { return is_on.load(std::memory_order_relaxed); }

const char* trace_name(std::string_view text) {
  std::lock_guard lock(events().mutex);
  auto& names = events().names;
  auto found = names.find(text);
  if (found == names.end()) {
    if (names.size() >= kMostNames) return "…";
    found = names.emplace(text).first;
  }
  return found->c_str();
}

void trace_thread_name(const char* name) {
  const std::uint32_t number = thread_number();
  std::lock_guard lock(events().mutex);
  events().threads[number] = name;
}

std::string trace_json(std::span<const TraceEvent> list) {
  const int process = getpid();
  std::string out = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[";
  std::set<std::uint32_t> seen;
  auto add = [&](std::string event) {
    if (out.back() != '[') out += ",\n";
    out += event;
  };
  for (const TraceEvent& event : list) {
    if (seen.insert(event.thread).second) {
      std::lock_guard lock(events().mutex);
      auto named = events().threads.find(event.thread);
      std::string name =
          named != events().threads.end() ? named->second : format("thread {}", event.thread);
      add(
          format("{{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":{},\"tid\":{},\"args\":{{"
                 "\"name\":\"{}\"}}}}",
                 process, event.thread, escaped(name)));
    }
    double begin_us = static_cast<double>(event.begin_ns) / 1e3;
    double length_us = static_cast<double>(event.end_ns - event.begin_ns) / 1e3;
    add(
        format("{{\"name\":\"{}\",\"cat\":\"{}\",\"ph\":\"X\",\"pid\":{},\"tid\":{},\"ts\":{:.3f},"
               "\"dur\":{:.3f}}}",
               escaped(event.name), event.category, process, event.thread, begin_us, length_us));
  }
  std::lock_guard lock(events().mutex);
  return out + format("],\"otherData\":{{\"dropped_events\":{}}}}}", events().dropped);
}

TraceSpan::TraceSpan(const char* name, const char* category)
    : name_(name), category_(category), begin_ns_(trace_is_on() ? now_ns() : -1) {}

TraceSpan::~TraceSpan() {
  if (begin_ns_ < 0 || !trace_is_on()) return;
  TraceEvent event{name_, category_, begin_ns_, now_ns(), thread_number()};
  std::lock_guard lock(events().mutex);
  if (events().list.size() < events().most)
    events().list.push_back(event);
  else
    ++events().dropped;
}

}  // namespace bafe

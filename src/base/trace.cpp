// In: spans of any thread. Out: a list of events. While tracing is off a span takes no time stamp
// and no lock.

#include "bafe/base/trace.h"

#include <time.h>

#include <atomic>
#include <mutex>

#include "bafe/base/format.h"

namespace bafe {
namespace {

constexpr std::size_t kMostEvents = 65'536;

std::atomic<bool> is_on{false};

struct Events {
  std::mutex mutex;
  std::vector<TraceEvent> list;
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

}  // namespace

std::int64_t now_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000ll + now.tv_nsec;
}

void trace_start() {
  std::lock_guard lock(events().mutex);
  events().list.clear();
  is_on.store(true);
}

std::vector<TraceEvent> trace_stop() {
  is_on.store(false);
  std::lock_guard lock(events().mutex);
  std::vector<TraceEvent> out;
  out.swap(events().list);
  return out;
}

bool trace_is_on() { return is_on.load(std::memory_order_relaxed); }

std::string trace_json(std::span<const TraceEvent> list) {
  std::string out = "{\"traceEvents\":[";
  for (const TraceEvent& event : list) {
    if (out.back() != '[') out += ',';
    double begin_us = static_cast<double>(event.begin_ns) / 1e3;
    double length_us = static_cast<double>(event.end_ns - event.begin_ns) / 1e3;
    out +=
        format("{{\"name\":\"{}\",\"ph\":\"X\",\"pid\":1,\"tid\":{},\"ts\":{:.3f},\"dur\":{:.3f}}}",
               event.name, event.thread, begin_us, length_us);
  }
  return out + "]}";
}

TraceSpan::TraceSpan(const char* name) : name_(name), begin_ns_(trace_is_on() ? now_ns() : -1) {}

TraceSpan::~TraceSpan() {
  if (begin_ns_ < 0 || !trace_is_on()) return;
  TraceEvent event{name_, begin_ns_, now_ns(), thread_number()};
  std::lock_guard lock(events().mutex);
  if (events().list.size() < kMostEvents) events().list.push_back(event);
}

}  // namespace bafe

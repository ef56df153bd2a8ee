#pragma once
/// Timed events: where the time of a first call goes. Off by default; a span then costs one atomic
/// load.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bafe {

std::int64_t now_ns();  ///< monotonic

struct TraceEvent {
  const char* name = "";      ///< a string literal, or of trace_name()
  const char* category = "";  ///< "call", "kernel", "search" …; a string literal
  std::int64_t begin_ns = 0, end_ns = 0;
  std::uint32_t thread = 0;  ///< small number, in order of first event
};

inline constexpr std::size_t kMostTraceEvents = std::size_t{1} << 20;

void trace_start(std::size_t most = kMostTraceEvents);  ///< forgets earlier events; keeps so many
std::vector<TraceEvent> trace_stop();                   ///< events in order of their end
/// The events so far, which are kept.
std::vector<TraceEvent> trace_events();
bool trace_is_on();
/// The events as Chrome's trace format, to be opened in a trace viewer; how many were dropped
/// stands in "otherData".
std::string trace_json(std::span<const TraceEvent> events);

/// A copy of `text` that lives as long as the process; equal texts share one. At most 4,096 are
/// kept, later ones are called "…".
const char* trace_name(std::string_view text);
/// What the calling thread is called in traces from now on; a string literal.
void trace_thread_name(const char* name);

/// Records one event from construction to destruction.
class TraceSpan {
 public:
  explicit TraceSpan(const char* name, const char* category = "bafe");
  ~TraceSpan();
  TraceSpan(const TraceSpan&) = delete;
  TraceSpan& operator=(const TraceSpan&) = delete;

 private:
  const char* name_;
  const char* category_;
  std::int64_t begin_ns_;
};

}  // namespace bafe

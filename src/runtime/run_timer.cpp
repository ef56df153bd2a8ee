// In: executables and the arguments of a call. Out: rounds of times. Each round holds the process's
// timing lock from its first run to its last, so two timings never disturb each other.

#include "bafe/runtime/run_timer.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <utility>

#include "bafe/base/error.h"
#include "bafe/base/log.h"
#include "bafe/base/trace.h"
#include "bafe/runtime/sign_test.h"

namespace bafe {
namespace {

constexpr std::int64_t kLineBytes = 64;
constexpr std::int64_t kMostFlushBytes = std::int64_t{64} << 20;
constexpr int kMostRepeats = 1000;
constexpr int kComparedRounds = 3;

/// After fork() a lock that a thread of the parent held would never be given back: each process has
/// its own.
std::mutex& timing_lock() {
  struct Lock {
    pid_t process = getpid();
    std::mutex mutex;
  };
  static std::atomic<Lock*> current{new Lock};
  Lock* known = current.load();
  if (known->process != getpid()) {
    Lock* fresh = new Lock;
    if (current.compare_exchange_strong(known, fresh)) known = fresh;
  }
  return known->mutex;
}

std::int64_t bytes_in(std::span<const BufferSpec> specs) {
  std::int64_t bytes = 0;
  for (const BufferSpec& spec : specs) bytes += type_bytes(spec.type);
  return bytes;
}

}  // namespace

std::int64_t cache_flush_bytes(const Target& target, int cores) {
  const std::int64_t share = target.l3_bytes / std::max(cores, 1);
  return std::min(2 * (target.l2_bytes + share), kMostFlushBytes);
}

ClockTimer::ClockTimer(std::shared_ptr<const Sample> sample, std::span<const BufferSpec> outputs,
                       const RunTimerOptions& options)
    : sample_(std::move(sample)), results_(outputs), options_(options) {
  if (options_.flush_bytes <= 0) {
    const auto cores = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
    options_.flush_bytes = cache_flush_bytes(host_target(), cores);
  }
  std::int64_t bytes = bytes_in(outputs);
  for (const Block& block : sample_->inputs.blocks) bytes += block.bytes();
  has_states_ = bytes <= options_.flush_bytes;
  if (!has_states_) cold_share_ = 0;
}

ClockTimer::~ClockTimer() = default;

double ClockTimer::seconds() const { return static_cast<double>(now_ns()) * 1e-9; }

/// Reads alone move everything else out, at half the traffic of writes; but memory that was never
/// written is one page of zeros.
void ClockTimer::flush() {
  if (other_.bytes() == 0) {
    other_ = Block(options_.flush_bytes);
    std::memset(other_.data(), 1, static_cast<std::size_t>(options_.flush_bytes));
  }
  const volatile std::byte* bytes = other_.data();
  for (std::int64_t i = 0; i < options_.flush_bytes; i += kLineBytes) static_cast<void>(bytes[i]);
}

double ClockTimer::warm_ns(const Executable& executable) {
  void* const* in = sample_->inputs.pointers.data();
  executable.run(in, results_.pointers.data(), options_.threads);
  const std::int64_t begin = now_ns();
  std::int64_t spent = 0;
  int repeats = 0;
  do {
    executable.run(in, results_.pointers.data(), options_.threads);
    spent = now_ns() - begin;
  } while (++repeats < kMostRepeats && spent < options_.sample_ns);
  return static_cast<double>(std::max<std::int64_t>(spent, 1)) / repeats;
}

double ClockTimer::cold_ns(const Executable& executable) {
  flush();
  const std::int64_t begin = now_ns();
  executable.run(sample_->inputs.pointers.data(), results_.pointers.data(), options_.threads);
  return static_cast<double>(std::max<std::int64_t>(now_ns() - begin, 1));
}

std::optional<std::pair<RunTimes, RunTimes>> ClockTimer::round(const Executable& first,
                                                               const Executable& second) {
  TimingPause pause;  // before the lock, which the worker may hold until its round is over
  std::lock_guard lock(timing_lock());
  RunTimes times[2];
  const Executable* both[] = {&first, &second};
  const std::size_t begins = ++rounds_ % 2;  // whoever goes first differs from round to round
  try {
    for (const std::size_t i : {begins, 1 - begins}) times[i].warm_ns = warm_ns(*both[i]);
    for (const std::size_t i : {begins, 1 - begins})
      times[i].cold_ns = has_states_ && cold_share_ > 0 ? cold_ns(*both[i]) : times[i].warm_ns;
  } catch (const Error& error) {
    log("autotune", std::string("arguments are refused: ") + error.what());
    return std::nullopt;
  }
  return std::pair(times[0], times[1]);
}

void ClockTimer::compare_with_calls(const Executable& running) {
  if (!has_states_ || !(options_.call_ns > 0)) return;
  std::vector<double> warm, cold;
  for (int i = 0; i < kComparedRounds; ++i) {
    const auto times = round(running, running);
    if (!times) return;
    for (const RunTimes& one : {times->first, times->second}) {
      warm.push_back(one.warm_ns);
      cold.push_back(one.cold_ns);
    }
  }
  const double warm_ns = median_of(warm), cold_ns = median_of(cold);
  if (cold_ns < 1.02 * warm_ns) {
    cold_share_ = 0;
    return;
  }
  cold_share_ = std::clamp((options_.call_ns - warm_ns) / (cold_ns - warm_ns), 0.0, 1.0);
}

}  // namespace bafe

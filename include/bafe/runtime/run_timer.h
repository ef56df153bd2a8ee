#pragma once
/// Times of executables on copies of a call's arguments, in both states of the caches. One timing
/// at a time in the process, and nobody searches or compiles during one.

#include <cstdint>
#include <memory>

#include "bafe/runtime/tiered.h"
#include "bafe/runtime/tuner.h"

namespace bafe {

struct RunTimerOptions {
  int threads = 0;                  ///< of each run; 0: as compiled
  std::int64_t sample_ns = 50'000;  ///< a warm run is repeated until so much has passed
  /// Bytes that go through the caches before a cold run; 0: cache_flush_bytes().
  std::int64_t flush_bytes = 0;
  /// Median time of real calls, first run each, of what runs now; 0: none was seen yet.
  double call_ns = 0;
};

/// Warm: the run before was of the same executable on the same buffers. Cold: other data of
/// flush_bytes went through the caches since. Arguments and results larger than that are cold in
/// both states, and are timed once.
///
/// The share of cold calls is where real calls lie between the two times of what runs now: 0 where
/// they take as long as warm runs, 1 where they take as long as cold ones; one half as long as no
/// call was seen.
class ClockTimer : public RunTimer {
 public:
  ClockTimer(std::shared_ptr<const Sample> sample, std::span<const BufferSpec> outputs,
             const RunTimerOptions& options = {});
  ~ClockTimer() override;
  /// Finds the share of cold calls; `running` is what real calls ran.
  void compare_with_calls(const Executable& running);

  std::optional<std::pair<RunTimes, RunTimes>> round(const Executable& first,
                                                     const Executable& second) override;
  double cold_share() const override { return cold_share_; }
  double seconds() const override;

 private:
  double warm_ns(const Executable& executable);
  double cold_ns(const Executable& executable);
  void flush();

  std::shared_ptr<const Sample> sample_;
  Buffers results_;
  RunTimerOptions options_;
  Block other_;             ///< what goes through the caches
  bool has_states_ = true;  ///< false: arguments and results never fit the caches
  double cold_share_ = 0.5;
  std::uint64_t rounds_ = 0;
};

/// Twice the second-level cache and this core's share of the last one, at most 64 MiB: reading so
/// much puts everything else out of what one core keeps.
std::int64_t cache_flush_bytes(const Target& target, int cores);

}  // namespace bafe

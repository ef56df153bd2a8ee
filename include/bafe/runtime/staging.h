#pragma once
/// Tier "auto": a program runs at once on tier 0, and on a compiled kernel once that is there,
/// agrees and is faster.

#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "bafe/runtime/flight.h"
#include "bafe/runtime/judge.h"
#include "bafe/runtime/tiered.h"

namespace bafe {

/// At the end of an entry's validation record when tier 0 was as fast where it was made.
inline constexpr std::string_view kStaysAside = "; tier 0 is as fast";

/// What the cache has for a program.
struct CachedKernel {
  std::shared_ptr<const Executable> executable;  ///< nullptr: nothing
  bool stays_aside = false;                      ///< kStaysAside
};

/// The engine's part of staging; every function may be called once or not at all.
struct StageParts {
  std::function<CachedKernel()> find;
  std::function<std::shared_ptr<TieredExecutable>()> first;  ///< tier 0
  std::function<StagedProgram()> program;
  /// Searches, compiles, judges, publishes, and settles `tiered`. On the worker, or on the thread
  /// of finish_compiling(). Errors: Interrupted leaves it pending; others settle it with their
  /// text.
  std::function<void(const StagedProgram&, TieredExecutable&, Job&)> bring;
};

/// Programs by key, so that functions and threads that trace the same one share its tiers.
class Stages {
 public:
  std::shared_ptr<const Executable> start(const Digest& key, const StageParts& parts);

 private:
  std::shared_ptr<TieredExecutable> known(const Digest& key);
  std::shared_ptr<const Executable> begin(const Digest& key, const StageParts& parts);

  Flights<const Executable> starts_;
  std::mutex mutex_;
  std::map<Digest, std::weak_ptr<TieredExecutable>> by_key_;
};

/// Compiles what is pending for `executable`, here if nobody has begun, and lets the kernel take
/// over if it agrees, whatever its time. False when `interrupted` answered true. Executables
/// without tiers are left as they are.
bool finish_compiling(const std::shared_ptr<const Executable>& executable,
                      const std::function<bool()>& interrupted);
/// Waits until nothing is pending for `executable`, for at most `seconds` (negative: for ever).
/// False when something still is.
bool wait_for_tiers(const std::shared_ptr<const Executable>& executable, double seconds,
                    const std::function<bool()>& interrupted);
/// Of any executable: one without tiers was compiled in the call, loaded, or is interpreted.
TierState tier_state(const Executable& executable);
/// Without a compiler, or with one that fails: says so once for each reason.
void warn_not_compiled(std::string_view tier, const std::string& reason);

}  // namespace bafe

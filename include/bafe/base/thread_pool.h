#pragma once
/// BAFE's own pool: splits the units of one kernel step over threads. No OpenMP; safe after fork.

#include <cstdint>
#include <functional>

namespace bafe {

/// Threads this process may use: affinity mask, cgroup quota, BAFE_THREADS; at least 1.
int usable_threads();

/// Runs `work(begin, end)` over disjoint ranges that cover [0, units) on at most `threads` threads,
/// the caller's among them, and returns the first non-zero code (0 when all ranges returned 0).
///
/// If the pool is busy with another call, or threads <= 1, everything runs on the caller's thread.
/// Results must not depend on the split: units are fixed by shapes. `work` must not throw.
int parallel_units(std::int64_t units, int threads,
                   const std::function<int(std::int64_t, std::int64_t)>& work);

}  // namespace bafe

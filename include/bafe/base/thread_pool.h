#pragma once
/// BAFE's own pool: splits the units of one kernel step over threads. No OpenMP; safe after fork.

#include <cstdint>
#include <functional>

namespace bafe {

/// Threads a call may use unless it says otherwise; at least 1. The first of these that is given:
/// set_usable_threads(), BAFE_NUM_THREADS, BAFE_THREADS; else the cores that the affinity mask of
/// the calling thread and the cgroup quota leave, and of these no more than OMP_NUM_THREADS.
int usable_threads();

/// Sets what usable_threads() gives in the whole process from now on; 0 takes that back.
void set_usable_threads(int count);

/// The calling thread uses the workers that others have started and starts none: they would have
/// its priority for ever.
void never_grow_pool();

/// Runs `work(begin, end)` over disjoint ranges that cover [0, units) on at most `threads` threads,
/// the caller's among them, and returns the first non-zero code (0 when all ranges returned 0).
///
/// If the pool is busy with another call, or threads <= 1, everything runs on the caller's thread.
/// Results must not depend on the split: units are fixed by shapes. `work` must not throw.
int parallel_units(std::int64_t units, int threads,
                   const std::function<int(std::int64_t, std::int64_t)>& work);

}  // namespace bafe

#pragma once
/// The machine as numbers: built-in figures until calibrate() has measured this one.

#include <functional>
#include <string>

#include "bafe/cost/cost_model.h"
#include "bafe/cost/target.h"

namespace bafe {

/// What searches in this process are priced on: the reference figures, or those of the last
/// calibrate() for the same number of threads. Never measures and never opens a file.
Machine current_machine(const Target& target, int threads);

/// Names this machine in the profile store: processor, threads and instruction set, so that rows of
/// several machines may be merged.
std::string machine_name(const Target& target, int threads);

/// Measures bandwidth by cache level, multiply-add peaks, call and barrier cost and the compiler,
/// keeps the result in the profile store, and makes it current. A store that already holds this
/// machine is not measured again unless `again`. About 0.3 s. Without a compiler the peaks stay the
/// reference's.
Machine calibrate(const Target& target, int threads, bool again = false);

/// calibrate() on a thread of the lowest priority; returns at once. A second call while one runs
/// does nothing.
void calibrate_in_background(const Target& target, int threads);

}  // namespace bafe

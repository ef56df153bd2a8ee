#pragma once
/// Tuning as the engine does it: behind the calls of an autotuned program, or at once when asked.

#include <memory>

#include "bafe/runtime/tiered.h"
#include "bafe/runtime/tuner.h"
#include "program_maker.h"

namespace bafe {

/// The way that an earlier process found fastest, if the profile store knows it and `found` still
/// holds it; else the search's choice. Opens the store: not for calls that find an entry.
CandidatePlan starting_way(const Request& request, const SearchResult& found);

/// `made`, or what runs it until the worker has found something faster. A program whose entry says
/// that it was tuned, or that is interpreted, stays as it is; one that is being tuned is shared.
std::shared_ptr<const Executable> tuned_behind(ProgramMaker& maker, const Request& request,
                                               std::shared_ptr<const Executable> made);

/// Tunes `running` on `sample` in the caller's thread and publishes the winner under the request's
/// key. A tuning of the same program behind its calls ends.
TuningReport tune_now(ProgramMaker& maker, const Request& request,
                      std::shared_ptr<const Executable> running,
                      std::shared_ptr<const Sample> sample, TuningLimits limits);

}  // namespace bafe

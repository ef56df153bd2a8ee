#pragma once
/// All ways to run one program, built beside each other to be timed: for benchmarks of the cost
/// model. What runs for callers goes through Engine.

#include <memory>
#include <string>
#include <vector>

#include "bafe/codegen/lower.h"
#include "bafe/cost/residual.h"
#include "bafe/runtime/engine.h"

namespace bafe {

/// A plan, compiled and bound to drawn arguments. Not compared with the interpreter.
class TimedWay {
 public:
  virtual ~TimedWay() = default;
  virtual const std::string& what() const = 0;
  virtual double predicted_ns() const = 0;  ///< roofline
  virtual const std::string& code() const = 0;
  /// Nanoseconds of a run: the mean of as many as fit in `sample_ns`, one at least.
  virtual double time(double sample_ns) const = 0;
  virtual std::vector<double> time_steps() const = 0;
  /// See step_samples().
  virtual std::vector<StepSample> samples(const std::vector<double>& step_ns) const = 0;
};

/// Candidates of the search, groups cut, and the tiles of up to two products in all their ways, the
/// cheapest programs first; at most `most`, no two with the same code. One thread.
/// Errors: CompileError when the compiler is missing.
std::vector<std::shared_ptr<TimedWay>> timed_ways(const Graph& graph, const EngineOptions& options,
                                                  std::size_t most);

}  // namespace bafe

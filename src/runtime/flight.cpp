// In: attempts to compile. Out: their results, time-outs only once for each compiler and limit.

#include "bafe/runtime/flight.h"

#include "bafe/base/format.h"

namespace bafe {

CompileResult CompilerMemory::run(const CompileLimits& limits,
                                  const std::function<CompileResult()>& compile) {
  std::optional<Compiler> compiler = find_compiler();
  std::string name = compiler ? format("{} {}", compiler->id(), limits.seconds) : std::string();
  {
    std::lock_guard lock(mutex_);
    if (auto known = timed_out_.find(name); known != timed_out_.end()) return known->second;
  }
  CompileResult result = compile();
  if (result.status == CompileStatus::kTimedOut) {
    std::lock_guard lock(mutex_);
    timed_out_.emplace(name, result);
  }
  return result;
}

}  // namespace bafe

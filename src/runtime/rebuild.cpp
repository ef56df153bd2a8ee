// In: entries that were hits. Out: the same entries with code of the compiler that is here now.
// Everything runs on the background worker; nothing is published that was not loaded and compared.

#include "bafe/runtime/rebuild.h"

#include <mutex>
#include <set>

#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/base/trace.h"
#include "bafe/codegen/amx.h"
#include "bafe/runtime/backend.h"
#include "bafe/runtime/background.h"
#include "bafe/runtime/executables.h"
#include "bafe/runtime/validate.h"

namespace bafe {
namespace {

/// Keys whose compiler was looked at, and compilers that failed.
class Seen {
 public:
  bool is_first(const std::string& name) {
    std::lock_guard lock(mutex_);
    return names_.insert(name).second;
  }
  bool has(const std::string& name) {
    std::lock_guard lock(mutex_);
    return names_.count(name) > 0;
  }

 private:
  std::mutex mutex_;
  std::set<std::string> names_;
};

Seen& seen() {
  static Seen* seen = new Seen;
  return *seen;
}

/// Empty when the new code agrees with the program's meaning.
std::string disagreement(const CacheHit& hit, const std::string& code, std::string& record) {
  Plan plan = Plan::from_json(hit.entry->plan);
  double flops = 0, bytes = 0;
  for (const Step& step : plan.steps) {
    flops += step.flops;
    bytes += step.bytes;
  }
  ValidationLimits limits;
  limits.rounds = rounds_products(plan);
  Backend& backend = cpu_backend();
  auto executable = make_compiled(hit.graph, std::move(plan), backend.load(code), backend,
                                  hit.constants, hit.threads, {});
  Validation validation = validate(hit.graph, *executable, hit.constants, flops, bytes, limits);
  record = validation.record;
  return validation.passed ? "" : validation.record;
}

void rebuild(KernelCache& cache, const CacheHit& hit, Job& job) {
  Backend& backend = cpu_backend();
  std::string compiler = backend.compiler();
  bool is_current = compiler.empty() || compiler == hit.entry->compiler;
  if (is_current || seen().has(compiler) || job.checkpoint()) return;
  TraceSpan span("rebuild");
  CompileLimits limits = CompileLimits::from_options();
  limits.interrupted = [&job] { return job.checkpoint(); };
  CompileResult compiled = backend.compile(hit.entry->c_text, limits);
  if (compiled.status == CompileStatus::kInterrupted) return;
  cache.note_compile(compiled.status == CompileStatus::kOk);
  std::string failure = compiled.fact;
  CacheEntry entry = *hit.entry;
  if (failure.empty()) failure = disagreement(hit, compiled.code, entry.validation);
  if (!failure.empty()) {
    seen().is_first(compiler);
    log("cache", format("{} stays as it was: {}", hit.key.hex().substr(0, 16), failure));
    return;
  }
  entry.code = std::move(compiled.code);
  entry.compiler = compiled.command;
  cache.store(hit.key, std::move(entry));
  log("cache", format("rebuilt {} with {}", hit.key.hex().substr(0, 16), compiler));
}

}  // namespace

void rebuild_if_stale(std::shared_ptr<KernelCache> cache, CacheHit hit) {
  if (hit.entry->c_text.empty() || !seen().is_first(cache->folder() + hit.key.hex())) return;
  Background::shared().submit(
      std::make_shared<Job>([cache = std::move(cache), hit = std::move(hit)](Job& job) {
        try {
          rebuild(*cache, hit, job);
        } catch (const std::exception& error) {
          log("cache", format("{} stays as it was: {}", hit.key.hex().substr(0, 16), error.what()));
        }
      }));
}

}  // namespace bafe

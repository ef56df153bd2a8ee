// In: programs whose tier is "auto". Out: executables that run at once, and jobs that bring better
// ones. Invariants: one job a key at a time; a job holds its executable weakly, so a function that
// is gone is not compiled for; an executable is pending until it was settled by its job, or its
// compiler is known to be missing.

#include "bafe/runtime/staging.h"

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/base/trace.h"

namespace bafe {
namespace {

std::shared_ptr<TieredExecutable> tiers_of(const std::shared_ptr<const Executable>& executable) {
  return std::const_pointer_cast<TieredExecutable>(
      std::dynamic_pointer_cast<const TieredExecutable>(executable));
}

using Bring = std::function<void(const StagedProgram&, TieredExecutable&, Job&)>;

std::shared_ptr<Job> make_job(const std::shared_ptr<TieredExecutable>& tiered,
                              std::shared_ptr<const StagedProgram> program, Bring bring) {
  return std::make_shared<Job>([weak = std::weak_ptr(tiered), program = std::move(program),
                                bring = std::move(bring)](Job& job) {
    const std::shared_ptr<TieredExecutable> held = weak.lock();
    if (!held) return;
    TraceSpan span("background");
    try {
      bring(*program, *held, job);
    } catch (const Interrupted&) {  // stays pending: the job is done again, or the process ends
    } catch (const std::exception& error) {
      warn_not_compiled(held->state().tier, error.what());
      held->settle(error.what());
    }
  });
}

}  // namespace

void warn_not_compiled(std::string_view tier, const std::string& reason) {
  warn_once("interpreted:" + reason,
            tier == "interpreted"
                ? format("bafe: programs are interpreted, which is slow: {}", reason)
                : format("bafe: programs run on prebuilt kernels only: {}", reason));
}

std::shared_ptr<TieredExecutable> Stages::known(const Digest& key) {
  std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : found->second.lock();
}

std::shared_ptr<const Executable> Stages::begin(const Digest& key, const StageParts& parts) {
  std::shared_ptr<TieredExecutable> tiered = parts.first();
  {
    std::lock_guard lock(mutex_);
    std::erase_if(by_key_, [](const auto& entry) { return entry.second.expired(); });
    by_key_[key] = tiered;
  }
  CompileResult missing;
  missing.status = CompileStatus::kNoCompiler;
  if (!find_compiler(&missing.fact)) {
    const std::string reason = compile_error(missing).what();
    warn_not_compiled(tiered->state().tier, reason);
    tiered->settle(reason);
    return tiered;
  }
  auto job = make_job(tiered, std::make_shared<const StagedProgram>(parts.program()), parts.bring);
  tiered->expect(job);
  // A queue that is full, or no thread to be had: the call compiles, as every call once did.
  if (!Background::shared().submit(job)) Background::shared().do_here(job, {});
  return tiered;
}

std::shared_ptr<const Executable> Stages::start(const Digest& key, const StageParts& parts) {
  return starts_.once(key, [&]() -> std::shared_ptr<const Executable> {
    std::shared_ptr<TieredExecutable> shared = known(key);
    if (shared && shared->is_pending()) return shared;
    CachedKernel cached = parts.find();
    if (cached.executable && !cached.stays_aside) return cached.executable;
    if (shared) return shared;
    if (!cached.executable) return begin(key, parts);
    std::shared_ptr<TieredExecutable> tiered = parts.first();
    tiered->set_aside(std::move(cached.executable), "the cached kernel is no faster than tier 0");
    return tiered;
  });
}

bool finish_compiling(const std::shared_ptr<const Executable>& executable,
                      const std::function<bool()>& interrupted) {
  const std::shared_ptr<TieredExecutable> tiered = tiers_of(executable);
  if (!tiered) return true;
  if (tiered->state().tier == "compiled") return true;  // what is under way can only be faster
  tiered->want_compiled();
  if (const std::shared_ptr<Job> job = tiered->job()) {
    if (!Background::shared().finish(job, interrupted)) return false;
  }
  if (std::shared_ptr<const Executable> aside = tiered->runner_up())
    tiered->adopt(std::move(aside), "compiled", "asked for; tier 0 was as fast");
  return true;
}

bool wait_for_tiers(const std::shared_ptr<const Executable>& executable, double seconds,
                    const std::function<bool()>& interrupted) {
  const std::shared_ptr<TieredExecutable> tiered = tiers_of(executable);
  const std::shared_ptr<Job> job = tiered ? tiered->job() : nullptr;
  return !job || Background::shared().wait(job, seconds, interrupted);
}

TierState tier_state(const Executable& executable) {
  if (const auto* tiered = dynamic_cast<const TieredExecutable*>(&executable))
    return tiered->state();
  const Provenance& made = executable.provenance();
  TierState out;
  out.tier = made.interpreted ? "interpreted" : "compiled";
  out.why = made.interpreted  ? "nothing was compiled"
            : made.from_cache ? "loaded from the cache"
                              : "compiled in the call";
  return out;
}

}  // namespace bafe

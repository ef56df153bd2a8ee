// In: a traced graph and options. Out: an executable. The order of a first call: key, cache,
// search, code, compile, load, compare with the interpreter, publish. Nothing is published that was
// not loaded and compared; what cannot be compiled is interpreted, with one warning a reason.

#include "bafe/runtime/engine.h"

#include <algorithm>

#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/base/trace.h"
#include "bafe/codegen/amx.h"
#include "bafe/codegen/lower.h"
#include "bafe/codegen/prebuilt.h"
#include "bafe/runtime/autotune.h"
#include "bafe/runtime/exact_products.h"
#include "bafe/runtime/executables.h"
#include "bafe/runtime/flight.h"
#include "bafe/runtime/product_notes.h"
#include "bafe/runtime/rebuild.h"
#include "bafe/runtime/staging.h"
#include "engine_tuning.h"
#include "families.h"
#include "hot.h"
#include "program_maker.h"
#include "quarantine.h"

namespace bafe {
namespace {

/// A request keeps a reference.
const ConstantTable& no_constants() {
  static const ConstantTable& empty = *new const ConstantTable;  // the background thread reads it
  return empty;
}

std::shared_ptr<const Executable> interpret(const Request& request, const std::string& reason) {
  warn_once("interpreted:" + reason,
            format("bafe: programs are interpreted, which is slow: {}", reason));
  return make_interpreted(request.graph, request.constants, provenance_before_search(request));
}

/// The executable of a cache entry; nullptr when the entry does not load here.
std::shared_ptr<const Executable> from_entry(const Request& request, const CacheEntry& entry) {
  TraceSpan span("from cache");
  try {
    Provenance provenance = provenance_before_search(request);
    if (!provenance_of(entry, provenance)) return nullptr;
    Backend& backend = cpu_backend();
    std::shared_ptr<const Module> module = entry.code.empty() ? nullptr : backend.load(entry.code);
    return make_compiled(request.graph, Plan::from_json(entry.plan), std::move(module), backend,
                         request.constants, request.threads, std::move(provenance));
  } catch (const Error& error) {
    log("cache",
        format("entry {} does not load: {}", request.key.hex().substr(0, 16), error.what()));
    return nullptr;
  }
}

/// What the user asked for decides: effort that was asked for is spent in the call.
bool compiles_later(const EngineOptions& options) {
  const bool asks = options.in_call || options.autotune || options.budget || options.deep;
  return options.tier == Tier::kAuto && !asks;
}

/// What runs at once, with no search and no compiler: prebuilt kernels, or the interpreter where
/// something of the plan is missing.
std::shared_ptr<TieredExecutable> first_tier(const Request& request) {
  TraceSpan span("tier 0");
  Provenance provenance = provenance_before_search(request);
  try {
    Plan plan = prebuilt_plan(request.graph, lower_options(request));
    for (const Step& step : plan.steps)
      provenance.predicted_ns +=
          step.predicted_ns > 0 ? step.predicted_ns : std::max(step.flops, step.bytes) / 10;
    provenance.chosen_text = provenance.traced_text;
    provenance.chosen_brief = provenance.traced_brief;
    return std::make_shared<TieredExecutable>(
        make_compiled(request.graph, std::move(plan), nullptr, cpu_backend(), request.constants,
                      request.threads, provenance),
        "prebuilt");
  } catch (const Error& error) {
    log("dispatch", format("no prebuilt plan: {}", error.what()));
  }
  return std::make_shared<TieredExecutable>(
      make_interpreted(request.graph, request.constants, std::move(provenance)), "interpreted");
}

/// A kernel that disagrees with its meaning: never again in this process; a reproducer is written.
std::shared_ptr<const Executable> refused(const Request& request, const std::string& fact) {
  quarantine_kernel(request.key, fact);
  std::shared_ptr<TieredExecutable> tiered = first_tier(request);
  report_difference({request.graph, request.options, request.constants, request.threads,
                     request.key, request.premises},
                    *tiered, fact);
  return tiered;
}

bool rounds_operands(const Executable& executable) {
  const std::optional<Plan> plan = executable.plan();
  return plan && rounds_products(*plan);
}

class EngineImpl : public Engine {
 public:
  std::shared_ptr<const Executable> prepare(const Graph& graph, const EngineOptions& options,
                                            const ConstantTable& constants) override {
    TraceSpan span("prepare");
    if (options.tier == Tier::kInterpreted) {
      return make_interpreted(graph, constants,
                              provenance_before_search(Request{graph, options, constants, 1}));
    }
    const Request request = Request::of(graph, options, constants);
    if (needs_interpreted_products(graph, options.math, host_target())) {
      std::shared_ptr<TieredExecutable> tiered = first_tier(request);
      tiered->settle("products in bits need fused multiply-adds, which this processor lacks");
      return tiered;
    }
    if (compiles_later(options)) return stages_.start(request.key, parts_of(request));
    return flights_.once(request.key, [&] {
      std::shared_ptr<const Executable> made = load_or_make(request);
      return options.autotune ? tuned_behind(maker_, request, std::move(made)) : made;
    });
  }

  TuningReport tune(const Graph& graph, const EngineOptions& options,
                    const ConstantTable& constants, std::shared_ptr<const Sample> sample,
                    const TuningLimits& limits) override {
    if (needs_interpreted_products(graph, options.math, host_target())) {
      TuningReport none;
      none.ended = "cannot be timed";
      return none;
    }
    const Request request = Request::of(graph, options, constants);
    std::shared_ptr<const Executable> running =
        flights_.once(request.key, [&] { return load_or_make(request); });
    return tune_now(maker_, request, std::move(running), std::move(sample), limits);
  }

  void teach_sizes(const Graph& graph, const EngineOptions& options, const ConstantTable& constants,
                   const std::vector<Graph>& samples) override {
    families_.teach(Request::of(graph, options, constants), samples);
  }

  SizeFamily size_family(const Graph& graph, const EngineOptions& options) override {
    return families_.describe(Request::of(graph, options, no_constants()));
  }

  SearchResult search(const Graph& graph, const EngineOptions& options) override {
    const Request request = Request::of(graph, options, no_constants());
    Interrupt interrupt(options.interrupted);
    return maker_.search(request, interrupt);
  }

 private:
  CachedKernel load(const Request& request, const std::shared_ptr<KernelCache>& cache) {
    auto entry = cache->load(request.key, request.premises);
    auto executable = entry ? from_entry(request, *entry) : nullptr;
    if (!executable) {
      if (compiles_later(request.options)) executable = for_any_size(request, *cache);
      return {std::move(executable), false};
    }
    rebuild_if_stale(cache,
                     {request.key, entry, request.graph, request.constants, request.threads});
    return {std::move(executable), entry->validation.ends_with(kStaysAside)};
  }

  std::shared_ptr<const Executable> load_or_make(const Request& request) {
    std::shared_ptr<KernelCache> cache = KernelCache::shared();
    if (auto executable = load(request, cache).executable) return executable;
    if (families_.is_taught(request)) {
      if (auto executable = for_all_sizes(request, *cache)) return executable;
    }
    return make(request, *cache);
  }

  StageParts parts_of(const Request& request) {
    return {[&] { return load(request, KernelCache::shared()); },
            [&] { return first_tier(request); },
            [&] {
              return StagedProgram{request.graph,   request.options, request.constants,
                                   request.threads, request.key,     request.premises};
            },
            [this](const StagedProgram& program, TieredExecutable& tiered, Job& job) {
              bring(program, tiered, job);
            }};
  }

  std::shared_ptr<const Executable> make(const Request& request, KernelCache& cache);
  std::shared_ptr<const Executable> for_all_sizes(const Request& request, KernelCache& cache);
  std::shared_ptr<const Executable> build(const Request& request, KernelCache& cache);
  void bring(const StagedProgram& program, TieredExecutable& tiered, Job& job);
  std::shared_ptr<const Executable> bring_new(const Request& request, const StagedProgram& program,
                                              TieredExecutable& tiered, Job& job);
  std::shared_ptr<const Executable> for_any_size(const Request& request, KernelCache& cache);
  void bring_own(const StagedProgram& program, TieredExecutable& tiered, Job& job);
  Built build_new(const Request& request, Interrupt& interrupt, KernelCache& cache);

  Stages stages_;
  Flights<const Executable> flights_;
  ProgramMaker maker_;
  Families families_;
};

/// What the search chose, or under autotune what an earlier process found fastest.
std::shared_ptr<const Executable> EngineImpl::build(const Request& request, KernelCache& cache) {
  if (quarantined_kernel(request.key)) return first_tier(request);
  Interrupt interrupt(request.options.interrupted);
  Provenance provenance = provenance_before_search(request);
  SearchResult found = maker_.search(request, interrupt);
  CandidatePlan way{found.program, lower_options(request), "as chosen"};
  if (request.options.autotune) way = starting_way(request, found);
  std::string certificate = maker_.certificate(way, request, found);
  if (certificate.empty()) {
    way = {found.program, lower_options(request), "as chosen"};
    certificate = found.certificate;
  }
  add_search(provenance, std::move(found), request);
  Built built = maker_.build(way, request, provenance, interrupt, cache);
  built.certificate = std::move(certificate);
  if (!built.failure.empty())
    return built.executable ? refused(request, built.failure) : interpret(request, built.failure);
  if (request.options.autotune) Autotune::shared().note_compile();
  store_built(cache, request, built, built.executable->provenance());
  return built.executable;
}

/// Search, code, compile, judge, publish: all of it while others who ask for the key wait, so that
/// nobody compiles it twice.
std::shared_ptr<const Executable> EngineImpl::bring_new(const Request& request,
                                                        const StagedProgram& program,
                                                        TieredExecutable& tiered, Job& job) {
  if (const auto fact = quarantined_kernel(request.key)) {
    tiered.settle(*fact);
    return nullptr;
  }
  Interrupt interrupt(request.options.interrupted);
  const std::shared_ptr<KernelCache> cache = KernelCache::shared();
  std::optional<Built> sized = families_.build(request, interrupt, *cache, maker_);
  Built built = sized ? std::move(*sized) : build_new(request, interrupt, *cache);
  if (!built.failure.empty()) {
    if (built.executable) {
      quarantine_kernel(request.key, built.failure);
      report_difference(program, tiered, built.failure);
    } else {
      warn_not_compiled(tiered.state().tier, built.failure);
    }
    tiered.settle(built.executable ? std::string() : built.failure);
    return nullptr;
  }
  const Judgement end = judge(program, tiered, built.executable, rounds_products(built.plan), job);
  if (end == Judgement::kStopped) throw Interrupted();
  if (end == Judgement::kSlower) built.validation += kStaysAside;
  if (end == Judgement::kDiffers) quarantine_kernel(request.key, tiered.state().why);
  if (sized && end == Judgement::kDiffers) families_.refuse(request, "a kernel differed");
  if (sized && end != Judgement::kDiffers)
    families_.publish(request, end == Judgement::kAdopted, *cache);
  if (!sized && end != Judgement::kDiffers)  // a kernel for any size is stored with its family
    store_built(*cache, request, built, built.executable->provenance());
  tiered.settle({});
  return end == Judgement::kDiffers ? nullptr : built.executable;
}

/// Searched and compiled for the sizes of the request.
Built EngineImpl::build_new(const Request& request, Interrupt& interrupt, KernelCache& cache) {
  Provenance provenance = provenance_before_search(request);
  SearchResult found = maker_.search(request, interrupt);
  const CandidatePlan way{found.program, lower_options(request), "as chosen"};
  std::string certificate = std::move(found.certificate);
  add_search(provenance, std::move(found), request);
  Built built = maker_.build(way, request, provenance, interrupt, cache);
  built.certificate = std::move(certificate);
  return built;
}

/// A kernel of the program's family, and once it is called often, one for these sizes behind it.
std::shared_ptr<const Executable> EngineImpl::for_any_size(const Request& request,
                                                           KernelCache& cache) {
  std::shared_ptr<const Executable> ready = families_.ready(request, cache);
  if (!ready) return nullptr;
  StagedProgram program{request.graph,   request.options, request.constants,
                        request.threads, request.key,     request.premises};
  return replaced_when_hot(
      std::move(ready), [this, program = std::move(program)](TieredExecutable& tiered, Job& job) {
        bring_own(program, tiered, job);
      });
}

/// In the call, where sizes were declared to vary: the kernel of the family, made if it lacks.
std::shared_ptr<const Executable> EngineImpl::for_all_sizes(const Request& request,
                                                            KernelCache& cache) {
  if (std::shared_ptr<const Executable> ready = families_.ready(request, cache)) return ready;
  Interrupt interrupt(request.options.interrupted);
  std::optional<Built> built = families_.build(request, interrupt, cache, maker_);
  if (!built || !built->executable || !built->failure.empty()) return nullptr;
  families_.publish(request, true, cache);
  return built->executable;
}

/// A kernel for the sizes of a signature that is called often.
void EngineImpl::bring_own(const StagedProgram& program, TieredExecutable& tiered, Job& job) {
  EngineOptions options = program.options;
  options.interrupted = [&job] { return job.checkpoint(); };
  const Request request = Request::of(program.graph, options, program.constants);
  if (!families_.may_specialise(request)) return tiered.settle("enough sizes have own kernels");
  Interrupt interrupt(options.interrupted);
  const std::shared_ptr<KernelCache> cache = KernelCache::shared();
  Built built = build_new(request, interrupt, *cache);
  if (!built.failure.empty()) return tiered.settle(built.failure);
  const Judgement end = judge(program, tiered, built.executable, rounds_products(built.plan), job);
  if (end == Judgement::kStopped) throw Interrupted();
  if (end == Judgement::kAdopted)
    store_built(*cache, request, built, built.executable->provenance());
  tiered.settle({});
}

void EngineImpl::bring(const StagedProgram& program, TieredExecutable& tiered, Job& job) {
  EngineOptions options = program.options;
  options.interrupted = [&job] { return job.checkpoint(); };
  const Request request = Request::of(program.graph, options, program.constants);
  bool is_mine = false;
  const std::shared_ptr<const Executable> made = flights_.once(program.key, [&] {
    is_mine = true;
    return bring_new(request, program, tiered, job);
  });
  if (is_mine || !made) return;
  if (!made->provenance().interpreted &&
      judge(program, tiered, made, rounds_operands(*made), job) == Judgement::kStopped)
    throw Interrupted();
  tiered.settle(made->provenance().interpreted ? "the compiler fails" : "");
}

/// A broken invariant of ours, or code that does not load, is no reason to give no answer.
std::shared_ptr<const Executable> EngineImpl::make(const Request& request, KernelCache& cache) {
  if (request.options.tier == Tier::kCompiled) return build(request, cache);
  try {
    return build(request, cache);
  } catch (const InternalError& error) {
    return interpret(request, error.what());
  } catch (const CompileError& error) {
    return interpret(request, error.what());
  }
}

}  // namespace

std::vector<std::string> product_notes(const Graph& graph, const EngineOptions& options,
                                       const Program& chosen) {
  if (options.tier == Tier::kInterpreted) return {};
  const Request request = Request::of(graph, options, no_constants());
  if (options.autotune) {  // timing may have chosen another plan
    if (auto entry = KernelCache::shared()->load(request.key))
      return pair_notes(Plan::from_json(entry->plan));
  }
  return pair_notes(build_plan(chosen, host_target(), lower_options(request)));
}

Engine& Engine::shared() {
  static EngineImpl* engine = new EngineImpl;
  return *engine;
}

}  // namespace bafe

// In: a traced graph and options. Out: an executable. The order of a first call: key, cache,
// search, code, compile, load, compare with the interpreter, publish. Nothing is published that was
// not loaded and compared; what cannot be compiled is interpreted, with one warning a reason.

#include "bafe/runtime/engine.h"

#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/base/options.h"
#include "bafe/base/thread_pool.h"
#include "bafe/base/trace.h"
#include "bafe/codegen/amx.h"
#include "bafe/codegen/hot_loop.h"
#include "bafe/codegen/lower.h"
#include "bafe/cost/learned.h"
#include "bafe/cost/product_cost.h"
#include "bafe/cost/roofline.h"
#include "bafe/ir/text.h"
#include "bafe/runtime/autotune.h"
#include "bafe/runtime/calibrate.h"
#include "bafe/runtime/candidates.h"
#include "bafe/runtime/engine_key.h"
#include "bafe/runtime/executables.h"
#include "bafe/runtime/flight.h"
#include "bafe/runtime/product_notes.h"
#include "bafe/runtime/validate.h"

namespace bafe {
namespace {

/// Everything one prepare() carries along.
struct Request {
  const Graph& graph;
  const EngineOptions& options;
  const ConstantTable& constants;
  int threads;
  Digest key;
  std::unique_ptr<CostModel> base, learned;
  LinearModel model;     // behind `learned`
  std::string premises;  // what `key` is the digest of
  const CostModel& cost() const { return learned ? *learned : *base; }
};

/// Remembers that the host asked to stop, because it may say so only once.
class Interrupt {
 public:
  explicit Interrupt(std::function<bool()> ask) : ask_(std::move(ask)) {}
  std::function<bool()> poll() {
    if (!ask_) return {};
    return [this] { return is_raised_ = is_raised_ || ask_(); };
  }
  void check() const {
    if (is_raised_) throw Interrupted();
  }

 private:
  std::function<bool()> ask_;
  bool is_raised_ = false;
};

/// Threads that a program is chosen for, whatever a call may use: how many there are decides when
/// the result is there, never what it is.
constexpr int kPricedThreads = 1;

void choose_cost(Request& request) {
  request.base = std::make_unique<RooflineModel>(
      machine_of_class(current_machine(host_target(), kPricedThreads),
                       request.options.math == Math::kBits, request.options.math == Math::kFast));
  if (!request.options.autotune) return;
  request.model = Autotune::shared().model();
  if (!request.model.valid) return;
  request.learned = std::make_unique<LearnedCostModel>(*request.base, request.model);
}

SearchOptions search_options(const Request& request, std::function<bool()> interrupted) {
  SearchOptions out;
  out.math = request.options.math;
  out.budget = request.options.budget;
  out.time_budget_ms = request.options.time_budget_ms;
  out.deep = request.options.deep;
  out.structure = request.options.structure;
  out.rules = request.options.rules.get();
  out.cost = &request.cost();
  out.target = host_target();
  out.threads = kPricedThreads;
  out.interrupted = std::move(interrupted);
  return out;
}

Provenance provenance_before_search(const Request& request) {
  Provenance out;
  out.key = request.key.hex();
  out.traced_text = print_program(request.graph);
  out.traced_brief = print_brief(request.graph);
  return out;
}

/// What is learned predicts in its own terms, so that drift compares the model with its later self.
void add_search(Provenance& out, SearchResult result, const Request& request) {
  out.chosen_text = result.program.text();
  out.chosen_brief = print_brief(result.program.graph);
  out.features = plan_features(result.program);
  out.predicted_ns = request.learned ? request.model.predict_ms(out.features) * 1e6
                                     : request.cost().program_ns(result.program);
  out.predicted_ns_as_written = result.predicted_ns_as_written;
  out.search_ms = result.stats.ms;
  out.steps = std::move(result.steps);
  for (const Program& candidate : result.candidates) {
    out.candidates.push_back({print_brief(candidate.graph), candidate.predicted_ns});
  }
  out.stats = std::move(result.stats);
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

LowerOptions lower_options(const Request& request) {
  LowerOptions lower{request.options.math == Math::kBits, request.options.math == Math::kFast};
  lower.pairs = request.base->machine().f32_pairs_gflops > 0;
  return lower;
}

/// One way of a program, compiled and compared with the interpreter.
struct Built {
  Plan plan;
  std::string code;
  std::shared_ptr<const Executable> executable;
  std::string validation;
  std::string failure;  ///< empty: it may run
};

class EngineImpl : public Engine {
 public:
  std::shared_ptr<const Executable> prepare(const Graph& graph, const EngineOptions& options,
                                            const ConstantTable& constants) override {
    TraceSpan span("prepare");
    Request request{graph,   options, constants, resolve_threads(options), {}, nullptr,
                    nullptr, {},      {}};
    if (options.tier == Tier::kInterpreted) {
      return make_interpreted(graph, constants, provenance_before_search(request));
    }
    choose_cost(request);
    {
      TraceSpan key_span("key");
      request.premises =
          cache_premises(graph, options, request.threads, host_target(), request.cost().identity());
      request.key = sha256(request.premises);
    }
    return flights_.once(request.key, [&] { return load_or_make(request); });
  }

  SearchResult search(const Graph& graph, const EngineOptions& options) override {
    Request request{graph, options, {}, resolve_threads(options), {}, nullptr, nullptr, {}, {}};
    choose_cost(request);
    Interrupt interrupt(options.interrupted);
    SearchResult result = optimize(graph, search_options(request, interrupt.poll()));
    interrupt.check();
    return result;
  }

 private:
  static int resolve_threads(const EngineOptions& options) {
    return options.threads > 0 ? options.threads : usable_threads();
  }

  std::shared_ptr<const Executable> load_or_make(const Request& request) {
    std::shared_ptr<KernelCache> cache = KernelCache::shared();
    if (auto entry = cache->load(request.key, request.premises)) {
      if (auto executable = from_entry(request, *entry)) return executable;
    }
    return make(request, *cache);
  }

  std::shared_ptr<const Executable> make(const Request& request, KernelCache& cache);
  std::shared_ptr<const Executable> build(const Request& request, KernelCache& cache);
  CompileResult compile(const Request& request, const Plan& plan, Interrupt& interrupt,
                        KernelCache& cache);
  Built build_plan_of(const CandidatePlan& way, const Request& request, Provenance provenance,
                      Interrupt& interrupt, KernelCache& cache);
  Built build_fastest(const Program& chosen, const Request& request, const Provenance& provenance,
                      Interrupt& interrupt, KernelCache& cache);

  Flights<const Executable> flights_;
  CompilerMemory failed_compilers_;
};

CompileResult EngineImpl::compile(const Request& request, const Plan& plan, Interrupt& interrupt,
                                  KernelCache& cache) {
  if (log_enabled("code")) log("code", plan.c_text);
  CompileLimits limits = CompileLimits::from_options();
  limits.interrupted = interrupt.poll();
  CompileResult result = failed_compilers_.run(limits, [&] {
    CompileResult compiled = cpu_backend().compile(plan.c_text, limits);
    if (compiled.status != CompileStatus::kNoCompiler) {
      cache.note_compile(compiled.status == CompileStatus::kOk);
    }
    return compiled;
  });
  if (result.status == CompileStatus::kInterrupted) throw Interrupted();
  if (result.status != CompileStatus::kOk && request.options.tier == Tier::kCompiled) {
    throw compile_error(result);
  }
  return result;
}

Built EngineImpl::build_plan_of(const CandidatePlan& way, const Request& request,
                                Provenance provenance, Interrupt& interrupt, KernelCache& cache) {
  Built built;
  {
    TraceSpan span("code");
    built.plan = build_plan(way.program, host_target(), way.lower);
  }
  CompileResult compiled;
  if (!built.plan.c_text.empty()) {
    compiled = compile(request, built.plan, interrupt, cache);
    if (compiled.status != CompileStatus::kOk) {
      built.failure = compile_error(compiled).what();
      return built;
    }
  }
  provenance.chosen_text = way.program.text();
  provenance.features = plan_features(way.program);
  provenance.c_text = built.plan.c_text;
  provenance.compiler = compiled.command;
  provenance.compile_ms = compiled.ms;
  Backend& backend = cpu_backend();
  std::shared_ptr<const Module> module =
      compiled.code.empty() ? nullptr : backend.load(compiled.code);
  built.code = std::move(compiled.code);
  built.executable = make_compiled(request.graph, built.plan, std::move(module), backend,
                                   request.constants, request.threads, provenance);
  double flops = 0, bytes = 0;
  for (const Step& step : built.plan.steps) {
    flops += step.flops;
    bytes += step.bytes;
  }
  ValidationLimits limits;
  limits.rounds = rounds_products(built.plan);
  Validation validation =
      validate(request.graph, *built.executable, request.constants, flops, bytes, limits);
  built.validation = validation.record;
  if (!validation.passed) {
    built.failure = format("a compiled program disagreed with its meaning ({}): {}",
                           provenance.traced_brief, validation.record);
  }
  return built;
}

/// Does another cut of a product keep accumulators on the stack?
bool spills(const CandidatePlan& way, const Built& built, Interrupt& interrupt) {
  if (way.lower.tilings.empty() || built.plan.c_text.empty()) return false;
  CompileLimits limits = CompileLimits::from_options();
  limits.interrupted = interrupt.poll();
  const int found = hot_loops(cpu_backend().assembly(built.plan.c_text, limits)).spills;
  if (found > 0) log("autotune", format("{}: {} operands on the stack", way.what, found));
  return found > 0;
}

/// The program as chosen, or under autotune the fastest of its ways. Another way that does not
/// build is no failure.
Built EngineImpl::build_fastest(const Program& chosen, const Request& request,
                                const Provenance& provenance, Interrupt& interrupt,
                                KernelCache& cache) {
  const LowerOptions lower = lower_options(request);
  Built first = build_plan_of({chosen, lower, "as chosen"}, request, provenance, interrupt, cache);
  if (!request.options.autotune || !first.failure.empty()) return first;
  std::vector<CandidatePlan> ways = candidate_plans(chosen, lower, request.cost());
  std::vector<Built> built;
  built.push_back(std::move(first));
  for (std::size_t i = 1; i < ways.size(); ++i) {
    try {
      Built other = build_plan_of(ways[i], request, provenance, interrupt, cache);
      log("autotune", format("contender {}: {}", built.size(), ways[i].what));
      if (spills(ways[i], other, interrupt)) continue;
      if (other.failure.empty()) built.push_back(std::move(other));
    } catch (const Error& error) {
      log("autotune", format("{} does not build: {}", ways[i].what, error.what()));
    }
  }
  std::vector<std::shared_ptr<const Executable>> contenders;
  for (const Built& one : built) contenders.push_back(one.executable);
  return std::move(built[fastest(contenders)]);
}

std::shared_ptr<const Executable> EngineImpl::build(const Request& request, KernelCache& cache) {
  Interrupt interrupt(request.options.interrupted);
  Provenance provenance = provenance_before_search(request);
  Program program;
  {
    TraceSpan span("search");
    SearchResult found = optimize(request.graph, search_options(request, interrupt.poll()));
    interrupt.check();
    program = found.program;
    add_search(provenance, std::move(found), request);
  }
  Built built = build_fastest(program, request, provenance, interrupt, cache);
  if (!built.failure.empty()) return interpret(request, built.failure);
  if (request.options.autotune) Autotune::shared().note_compile();
  CacheEntry entry = entry_of(built.executable->provenance(), built.plan, std::move(built.code));
  entry.premises = request.premises;
  entry.validation = built.validation;
  cache.store(request.key, std::move(entry));
  return built.executable;
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
  const int threads = options.threads > 0 ? options.threads : usable_threads();
  Request request{graph, options, {}, threads, {}, nullptr, nullptr, {}, {}};
  choose_cost(request);
  if (options.autotune) {  // timing may have chosen another plan
    const Digest key = cache_key(graph, options, threads, host_target(), request.cost().identity());
    if (auto entry = KernelCache::shared()->load(key))
      return pair_notes(Plan::from_json(entry->plan));
  }
  return pair_notes(build_plan(chosen, host_target(), lower_options(request)));
}

Engine& Engine::shared() {
  static EngineImpl* engine = new EngineImpl;
  return *engine;
}

}  // namespace bafe

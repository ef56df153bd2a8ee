// In: a request. Out: an executable and what its cache entry holds. Nothing is handed out that was
// not loaded and compared with the interpreter.

#include "program_maker.h"

#include <algorithm>
#include <cstdlib>

#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/base/options.h"
#include "bafe/base/thread_pool.h"
#include "bafe/base/trace.h"
#include "bafe/codegen/amx.h"
#include "bafe/codegen/hot_loop.h"
#include "bafe/cost/learned.h"
#include "bafe/cost/product_cost.h"
#include "bafe/cost/roofline.h"
#include "bafe/ir/text.h"
#include "bafe/rules/rule_set.h"
#include "bafe/runtime/autotune.h"
#include "bafe/runtime/calibrate.h"
#include "bafe/runtime/certificates.h"
#include "bafe/runtime/engine_key.h"
#include "bafe/runtime/engine_log.h"
#include "bafe/runtime/executables.h"
#include "bafe/runtime/tuning.h"
#include "bafe/runtime/validate.h"

namespace bafe {
namespace {

/// Threads that a program is chosen for, whatever a call may use: how many there are decides when
/// the result is there, never what it is.
constexpr int kPricedThreads = 1;
constexpr std::size_t kMostTiled = 64;  // products that BAFE_TILING cuts

}  // namespace

Request Request::of(const Graph& graph, const EngineOptions& options,
                    const ConstantTable& constants) {
  Request request{graph, options, constants,
                  options.threads > 0 ? options.threads : usable_threads()};
  choose_cost(request);
  TraceSpan span("key");
  request.premises =
      cache_premises(graph, options, request.threads, host_target(), request.cost().identity());
  request.key = sha256(request.premises);
  return request;
}

OwnedRequest::OwnedRequest(const Graph& graph_of, const EngineOptions& options_of,
                           const ConstantTable& constants_of)
    : graph(graph_of),
      options(options_of),
      constants(constants_of),
      request(Request::of(graph, options, constants)) {}

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
  out.max_error_growth = request.options.max_error_growth;
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

double price_ns(const Request& request, const Program& program) {
  return request.learned ? request.model.predict_ms(plan_features(program)) * 1e6
                         : request.cost().program_ns(program);
}

/// What is learned predicts in its own terms, so that drift compares the model with its later self.
void add_search(Provenance& out, SearchResult result, const Request& request) {
  out.chosen_text = result.program.text();
  out.chosen_brief = print_brief(result.program.graph);
  out.features = plan_features(result.program);
  out.predicted_ns = price_ns(request, result.program);
  out.predicted_ns_as_written = result.predicted_ns_as_written;
  out.search_ms = result.stats.ms;
  out.steps = std::move(result.steps);
  for (ExplainStep& step : out.steps) step.terms = nullptr;  // large, and only explain() shows it
  for (const Program& candidate : result.candidates) {
    out.candidates.push_back({print_brief(candidate.graph), candidate.predicted_ns});
  }
  out.stats = std::move(result.stats);
  log_search(out);
}

LowerOptions lower_options(const Request& request) {
  LowerOptions lower{request.options.math == Math::kBits, request.options.math == Math::kFast};
  lower.pairs = request.base->machine().f32_pairs_gflops > 0;
  const int tiling = std::min(3, std::atoi(option("BAFE_TILING").c_str()));
  if (tiling > 0) lower.tilings.assign(kMostTiled, tiling);
  return lower;
}

SearchResult ProgramMaker::search(const Request& request, Interrupt& interrupt) const {
  TraceSpan span("search");
  SearchOptions options = search_options(request, interrupt.poll());
  RuleSet kept;
  leave_out_quarantined(options, kept);
  SearchResult found = optimize(request.graph, options);
  interrupt.check();
  certify(request.graph, options, found);
  return found;
}

std::string ProgramMaker::certificate(const CandidatePlan& way, const Request& request,
                                      const SearchResult& found) const {
  if (way.program.graph.hash() == found.program.graph.hash()) return found.certificate;
  SearchOptions options = search_options(request, {});
  RuleSet kept;
  leave_out_quarantined(options, kept);
  return certified_candidate(request.graph, options, way.program.graph);
}

CompileResult ProgramMaker::compile(const Request& request, const Plan& plan, Interrupt& interrupt,
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

Built ProgramMaker::build(const CandidatePlan& way, const Request& request, Provenance provenance,
                          Interrupt& interrupt, KernelCache& cache) {
  Plan plan;
  {
    TraceSpan span("code");
    plan = build_plan(way.program, host_target(), way.lower);
  }
  return build_planned(std::move(plan), way, request, std::move(provenance), interrupt, cache);
}

Built ProgramMaker::build_planned(Plan plan, const CandidatePlan& way, const Request& request,
                                  Provenance provenance, Interrupt& interrupt, KernelCache& cache) {
  Built built;
  built.plan = std::move(plan);
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
  provenance.predicted_ns = price_ns(request, way.program);
  provenance.configuration = configuration_of(way);
  provenance.c_text = built.plan.c_text;
  provenance.compiler = compiled.command;
  provenance.compile_ms = compiled.ms;
  Backend& backend = cpu_backend();
  if (!compiled.code.empty()) built.module = backend.load(compiled.code);
  built.code = std::move(compiled.code);
  built.executable = make_compiled(request.graph, built.plan, built.module, backend,
                                   request.constants, request.threads, provenance);
  double flops = 0, bytes = 0;
  for (const Step& step : built.plan.steps) {
    flops += step.flops;
    bytes += step.bytes;
  }
  ValidationLimits limits;
  limits.rounds = rounds_products(built.plan);
  limits.predicted_ns = way.program.predicted_ns;
  limits.chosen = &way.program.graph;
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

void store_built(KernelCache& cache, const Request& request, const Built& built,
                 const Provenance& provenance) {
  CacheEntry entry = entry_of(provenance, built.plan, built.code);
  entry.premises = request.premises;
  entry.validation = built.validation;
  entry.certificate = built.certificate;
  cache.store(request.key, std::move(entry));
}

}  // namespace bafe

#pragma once
/// From a traced program to one compiled executable: search, code, compile, load, compare with the
/// interpreter. What the engine does in a call, and tuning and tiers do behind it.

#include <functional>
#include <memory>
#include <string>

#include "bafe/codegen/lower.h"
#include "bafe/cost/cost_model.h"
#include "bafe/cost/features.h"
#include "bafe/runtime/backend.h"
#include "bafe/runtime/cache.h"
#include "bafe/runtime/candidates.h"
#include "bafe/runtime/engine.h"
#include "bafe/runtime/flight.h"

namespace bafe {

/// Everything one prepare() carries along. The references outlive it.
struct Request {
  const Graph& graph;
  const EngineOptions& options;
  const ConstantTable& constants;
  int threads;  ///< resolved
  Digest key = {};
  std::unique_ptr<CostModel> base = nullptr, learned = nullptr;
  LinearModel model = {};     ///< behind `learned`
  std::string premises = {};  ///< what `key` is the digest of
  const CostModel& cost() const { return learned ? *learned : *base; }

  /// With cost models and key. `options.threads` 0: usable_threads().
  static Request of(const Graph& graph, const EngineOptions& options,
                    const ConstantTable& constants);
};

/// A request that lives longer than the call that made it.
struct OwnedRequest {
  OwnedRequest(const Graph& graph_of, const EngineOptions& options_of,
               const ConstantTable& constants_of);
  Graph graph;
  EngineOptions options;
  ConstantTable constants;
  Request request;
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
  bool is_raised() const { return is_raised_; }

 private:
  std::function<bool()> ask_;
  bool is_raised_ = false;
};

/// One way of a program, compiled and compared with the interpreter.
struct Built {
  Plan plan;
  std::string code;
  std::shared_ptr<const Module> module;  ///< nullptr when no step is generated
  std::shared_ptr<const Executable> executable;
  std::string validation;
  std::string certificate;  ///< that the program it runs equals the traced one
  std::string failure;      ///< empty: it may run
};

void choose_cost(Request& request);
SearchOptions search_options(const Request& request, std::function<bool()> interrupted);
LowerOptions lower_options(const Request& request);
Provenance provenance_before_search(const Request& request);
/// Price of a decided program in the terms that drift is measured in.
double price_ns(const Request& request, const Program& program);

class ProgramMaker {
 public:
  /// Errors: Interrupted.
  SearchResult search(const Request& request, Interrupt& interrupt) const;
  /// Of a way that the search offers; empty: its program is not proven and may not run.
  std::string certificate(const CandidatePlan& way, const Request& request,
                          const SearchResult& found) const;
  /// Errors: Interrupted; CompileError under Tier::kCompiled.
  Built build(const CandidatePlan& way, const Request& request, Provenance provenance,
              Interrupt& interrupt, KernelCache& cache);
  /// The same for a plan of the way that is there, with its C text.
  Built build_planned(Plan plan, const CandidatePlan& way, const Request& request,
                      Provenance provenance, Interrupt& interrupt, KernelCache& cache);

 private:
  CompileResult compile(const Request& request, const Plan& plan, Interrupt& interrupt,
                        KernelCache& cache);
  CompilerMemory failed_compilers_;
};

/// What the search found, for explain and for the entry.
void add_search(Provenance& out, SearchResult result, const Request& request);
/// Publishes what was built; its provenance may be renewed.
void store_built(KernelCache& cache, const Request& request, const Built& built,
                 const Provenance& provenance);
/// Does another cut of a product keep accumulators on the stack?
bool spills(const CandidatePlan& way, const Built& built, Interrupt& interrupt);

}  // namespace bafe

#pragma once
/// From a traced program to something that runs: key, cache, search, code, compile, load. One
/// Engine a process.

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bafe/base/interrupted.h"
#include "bafe/codegen/plan.h"
#include "bafe/cost/features.h"
#include "bafe/ir/eval.h"
#include "bafe/ir/graph.h"
#include "bafe/search/optimize.h"

namespace bafe {

struct Sample;        // tiered.h
struct TuningLimits;  // tuner.h
struct TuningReport;  // tuner.h

enum class Tier : std::uint8_t { kAuto, kCompiled, kInterpreted };

struct EngineOptions {
  Math math = Math::kReals;
  std::optional<SearchBudget> budget;
  std::optional<double> time_budget_ms;
  bool deep = false;
  bool structure = true;  ///< known zeros of matrices may be skipped
  Tier tier = Tier::kAuto;
  bool in_call = false;  ///< kAuto compiles in the call too, as autotune, budget and deep do
  int threads = 0;       ///< 0: usable_threads(); thread class is part of the key
  std::shared_ptr<const RuleSet>
      rules;                          ///< nullptr: the built-in rules; its hash is part of the key
  bool autotune = false;              ///< rank candidates by the model fitted to the autotune log
  std::function<bool()> interrupted;  ///< polled during search and compile
  std::optional<double> max_error_growth = {};  ///< SearchOptions::max_error_growth
};

/// How one array argument or result must lie in memory: dense, axes in `order` (slowest first).
struct BufferSpec {
  Type type;
  std::vector<int> order;
};

/// What is known about how an executable was made; all of it survives in the cache entry.
struct Provenance {
  std::string key;          ///< cache key, hex
  std::string traced_text;  ///< program as written
  std::string chosen_text;  ///< layout-tagged program
  std::string traced_brief, chosen_brief;
  std::string c_text;    ///< empty when interpreted
  std::string compiler;  ///< version line and flags
  std::vector<ExplainStep> steps;
  std::vector<CandidateSummary> candidates;
  SearchStats stats;
  Features features{};
  double predicted_ns = 0, predicted_ns_as_written = 0;
  std::string configuration;             ///< of the profile store: which way of the program this is
  std::string tuning;                    ///< what tuning found; empty: it was not tuned
  double search_ms = 0, compile_ms = 0;  ///< of the process that made the entry
  bool from_cache = false, interpreted = false;
};

/// A program ready to run. Immutable; run() may be called from many threads at once.
class Executable {
 public:
  virtual ~Executable() = default;
  virtual std::span<const BufferSpec> inputs() const = 0;
  virtual std::span<const BufferSpec> outputs() const = 0;
  /// Buffers as the specs say; outputs never alias inputs. threads 0: as compiled.
  /// Errors: ShapeError (index out of range, singular matrix …) naming the operator.
  virtual void run(void* const* inputs, void* const* outputs, int threads = 0) const = 0;
  virtual const Provenance& provenance() const = 0;
  virtual std::int64_t arena_bytes() const = 0;
  /// Below about 20 µs handing over the interpreter lock costs more than it gives. Asked at every
  /// call.
  virtual bool is_short() const {
    return !provenance().interpreted && provenance().predicted_ns <= kShortNs;
  }
  /// What run() does now, step by step; nothing when no plan is run (the interpreter).
  virtual std::optional<Plan> plan() const { return std::nullopt; }
  /// Nanoseconds of each step of one run on the caller's thread; empty when no plan is run.
  virtual std::vector<double> time_steps(void* const*, void* const*) const { return {}; }

 protected:
  static constexpr double kShortNs = 20'000;
};

/// A program for many sizes, as f.explain tells of it.
struct SizeFamily {
  bool is_general = false;
  std::vector<std::string> inputs;  ///< types over symbols; every symbol is at least 2
  std::vector<std::string> symbols;
  int kernels = 0;      ///< that read sizes at run time
  std::string refused;  ///< why each size is compiled on its own; empty: not yet, or general
};

class Engine {
 public:
  static Engine& shared();
  virtual ~Engine() = default;
  /// Finds or makes the executable. Concurrent calls with one key compile once; other keys are not
  /// held up. With Tier::kAuto what is not cached runs on tier 0 and is compiled in the background
  /// (staging.h), unless the options ask for effort; a missing or failing compiler leaves it there,
  /// with one warning. Errors: RuleError; CompileError when Tier::kCompiled and the compiler fails.
  virtual std::shared_ptr<const Executable> prepare(const Graph& graph,
                                                    const EngineOptions& options,
                                                    const ConstantTable& constants = {}) = 0;
  /// Times ways to run the program on `sample` and publishes the fastest, which the next prepare()
  /// of the same program gives. Uses the caller's thread; limits.stop keeps the best so far.
  virtual TuningReport tune(const Graph& graph, const EngineOptions& options,
                            const ConstantTable& constants, std::shared_ptr<const Sample> sample,
                            const TuningLimits& limits) = 0;
  /// Search alone, for explain and search_stats: nothing is compiled or executed.
  /// Says that the program is one of many sizes: `samples` are the same function traced for
  /// others. From now on one kernel serves all sizes that its symbolic form has, in the call too.
  virtual void teach_sizes(const Graph& graph, const EngineOptions& options,
                           const ConstantTable& constants, const std::vector<Graph>& samples) = 0;
  /// What is known of the program's other sizes.
  virtual SizeFamily size_family(const Graph& graph, const EngineOptions& options) = 0;
  virtual SearchResult search(const Graph& graph, const EngineOptions& options) = 0;
};

}  // namespace bafe

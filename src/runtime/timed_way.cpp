// In: a traced program. Out: its ways, each a loaded plan with arguments of its own. Order of the
// ways is the order of the search's candidates, then of cuts, then of tiles; ways whose C text is
// equal are one.

#include "bafe/runtime/timed_way.h"

#include <algorithm>
#include <set>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/base/trace.h"
#include "bafe/cost/product_cost.h"
#include "bafe/cost/roofline.h"
#include "bafe/runtime/calibrate.h"
#include "bafe/runtime/executor.h"
#include "bafe/runtime/samples.h"
#include "bafe/runtime/step_samples.h"
#include "bafe/search/cuts.h"

namespace bafe {
namespace {

struct Way {
  Program program;
  LowerOptions lower;
  std::string what;
};

std::vector<BufferSpec> specs_of(const Plan& plan, SlotKind kind, int count) {
  std::vector<BufferSpec> specs(static_cast<std::size_t>(count));
  for (BufferSpec& spec : specs) spec.type = {DType::kF32, {Dim(1)}};
  for (const Slot& slot : plan.slots) {
    if (slot.kind == kind) specs.at(static_cast<std::size_t>(slot.index)) = {slot.type, slot.order};
  }
  return specs;
}

class BuiltWay : public TimedWay {
 public:
  BuiltWay(Way way, Plan plan, std::shared_ptr<const Module> module,
           std::shared_ptr<const RooflineModel> roofline)
      : way_(std::move(way)),
        roofline_(std::move(roofline)),
        in_(specs_of(plan, SlotKind::kInput, plan.inputs)),
        out_(specs_of(plan, SlotKind::kOutput, plan.outputs)),
        executor_(std::move(plan), std::move(module), cpu_backend()) {
    SampleSource random(1);
    const Plan& made = executor_.plan();
    const std::vector<BufferSpec> specs = specs_of(made, SlotKind::kInput, made.inputs);
    for (std::size_t i = 0; i < specs.size(); ++i) {
      draw_elements(specs[i].type, Floats::kPositive, Integers::kBits, random, in_.pointers[i]);
    }
  }

  const std::string& what() const override { return way_.what; }
  double predicted_ns() const override { return way_.program.predicted_ns; }
  const std::string& code() const override { return executor_.plan().c_text; }

  double time(double sample_ns) const override {
    const std::int64_t begin = now_ns();
    std::int64_t spent = 0, runs = 0;
    do {
      executor_.run(in_.pointers.data(), out_.pointers.data(), 1);
      ++runs;
      spent = now_ns() - begin;
    } while (static_cast<double>(spent) < sample_ns);
    return static_cast<double>(spent) / static_cast<double>(runs);
  }

  std::vector<double> time_steps() const override {
    return executor_.time_steps(in_.pointers.data(), out_.pointers.data(), 1);
  }

  std::vector<StepSample> samples(const std::vector<double>& step_ns) const override {
    return step_samples(way_.program, way_.lower, *roofline_, step_ns);
  }

 private:
  Way way_;
  std::shared_ptr<const RooflineModel> roofline_;
  Buffers in_, out_;
  Executor executor_;
};

/// The program with the tiles of its first two products cut in all ways, the usual one first.
std::vector<Way> tiled(const Program& program, const LowerOptions& lower, const std::string& what) {
  std::vector<int> ways = product_tilings(program, host_target(), lower);
  ways.resize(2, 1);
  std::vector<Way> out;
  for (int second = 0; second < ways[1]; ++second) {
    for (int first = 0; first < ways[0]; ++first) {
      Way way{program, lower, what};
      if (first + second > 0) way.lower.tilings = {first, second};
      if (first + second > 0) way.what += format(", tiles {} {}", first, second);
      out.push_back(std::move(way));
    }
  }
  return out;
}

std::vector<Way> all_ways(const Graph& graph, const EngineOptions& options,
                          const RooflineModel& roofline) {
  SearchOptions search;
  search.math = options.math;
  search.structure = options.structure;
  search.max_error_growth = options.max_error_growth;
  search.rules = options.rules.get();
  search.cost = &roofline;
  search.target = host_target();
  const SearchResult found = optimize(graph, search);
  LowerOptions lower{options.math == Math::kBits, options.math == Math::kFast};
  lower.pairs = roofline.machine().f32_pairs_gflops > 0;
  std::vector<Way> out;
  for (std::size_t i = 0; i < found.candidates.size(); ++i) {
    std::vector<Way> programs;
    programs.push_back({found.candidates[i], lower, format("candidate {}", i)});
    for (CutProgram& cut : cut_groups(found.candidates[i], roofline))
      programs.push_back({std::move(cut.program), lower, format("candidate {}, {}", i, cut.what)});
    for (const Way& way : programs) {
      std::vector<Way> cuts = tiled(way.program, lower, way.what);
      std::move(cuts.begin(), cuts.end(), std::back_inserter(out));
    }
  }
  return out;
}

}  // namespace

std::vector<std::shared_ptr<TimedWay>> timed_ways(const Graph& graph, const EngineOptions& options,
                                                  std::size_t most) {
  auto roofline = std::make_shared<RooflineModel>(machine_of_class(
      current_machine(host_target(), 1), options.math == Math::kBits, options.math == Math::kFast));
  std::vector<std::shared_ptr<TimedWay>> out;
  std::set<std::string> seen;
  Backend& backend = cpu_backend();
  for (Way& way : all_ways(graph, options, *roofline)) {
    if (out.size() >= most) break;
    Plan plan = build_plan(way.program, host_target(), way.lower);
    if (!seen.insert(plan.c_text).second) continue;
    std::shared_ptr<const Module> module;
    if (!plan.c_text.empty()) {
      CompileResult compiled = backend.compile(plan.c_text, CompileLimits::from_options());
      if (compiled.status != CompileStatus::kOk) throw compile_error(compiled);
      module = backend.load(compiled.code);
    }
    out.push_back(
        std::make_shared<BuiltWay>(std::move(way), std::move(plan), std::move(module), roofline));
  }
  return out;
}

}  // namespace bafe

// In: a chosen program. Out: other ways to build it, and which of several executables is fastest.
// Timings never change a result's meaning: every contender was validated before it runs here.

#include "bafe/runtime/candidates.h"

#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/base/trace.h"
#include "bafe/cost/product_cost.h"
#include "bafe/ir/op.h"
#include "bafe/runtime/samples.h"
#include "bafe/search/cuts.h"
#include "bafe/search/plan.h"

namespace bafe {
namespace {

std::int64_t bytes_of_calls(const Executable& executable) {
  std::int64_t bytes = 0;
  for (const BufferSpec& spec : executable.inputs()) bytes += type_bytes(spec.type);
  for (const BufferSpec& spec : executable.outputs()) bytes += type_bytes(spec.type);
  return bytes;
}

struct Contender {
  const Executable* executable = nullptr;
  Buffers in, out;
  bool is_out = false;
  std::vector<double> ratios;  // to the first contender, one a round

  Contender(const Executable& made, Integers integers)
      : executable(&made), in(made.inputs()), out(made.outputs()) {
    SampleSource random(1);
    for (std::size_t i = 0; i < in.pointers.size(); ++i)
      draw_elements(made.inputs()[i].type, Floats::kSigned, integers, random, in.pointers[i]);
  }

  double run_ns(std::int64_t sample_ns) {
    std::int64_t begin = now_ns(), spent = 0, repeats = 0;
    do {
      executable->run(in.pointers.data(), out.pointers.data());
      spent = now_ns() - begin;
    } while (++repeats < 1000 && spent < sample_ns);
    return static_cast<double>(spent) / static_cast<double>(repeats);
  }
};

double median(std::vector<double> values) {
  auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void warm_up(std::vector<Contender>& contenders) {
  for (Contender& contender : contenders) {
    try {
      contender.run_ns(0);
    } catch (const Error&) {
      contender.is_out = true;
    }
  }
}

/// On arguments that the first does not refuse, if there are any.
std::vector<Contender> ready(const std::vector<std::shared_ptr<const Executable>>& executables) {
  std::vector<Contender> contenders;
  for (Integers integers : {Integers::kBits, Integers::kOnes}) {
    contenders.clear();
    for (const auto& executable : executables) contenders.emplace_back(*executable, integers);
    warm_up(contenders);
    if (!contenders[0].is_out) break;
  }
  return contenders;
}

/// Has the program an f32 product that this machine and class could take through bf16?
bool may_take_pairs(const Program& program, const LowerOptions& lower) {
  const Target& target = host_target();
  if (lower.bits || !(target.amx || (lower.fast && target.avx512_bf16))) return false;
  for (const Group& group : program.groups) {
    for (ValueId id : group.nodes) {
      const Node& node = program.graph.node(id);
      if (op_info(node.op).kind != OpKind::kContraction || node.type.dtype != DType::kF32) continue;
      const ProductShape s = product_shape(program.graph.type(node.operands[0]), node.type);
      if (pairs_fit(target.amx, f32_pair_form(lower.fast), s.m, s.n, s.k)) return true;
    }
  }
  return false;
}

bool has_attention(const Program& program) {
  return std::any_of(program.groups.begin(), program.groups.end(),
                     [](const Group& group) { return group.kind == GroupKind::kAttention; });
}

}  // namespace

std::vector<CandidatePlan> candidate_plans(const Program& chosen, const LowerOptions& lower,
                                           const CostModel& cost) {
  std::vector<CandidatePlan> plans;
  plans.push_back({chosen, lower, "as chosen"});
  for (CutProgram& cut : cut_groups(chosen, cost)) {
    plans.push_back({std::move(cut.program), lower, std::move(cut.what)});
  }
  if (has_attention(chosen)) {
    PlanAid aid;
    aid.keeps_sums = true;
    Program parts = plan_groups(chosen.graph, cost, !chosen.structures.empty(), aid);
    plans.push_back({std::move(parts), lower, "attention in parts"});
  }
  if (may_take_pairs(chosen, lower)) {
    plans.push_back(
        {chosen, lower, lower.pairs ? "f32 products without bf16" : "f32 products through bf16"});
    plans.back().lower.pairs = !lower.pairs;
  }
  // Each product by each of its other ways, the rest as the model has it.
  const std::vector<int> tilings = product_tilings(chosen, host_target(), lower);
  constexpr std::size_t kMostProducts = 4;
  for (std::size_t i = 0; i < std::min(tilings.size(), kMostProducts); ++i) {
    for (int way = 1; way < tilings[i]; ++way) {
      plans.push_back({chosen, lower, format("product {} cut in way {}", i, way)});
      plans.back().lower.tilings.assign(i + 1, 0);
      plans.back().lower.tilings[i] = way;
    }
  }
  return plans;
}

std::size_t fastest(const std::vector<std::shared_ptr<const Executable>>& executables,
                    const RaceLimits& limits) {
  if (executables.size() < 2) return 0;
  std::int64_t bytes =
      bytes_of_calls(*executables[0]) * static_cast<std::int64_t>(executables.size());
  if (bytes > limits.bytes) return 0;
  TraceSpan span("race");
  std::vector<Contender> contenders = ready(executables);
  if (contenders[0].is_out) return 0;
  std::int64_t begin = now_ns();
  for (int round = 0; round < limits.rounds; ++round) {
    if (round >= 3 && now_ns() - begin > limits.total_ns) break;
    double first_ns = std::max(contenders[0].run_ns(limits.sample_ns), 1.0);
    for (std::size_t i = 1; i < contenders.size(); ++i) {
      if (contenders[i].is_out) continue;
      contenders[i].ratios.push_back(contenders[i].run_ns(limits.sample_ns) / first_ns);
    }
  }
  std::size_t winner = 0;
  double best = limits.gain;
  for (std::size_t i = 1; i < contenders.size(); ++i) {
    if (contenders[i].is_out) continue;
    double ratio = median(contenders[i].ratios);
    log("autotune", format("contender {} takes {:.3f} of the first's time", i, ratio));
    if (ratio >= best) continue;
    best = ratio;
    winner = i;
  }
  return winner;
}

}  // namespace bafe

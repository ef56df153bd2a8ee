// In: what runs, what may replace it, and arguments. Out: a decision that the user can ask for. A
// kernel that differs on a call's own arguments never runs again in this process.

#include "bafe/runtime/judge.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/ir/builder.h"
#include "bafe/ir/op.h"
#include "bafe/runtime/cache.h"
#include "bafe/runtime/error_bound.h"
#include "bafe/runtime/validate.h"

namespace bafe {
namespace {

constexpr double kStable =
    16;  // DESIGN 3: what a stable rewrite may err more than what it replaces
constexpr double kCoarse = 4096;
// Where no bound is known, so many elements may err more: next to a jump, or ill-conditioned.
constexpr double kMostJumps = 0.002;
constexpr double kMostStrays = 0.02;
constexpr double kStray = 64;  // and so much more, if nothing jumps

/// exp and its like have no bits of their own, in math="bits" neither.
bool is_elementary(Prim prim) {
  return prim >= Prim::kPow && prim <= Prim::kSilu && prim != Prim::kSqrt;
}

bool has_elementary(const Element& tree) {
  return tree && (is_elementary(tree->prim) ||
                  std::any_of(tree->args.begin(), tree->args.end(),
                              [](const Element& arg) { return has_elementary(arg); }));
}

bool has_elementary(const Graph& graph) {
  for (ValueId id : graph.live()) {
    if (has_elementary(op_info(graph.node(id).op).value)) return true;
  }
  return false;
}

/// Comparisons, steps and choices: what rounding turns into a difference of any size.
bool has_jump(const Element& tree) {
  if (!tree) return false;
  const Prim prim = tree->prim;
  const bool is_step = (prim >= Prim::kFloor && prim <= Prim::kSelect) || prim == Prim::kFloorDiv ||
                       prim == Prim::kMod;
  return is_step || std::any_of(tree->args.begin(), tree->args.end(),
                                [](const Element& arg) { return has_jump(arg); });
}

bool may_jump(const Graph& graph, ValueId id) {
  const Node& node = graph.node(id);
  const OpInfo& info = op_info(node.op);
  const auto reads_floats = [&](ValueId v) { return is_float(graph.type(v).dtype); };
  if (std::none_of(node.operands.begin(), node.operands.end(), reads_floats)) return false;
  switch (info.kind) {
    case OpKind::kPointwise:
      return !is_float(node.type.dtype) || has_jump(info.value);
    case OpKind::kReduction:
      return !is_float(node.type.dtype);
    case OpKind::kLeaf:
    case OpKind::kMovement:
    case OpKind::kLayout:
    case OpKind::kScan:
    case OpKind::kContraction:
      return false;
    default:
      return true;
  }
}

/// Only sums and choices of what it reads: a large operand leaves its rounding in the result.
bool only_adds(const Element& tree) {
  if (!tree) return false;
  switch (tree->prim) {
    case Prim::kArg:
    case Prim::kLiteral:
      return true;
    case Prim::kNeg:
    case Prim::kAdd:
    case Prim::kSub:
    case Prim::kMin:
    case Prim::kMax:
    case Prim::kAbs:
    case Prim::kCast:
    case Prim::kSelect:
      return std::all_of(tree->args.begin(), tree->args.end(), only_adds);
    default:
      return false;
  }
}

double largest(const std::vector<Tensor>& values) {
  double most = 0;
  for (const Tensor& value : values) {
    if (!is_float(value.type().dtype)) continue;
    for (std::int64_t i = 0; i < value.count(); ++i) {
      const double size = std::fabs(value.at(i).as_double());
      if (std::isfinite(size)) most = std::max(most, size);
    }
  }
  return most;
}

/// What is known of a program too large for a bound.
struct CoarseFacts {
  bool jumps = false;
  double carried = 0;  ///< largest input that reaches a result through sums alone
};

CoarseFacts coarse_facts(const Graph& given, const std::vector<Tensor>& inputs) {
  const Graph graph = flatten_named(given);
  CoarseFacts out;
  std::vector<double> carried(graph.size(), 0);
  for (ValueId id : graph.live()) {
    const Node& node = graph.node(id);
    const OpInfo& info = op_info(node.op);
    out.jumps = out.jumps || may_jump(graph, id);
    if (is_input(node.op))
      carried[id.index()] =
          largest({inputs[static_cast<std::size_t>(attr_int(node.attrs, 0).value())]});
    const bool adds = info.kind == OpKind::kPointwise   ? only_adds(info.value)
                      : info.kind == OpKind::kReduction ? info.reduce != ReduceKind::kProd
                                                        : info.kind != OpKind::kContraction;
    for (ValueId operand : node.operands) {
      if (adds) carried[id.index()] = std::max(carried[id.index()], carried[operand.index()]);
    }
  }
  for (ValueId root : graph.roots()) out.carried = std::max(out.carried, carried[root.index()]);
  return out;
}

std::vector<Tensor> row_major(std::span<const BufferSpec> specs, const Buffers& buffers) {
  std::vector<Tensor> out;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    out.emplace_back(specs[i].type);
    load_from_order(specs[i], buffers.pointers[i], out.back().data());
  }
  return out;
}

/// What one result may differ by: element by element, or everywhere the same.
struct Allowance {
  bool is_exact = false;
  const Tensor* bound = nullptr;
  bool keeps_infinite = false;  ///< where the first is NaN or Inf, the second is so too
  double everywhere = 0;
  double strays = 0, stray = 0;  ///< share of elements that may differ by so much

  bool covers(Scalar want, Scalar got, std::int64_t i) const {
    if (!is_float(want.dtype)) return want.as_int() == got.as_int() || is_loose(i);
    const double a = want.as_double(), b = got.as_double();
    if (is_exact)
      return a == b ? std::signbit(a) == std::signbit(b) : std::isnan(a) && std::isnan(b);
    if (a == b) return true;
    if (!std::isfinite(a)) return !keeps_infinite || !std::isfinite(b) || is_huge(b, want.dtype);
    const double most = bound ? kStable * bound->as<double>()[i] + everywhere : everywhere;
    return std::fabs(a - b) <= most || is_loose(i);
  }
  bool is_bounded_stray(Scalar want, Scalar got) const {
    if (!is_float(want.dtype)) return std::isinf(stray);
    return std::fabs(want.as_double() - got.as_double()) <= stray;
  }
  /// Next to overflow rounding decides.
  static bool is_huge(double value, DType dtype) {
    return std::fabs(value) >= std::ldexp(1, dtype == DType::kF64   ? 1021
                                             : dtype == DType::kF16 ? 13
                                                                    : 125);
  }
  bool is_loose(std::int64_t i) const { return bound && std::isinf(bound->as<double>()[i]); }
};

bool has_bounded_integers(const Tensor* bound) {
  return bound && std::any_of(bound->as<double>(), bound->as<double>() + bound->count(),
                              [](double b) { return b > 0; });
}

/// `most`: the largest value that rounding is relative to; `size`: of the result.
void allow_coarsely(Allowance& allowed, double unit, double most, double size, bool jumps,
                    bool rounds) {
  allowed.everywhere = std::max(64 * unit, std::min(kCoarse * unit, 1e-3)) * most;
  if (rounds) allowed.everywhere = std::max(allowed.everywhere, 0x1p-7 * most);
  allowed.strays = jumps ? kMostJumps : kMostStrays;
  allowed.stray =
      jumps ? std::numeric_limits<double>::infinity()
            : std::max(allowed.everywhere, std::min(kStray * allowed.everywhere, 0.05 * size));
}

std::string first_difference(const Tensor& want, const Tensor& got, const Allowance& allowed,
                             std::size_t output) {
  std::int64_t strays = 0, first = -1, far = 0;
  for (std::int64_t i = 0; i < want.count(); ++i) {
    if (allowed.covers(want.at(i), got.at(i), i)) continue;
    if (!is_float(want.type().dtype) && has_bounded_integers(allowed.bound) &&
        allowed.bound->as<double>()[i] > 0)
      continue;  // an integer made from floats, next to where it jumps
    ++strays;
    const bool is_far = !allowed.is_bounded_stray(want.at(i), got.at(i));
    if (is_far) ++far;
    if (first < 0 || (is_far && far == 1)) first = i;
  }
  if (far == 0 && static_cast<double>(strays) <= allowed.strays * static_cast<double>(want.count()))
    return {};
  return format("result {} differs in {} of {} elements, first at {}: {} instead of {}", output,
                strays, want.count(), first, got.at(first).as_double(), want.at(first).as_double());
}

}  // namespace

std::string disagreement(const StagedProgram& program, const Executable& first,
                         const Executable& second, const Sample& sample, bool rounds,
                         std::string& how) {
  const Buffers out_first(first.outputs()), out_second(second.outputs());
  for (const Buffers* out : {&out_first, &out_second}) {
    for (const Block& block : out->blocks)
      std::memset(block.data(), 0xcd, static_cast<std::size_t>(block.bytes()));
  }
  try {
    first.run(sample.inputs.pointers.data(), out_first.pointers.data(), 1);
  } catch (const Error& error) {
    how = format("not compared: the arguments are refused ({})", error.what());
    return {};
  }
  second.run(sample.inputs.pointers.data(), out_second.pointers.data(), 1);
  const std::vector<Tensor> inputs = row_major(first.inputs(), sample.inputs);
  const std::vector<Tensor> want = row_major(first.outputs(), out_first);
  const std::vector<Tensor> got = row_major(second.outputs(), out_second);
  const bool is_exact = program.options.math == Math::kBits && !has_elementary(program.graph);
  std::optional<std::vector<Tensor>> bounds;
  BoundLimits limits;
  limits.rounds = rounds;
  if (!is_exact) bounds = error_bounds(program.graph, inputs, program.constants, limits);
  how = is_exact ? "every bit agrees" : bounds ? "agrees within its error bound" : "agrees";
  CoarseFacts facts;
  if (!is_exact && !bounds) facts = coarse_facts(program.graph, inputs);
  for (std::size_t o = 0; o < want.size(); ++o) {
    const double unit = bound_unit(want[o].type().dtype);
    Allowance allowed;
    allowed.is_exact = is_exact;
    if (bounds) allowed.bound = &(*bounds)[o];
    allowed.keeps_infinite = program.options.math == Math::kBits;
    const double size = largest({want[o]});
    if (bounds) {
      allowed.everywhere = kStable * unit * size;
    } else if (!is_exact) {
      allow_coarsely(allowed, unit, std::max(size, facts.carried), size, facts.jumps, rounds);
    }
    std::string found = first_difference(want[o], got[o], allowed, o);
    if (!found.empty()) return found;
  }
  return {};
}

void report_difference(const StagedProgram& program, TieredExecutable& tiered,
                       const std::string& fact) {
  std::string path;
  if (const std::shared_ptr<const Sample> sample = tiered.sample())
    path =
        write_reproducer(program, *tiered.first(), *sample, fact, KernelCache::shared()->folder());
  const std::string why = format("a compiled kernel differs from the program's meaning: {}", fact);
  tiered.note_reproducer(path, why);
  warn_once("differs:" + program.key.hex(),
            format("bafe: {}; the function stays on tier 0{}", why,
                   path.empty() ? std::string() : format("; to reproduce: python {}", path)));
}

Judgement judge(const StagedProgram& program, TieredExecutable& tiered,
                std::shared_ptr<const Executable> candidate, bool rounds, Job& job) {
  if (!tiered.misfit(*candidate).empty()) {
    tiered.adopt(candidate, "compiled", {});  // says why not
    return Judgement::kMisfit;
  }
  std::string how = "not compared: " + std::string(TieredExecutable::kNoArguments);
  if (const std::shared_ptr<const Sample> sample = tiered.sample()) {
    const std::string found =
        disagreement(program, *tiered.first(), *candidate, *sample, rounds, how);
    if (!found.empty()) {
      report_difference(program, tiered, found);
      return Judgement::kDiffers;
    }
  }
  if (job.checkpoint()) return Judgement::kStopped;
  if (tiered.wants_compiled()) {
    tiered.adopt(std::move(candidate), "compiled", format("asked for; {}", how));
    return Judgement::kAdopted;
  }
  DuelLimits limits;
  limits.checkpoint = [&job] { return job.checkpoint(); };
  if (tiered.adopt_if_faster(std::move(candidate), "compiled", limits)) return Judgement::kAdopted;
  return job.is_cancelled() ? Judgement::kStopped : Judgement::kSlower;
}

}  // namespace bafe

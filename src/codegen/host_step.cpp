// In: a group. Out: a step for the host's array library, when the group is one product, reduction
// or copy over buffers that strides can describe. Nothing here knows which library that is.

#include <algorithm>
#include <array>

#include "bafe/base/error.h"
#include "bafe/codegen/host.h"
#include "bafe/cost/access.h"
#include "bafe/cost/row_major.h"
#include "bafe/ir/op.h"
#include "plan_builder.h"

namespace bafe {
namespace {

struct HostReduction {
  ReduceKind kind;
  const char* routine;
  bool takes_one_axis;
};

constexpr std::array kReductions = {
    HostReduction{ReduceKind::kSum, "host.sum", false},
    HostReduction{ReduceKind::kProd, "host.prod", false},
    HostReduction{ReduceKind::kMax, "host.max", false},
    HostReduction{ReduceKind::kMin, "host.min", false},
    HostReduction{ReduceKind::kArgMax, "host.argmax", true},
    HostReduction{ReduceKind::kArgMin, "host.argmin", true},
};

constexpr std::array kRoutines = {"host.matmul", "host.copy", "host.sum",    "host.prod",
                                  "host.max",    "host.min",  "host.argmax", "host.argmin"};

/// Strides of one buffer as the index of another value walks it, in elements.
struct StridedView {
  ValueId buffer;
  std::int64_t offset = 0;
  std::vector<std::int64_t> strides;
};

void append(std::vector<std::int64_t>& sizes, DType dtype, const Shape& shape,
            const StridedView& view) {
  const std::int64_t width = dtype_bytes(dtype);
  sizes.push_back(static_cast<std::int64_t>(dtype));
  sizes.push_back(static_cast<std::int64_t>(shape.size()));
  sizes.push_back(view.offset * width);
  for (const Dim& dim : shape) sizes.push_back(dim.value());
  for (std::int64_t stride : view.strides) sizes.push_back(stride * width);
}

/// A value as a strided view of a stored one: movements that read one linear place.
std::optional<StridedView> strided_view(const LowerScope& scope, ValueId value) {
  const Graph& graph = scope.program.graph;
  const int rank = graph.type(value).rank();
  Access access = identity_access(rank);
  while (!scope.stored.contains(value)) {
    if (op_info(graph.node(value).op).kind == OpKind::kLeaf) return std::nullopt;
    const std::optional<Access> inner = operand_access(graph, value);
    if (!inner) return std::nullopt;
    access = compose(access, *inner, rank);
    value = graph.node(value).operands[0];
  }
  const std::vector<std::int64_t> strides = scope.strides(value);
  StridedView out{value, 0, std::vector<std::int64_t>(static_cast<std::size_t>(rank), 0)};
  for (std::size_t axis = 0; axis < strides.size(); ++axis) {
    out.offset += strides[axis] * access[axis].offset;
    for (std::size_t d = 0; d < out.strides.size(); ++d)
      out.strides[d] += strides[axis] * access[axis].step[d];
  }
  return out;
}

bool is_dense(const Program& program, ValueId value) {
  const Shape& shape = program.graph.type(value).shape;
  if (program.structures.empty() || shape.size() < 2) return true;
  return !program.structure(value).limits(shape[shape.size() - 2].value(), shape.back().value());
}

/// What the host computes: a value, by which routine, over which operands and axes.
struct HostCall {
  const char* routine = nullptr;
  std::vector<ValueId> operands;
  std::vector<std::int64_t> axes;
};

std::optional<HostCall> product_call(const Program& program, ValueId core) {
  const Node& node = program.graph.node(core);
  const bool is_float = node.type.dtype == DType::kF32 || node.type.dtype == DType::kF64;
  HostCall call{"host.matmul", node.operands, {}};
  for (ValueId operand : node.operands) {
    const bool fits = program.graph.type(operand).dtype == node.type.dtype;
    if (!is_float || !fits || !is_dense(program, operand)) return std::nullopt;
  }
  return call;
}

std::optional<HostCall> reduction_call(const Program& program, ValueId core) {
  const Node& node = program.graph.node(core);
  const Type& from = program.graph.type(node.operands[0]);
  const ReduceKind kind = op_info(node.op).reduce;
  const auto known = std::find_if(kReductions.begin(), kReductions.end(),
                                  [&](const HostReduction& row) { return row.kind == kind; });
  if (known == kReductions.end() || num_elements(from.shape) == Dim(0)) return std::nullopt;
  HostCall call{known->routine, node.operands, {}};
  for (std::size_t axis = 0; axis < from.shape.size(); ++axis) {
    const bool is_reduced = from.shape[axis] != node.type.shape[axis];
    if (is_reduced) call.axes.push_back(static_cast<std::int64_t>(axis));
  }
  const bool fits = known->takes_one_axis ? call.axes.size() == 1 : !call.axes.empty();
  const bool is_number = from.dtype != DType::kF16 && from.dtype != DType::kBF16;
  if (!fits || !is_number) return std::nullopt;
  return call;
}

}  // namespace

std::span<const char* const> host_routines() { return kRoutines; }

bool PlanBuilder::lower_host(const Group& group) {
  if (group.outputs.size() != 1) return false;
  const ValueId output = group.outputs[0];
  const bool is_placed = scope_.stored.contains(output) || is_empty(output);
  if (is_placed || group.kind == GroupKind::kAttention) return false;
  if (graph_.type(output).rank() >= kMostHostRank) return false;
  const std::vector<int> order = order_of(output);
  // A reshape after the call is the memory that the call writes.
  ValueId core = output;
  while (order == Layout::row(graph_.type(output).rank()).order && keeps_row_major(graph_, core) &&
         !scope_.stored.contains(graph_.node(core).operands[0])) {
    core = graph_.node(core).operands[0];
  }
  const OpKind kind = op_info(graph_.node(core).op).kind;
  std::optional<HostCall> call;
  if (kind == OpKind::kContraction) call = product_call(program_, core);
  if (kind == OpKind::kReduction) call = reduction_call(program_, core);
  if (kind == OpKind::kMovement || kind == OpKind::kLayout)
    call = HostCall{"host.copy", {core}, {}};
  if (!call) return false;
  std::vector<std::int64_t> sizes{static_cast<std::int64_t>(call->operands.size() + 1)};
  StepDraft draft;
  for (ValueId operand : call->operands) {
    const std::optional<StridedView> view = strided_view(scope_, operand);
    if (!view) return false;
    append(sizes, graph_.type(operand).dtype, graph_.type(operand).shape, *view);
    draft.uses.push_back({view->buffer, -1, 0, false});
  }
  const Type& result = graph_.type(core);
  const std::vector<int> core_order = core == output ? order : Layout::row(result.rank()).order;
  append(sizes, result.dtype, result.shape, {output, 0, scope_.strides(core, core_order)});
  sizes.push_back(static_cast<std::int64_t>(call->axes.size()));
  sizes.insert(sizes.end(), call->axes.begin(), call->axes.end());
  draft.uses.push_back({output, -1, 0, true});
  draft.step.kind = StepKind::kHost;
  draft.step.symbol = call->routine;
  draft.step.label = std::string(call->routine) + " " + label(group);
  draft.step.sizes = std::move(sizes);
  scope_.orders[output] = order;
  scope_.stored.insert(output);
  drafts_.push_back(std::move(draft));
  return true;
}

std::vector<int> host_groups(const Program& program, const Target& target,
                             const LowerOptions& options) {
  std::vector<int> out;
  if (options.bits) return out;
  LowerOptions all = options;
  for (std::size_t i = 0; i < program.groups.size(); ++i) all.host.push_back(static_cast<int>(i));
  PlanBuilder builder(program, target, all);
  builder.run();
  return builder.hosted();
}

}  // namespace bafe

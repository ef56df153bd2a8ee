// Comes in: a program, its plan with the nests, residues. Goes out: residues of the outputs.
// Invariant: every slot has memory of its own, so that a nest that reads what another step should
// have written is seen, wherever the arena places both.

#include "bafe/codegen/nest_replay.h"

#include <algorithm>
#include <set>

#include "bafe/base/format.h"
#include "bafe/ir/zp.h"
#include "plan_builder.h"

namespace bafe {
namespace {

using Array = NestArray<std::uint64_t>;

/// Place of element i of a row-major array in a dense buffer of `order`.
std::vector<std::int64_t> places_of(const Slot& slot) {
  const std::vector<std::int64_t> sizes = concrete(slot.type.shape);
  std::vector<std::int64_t> strides(sizes.size(), 1), index(sizes.size(), 0);
  std::int64_t stride = 1, count = 1;
  for (std::size_t i = slot.order.size(); i-- > 0;) {
    const auto axis = static_cast<std::size_t>(slot.order[i]);
    strides[axis] = stride;
    stride *= sizes[axis];
  }
  for (std::int64_t size : sizes) count *= size;
  std::vector<std::int64_t> out;
  out.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t rest = i, at = 0;
    for (std::size_t a = sizes.size(); a-- > 0; rest /= sizes[a])
      at += rest % sizes[a] * strides[a];
    out.push_back(at);
  }
  return out;
}

/// The arrays of a plan while its steps run.
class PlanReplay {
 public:
  PlanReplay(const Graph& graph, const NestPlan& plan, std::span<const ZpTensor> inputs,
             std::int64_t unit_step)
      : graph_(graph),
        plan_(plan),
        inputs_(inputs),
        unit_step_(unit_step),
        arrays_(plan.plan.slots.size()),
        is_unknown_(plan.plan.slots.size(), 0) {}

  NestReplay run() {
    const std::vector<Slot>& slots = plan_.plan.slots;
    for (std::size_t s = 0; s < slots.size(); ++s) {
      arrays_[s] = Array(num_elements(slots[s].type.shape).value());
      if (slots[s].kind == SlotKind::kInput)
        fill(s, inputs_[static_cast<std::size_t>(slots[s].index)].values);
    }
    find_given();
    for (const auto& [slot, values] : given_constants_) fill(slot, values);
    if (steps(plan_.plan.setup, plan_.setup) && steps(plan_.plan.steps, plan_.steps)) results();
    return std::move(out_);
  }

 private:
  void fill(std::size_t s, const std::vector<std::uint64_t>& values) {
    const std::vector<std::int64_t> places = places_of(plan_.plan.slots[s]);
    for (std::size_t i = 0; i < places.size(); ++i)
      arrays_[s].cells[static_cast<std::size_t>(places[i])] = {values[i], Array::kBefore, 0, 0};
  }

  /// Values that no nest computes: of constants, and of every other step.
  void find_given() {
    std::vector<ValueId> roots;
    std::set<ValueId> seen;
    auto want = [&](ValueId id) {
      if (id.valid() && seen.insert(id).second) roots.push_back(id);
    };
    std::vector<std::pair<std::size_t, ValueId>> constants;
    for (ValueId id : graph_.live()) {
      const Node& node = graph_.node(id);
      if (op_info(node.op).kind != OpKind::kLeaf) continue;
      if (!std::holds_alternative<std::string>(node.attrs[0])) continue;
      for (std::size_t s = 0; s < plan_.plan.slots.size(); ++s) {
        const Slot& slot = plan_.plan.slots[s];
        if (slot.kind != SlotKind::kConstant) continue;
        const PlanConstant& c = plan_.plan.constants[static_cast<std::size_t>(slot.index)];
        if (c.digest == attr_string(node.attrs, 0)) constants.emplace_back(s, id), want(id);
      }
    }
    for (const auto* list : {&plan_.setup, &plan_.steps}) {
      for (const NestStep& step : *list) {
        for (const NestStep::Use& use : step.uses) {
          if (use.is_written) want(use.value);
        }
      }
    }
    Graph all = graph_;
    all.set_roots(roots);
    const std::vector<ZpTensor> values = evaluate_zp(all, inputs_);
    for (std::size_t i = 0; i < roots.size(); ++i) given_[roots[i]] = values[i].values;
    for (auto [slot, id] : constants) given_constants_.emplace_back(slot, given_.at(id));
  }

  bool steps(const std::vector<Step>& steps, const std::vector<NestStep>& nests) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const Step& step = steps[i];
      bool is_known = nests[i].nest != nullptr;
      for (std::size_t k = 0; k < step.slots.size(); ++k) {
        const bool is_read = !nests[i].uses[k].is_written;
        is_known = is_known && !(is_read && is_unknown_[step.slots[k].index()]);
      }
      if (!is_known) {
        give(step, nests[i]);
      } else if (!interpret(step, *nests[i].nest)) {
        return false;
      }
    }
    return true;
  }

  /// What other code leaves: values of the program are known, its own packed data are not.
  void give(const Step& step, const NestStep& nest) {
    ++out_.others;
    for (std::size_t k = 0; k < step.slots.size(); ++k) {
      if (!nest.uses[k].is_written) continue;
      const std::size_t s = step.slots[k].index();
      if (nest.uses[k].value.valid())
        fill(s, given_.at(nest.uses[k].value));
      else
        is_unknown_[s] = 1;
    }
  }

  bool interpret(const Step& step, const Nest& nest) {
    ++out_.nests;
    std::vector<Array*> slots;
    for (std::size_t k = 0; k < step.slots.size(); ++k)
      slots.push_back(&typed(step.slots[k].index(), static_cast<int>(k), nest));
    for (std::int64_t u = 0; u < step.units; u += unit_step_) {
      NestRun run = run_nest_zp(nest, slots, step.sizes, u, std::min(u + unit_step_, step.units));
      if (run.fault) {
        run.fault->place = format("{} ({}), {}", step.symbol, step.label, run.fault->place);
        out_.fault = std::move(run.fault);
        return false;
      }
      out_.status = run.status;
      if (run.status != kKernelOk) return false;
    }
    for (Array* slot : slots) slot->settle();
    return true;
  }

  /// A temporary is declared in bytes; whoever uses it first says what its elements are.
  Array& typed(std::size_t s, int position, const Nest& nest) {
    Array& array = arrays_[s];
    const Slot& slot = plan_.plan.slots[s];
    for (const Buffer& b : nest.buffers) {
      if (b.kind != Buffer::kSlot || b.slot != position) continue;
      const auto count = static_cast<std::size_t>(slot.bytes / dtype_bytes(b.dtype));
      if (array.cells.size() > count) array.cells.resize(count);
    }
    return array;
  }

  void results() {
    out_.outputs.resize(static_cast<std::size_t>(plan_.plan.outputs));
    for (std::size_t s = 0; s < arrays_.size(); ++s) {
      const Slot& slot = plan_.plan.slots[s];
      if (slot.kind != SlotKind::kOutput) continue;
      ZpTensor& out = out_.outputs[static_cast<std::size_t>(slot.index)];
      out.type = slot.type;
      for (std::int64_t at : places_of(slot)) {
        const Array::Cell& cell = arrays_[s].cells[static_cast<std::size_t>(at)];
        if (cell.writer == Array::kUnwritten && !out_.fault)
          out_.fault = {format("output {}", slot.index), format("nobody wrote element {}", at)};
        out.values.push_back(cell.value);
      }
    }
    if (out_.fault) out_.outputs.clear();
  }

  const Graph& graph_;
  const NestPlan& plan_;
  std::span<const ZpTensor> inputs_;
  std::int64_t unit_step_;
  std::vector<Array> arrays_;     ///< by slot
  std::vector<char> is_unknown_;  ///< by slot: packed by code that is not interpreted
  std::map<ValueId, std::vector<std::uint64_t>> given_;
  std::vector<std::pair<std::size_t, std::vector<std::uint64_t>>> given_constants_;
  NestReplay out_;
};

bool is_fill(const Graph& graph, ValueId id) {
  const Node& node = graph.node(id);
  return op_info(node.op).kind == OpKind::kLeaf && std::holds_alternative<Scalar>(node.attrs[0]);
}

/// A number known before the program runs, wherever it is moved.
bool is_number(const Graph& graph, ValueId id) {
  while (op_info(graph.node(id).op).kind == OpKind::kMovement && !graph.node(id).operands.empty())
    id = graph.node(id).operands[0];
  return is_fill(graph, id);
}

/// A number that integers do not have: a nest wraps or cuts it, residues keep it.
bool has_other_number(const Element& tree) {
  if (tree->prim == Prim::kLiteral) return tree->literal < 0 || tree->literal != int(tree->literal);
  return std::any_of(tree->args.begin(), tree->args.end(), has_other_number);
}

/// A number that f32 rounds, which residues do not.
bool has_rounded_number(const Element& tree) {
  if (tree->prim == Prim::kLiteral) return tree->literal != double(float(tree->literal));
  return std::any_of(tree->args.begin(), tree->args.end(), has_rounded_number);
}

}  // namespace

std::vector<NestStep> PlanBuilder::nest_steps(bool in_setup) const {
  std::vector<NestStep> out;
  for (const StepDraft& draft : drafts_) {
    if (draft.in_setup != in_setup) continue;
    NestStep step;
    if (const auto nest = nests_.find(draft.nest); nest != nests_.end()) step.nest = nest->second;
    for (const SlotUse& use : draft.uses)
      step.uses.push_back({use.temporary < 0 ? use.value : ValueId{}, use.is_written});
    out.push_back(std::move(step));
  }
  return out;
}

NestPlan nest_plan(const Program& program, const Target& target, const LowerOptions& options) {
  PlanBuilder builder(program, target, options);
  builder.keep_nests();
  NestPlan out;
  out.plan = builder.run();
  out.setup = builder.nest_steps(true);
  out.steps = builder.nest_steps(false);
  return out;
}

NestReplay replay_nests(const Graph& graph, const NestPlan& plan, std::span<const ZpTensor> inputs,
                        std::int64_t unit_step) {
  return PlanReplay(graph, plan, inputs, unit_step).run();
}

std::string replay_obstacle(const Graph& graph) {
  for (ValueId id : graph.live()) {
    const Node& node = graph.node(id);
    const OpInfo& info = op_info(node.op);
    const bool converts = info.dtype_rule == DTypeRule::kCast;
    const DTypeKind kind = dtype_info(node.type.dtype).kind;
    if (info.kind == OpKind::kPointwise && kind == kUIntKind && has_other_number(info.value))
      return "a number is not one of the type";
    if (info.kind == OpKind::kPointwise && has_rounded_number(info.value))
      return "a number is rounded";
    if (converts && is_number(graph, node.operands[0])) return "a number is converted";
    if (!is_fill(graph, id)) continue;
    const Scalar value = attr_scalar(node.attrs, 0);
    for (ReduceKind kind : {ReduceKind::kMax, ReduceKind::kMin}) {
      if (value.dtype != DType::kBool && value.bits != 0 &&
          value.bits == neutral_of(kind, value.dtype).bits)
        return "a number is the end of its type's range";
    }
  }
  return {};
}

}  // namespace bafe

// Comes in: a traced program. Goes out: a plan of steps that were compiled with the library, made
// in one pass over the nodes. Invariant: when an operator is lowered, every operand has a view (a
// slot by strides, or one number) or is computed by the run of pointwise operators that is still
// open.

#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/cost/access.h"
#include "bafe/cost/result_order.h"
#include "bafe/cost/row_major.h"
#include "bafe/ir/builder.h"
#include "prebuilt_builder.h"
#include "prebuilt_table.h"
#include "slots.h"

namespace bafe {
namespace {

bool has_named(const Graph& graph) {
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    if (op_info(graph.node(ValueId(i)).op).kind == OpKind::kNamed) return true;
  }
  return false;
}

bool is_empty(const Type& type) { return num_elements(type.shape) == Dim(0); }

}  // namespace

PrebuiltBuilder::PrebuiltBuilder(const Graph& graph, const LowerOptions& options,
                                 const Target& target)
    : graph_(has_named(graph) ? flatten_named(graph) : graph),
      target_(target),
      options_(options),
      views_(graph_.size()),
      users_(graph_.size()),
      is_root_(graph_.size(), false),
      is_pending_(graph_.size(), false),
      root_orders_(graph_.size()) {}

std::string PrebuiltBuilder::symbol(std::string_view key) const {
  return std::string(key) + "@" + std::string(level_text(target_.isa));
}

int PrebuiltBuilder::new_slot(const Type& type, std::vector<int> order) {
  plan_.slots.push_back({SlotKind::kArena, 0, type, std::move(order), type_bytes(type), 0});
  return static_cast<int>(plan_.slots.size()) - 1;
}

Step& PrebuiltBuilder::add_step(std::string key, std::string label) {
  Step step;
  step.kind = StepKind::kPrebuilt;
  step.symbol = symbol(key);
  step.label = std::move(label);
  plan_.steps.push_back(std::move(step));
  return plan_.steps.back();
}

void PrebuiltBuilder::place_leaves() {
  for (std::size_t i = 0; i < graph_.inputs().size(); ++i) {
    const InputInfo& info = graph_.inputs()[i];
    std::vector<int> order = layout_from_text(info.layout, info.type.rank()).order;
    if (static_cast<int>(order.size()) != info.type.rank())
      order = Layout::row(info.type.rank()).order;
    plan_.slots.push_back({SlotKind::kInput, static_cast<int>(i), info.type, std::move(order),
                           type_bytes(info.type), 0});
  }
  plan_.inputs = static_cast<int>(graph_.inputs().size());
}

void PrebuiltBuilder::leaf(ValueId id) {
  const Node& node = graph_.node(id);
  StoredView& view = views_[id.index()];
  if (is_fill(graph_, id)) {
    view.fill = attr_scalar(node.attrs, 0);
    view.strides.assign(node.type.shape.size(), 0);
  } else if (is_input(graph_, id)) {
    view.slot = static_cast<int>(attr_int(node.attrs, 0).value());
    view.strides =
        dense_strides(node.type.shape, plan_.slots[static_cast<std::size_t>(view.slot)].order);
  } else {
    view.slot = new_slot(node.type, Layout::row(node.type.rank()).order);
    Slot& slot = plan_.slots.back();
    slot.kind = SlotKind::kConstant;
    slot.index = static_cast<int>(plan_.constants.size());
    plan_.constants.push_back({attr_string(node.attrs, 0), slot.bytes});
    view.strides = dense_strides(node.type.shape, slot.order);
  }
}

/// A view of the operand where one says it; else the operand by rows, or the interpreter.
void PrebuiltBuilder::movement(ValueId id) {
  const Node& node = graph_.node(id);
  for (ValueId operand : node.operands) need(operand);
  if (node.operands.size() != 1) return boxes(id) ? void() : interpret(id);
  const ValueId operand = node.operands[0];
  const std::optional<Access> access = operand_access(graph_, id);
  const bool keeps_rows = keeps_row_major(graph_, id);
  if (!access && !keeps_rows) return boxes(id) ? void() : interpret(id);
  StoredView view = views_[operand.index()];
  if (view.slot < 0) {
    view.strides.assign(node.type.shape.size(), 0);
  } else if (access) {
    const Strides from = view.strides;
    view.strides.assign(node.type.shape.size(), 0);
    for (std::size_t a = 0; a < access->size(); ++a) {
      view.offset += (*access)[a].offset * from[a];
      for (std::size_t d = 0; d < view.strides.size(); ++d) {
        if (node.type.shape[d] != Dim(1)) view.strides[d] += from[a] * (*access)[a].step[d];
      }
    }
  } else {
    view = by_rows(operand);
    view.strides = dense_strides(node.type.shape, Layout::row(node.type.rank()).order);
  }
  views_[id.index()] = std::move(view);
}

/// A program of the one operator, for the interpreter.
void PrebuiltBuilder::interpret(ValueId id) {
  const Node& node = graph_.node(id);
  auto body = std::make_shared<Graph>();
  std::vector<ValueId> operands;
  std::vector<int> slots;
  for (ValueId operand : node.operands) {
    need(operand);
    const Type& type = graph_.type(operand);
    if (views_[operand.index()].slot < 0) {
      operands.push_back(body->add_fill(views_[operand.index()].fill, type.shape));
    } else {
      operands.push_back(body->add_input({"x", "row", false, type}));
      slots.push_back(by_rows(operand).slot);
    }
  }
  body->add_root(body->add(node.op, operands, node.attrs));
  const std::vector<int> row = Layout::row(node.type.rank()).order;
  StoredView& view = views_[id.index()];
  view.slot = new_slot(node.type, row);
  view.strides = dense_strides(node.type.shape, row);
  slots.push_back(view.slot);
  Step step;
  step.kind = StepKind::kLibrary;
  step.symbol = "evaluate";
  step.label = std::string(op_info(node.op).name);
  for (int slot : slots) step.slots.push_back(SlotId(static_cast<std::uint32_t>(slot)));
  step.sizes = {static_cast<std::int64_t>(plan_.bodies.size())};
  step.bytes = static_cast<double>(type_bytes(node.type));
  plan_.steps.push_back(std::move(step));
  plan_.bodies.push_back(std::move(body));
}

void PrebuiltBuilder::lower(ValueId id) {
  const Node& node = graph_.node(id);
  const OpKind kind = op_info(node.op).kind;
  if (kind == OpKind::kLeaf) return leaf(id);
  if (is_empty(node.type)) {  // nothing to compute, and nothing will be read
    views_[id.index()].fill = Scalar::of_int(node.type.dtype, 0);
    views_[id.index()].strides.assign(node.type.shape.size(), 0);
    return;
  }
  switch (kind) {
    case OpKind::kPointwise:
      return pointwise(id);
    case OpKind::kLayout:
      need(node.operands[0]);
      views_[id.index()] = views_[node.operands[0].index()];
      return;
    case OpKind::kMovement:
      return movement(id);
    case OpKind::kReduction:
      if (!reduce(id)) interpret(id);
      return;
    case OpKind::kContraction:
      if (!product(id)) interpret(id);
      return;
    case OpKind::kControl:
      return control(id);
    default:
      return interpret(id);
  }
}

/// A slot that holds just this root in its order becomes the output; another value is copied there.
void PrebuiltBuilder::place_root(std::size_t k, std::vector<bool>& is_taken) {
  const ValueId root = graph_.roots()[k];
  const Type& type = graph_.type(root);
  const std::vector<int>& order = root_orders_[root.index()];
  const StoredView view = views_[root.index()];
  if (!is_empty(type) && view.slot >= 0 && view.offset == 0) {
    Slot& slot = plan_.slots[static_cast<std::size_t>(view.slot)];
    const bool is_own = slot.kind == SlotKind::kArena && slot.bytes == type_bytes(type) &&
                        is_dense(view, type.shape, order);
    if (is_own && !is_taken[static_cast<std::size_t>(view.slot)]) {
      is_taken[static_cast<std::size_t>(view.slot)] = true;
      slot.kind = SlotKind::kOutput;
      slot.index = static_cast<int>(k);
      slot.type = type;
      slot.order = order;
      return;
    }
  }
  const int slot = new_slot(type, order);
  is_taken.push_back(true);
  plan_.slots.back().kind = SlotKind::kOutput;
  plan_.slots.back().index = static_cast<int>(k);
  if (!is_empty(type)) copy_into(slot, view, dense_strides(type.shape, order), type);
}

void PrebuiltBuilder::place_roots() {
  std::vector<bool> is_taken(plan_.slots.size(), false);
  for (std::size_t k = 0; k < graph_.roots().size(); ++k) place_root(k, is_taken);
  plan_.outputs = static_cast<int>(graph_.roots().size());
}

Plan PrebuiltBuilder::run() {
  place_leaves();
  const std::vector<ValueId> live = graph_.live();
  for (ValueId id : live) {
    for (ValueId operand : graph_.node(id).operands) users_[operand.index()].push_back(id);
  }
  std::vector<Layout> leaves;
  for (std::uint32_t i = 0; i < graph_.size(); ++i)
    leaves.push_back(leaf_layout(graph_, ValueId(i)));
  for (ValueId root : graph_.roots()) {
    const std::vector<ValueId>& users = users_[root.index()];
    const bool routine = std::any_of(users.begin(), users.end(), [&](ValueId v) {
      return is_routine(op_info(graph_.node(v).op).kind);
    });
    is_root_[root.index()] = true;
    root_orders_[root.index()] = root_order(graph_, leaves, root, routine);
  }
  for (ValueId id : live) lower(id);
  flush();
  place_roots();
  place_in_arena(plan_);
  for (const Step& step : plan_.steps) {
    plan_.predicted_ns += std::max(step.flops, step.bytes) / 10;
  }
  return std::move(plan_);
}

Plan prebuilt_plan(const Graph& traced, const LowerOptions& options, const Target& target) {
  return PrebuiltBuilder(traced, options, target).run();
}

}  // namespace bafe

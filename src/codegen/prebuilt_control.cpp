// Loops and branches on tier 0. In: a node with body programs. Out: one step for it and its
// siblings, over nested plans of prebuilt steps.

#include "bafe/cost/result_order.h"
#include "bafe/ir/control.h"
#include "prebuilt_builder.h"

namespace bafe {
namespace {

/// Row-major roots, whatever order the operands have.
Graph with_row_roots(const Graph& body) {
  Graph out = body;
  std::vector<ValueId> roots;
  for (ValueId root : body.roots())
    roots.push_back(out.add(Op::kLayoutTransform, {root}, {std::string("row")}));
  out.set_roots(std::move(roots));
  return out;
}

}  // namespace

/// A slot that holds the value by rows, a number as well.
int PrebuiltBuilder::row_slot(ValueId id) {
  const StoredView view = by_rows(id);
  if (view.slot >= 0) return view.slot;
  const Type& type = graph_.type(id);
  const std::vector<int> row = Layout::row(type.rank()).order;
  const int slot = new_slot(type, row);
  if (num_elements(type.shape) != Dim(0))
    copy_into(slot, view, dense_strides(type.shape, row), type);
  return slot;
}

void PrebuiltBuilder::control(ValueId id) {
  const Node& node = graph_.node(id);
  if (views_[id.index()].slot >= 0) return;  // with a sibling
  Step step;
  std::vector<Type> operands;
  std::vector<int> slots;
  for (ValueId operand : node.operands) {
    slots.push_back(row_slot(operand));
    operands.push_back(graph_.type(operand));
  }
  const std::vector<Type> results = control_types(node.op, operands, node.attrs);
  const std::size_t first = slots.size();
  for (const Type& type : results) slots.push_back(new_slot(type, Layout::row(type.rank()).order));
  for (ValueId other : graph_.live()) {
    if (!are_siblings(graph_.node(other), node)) continue;
    const auto which = static_cast<std::size_t>(control_result(graph_.node(other).attrs));
    const Type& type = graph_.type(other);
    StoredView& view = views_[other.index()];
    view.slot = slots[first + which];
    view.strides = dense_strides(type.shape, Layout::row(type.rank()).order);
  }
  step.symbol = step.label = std::string(op_info(node.op).name);
  for (const auto& body : bodies_of(node.attrs)) {
    step.sizes.push_back(static_cast<std::int64_t>(plan_.nested.size()));
    plan_.nested.push_back(prebuilt_plan(with_row_roots(*body), options_, target_));
    step.bytes += 10 * plan_.nested.back().predicted_ns;
  }
  step.bytes *= static_cast<double>(assumed_iterations(graph_, node));
  if (is_loop(node.op)) {
    const LoopForm form = loop_form(node.attrs, operands.size());
    step.kind = StepKind::kLoop;
    step.sizes.insert(step.sizes.end(), {form.states, form.sequences, form.captured, form.stacked,
                                         form.length, form.tests ? 1 : 0});
    for (int k = 0; k < form.states; ++k) {
      const Type& type = results[static_cast<std::size_t>(k)];
      slots.push_back(new_slot(type, Layout::row(type.rank()).order));
    }
  } else {
    step.kind = StepKind::kBranch;
    step.sizes.push_back(static_cast<std::int64_t>(operands.size()) - 1);
  }
  for (int slot : slots) step.slots.push_back(SlotId(static_cast<std::uint32_t>(slot)));
  plan_.steps.push_back(std::move(step));
}

}  // namespace bafe

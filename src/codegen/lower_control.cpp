// Loops and branches. In: a node with body programs. Out: one step for it and all of its siblings,
// and a nested plan for every body, whose kernels stand beside the others in one text. Invariant:
// every buffer of the step lies by rows.

#include "bafe/base/error.h"
#include "bafe/ir/control.h"
#include "plan_builder.h"

namespace bafe {

SlotUse PlanBuilder::new_temporary(std::int64_t bytes) {
  return {ValueId{}, temporaries_++, bytes, true};
}

std::int64_t PlanBuilder::add_nested(const Graph& body) {
  const Program* decided = program_.body(body);
  BAFE_CHECK(decided != nullptr, "bodies are decided before code is made");
  LowerOptions options = scope_.options;
  options.tilings.clear();
  options.host.clear();
  PlanBuilder inner(*decided, target_, options);
  inner.prefix_ = next_symbol() + "_";
  inner.lower_all();
  kernels_c_ += inner.kernels_c_;
  math_.insert(inner.math_.begin(), inner.math_.end());
  uses_vectors_ = uses_vectors_ || inner.uses_vectors_;
  plan_.nested.push_back(std::move(inner.plan_));
  return static_cast<std::int64_t>(plan_.nested.size()) - 1;
}

void PlanBuilder::lower_control(ValueId id, const Group& group) {
  const Node& node = graph_.node(id);
  std::vector<Type> operands;
  StepDraft draft;
  for (ValueId operand : node.operands) {
    draft.uses.push_back(by_rows(operand, group));
    operands.push_back(graph_.type(operand));
  }
  const std::vector<Type> results = control_types(node.op, operands, node.attrs);
  for (const Type& type : results) draft.uses.push_back(new_temporary(type_bytes(type)));
  for (ValueId other : graph_.live()) {
    if (!are_siblings(graph_.node(other), node)) continue;
    const auto which = static_cast<std::size_t>(control_result(graph_.node(other).attrs));
    draft.uses[operands.size() + which] = {other, -1, 0, true};
    scope_.orders[other] = Layout::row(graph_.type(other).rank()).order;
    scope_.stored.insert(other);
  }
  draft.step.symbol = draft.step.label = std::string(op_info(node.op).name);
  std::vector<std::int64_t>& sizes = draft.step.sizes;
  for (const auto& body : bodies_of(node.attrs)) sizes.push_back(add_nested(*body));
  if (is_loop(node.op)) {
    const LoopForm form = loop_form(node.attrs, operands.size());
    draft.step.kind = StepKind::kLoop;
    sizes.insert(sizes.end(), {form.states, form.sequences, form.captured, form.stacked,
                               form.length, form.tests ? 1 : 0});
    for (int k = 0; k < form.states; ++k)
      draft.uses.push_back(new_temporary(type_bytes(results[static_cast<std::size_t>(k)])));
  } else {
    draft.step.kind = StepKind::kBranch;
    sizes.push_back(static_cast<std::int64_t>(operands.size()) - 1);
  }
  drafts_.push_back(std::move(draft));
}

}  // namespace bafe

// Comes in: a decided program. Goes out: steps in execution order with their buffers still named by
// value. Invariant: before a kernel is lowered, every value it reads has a buffer or can be
// computed in place.

#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/codegen/math_c.h"
#include "bafe/codegen/stream_c.h"
#include "bafe/codegen/vector_c.h"
#include "bafe/cost/row_major.h"
#include "bafe/ir/op.h"
#include "plan_builder.h"

namespace bafe {
namespace {

/// The only functions that generated C may call.
constexpr const char* kBuiltinsC =
    "void *memcpy(void *, const void *, unsigned long);\n"
    "void *memset(void *, int, unsigned long);\n"
    "void *memmove(void *, const void *, unsigned long);\n";

}  // namespace

PlanBuilder::PlanBuilder(const Program& program, const Target& target, const LowerOptions& options)
    : program_(program),
      graph_(program.graph),
      scope_{program, target, options, {}, {}, {}},
      target_(target) {}

std::vector<int> PlanBuilder::order_of(ValueId id) const {
  int rank = graph_.type(id).rank();
  const Layout& layout = program_.layouts[id.index()];
  bool is_plain = layout.form == Layout::kBuffer && static_cast<int>(layout.order.size()) == rank;
  return is_plain ? layout.order : Layout::row(rank).order;
}

bool PlanBuilder::is_empty(ValueId id) const {
  return num_elements(graph_.type(id).shape) == Dim(0);
}

std::string PlanBuilder::label(const Group& group) const {
  std::string text;
  for (ValueId id : group.nodes) {
    std::string_view name = op_info(graph_.node(id).op).name;
    if (text.size() > 80) return text + " …";
    text += (text.empty() ? "" : " ") + std::string(name);
  }
  if (!group.outputs.empty()) text += " " + program_.layouts[group.outputs.back().index()].text();
  return text;
}

void PlanBuilder::add_nests(Lowered lowered, const Group& group, int output) {
  int first_temporary = temporaries_;
  for (KernelDraft& kernel : lowered.kernels) {
    StepDraft draft;
    draft.output = output;
    draft.uses = std::move(kernel.slots);
    for (SlotUse& use : draft.uses) {
      if (use.temporary < 0) continue;
      use.temporary += first_temporary;
      temporaries_ = std::max(temporaries_, use.temporary + 1);
    }
    kernel.nest.symbol = next_symbol();
    kernels_c_ += emit_nest_c(kernel.nest, math_) + "\n";
    draft.step.symbol = kernel.nest.symbol;
    draft.step.label = label(group);
    draft.step.units = kernel.nest.units();
    draft.step.scratch_bytes = kernel.nest.scratch_bytes;
    draft.nest = kernel.nest.symbol;
    if (keeps_nests_) nests_[draft.nest] = std::make_shared<const Nest>(std::move(kernel.nest));
    drafts_.push_back(std::move(draft));
  }
}

void PlanBuilder::lower_by_outputs(const std::vector<ValueId>& outputs, const Group& group) {
  for (int round = 0;; ++round) {
    Lowered lowered = lower_outputs(scope_, outputs);
    if (lowered.ok()) return add_nests(std::move(lowered), group);
    BAFE_CHECK(round < 1000, "every round gives one more value a buffer");
    for (ValueId id : lowered.needs_buffer) materialise(id, group);
  }
}

void PlanBuilder::materialise(ValueId id, const Group& group) {
  if (scope_.stored.contains(id)) return;
  scope_.orders.emplace(id, order_of(id));
  if (place_beside(id)) return;
  OpKind kind = op_info(graph_.node(id).op).kind;
  if (is_empty(id)) {
    // Nothing to compute; whoever reads it reads nothing.
  } else if (kind == OpKind::kContraction) {
    bool done = lower_matmul(id, id, group);
    BAFE_CHECK(done, "a matrix product alone has a kernel");
  } else if (kind == OpKind::kLibrary) {
    lower_library(id, group);
  } else if (kind == OpKind::kControl) {
    lower_control(id, group);
  } else if (kind == OpKind::kScan) {
    for (;;) {
      Lowered lowered = lower_scan(scope_, id);
      if (lowered.ok()) {
        add_nests(std::move(lowered), group);
        break;
      }
      for (ValueId needed : lowered.needs_buffer) materialise(needed, group);
    }
  } else {
    lower_by_outputs({id}, group);
  }
  scope_.stored.insert(id);
}

SlotUse PlanBuilder::by_rows(ValueId operand, const Group& group) {
  materialise(operand, group);
  std::vector<int> row = Layout::row(graph_.type(operand).rank()).order;
  SlotUse use{operand, -1, 0, false};
  if (scope_.orders.at(operand) != row && !is_empty(operand)) {
    Lowered copy = lower_copy(scope_, operand, row);
    for (SlotUse& u : copy.kernels[0].slots) {
      if (u.is_written) u = {ValueId{}, 0, type_bytes(graph_.type(operand)), true};
    }
    use = {ValueId{}, temporaries_, type_bytes(graph_.type(operand)), false};
    add_nests(std::move(copy), group);
  }
  return use;
}

/// Host routines take dense row-major operands and give such a result.
void PlanBuilder::lower_library(ValueId id, const Group& group) {
  const Node& node = graph_.node(id);
  StepDraft draft;
  draft.step.kind = StepKind::kLibrary;
  draft.step.symbol = std::string(op_info(node.op).name);
  draft.step.label = draft.step.symbol;
  for (ValueId operand : node.operands) draft.uses.push_back(by_rows(operand, group));
  scope_.orders[id] = Layout::row(node.type.rank()).order;
  draft.uses.push_back({id, -1, 0, true});
  drafts_.push_back(std::move(draft));
}

/// Outputs of equal shape and order share a kernel when each can be computed there.
void PlanBuilder::lower_siblings(const std::vector<ValueId>& outputs, const Group& group) {
  Lowered lowered = lower_outputs(scope_, outputs);
  if (outputs.size() > 1 && !lowered.ok()) {
    for (ValueId id : outputs) materialise(id, group);
    return;
  }
  if (lowered.ok())
    add_nests(std::move(lowered), group);
  else
    lower_by_outputs(outputs, group);
  scope_.stored.insert(outputs.begin(), outputs.end());
}

/// A reshape of a stored value is that value's memory, unless a caller asked for the result.
bool PlanBuilder::place_beside(ValueId id) {
  const auto& roots = graph_.roots();
  if (std::find(roots.begin(), roots.end(), id) != roots.end() || is_empty(id)) return false;
  if (!keeps_row_major(graph_, id)) return false;
  const ValueId operand = graph_.node(id).operands[0];
  const std::vector<int> row = Layout::row(graph_.type(operand).rank()).order;
  if (!scope_.stored.contains(operand) || scope_.orders.at(operand) != row) return false;
  if (scope_.orders.at(id) != Layout::row(graph_.type(id).rank()).order) return false;
  const auto further = scope_.places.find(operand);
  scope_.places[id] = further == scope_.places.end() ? operand : further->second;
  scope_.stored.insert(id);
  return true;
}

void PlanBuilder::lower_group(const Group& group) {
  std::vector<ValueId> outputs = group.outputs;
  std::sort(outputs.begin(), outputs.end());
  std::vector<ValueId> siblings;
  auto flush = [&] {
    if (!siblings.empty()) lower_siblings(siblings, group);
    siblings.clear();
  };
  for (ValueId id : outputs) {
    if (scope_.stored.contains(id)) continue;
    scope_.orders[id] = order_of(id);
    if (group.kind == GroupKind::kAttention && lower_attention(group)) {
      scope_.stored.insert(id);
      continue;
    }
    if (place_beside(id)) continue;
    OpKind kind = op_info(graph_.node(id).op).kind;
    bool is_nest = kind == OpKind::kPointwise || kind == OpKind::kMovement ||
                   kind == OpKind::kReduction || kind == OpKind::kLayout;
    if (!is_nest || is_empty(id)) {
      flush();
      materialise(id, group);
      continue;
    }
    ValueId product;
    for (ValueId node : group.nodes) {
      bool is_product = op_info(graph_.node(node).op).kind == OpKind::kContraction;
      if (is_product && !scope_.stored.contains(node)) product = node;
    }
    if (product.valid() && lower_matmul(product, id, group)) {
      flush();
      scope_.stored.insert(id);
      continue;
    }
    bool fits = siblings.empty() || (graph_.type(id).shape == graph_.type(siblings[0]).shape &&
                                     scope_.orders.at(id) == scope_.orders.at(siblings[0]));
    if (!fits) flush();
    siblings.push_back(id);
  }
  flush();
}

/// What a root still lacks: its value may be an input, a fill, another root, or lie in another
/// order.
void PlanBuilder::lower_roots() {
  Group none;
  for (std::size_t k = 0; k < graph_.roots().size(); ++k) {
    ValueId root = graph_.roots()[k];
    auto it = value_slots_.find(root);
    if (it != value_slots_.end() && it->second == output_slots_[k]) continue;
    if (is_empty(root)) continue;
    none.nodes = {root};
    none.outputs = {root};
    for (;;) {
      Lowered copy = lower_copy(scope_, root, plan_.slots[output_slots_[k].index()].order);
      if (copy.ok()) {
        add_nests(std::move(copy), none, static_cast<int>(k));
        break;
      }
      for (ValueId id : copy.needs_buffer) materialise(id, none);
    }
  }
}

void PlanBuilder::lower_all() {
  place_leaves();
  for (const Group& group : program_.groups) {
    std::size_t first = drafts_.size();
    cuts_.emplace_back();
    const int number = static_cast<int>(&group - program_.groups.data());
    const std::vector<int>& host = scope_.options.host;
    if (std::find(host.begin(), host.end(), number) != host.end() && lower_host(group))
      hosted_.push_back(number);
    else
      lower_group(group);
    double share = 1.0 / static_cast<double>(std::max<std::size_t>(drafts_.size() - first, 1));
    for (std::size_t i = first; i < drafts_.size(); ++i) {
      drafts_[i].step.predicted_ns = group.predicted_ns * share;
      drafts_[i].step.flops = group.flops * share;
      drafts_[i].step.bytes = group.bytes * share;
      drafts_[i].group = static_cast<int>(cuts_.size()) - 1;
    }
  }
  place_outputs();
  lower_roots();
  resolve_steps();
  place_arena();
  plan_.predicted_ns = program_.predicted_ns;
}

Plan PlanBuilder::run() {
  lower_all();
  if (!kernels_c_.empty()) {
    bool streams = kernels_c_.find("bafe_stream(") != std::string::npos;
    bool turns = kernels_c_.find("bafe_turn") != std::string::npos;
    plan_.c_text =
        std::string(kBuiltinsC) + (uses_vectors_ ? vector_prelude_c(target_) : std::string()) +
        math_functions_c(math_, target_) + (streams ? stream_copy_c(target_) : std::string()) +
        (turns ? turn_c(kTilePitch) : std::string()) + kernels_c_;
  }
  return std::move(plan_);
}

Plan build_plan(const Program& program, const Target& target, const LowerOptions& options) {
  return PlanBuilder(program, target, options).run();
}

std::vector<int> product_tilings(const Program& program, const Target& target,
                                 const LowerOptions& options) {
  PlanBuilder builder(program, target, options);
  builder.run();
  return builder.tilings();
}

}  // namespace bafe

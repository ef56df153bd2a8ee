// Comes in: step drafts that name values and temporaries. Goes out: slots with kinds, orders and
// arena offsets. Invariants: two arena slots that are alive in one step do not overlap; every
// offset is a multiple of 64; an output slot is written by exactly one step and its value may be
// read from there.

#include <algorithm>
#include <limits>

#include "bafe/base/error.h"
#include "plan_builder.h"
#include "slots.h"

namespace bafe {
namespace {

std::int64_t aligned(std::int64_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace

void PlanBuilder::place_leaves() {
  auto add = [&](ValueId id, SlotKind kind, int index, const Type& type, std::vector<int> order) {
    SlotId slot(static_cast<std::uint32_t>(plan_.slots.size()));
    plan_.slots.push_back({kind, index, type, order, type_bytes(type), 0});
    if (id.valid()) {
      value_slots_[id] = slot;
      scope_.orders[id] = order;
      scope_.stored.insert(id);
    }
  };
  std::vector<ValueId> input_nodes(graph_.inputs().size());
  for (std::uint32_t i = 0; i < graph_.size(); ++i) {
    const Node& node = graph_.node(ValueId(i));
    if (op_info(node.op).kind != OpKind::kLeaf) continue;
    if (std::holds_alternative<Dim>(node.attrs[0])) {
      input_nodes[static_cast<std::size_t>(attr_int(node.attrs, 0).value())] = ValueId(i);
    }
  }
  for (std::size_t i = 0; i < input_nodes.size(); ++i) {
    const Type& type = graph_.inputs()[i].type;
    std::vector<int> order = input_nodes[i].valid()
                                 ? order_of(input_nodes[i])
                                 : layout_from_text(graph_.inputs()[i].layout, type.rank()).order;
    if (static_cast<int>(order.size()) != type.rank()) order = Layout::row(type.rank()).order;
    add(input_nodes[i], SlotKind::kInput, static_cast<int>(i), type, order);
  }
  for (ValueId id : graph_.live()) {
    const Node& node = graph_.node(id);
    if (op_info(node.op).kind != OpKind::kLeaf) continue;
    if (!std::holds_alternative<std::string>(node.attrs[0])) continue;
    add(id, SlotKind::kConstant, static_cast<int>(plan_.constants.size()), node.type,
        Layout::row(node.type.rank()).order);
    plan_.constants.push_back({attr_string(node.attrs, 0), type_bytes(node.type)});
  }
  plan_.inputs = static_cast<int>(graph_.inputs().size());
}

/// The first root that a group stores in the order it wants is computed in place.
void PlanBuilder::place_outputs() {
  for (std::size_t k = 0; k < graph_.roots().size(); ++k) {
    ValueId root = graph_.roots()[k];
    const Type& type = graph_.type(root);
    SlotId slot(static_cast<std::uint32_t>(plan_.slots.size()));
    std::vector<int> order = order_of(root);
    plan_.slots.push_back(
        {SlotKind::kOutput, static_cast<int>(k), type, order, type_bytes(type), 0});
    output_slots_.push_back(slot);
    bool is_free = scope_.stored.contains(root) && !value_slots_.contains(root);
    if (is_free && scope_.orders.at(root) == order) value_slots_[root] = slot;
  }
  plan_.outputs = static_cast<int>(graph_.roots().size());
}

SlotId PlanBuilder::slot_of(const SlotUse& use, int output) {
  if (use.is_written && output >= 0 && use.temporary < 0) {
    return output_slots_[static_cast<std::size_t>(output)];
  }
  if (use.temporary < 0) {
    if (auto place = scope_.places.find(use.value); place != scope_.places.end()) {
      SlotUse there = use;
      there.value = place->second;
      return slot_of(there, output);
    }
    if (auto it = value_slots_.find(use.value); it != value_slots_.end()) return it->second;
  } else if (auto it = temporary_slots_.find(use.temporary); it != temporary_slots_.end()) {
    return it->second;
  }
  SlotId slot(static_cast<std::uint32_t>(plan_.slots.size()));
  Slot s;
  if (use.temporary < 0) {
    s.type = graph_.type(use.value);
    s.order = scope_.orders.at(use.value);
    s.bytes = type_bytes(s.type);
    value_slots_[use.value] = slot;
  } else {
    s.type = Type{DType::kU8, {Dim(use.temporary_bytes)}};
    s.order = {0};
    s.bytes = use.temporary_bytes;
    temporary_slots_[use.temporary] = slot;
  }
  plan_.slots.push_back(std::move(s));
  return slot;
}

void PlanBuilder::resolve_steps() {
  for (StepDraft& draft : drafts_) {
    for (const SlotUse& use : draft.uses) draft.step.slots.push_back(slot_of(use, draft.output));
    if (draft.in_setup) {  // what a setup step fills lives as long as the plan
      for (std::size_t i = 0; i < draft.uses.size(); ++i) {
        Slot& slot = plan_.slots[draft.step.slots[i].index()];
        if (!draft.uses[i].is_written || slot.kind == SlotKind::kConstant) continue;
        slot.kind = SlotKind::kConstant;
        slot.index = static_cast<int>(plan_.constants.size());
        plan_.constants.push_back({"", slot.bytes});
      }
      plan_.setup.push_back(std::move(draft.step));
    } else {
      plan_.steps.push_back(std::move(draft.step));
    }
  }
}

void PlanBuilder::place_arena() { place_in_arena(plan_); }

/// First fit over the intervals of life, in order of birth.
void place_in_arena(Plan& plan) {
  struct Life {
    std::size_t slot, first, last;
  };
  std::vector<Life> lives(plan.slots.size(), {0, std::numeric_limits<std::size_t>::max(), 0});
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    for (SlotId id : plan.steps[s].slots) {
      Life& life = lives[id.index()];
      life.slot = id.index();
      life.first = std::min(life.first, s);
      life.last = std::max(life.last, s);
    }
  }
  std::erase_if(lives, [&](const Life& l) {
    return l.first > l.last || plan.slots[l.slot].kind != SlotKind::kArena;
  });
  std::stable_sort(lives.begin(), lives.end(), [](auto& a, auto& b) { return a.first < b.first; });
  std::vector<Life> placed;
  for (const Life& life : lives) {
    std::vector<std::pair<std::int64_t, std::int64_t>> busy;
    for (const Life& other : placed) {
      if (other.last < life.first || life.last < other.first) continue;
      const Slot& s = plan.slots[other.slot];
      busy.emplace_back(s.arena_offset, s.arena_offset + aligned(s.bytes));
    }
    std::sort(busy.begin(), busy.end());
    std::int64_t at = 0, size = aligned(std::max<std::int64_t>(plan.slots[life.slot].bytes, 1));
    for (auto [from, to] : busy) {
      if (at + size <= from) break;
      at = std::max(at, to);
    }
    plan.slots[life.slot].arena_offset = at;
    plan.arena_bytes = std::max(plan.arena_bytes, at + size);
    placed.push_back(life);
  }
}

}  // namespace bafe

// Runs of pointwise operators as steps. In: operators of one shape, operands first. Out: one step
// that computes them block by block; only what is read elsewhere is stored. Invariant: the axis
// order of the walk is the order of every value the step stores.

#include <algorithm>
#include <cstdlib>
#include <map>

#include "bafe/base/error.h"
#include "bafe/cost/access.h"
#include "bafe/cost/result_order.h"
#include "prebuilt_builder.h"
#include "prebuilt_steps.h"
#include "prebuilt_table.h"

namespace bafe {
namespace {

constexpr std::size_t kMostOperators = 48;  // of one step
constexpr std::int64_t kUnitBlocks = 16;
constexpr std::int64_t kSmallArray = 4096;  // elements that are gathered rather than turned

/// Registers in scratch, given back after the last use.
class Registers {
 public:
  explicit Registers(std::int64_t block) : block_(block) {}
  std::int64_t take(std::int64_t bytes) {
    std::vector<std::int64_t>& idle = idle_[bytes];
    if (!idle.empty()) {
      const std::int64_t at = idle.back();
      idle.pop_back();
      return at;
    }
    const std::int64_t at = total_;
    total_ += (block_ * bytes + 63) / 64 * 64;
    return at;
  }
  void give(std::int64_t bytes, std::int64_t at) { idle_[bytes].push_back(at); }
  std::int64_t total() const { return total_; }

 private:
  std::int64_t block_, total_ = 0;
  std::map<std::int64_t, std::vector<std::int64_t>> idle_;
};

}  // namespace

void PrebuiltBuilder::need(ValueId id) {
  if (is_pending_[id.index()]) flush();
}

void PrebuiltBuilder::flush() {
  if (open_.empty()) return;
  std::vector<ValueId> nodes;
  nodes.swap(open_);
  for (ValueId id : nodes) is_pending_[id.index()] = false;
  emit_group(nodes);
}

int PrebuiltBuilder::kernel_of(const Node& node) const {
  std::vector<DType> operands;
  for (ValueId operand : node.operands) operands.push_back(graph_.type(operand).dtype);
  return find_prebuilt(target_.isa, prebuilt_key(op_info(node.op).name, operands, node.type.dtype));
}

void PrebuiltBuilder::pointwise(ValueId id) {
  const Node& node = graph_.node(id);
  if (kernel_of(node) < 0) return interpret(id);
  const bool fits = open_.empty() || (graph_.type(open_[0]).shape == node.type.shape &&
                                      open_.size() < kMostOperators);
  if (!fits) flush();
  open_.push_back(id);
  is_pending_[id.index()] = true;
}

bool PrebuiltBuilder::is_read_outside(ValueId id, const std::vector<bool>& inside) const {
  if (is_root_[id.index()]) return true;
  const std::vector<ValueId>& users = users_[id.index()];
  return std::any_of(users.begin(), users.end(),
                     [&](ValueId user) { return !inside[user.index()]; });
}

/// That of a root among them, else what the operands have in common.
std::vector<int> PrebuiltBuilder::order_of_group(const std::vector<ValueId>& nodes,
                                                 const std::vector<ValueId>& loads) const {
  for (ValueId id : nodes) {
    if (is_root_[id.index()]) return root_orders_[id.index()];
  }
  std::vector<const Strides*> strides;
  for (ValueId id : loads) strides.push_back(&views_[id.index()].strides);
  return common_order(strides, graph_.type(nodes[0]).shape.size());
}

void PrebuiltBuilder::emit_group(const std::vector<ValueId>& nodes) {
  const Shape& shape = graph_.type(nodes[0]).shape;
  const std::int64_t count = num_elements(shape).value();
  std::vector<bool> inside(graph_.size(), false);
  std::vector<ValueId> values, loads;  // values: loads, then operators
  std::map<ValueId, std::int64_t> number, last_use;
  for (ValueId id : nodes) inside[id.index()] = true;
  std::int64_t widest = 1;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    widest = std::max<std::int64_t>(widest, dtype_bytes(graph_.type(nodes[i]).dtype));
    for (ValueId operand : graph_.node(nodes[i]).operands) {
      last_use[operand] = static_cast<std::int64_t>(i);
      widest = std::max<std::int64_t>(widest, dtype_bytes(graph_.type(operand).dtype));
      if (inside[operand.index()] || number.contains(operand)) continue;
      number[operand] = static_cast<std::int64_t>(loads.size());
      loads.push_back(operand);
    }
  }
  const std::vector<int> order = order_of_group(nodes, loads);
  for (ValueId id : loads) {  // what jumps along the walk is turned once
    StoredView& view = views_[id.index()];
    const auto fast = static_cast<std::size_t>(order.empty() ? 0 : order.back());
    if (view.slot < 0 || order.empty() || count < kSmallArray) continue;
    const bool runs_elsewhere =
        std::any_of(view.strides.begin(), view.strides.end(), [](auto s) { return s == 1; });
    if (std::abs(view.strides[fast]) > 1 && runs_elsewhere)
      view = copied(view, graph_.type(id), order);
  }
  std::vector<const Strides*> strides;
  for (ValueId id : loads) strides.push_back(&views_[id.index()].strides);
  LoopAxes axes = loop_axes(shape, order, strides);
  if (axes.dims.empty()) {
    axes.dims = {1};
    for (Strides& list : axes.strides) list = {0};
  }
  const std::int64_t block = widest == 8 ? 512 : 1024;
  Step step;
  std::map<int, std::int64_t> slot_places;
  auto place_of = [&](int slot) {
    auto [it, is_new] = slot_places.try_emplace(slot, static_cast<std::int64_t>(step.slots.size()));
    if (is_new) step.slots.push_back(SlotId(static_cast<std::uint32_t>(slot)));
    return it->second;
  };
  Registers registers(block);
  Strides load_words, op_words, store_words, places;
  for (std::size_t i = 0; i < loads.size(); ++i) {
    const StoredView& view = views_[loads[i].index()];
    const std::int64_t bytes = dtype_bytes(graph_.type(loads[i]).dtype);
    const std::int64_t slot = view.slot < 0 ? -1 : place_of(view.slot);
    for (std::int64_t word : {slot, bytes, static_cast<std::int64_t>(i), view.offset,
                              static_cast<std::int64_t>(view.fill.bits)})
      load_words.push_back(word);
    load_words.insert(load_words.end(), axes.strides[i].begin(), axes.strides[i].end());
    places.push_back(registers.take(bytes));
    step.bytes += static_cast<double>(count * bytes);
  }
  std::int64_t stores = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = graph_.node(nodes[i]);
    const std::int64_t bytes = dtype_bytes(node.type.dtype);
    const auto value = static_cast<std::int64_t>(loads.size() + i);
    number[nodes[i]] = value;
    places.push_back(registers.take(bytes));
    Strides words = {kernel_of(node), value, 0, 0, 0};
    for (std::size_t a = 0; a < node.operands.size(); ++a)
      words[2 + a] = number.at(node.operands[a]);
    op_words.insert(op_words.end(), words.begin(), words.end());
    const bool is_stored = is_read_outside(nodes[i], inside);
    if (is_stored) {
      StoredView& view = views_[nodes[i].index()];
      view.slot = new_slot(node.type, order);
      view.strides = dense_strides(shape, order);
      for (std::int64_t word : {place_of(view.slot), bytes, value}) store_words.push_back(word);
      last_use[nodes[i]] = static_cast<std::int64_t>(nodes.size());
      step.bytes += static_cast<double>(count * bytes);
      ++stores;
    }
    for (ValueId operand : node.operands) {  // loads keep theirs: some are filled once
      if (!inside[operand.index()] || last_use[operand] != static_cast<std::int64_t>(i)) continue;
      last_use[operand] = -1;
      registers.give(dtype_bytes(graph_.type(operand).dtype),
                     places[static_cast<std::size_t>(number.at(operand))]);
    }
    step.flops += static_cast<double>(count) * element_weight(node.op);
    if (step.label.size() < 80) step.label += (i ? " " : "") + std::string(op_info(node.op).name);
  }
  const std::int64_t per_unit = kUnitBlocks * 1024;
  step.kind = StepKind::kPrebuilt;
  step.symbol = symbol("pointwise");
  step.sizes = {count,
                static_cast<std::int64_t>(axes.dims.size()),
                static_cast<std::int64_t>(loads.size()),
                static_cast<std::int64_t>(nodes.size()),
                stores,
                static_cast<std::int64_t>(places.size()),
                block,
                per_unit};
  for (const Strides* list : {&axes.dims, &load_words, &op_words, &store_words, &places})
    step.sizes.insert(step.sizes.end(), list->begin(), list->end());
  step.units = (count + per_unit - 1) / per_unit;
  step.scratch_bytes = registers.total();
  plan_.steps.push_back(std::move(step));
}

}  // namespace bafe

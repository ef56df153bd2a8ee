// Runs of pointwise operators as steps. In: operators of one shape, operands first. Out: one step
// that computes them block by block; only what is read elsewhere is stored. Invariant: the axis
// order of the walk is the order of every value the step stores.

#include <algorithm>
#include <cstdlib>
#include <map>

#include "bafe/base/error.h"
#include "bafe/cost/access.h"
#include "bafe/cost/result_order.h"
#include "kernel.h"
#include "prebuilt_builder.h"
#include "prebuilt_steps.h"
#include "prebuilt_table.h"
#include "sizes.h"

namespace bafe {
namespace {

constexpr std::size_t kMostOperators = 48;  // of one step

using Words = std::vector<std::int64_t>;
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

/// The bytecode of one step while it is collected.
class PointwiseDraft {
 public:
  PointwiseDraft(std::int64_t count, std::int64_t widest)
      : count_(count), block_(widest == 8 ? 512 : 1024), registers_(block_) {}

  /// The next value is read from a view.
  void add_load(const StoredView& view, std::int64_t bytes, const Words& strides) {
    append(loads_, {view.slot < 0 ? -1 : place_of(view.slot), bytes, values(), view.offset,
                    static_cast<std::int64_t>(view.fill.bits)});
    append(loads_, strides);
    registers_of_.push_back(registers_.take(bytes));
    step.bytes += static_cast<double>(count_ * bytes);
    ++load_count_;
  }
  /// The next value is computed.
  void add_op(int kernel, std::int64_t bytes, const Words& operands) {
    Words words = {kernel, values()};
    append(words, operands);
    words.resize(pointwise_sizes::kOpWords, 0);
    append(ops_, words);
    registers_of_.push_back(registers_.take(bytes));
    ++op_count_;
  }
  void add_store(int slot, std::int64_t bytes, std::int64_t value) {
    append(stores_, {place_of(slot), bytes, value});
    step.bytes += static_cast<double>(count_ * bytes);
    ++store_count_;
  }
  void end_life(std::int64_t value, std::int64_t bytes) {
    registers_.give(bytes, registers_of_[static_cast<std::size_t>(value)]);
  }
  std::int64_t values() const { return static_cast<std::int64_t>(registers_of_.size()); }

  Step finish(const Words& dims) {
    const std::int64_t per_unit = kUnitElements;
    step.sizes = {count_,       static_cast<std::int64_t>(dims.size()),
                  load_count_,  op_count_,
                  store_count_, values(),
                  block_,       per_unit};
    append(step.sizes, dims);
    for (const Words* list : {&loads_, &ops_, &stores_, &registers_of_}) append(step.sizes, *list);
    step.units = ceil_div(count_, per_unit);
    step.scratch_bytes = registers_.total();
    return std::move(step);
  }

  Step step;

 private:
  static void append(Words& to, const Words& words) {
    to.insert(to.end(), words.begin(), words.end());
  }
  std::int64_t place_of(int slot) {
    auto [it, is_new] = places_.try_emplace(slot, static_cast<std::int64_t>(step.slots.size()));
    if (is_new) step.slots.push_back(SlotId(static_cast<std::uint32_t>(slot)));
    return it->second;
  }

  std::int64_t count_, block_, load_count_ = 0, op_count_ = 0, store_count_ = 0;
  Registers registers_;
  Words loads_, ops_, stores_, registers_of_;
  std::map<int, std::int64_t> places_;
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

std::vector<ValueId> PrebuiltBuilder::loads_of(const std::vector<ValueId>& nodes,
                                               const std::vector<bool>& inside) const {
  std::vector<ValueId> loads;
  std::vector<bool> met(graph_.size(), false);
  for (ValueId id : nodes) {
    for (ValueId operand : graph_.node(id).operands) {
      if (inside[operand.index()] || met[operand.index()]) continue;
      met[operand.index()] = true;
      loads.push_back(operand);
    }
  }
  return loads;
}

/// What jumps along the walk is turned once.
void PrebuiltBuilder::turn_loads(const std::vector<ValueId>& loads, const std::vector<int>& order) {
  for (ValueId id : loads) {
    StoredView& view = views_[id.index()];
    const Type& type = graph_.type(id);
    if (view.slot < 0 || order.empty() || num_elements(type.shape).value() < kSmallArray) continue;
    const bool runs_elsewhere =
        std::any_of(view.strides.begin(), view.strides.end(), [](auto s) { return s == 1; });
    const std::int64_t along = view.strides[static_cast<std::size_t>(order.back())];
    if (std::abs(along) > 1 && runs_elsewhere) view = copied(view, type, order);
  }
}

void PrebuiltBuilder::emit_group(const std::vector<ValueId>& nodes) {
  const Shape& shape = graph_.type(nodes[0]).shape;
  std::vector<bool> inside(graph_.size(), false);
  std::map<ValueId, std::size_t> last_use;
  std::int64_t widest = 1;
  for (ValueId id : nodes) inside[id.index()] = true;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    widest = std::max(widest, bytes_of_element(nodes[i]));
    for (ValueId operand : graph_.node(nodes[i]).operands) {
      widest = std::max(widest, bytes_of_element(operand));
      last_use[operand] = i;
    }
  }
  const std::vector<ValueId> loads = loads_of(nodes, inside);
  const std::vector<int> order = order_of_group(nodes, loads);
  turn_loads(loads, order);
  std::vector<const Strides*> strides;
  for (ValueId id : loads) strides.push_back(&views_[id.index()].strides);
  LoopAxes axes = loop_axes(shape, order, strides);
  if (axes.dims.empty()) axes = {{1}, std::vector<Strides>(loads.size(), Strides{0})};

  PointwiseDraft draft(num_elements(shape).value(), widest);
  std::map<ValueId, std::int64_t> number;
  for (std::size_t i = 0; i < loads.size(); ++i) {
    number[loads[i]] = draft.values();
    draft.add_load(views_[loads[i].index()], bytes_of_element(loads[i]), axes.strides[i]);
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = graph_.node(nodes[i]);
    Strides operands;
    for (ValueId operand : node.operands) operands.push_back(number.at(operand));
    number[nodes[i]] = draft.values();
    draft.add_op(kernel_of(node), bytes_of_element(nodes[i]), operands);
    for (ValueId operand : node.operands) {  // loads keep theirs: some are filled once
      const auto use = last_use.find(operand);
      const bool is_last = inside[operand.index()] && use != last_use.end() && use->second == i;
      if (!is_last) continue;
      if (!is_read_outside(operand, inside))
        draft.end_life(number.at(operand), bytes_of_element(operand));
      last_use.erase(use);
    }
    draft.step.flops += static_cast<double>(num_elements(shape).value()) * element_weight(node.op);
    if (draft.step.label.size() < 80)
      draft.step.label += (i ? " " : "") + std::string(op_info(node.op).name);
  }
  store_group(nodes, inside, order, [&](ValueId id, int slot) {
    draft.add_store(slot, bytes_of_element(id), number.at(id));
  });
  draft.step.kind = StepKind::kPrebuilt;
  draft.step.symbol = symbol("pointwise");
  plan_.steps.push_back(draft.finish(axes.dims));
}

void PrebuiltBuilder::store_group(const std::vector<ValueId>& nodes,
                                  const std::vector<bool>& inside, const std::vector<int>& order,
                                  const std::function<void(ValueId, int)>& store) {
  for (ValueId id : nodes) {
    if (!is_read_outside(id, inside)) continue;
    StoredView& view = views_[id.index()];
    view.slot = new_slot(graph_.type(id), order);
    view.strides = dense_strides(graph_.type(id).shape, order);
    store(id, view.slot);
  }
}

}  // namespace bafe

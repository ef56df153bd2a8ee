// Layouts of stored values and constants. In: a partition. Out: the same partition, some values
// stored along other axes, some constants kept in panels. A change is kept only if the price of
// every group that touches the value falls in sum; BAFE_LAYOUTS=row makes none.

#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/base/options.h"
#include "bafe/cost/access.h"
#include "bafe/cost/product_cost.h"
#include "planner.h"

namespace bafe {

/// May search store the value as it likes?
bool Planner::order_is_free(ValueId id) const {
  if (is_root_[id.index()] || graph().type(id).rank() < 2) return false;
  auto library = [&](ValueId v) { return is_routine(op_info(graph().node(v).op).kind); };
  return !library(id) &&
         std::none_of(users_[id.index()].begin(), users_[id.index()].end(), library) &&
         readers_move_axes(id);
}

/// Does a reader do more with the value than arithmetic element by element? Else no other order is
/// faster.
bool Planner::readers_move_axes(ValueId id) const {
  for (std::size_t c : readers(id)) {
    std::vector<ValueId> above{id};  // what is made of the value, ascending
    for (ValueId node : cells_[c].group.nodes) {
      const std::vector<ValueId>& operands = graph().node(node).operands;
      bool reads = std::any_of(operands.begin(), operands.end(), [&](ValueId operand) {
        return std::binary_search(above.begin(), above.end(), operand);
      });
      if (!reads) continue;
      if (op_info(graph().node(node).op).kind != OpKind::kPointwise) return true;
      above.push_back(node);
    }
  }
  return false;
}

/// A product stores its result along either axis; other kernels pay dearly for scattered stores
/// unless something they read lies in that order too.
bool Planner::stores_along(ValueId id, const std::vector<int>& order) const {
  const Group& group = cells_[home_[id.index()]].group;
  if (group.kind == GroupKind::kMatmul || std::is_sorted(order.begin(), order.end())) return true;
  for (ValueId node : group.nodes) {
    for (ValueId operand : graph().node(node).operands) {
      bool outside = !std::binary_search(group.nodes.begin(), group.nodes.end(), operand);
      if (outside && program_.layouts[operand.index()].order == order) return true;
    }
  }
  return false;
}

bool Planner::try_layout(ValueId id, Layout next) {
  Layout& layout = program_.layouts[id.index()];
  if (layout == next) return false;
  std::vector<std::size_t> touched = readers(id);
  if (stored_[id.index()]) touched.push_back(home_[id.index()]);
  std::swap(layout, next);
  double before = 0, after = 0;
  std::vector<Cell> changed;
  for (std::size_t c : touched) {
    Cell cell{cells_[c].outputs, {}};
    before += cells_[c].group.predicted_ns;
    bool legal = derive(cell);
    BAFE_CHECK(legal, "legality does not depend on layouts");
    after += cell.group.predicted_ns;
    changed.push_back(std::move(cell));
  }
  if (!(after < 0.98 * before)) {  // a small predicted gain is not worth an unusual layout
    std::swap(program_.layouts[id.index()], next);
    return false;
  }
  for (std::size_t i = 0; i < touched.size(); ++i) set_cell(touched[i], std::move(changed[i]));
  return true;
}

bool Planner::choose_orders() {
  bool any = false;
  for (int round = 0; round < 2; ++round) {
    bool changed = false;
    for (std::size_t i = 0; i < stored_.size() && !is_stopped(); ++i) {
      ValueId id(static_cast<std::uint32_t>(i));
      if (!stored_[i] || !order_is_free(id)) continue;
      int rank = graph().type(id).rank();
      std::vector<std::vector<int>> orders{Layout::row(rank).order, Layout::col(rank).order};
      orders.push_back(orders[0]);
      std::swap(orders[2][orders[2].size() - 1], orders[2][orders[2].size() - 2]);
      for (const std::vector<int>& order : orders) {
        if (!stores_along(id, order)) continue;
        Layout layout = program_.layouts[i];
        layout.order = order;
        changed |= try_layout(id, std::move(layout));
      }
    }
    any |= changed;
    if (!changed) break;
  }
  return any;
}

constexpr int kPairPanels = -1;  // panels of bf16 pairs: the layout "tc"

/// Width of the panels in which a product would read the value; 0 when no product reads it as it
/// is or transposed, kPairPanels where it goes through pairs of bf16.
int Planner::panel_of(ValueId id) const {
  for (ValueId user : users_[id.index()]) {
    const Node& node = graph().node(user);
    if (op_info(node.op).kind == OpKind::kContraction) {
      const Shape& shape = node.type.shape;
      std::size_t rank = shape.size();
      if (uses_pairs(cost_.machine(), node.type.dtype, size_of(shape[rank - 2]),
                     size_of(shape[rank - 1]),
                     size_of(graph().type(node.operands[0]).shape.back())))
        return kPairPanels;
      return panel_width(cost_.machine(), node.type.dtype, size_of(shape[rank - 2]),
                         size_of(shape[rank - 1]));
    }
    if (!axis_permutation(graph(), user)) continue;
    if (int width = panel_of(user)) return width;
  }
  return 0;
}

/// A constant is packed once, when the kernel is loaded; every call then reads it in order.
bool Planner::choose_panels() {
  bool any = false;
  for (std::size_t i = 0; i < stored_.size() && !is_stopped(); ++i) {
    ValueId id(static_cast<std::uint32_t>(i));
    bool leaf = op_info(graph().node(id).op).kind == OpKind::kLeaf;
    if (!leaf || is_input(graph(), id) || is_fill(graph(), id)) continue;
    if (graph().type(id).rank() < 2) continue;
    Layout layout = program_.layouts[i];
    const int width = panel_of(id);
    layout.tensor_core = width == kPairPanels;
    layout.blocked = layout.tensor_core ? 0 : width;
    any |= try_layout(id, std::move(layout));
  }
  return any;
}

void Planner::choose_layouts() {
  if (option("BAFE_LAYOUTS") == "row") return;
  choose_panels();
  if (choose_orders()) choose_panels();  // a product stored by columns reads the other operand so
}

}  // namespace bafe

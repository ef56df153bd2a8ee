// Orders of stored values. In: a partition. Out: the same partition, some values stored along other
// axes. A change is kept only if the price of every group that touches the value falls in sum.

#include <algorithm>

#include "bafe/base/error.h"
#include "planner.h"

namespace bafe {

/// May search store the value as it likes?
bool Planner::order_is_free(ValueId id) const {
  if (is_root_[id.index()] || graph().type(id).rank() < 2) return false;
  auto library = [&](ValueId v) { return op_info(graph().node(v).op).kind == OpKind::kLibrary; };
  return !library(id) &&
         std::none_of(users_[id.index()].begin(), users_[id.index()].end(), library);
}

bool Planner::try_order(ValueId id, const std::vector<int>& order) {
  std::vector<int> old = program_.layouts[id.index()].order;
  if (old == order) return false;
  std::vector<std::size_t> touched = readers(id);
  touched.push_back(home_[id.index()]);
  program_.layouts[id.index()].order = order;
  double before = 0, after = 0;
  std::vector<Cell> changed;
  for (std::size_t c : touched) {
    Cell cell{cells_[c].outputs, {}};
    before += cells_[c].group.predicted_ns;
    bool legal = derive(cell);
    BAFE_CHECK(legal, "legality does not depend on orders");
    after += cell.group.predicted_ns;
    changed.push_back(std::move(cell));
  }
  if (!(after < 0.98 * before)) {  // a small predicted gain is not worth an unusual order
    program_.layouts[id.index()].order = old;
    return false;
  }
  for (std::size_t i = 0; i < touched.size(); ++i) set_cell(touched[i], std::move(changed[i]));
  return true;
}

void Planner::choose_orders() {
  for (int round = 0; round < 2; ++round) {
    bool changed = false;
    for (std::size_t i = 0; i < stored_.size() && !is_stopped(); ++i) {
      ValueId id(static_cast<std::uint32_t>(i));
      if (!stored_[i] || !order_is_free(id)) continue;
      int rank = graph().type(id).rank();
      std::vector<std::vector<int>> orders{Layout::row(rank).order, Layout::col(rank).order};
      orders.push_back(orders[0]);
      std::swap(orders[2][orders[2].size() - 1], orders[2][orders[2].size() - 2]);
      for (const std::vector<int>& order : orders) changed |= try_order(id, order);
    }
    if (!changed) return;
  }
}

}  // namespace bafe

// The move that no pair of groups offers: two contractions with a row program between become one
// group. In: a partition. Out: the same, or one in which every value between the contractions is a
// stream of the second's group. A move is kept only if it is legal and the price falls.

#include <algorithm>
#include <set>

#include "bafe/base/error.h"
#include "planner.h"

namespace bafe {
namespace {

OpKind kind_of(const Graph& graph, ValueId id) { return op_info(graph.node(id).op).kind; }

}  // namespace

/// What lies below the outputs of cell `c` and depends on the first of exactly two contractions;
/// ascending. Empty when there are not two, one below the other's left operand.
std::vector<ValueId> Planner::between_contractions(std::size_t c) const {
  std::set<ValueId> region, contractions;
  // Operands of a contraction are not walked: they are buffers or prologues, whatever they are.
  auto walk = [&](std::vector<ValueId> work) {
    while (!work.empty() && region.size() <= 4 * kMaxGroupNodes) {
      ValueId id = work.back();
      work.pop_back();
      OpKind kind = kind_of(graph(), id);
      if (kind == OpKind::kLeaf || !region.insert(id).second) continue;
      const std::vector<ValueId>& operands = graph().node(id).operands;
      if (kind == OpKind::kContraction)
        contractions.insert(id);
      else
        work.insert(work.end(), operands.begin(), operands.end());
    }
  };
  walk(cells_[c].outputs);
  if (contractions.empty() || contractions.size() > 2) return {};
  ValueId second = *contractions.rbegin();
  walk({graph().node(second).operands[0]});
  if (contractions.size() != 2) return {};
  ValueId first = *contractions.begin();
  std::set<ValueId> below{first};
  for (ValueId id : region) {
    for (ValueId operand : graph().node(id).operands) {
      if (below.count(operand)) below.insert(id);
    }
  }
  if (!below.count(second)) return {};
  return {below.begin(), below.end()};
}

bool Planner::try_attention(std::size_t c) {
  if (cells_[c].outputs.size() != 1) return false;
  std::vector<ValueId> freed;
  std::set<std::size_t> gone;
  for (ValueId id : between_contractions(c)) {
    if (!stored_[id.index()] || home_[id.index()] == c) continue;
    if (is_root_[id.index()]) return false;
    freed.push_back(id);
    gone.insert(home_[id.index()]);
  }
  if (freed.empty()) return false;
  double before = cells_[c].group.predicted_ns;
  for (std::size_t other : gone) before += cells_[other].group.predicted_ns;
  for (ValueId id : freed) {
    for (std::size_t reader : readers(id)) {
      if (reader != c && !gone.count(reader)) return false;
    }
  }
  std::size_t stores = 0;
  for (std::size_t other : gone) stores += cells_[other].outputs.size();
  if (stores != freed.size()) return false;  // a cell also stores what others read
  for (ValueId id : freed) stored_[id.index()] = false;
  Cell cell{cells_[c].outputs, {}};
  bool is_kept =
      derive(cell) && cell.group.kind == GroupKind::kAttention && cell.group.predicted_ns < before;
  if (!is_kept) {
    for (ValueId id : freed) stored_[id.index()] = true;
    return false;
  }
  for (std::size_t other : gone) set_cell(other, {});
  set_cell(c, std::move(cell));
  return true;
}

void Planner::find_attention() {
  std::size_t contractions = 0;
  for (ValueId id : graph().live()) contractions += kind_of(graph(), id) == OpKind::kContraction;
  if (contractions < 2) return;
  for (std::size_t c = 0; c < cells_.size() && !is_stopped(); ++c) {
    if (!cells_[c].outputs.empty()) try_attention(c);
  }
}

}  // namespace bafe

// Chooses forms, orders and groups. In: a graph in plan form and prices. Out: a Program. The state
// is the set of stored values and its partition into groups; everything else of a group is the cone
// of streams below its outputs. Moves: stop storing a value (every reader pulls it), join two
// groups that read the same buffers, store a value in another order. A move is kept only if it is
// legal and the price falls, so the result is never above the finest partition.

#include <algorithm>
#include <map>
#include <set>

#include "bafe/base/error.h"
#include "bafe/cost/access.h"
#include "bafe/search/plan.h"

namespace bafe {
namespace {

constexpr std::size_t kJoinWindow = 64;  // groups further apart share too little cache to be one

class Planner {
 public:
  Planner(Graph graph, const CostModel& cost) : cost_(cost) {
    program_.graph = std::move(graph);
    start();
  }
  Program run();

 private:
  struct Cell {
    std::vector<ValueId> outputs;
    Group group;  // derived from outputs and stored_
  };
  const Graph& graph() const { return program_.graph; }
  void start();
  bool derive(Cell& cell, const std::vector<bool>& stored) const;
  std::vector<std::size_t> readers(ValueId id) const;
  bool has_anchor(const Group& group) const;
  bool feeds_contraction(const Group& group, ValueId id) const;
  bool try_unstore(ValueId id, bool prologues);
  bool reaches(std::size_t from, std::size_t to, bool skip_direct) const;
  bool share_buffer(const Group& a, const Group& b) const;
  bool try_join(std::size_t a, std::size_t b);
  void choose_orders();
  bool try_order(ValueId id, const std::vector<int>& order);
  bool order_is_free(ValueId id) const;
  std::vector<Group> in_execution_order() const;

  const CostModel& cost_;
  Program program_;
  std::vector<Cell> cells_;
  std::vector<bool> stored_, is_root_;
  std::vector<std::vector<ValueId>> users_;
};

bool is_leaf(const Graph& graph, ValueId id) {
  return op_info(graph.node(id).op).kind == OpKind::kLeaf;
}

void collect(const Graph& graph, const std::vector<bool>& stored,
             const std::vector<ValueId>& outputs, ValueId id, std::set<ValueId>& nodes) {
  bool output = std::find(outputs.begin(), outputs.end(), id) != outputs.end();
  if (is_leaf(graph, id) || (stored[id.index()] && !output)) return;
  if (!nodes.insert(id).second) return;
  for (ValueId operand : graph.node(id).operands) collect(graph, stored, outputs, operand, nodes);
}

/// The order that a layout_transform at a root asks for.
std::vector<int> root_order(const Graph& graph, ValueId id) {
  int rank = graph.type(id).rank();
  const Node& node = graph.node(id);
  if (op_info(node.op).kind != OpKind::kLayout) return Layout::row(rank).order;
  return layout_from_text(attr_string(node.attrs, 0), rank).order;
}

Layout leaf_layout(const Graph& graph, ValueId id) {
  int rank = graph.type(id).rank();
  if (!is_input(graph, id)) return Layout::row(rank);
  int index = static_cast<int>(attr_int(graph.node(id).attrs, 0).value());
  return layout_from_text(graph.inputs()[static_cast<std::size_t>(index)].layout, rank);
}

void Planner::start() {
  std::size_t size = graph().size();
  stored_.assign(size, false);
  is_root_.assign(size, false);
  users_.resize(size);
  for (ValueId root : graph().roots()) is_root_[root.index()] = true;
  for (std::size_t i = 0; i < size; ++i) {
    Layout layout = leaf_layout(graph(), ValueId(static_cast<std::uint32_t>(i)));
    program_.layouts.push_back(std::move(layout));
  }
  std::vector<ValueId> live = graph().live();
  for (ValueId id : live) {
    for (ValueId operand : graph().node(id).operands) users_[operand.index()].push_back(id);
    stored_[id.index()] = !is_leaf(graph(), id);
    if (is_root_[id.index()]) program_.layouts[id.index()].order = root_order(graph(), id);
  }
  for (ValueId id : live) {
    if (!stored_[id.index()]) continue;
    Cell cell{{id}, {}};
    bool legal = derive(cell, stored_);
    BAFE_CHECK(legal, "an operator alone is a legal group");
    cells_.push_back(std::move(cell));
  }
}

bool Planner::derive(Cell& cell, const std::vector<bool>& stored) const {
  std::set<ValueId> nodes;
  for (ValueId id : cell.outputs) {
    collect(graph(), stored, cell.outputs, id, nodes);
    if (nodes.size() > kMaxGroupNodes) return false;
  }
  Group group;
  group.nodes.assign(nodes.begin(), nodes.end());
  group.outputs = cell.outputs;
  auto kind = legal_group(graph(), group.nodes, group.outputs);
  if (!kind) return false;
  group.kind = *kind;
  GroupCost price = cost_.group_cost(program_, group);
  group.predicted_ns = price.ns;
  group.flops = price.flops;
  group.bytes = price.bytes;
  cell.group = std::move(group);
  return true;
}

std::vector<std::size_t> Planner::readers(ValueId id) const {
  std::vector<std::size_t> result;
  for (std::size_t c = 0; c < cells_.size(); ++c) {
    const std::vector<ValueId>& nodes = cells_[c].group.nodes;
    if (cells_[c].outputs.empty()) continue;
    bool reads = std::any_of(
        users_[id.index()].begin(), users_[id.index()].end(),
        [&](ValueId user) { return std::binary_search(nodes.begin(), nodes.end(), user); });
    if (reads && std::find(cells_[c].outputs.begin(), cells_[c].outputs.end(), id) ==
                     cells_[c].outputs.end()) {
      result.push_back(c);
    }
  }
  return result;
}

bool Planner::has_anchor(const Group& group) const { return group.kind != GroupKind::kPointwise; }

/// Is `id` pulled by the contraction of the group, rather than by its epilogue?
bool Planner::feeds_contraction(const Group& group, ValueId id) const {
  std::set<ValueId> below;
  for (auto it = group.nodes.rbegin(); it != group.nodes.rend(); ++it) {
    bool contraction = op_info(graph().node(*it).op).kind == OpKind::kContraction;
    if (!contraction && !below.count(*it)) continue;
    for (ValueId operand : graph().node(*it).operands) below.insert(operand);
  }
  return below.count(id) > 0;
}

bool Planner::try_unstore(ValueId id, bool prologues) {
  if (is_root_[id.index()] || !stored_[id.index()]) return false;
  auto home = std::find_if(cells_.begin(), cells_.end(), [&](const Cell& cell) {
    return cell.outputs.size() == 1 && cell.outputs[0] == id;
  });
  if (home == cells_.end()) return false;
  std::vector<std::size_t> into = readers(id);
  if (into.empty() || (has_anchor(home->group) && into.size() > 1)) return false;
  stored_[id.index()] = false;
  std::vector<Cell> changed;
  double before = home->group.predicted_ns, after = 0;
  bool computes = op_info(graph().node(id).op).kind == OpKind::kPointwise;
  for (std::size_t c : into) {
    Cell cell{cells_[c].outputs, {}};
    before += cells_[c].group.predicted_ns;
    bool kept =
        derive(cell, stored_) && (prologues || !computes || !feeds_contraction(cell.group, id));
    if (!kept) {
      stored_[id.index()] = true;
      return false;
    }
    after += cell.group.predicted_ns;
    changed.push_back(std::move(cell));
  }
  if (!(after <= before)) {
    stored_[id.index()] = true;
    return false;
  }
  for (std::size_t i = 0; i < into.size(); ++i) cells_[into[i]] = std::move(changed[i]);
  *home = Cell{};
  return true;
}

/// Does cell `to` need what cell `from` stores? skip_direct: only through a third cell.
bool Planner::reaches(std::size_t from, std::size_t to, bool skip_direct) const {
  std::vector<bool> seen(cells_.size(), false);
  std::vector<std::size_t> work{from};
  while (!work.empty()) {
    std::size_t cell = work.back();
    work.pop_back();
    for (ValueId output : cells_[cell].outputs) {
      for (std::size_t next : readers(output)) {
        if (next == to && !(skip_direct && cell == from)) return true;
        if (next == to || next == from || seen[next]) continue;
        seen[next] = true;
        work.push_back(next);
      }
    }
  }
  return false;
}

bool Planner::share_buffer(const Group& a, const Group& b) const {
  auto reads = [&](const Group& group) {
    std::set<ValueId> result(group.outputs.begin(), group.outputs.end());
    for (ValueId id : group.nodes) {
      for (ValueId operand : graph().node(id).operands) {
        bool outside = !std::binary_search(group.nodes.begin(), group.nodes.end(), operand);
        if (outside && !is_fill(graph(), operand)) result.insert(operand);
      }
    }
    return result;
  };
  std::set<ValueId> left = reads(a), right = reads(b);
  return std::any_of(left.begin(), left.end(), [&](ValueId id) { return right.count(id) > 0; });
}

bool Planner::try_join(std::size_t a, std::size_t b) {
  Cell &x = cells_[a], &y = cells_[b];
  if (x.outputs.empty() || y.outputs.empty() || !share_buffer(x.group, y.group)) return false;
  if (reaches(a, b, true) || reaches(b, a, true)) return false;
  Cell joined{x.outputs, {}};
  joined.outputs.insert(joined.outputs.end(), y.outputs.begin(), y.outputs.end());
  std::sort(joined.outputs.begin(), joined.outputs.end());
  if (!derive(joined, stored_)) return false;
  if (!(joined.group.predicted_ns < x.group.predicted_ns + y.group.predicted_ns)) return false;
  x = std::move(joined);
  y = Cell{};
  return true;
}

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
  for (std::size_t c = 0; c < cells_.size(); ++c) {
    if (std::find(cells_[c].outputs.begin(), cells_[c].outputs.end(), id) !=
        cells_[c].outputs.end())
      touched.push_back(c);
  }
  program_.layouts[id.index()].order = order;
  double before = 0, after = 0;
  std::vector<Cell> changed;
  for (std::size_t c : touched) {
    Cell cell{cells_[c].outputs, {}};
    before += cells_[c].group.predicted_ns;
    bool legal = derive(cell, stored_);
    BAFE_CHECK(legal, "legality does not depend on orders");
    after += cell.group.predicted_ns;
    changed.push_back(std::move(cell));
  }
  if (!(after < 0.98 * before)) {  // a small predicted gain is not worth an unusual order
    program_.layouts[id.index()].order = old;
    return false;
  }
  for (std::size_t i = 0; i < touched.size(); ++i) cells_[touched[i]] = std::move(changed[i]);
  return true;
}

void Planner::choose_orders() {
  for (int round = 0; round < 2; ++round) {
    bool changed = false;
    for (std::size_t i = 0; i < stored_.size(); ++i) {
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

std::vector<Group> Planner::in_execution_order() const {
  std::vector<Group> result;
  std::set<std::size_t> left;
  std::vector<bool> ready(stored_.size(), false);
  for (std::size_t c = 0; c < cells_.size(); ++c) {
    if (!cells_[c].outputs.empty()) left.insert(c);
  }
  auto runnable = [&](const Group& group) {
    for (ValueId id : group.nodes) {
      for (ValueId operand : graph().node(id).operands) {
        bool inside = std::binary_search(group.nodes.begin(), group.nodes.end(), operand);
        if (!inside && !is_leaf(graph(), operand) && !ready[operand.index()]) return false;
      }
    }
    return true;
  };
  while (!left.empty()) {
    auto next = std::find_if(left.begin(), left.end(),
                             [&](std::size_t c) { return runnable(cells_[c].group); });
    BAFE_CHECK(next != left.end(), "groups have no cycle");
    result.push_back(cells_[*next].group);
    for (ValueId id : result.back().outputs) ready[id.index()] = true;
    left.erase(next);
  }
  return result;
}

Program Planner::run() {
  for (bool prologues : {false, true}) {
    for (int round = 0; round < 4; ++round) {
      bool changed = false;
      for (std::size_t i = stored_.size(); i-- > 0;) {
        changed |= try_unstore(ValueId(static_cast<std::uint32_t>(i)), prologues);
      }
      if (!changed) break;
    }
  }
  for (std::size_t a = 0; a < cells_.size(); ++a) {
    for (std::size_t b = a + 1; b < std::min(cells_.size(), a + kJoinWindow); ++b) {
      if (try_join(a, b)) b = a;
    }
  }
  choose_orders();
  for (std::size_t i = 0; i < stored_.size(); ++i) {
    ValueId id(static_cast<std::uint32_t>(i));
    bool buffer = stored_[i] || (is_leaf(graph(), id) && !is_fill(graph(), id));
    program_.layouts[i].form = buffer ? Layout::kBuffer : Layout::kStream;
  }
  program_.groups = in_execution_order();
  program_.predicted_ns = cost_.program_ns(program_);
  return std::move(program_);
}

}  // namespace

Program plan_groups(Graph graph, const CostModel& cost) {
  return Planner(std::move(graph), cost).run();
}

}  // namespace bafe

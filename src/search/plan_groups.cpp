// Chooses forms, orders and groups. In: a graph in plan form and prices. Out: a Program. The state
// is the set of stored values and its partition into groups; everything else of a group is the cone
// of streams below its outputs. Moves: stop storing a value (every reader pulls it), join two
// groups that read the same buffers, fuse an attention, store a value in another order. A move is
// kept only if it is legal and the price falls, so the result is never above the finest partition.

#include <algorithm>
#include <set>

#include "bafe/base/error.h"
#include "bafe/base/hash.h"
#include "bafe/base/options.h"
#include "bafe/cost/access.h"
#include "bafe/cost/result_order.h"
#include "bafe/search/plan.h"
#include "planner.h"

namespace bafe {
namespace {

constexpr std::size_t kJoinWindow = 64;  // groups further apart share too little cache to be one

bool is_leaf(const Graph& graph, ValueId id) {
  return op_info(graph.node(id).op).kind == OpKind::kLeaf;
}

}  // namespace

void Planner::start() {
  std::size_t size = graph().size();
  stored_.assign(size, false);
  is_root_.assign(size, false);
  users_.resize(size);
  inside_.resize(size);
  home_.resize(size, 0);
  refused_.assign(size, 0);
  mark_.assign(size, 0);
  keys_ = node_keys(program_);
  for (ValueId root : graph().roots()) is_root_[root.index()] = true;
  for (std::size_t i = 0; i < size; ++i) {
    Layout layout = leaf_layout(graph(), ValueId(static_cast<std::uint32_t>(i)));
    program_.layouts.push_back(std::move(layout));
  }
  std::vector<ValueId> live = graph().live();
  for (ValueId id : live) {
    for (ValueId operand : graph().node(id).operands) users_[operand.index()].push_back(id);
    stored_[id.index()] = !is_leaf(graph(), id);
  }
  const std::vector<Layout> leaves = program_.layouts;
  for (ValueId root : graph().roots()) {
    bool routine =
        std::any_of(users_[root.index()].begin(), users_[root.index()].end(),
                    [&](ValueId v) { return is_routine(op_info(graph().node(v).op).kind); });
    program_.layouts[root.index()].order = root_order(graph(), leaves, root, routine);
  }
  for (ValueId id : live) {
    if (!stored_[id.index()]) continue;
    Cell cell{{id}, {}};
    bool legal = derive(cell);
    BAFE_CHECK(legal, "an operator alone is a legal group");
    cells_.emplace_back();
    set_cell(cells_.size() - 1, std::move(cell));
  }
}

/// The outputs and the streams below them; too many end the walk.
void Planner::collect(const std::vector<ValueId>& outputs, std::vector<ValueId>& nodes) {
  ++round_;
  auto take = [&](ValueId id) {
    if (mark_[id.index()] == round_) return;
    mark_[id.index()] = round_;
    nodes.push_back(id);
  };
  for (ValueId id : outputs) take(id);
  for (std::size_t i = 0; i < nodes.size() && nodes.size() <= kMaxGroupNodes; ++i) {
    for (ValueId operand : graph().node(nodes[i]).operands) {
      if (!is_leaf(graph(), operand) && !stored_[operand.index()]) take(operand);
    }
  }
  std::sort(nodes.begin(), nodes.end());
}

bool Planner::derive(Cell& cell) {
  Group group;
  collect(cell.outputs, group.nodes);
  if (group.nodes.size() > kMaxGroupNodes) return false;
  group.outputs = cell.outputs;
  const GroupPrice& price = memo_.price(program_, cost_, keys_, group.nodes, group.outputs);
  if (!price.kind) return false;
  group.kind = *price.kind;
  group.predicted_ns = price.cost.ns;
  group.flops = price.cost.flops;
  group.bytes = price.cost.bytes;
  cell.group = std::move(group);
  return true;
}

void Planner::set_cell(std::size_t c, Cell cell) {
  for (ValueId id : cells_[c].group.nodes) {
    std::vector<std::size_t>& holders = inside_[id.index()];
    holders.erase(std::find(holders.begin(), holders.end(), c));
  }
  cells_[c] = std::move(cell);
  version_.resize(cells_.size());
  ++version_[c];
  for (ValueId id : cells_[c].group.nodes) inside_[id.index()].push_back(c);
  for (ValueId id : cells_[c].outputs) home_[id.index()] = c;
}

/// Cells that read the stored value, ascending.
std::vector<std::size_t> Planner::readers(ValueId id) const {
  std::vector<std::size_t> result;
  for (ValueId user : users_[id.index()]) {
    const std::vector<std::size_t>& holders = inside_[user.index()];
    result.insert(result.end(), holders.begin(), holders.end());
  }
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  auto makes = [&](std::size_t c) {
    const std::vector<ValueId>& outputs = cells_[c].outputs;
    return std::find(outputs.begin(), outputs.end(), id) != outputs.end();
  };
  result.erase(std::remove_if(result.begin(), result.end(), makes), result.end());
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

/// Everything that try_unstore looks at; equal only if nothing changed.
std::uint64_t Planner::surroundings(ValueId id, const std::vector<std::size_t>& into,
                                    bool prologues) const {
  std::size_t home = home_[id.index()];
  std::uint64_t key = hash_mix(prologues ? 2 : 1, version_[home]);
  for (std::size_t c : into) key = hash_mix(hash_mix(key, c), version_[c]);
  return key;
}

bool Planner::try_unstore(ValueId id, bool prologues) {
  if (is_root_[id.index()] || !stored_[id.index()]) return false;
  std::size_t home = home_[id.index()];
  if (cells_[home].outputs.size() != 1) return false;
  std::vector<std::size_t> into = readers(id);
  if (into.empty() || (has_anchor(cells_[home].group) && into.size() > 1)) return false;
  std::uint64_t now = surroundings(id, into, prologues);
  if (refused_[id.index()] == now) return false;
  refused_[id.index()] = now;
  stored_[id.index()] = false;
  std::vector<Cell> changed;
  double before = cells_[home].group.predicted_ns, after = 0;
  bool computes = op_info(graph().node(id).op).kind == OpKind::kPointwise;
  for (std::size_t c : into) {
    Cell cell{cells_[c].outputs, {}};
    before += cells_[c].group.predicted_ns;
    bool kept = derive(cell) && (prologues || !computes || !feeds_contraction(cell.group, id));
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
  for (std::size_t i = 0; i < into.size(); ++i) set_cell(into[i], std::move(changed[i]));
  set_cell(home, {});
  return true;
}

/// Does cell `to` need what cell `from` stores? skip_direct: only through a third cell.
bool Planner::reaches(std::size_t from, std::size_t to, bool skip_direct) {
  ++round_;
  ValueId last = cells_[to].group.nodes.back();
  std::vector<std::size_t> work{from};
  while (!work.empty()) {
    std::size_t cell = work.back();
    work.pop_back();
    for (ValueId output : cells_[cell].outputs) {
      if (output >= last) continue;  // users are younger than what they use
      for (ValueId user : users_[output.index()]) {
        for (std::size_t next : inside_[user.index()]) {
          if (next == to && !(skip_direct && cell == from)) return true;
          if (next == to || next == from || next == cell || mark_[next] == round_) continue;
          mark_[next] = round_;
          work.push_back(next);
        }
      }
    }
  }
  return false;
}

/// Later cells near `a` that read what it reads or stores, or store what it reads; ascending.
std::vector<std::size_t> Planner::partners(std::size_t a) const {
  std::vector<std::size_t> result;
  auto take = [&](std::size_t c) {
    if (c > a && c < a + kJoinWindow) result.push_back(c);
  };
  auto take_readers = [&](ValueId id) {
    for (ValueId user : users_[id.index()]) {
      for (std::size_t c : inside_[user.index()]) take(c);
    }
  };
  for (ValueId id : cells_[a].outputs) take_readers(id);
  const std::vector<ValueId>& nodes = cells_[a].group.nodes;
  for (ValueId id : nodes) {
    for (ValueId operand : graph().node(id).operands) {
      if (std::binary_search(nodes.begin(), nodes.end(), operand) || is_fill(graph(), operand))
        continue;
      take_readers(operand);
      if (stored_[operand.index()]) take(home_[operand.index()]);
    }
  }
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

bool Planner::try_join(std::size_t a, std::size_t b) {
  const Cell &x = cells_[a], &y = cells_[b];
  Cell joined{x.outputs, {}};
  joined.outputs.insert(joined.outputs.end(), y.outputs.begin(), y.outputs.end());
  std::sort(joined.outputs.begin(), joined.outputs.end());
  if (!derive(joined)) return false;
  if (!(joined.group.predicted_ns < x.group.predicted_ns + y.group.predicted_ns)) return false;
  if (reaches(a, b, true) || reaches(b, a, true)) return false;
  set_cell(b, {});
  set_cell(a, std::move(joined));
  return true;
}

void Planner::join() {
  for (std::size_t a = 0; a < cells_.size() && !is_stopped(); ++a) {
    for (bool joined = !cells_[a].outputs.empty(); joined;) {
      joined = false;
      for (std::size_t b : partners(a)) {
        joined = try_join(a, b);
        if (joined) break;
      }
    }
  }
}

/// Of the groups that may run, the one whose first operator is oldest.
std::vector<Group> Planner::in_execution_order() const {
  std::vector<Group> result;
  std::vector<std::size_t> missing(cells_.size(), 0);
  std::set<std::size_t> ready;
  for (std::size_t c = 0; c < cells_.size(); ++c) {
    if (cells_[c].outputs.empty()) continue;
    std::set<ValueId> needs;
    const std::vector<ValueId>& nodes = cells_[c].group.nodes;
    for (ValueId id : nodes) {
      for (ValueId operand : graph().node(id).operands) {
        bool inside = std::binary_search(nodes.begin(), nodes.end(), operand);
        if (!inside && !is_leaf(graph(), operand)) needs.insert(operand);
      }
    }
    missing[c] = needs.size();
    if (needs.empty()) ready.insert(c);
  }
  std::size_t total = 0;
  for (const Cell& cell : cells_) total += !cell.outputs.empty();
  while (!ready.empty()) {
    std::size_t c = *ready.begin();
    ready.erase(ready.begin());
    result.push_back(cells_[c].group);
    for (ValueId id : cells_[c].outputs) {
      for (std::size_t reader : readers(id)) {
        if (reader != c && --missing[reader] == 0) ready.insert(reader);
      }
    }
  }
  BAFE_CHECK(result.size() == total, "groups have no cycle");
  return result;
}

Program Planner::run() {
  for (bool prologues : {false, true}) {
    for (int round = 0; round < 4; ++round) {
      bool changed = false;
      for (std::size_t i = stored_.size(); i-- > 0 && !is_stopped();) {
        changed |= try_unstore(ValueId(static_cast<std::uint32_t>(i)), prologues);
      }
      if (!changed) break;
    }
  }
  if (!keeps_sums_) find_attention();
  join();
  choose_layouts();
  for (std::size_t i = 0; i < stored_.size(); ++i) {
    ValueId id(static_cast<std::uint32_t>(i));
    bool buffer = stored_[i] || (is_leaf(graph(), id) && !is_fill(graph(), id));
    program_.layouts[i].form = buffer ? Layout::kBuffer : Layout::kStream;
  }
  program_.groups = in_execution_order();
  program_.predicted_ns = cost_.program_ns(program_);
  return std::move(program_);
}

Program plan_groups(Graph graph, const CostModel& cost, bool structured, const PlanAid& aid) {
  return Planner(std::move(graph), cost, structured, aid).run();
}

}  // namespace bafe

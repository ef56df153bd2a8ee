// Cutting and joining. In: a program in topological order. Out: consecutive runs of it. Invariant:
// joining the pieces unchanged gives the program again.

#include "pieces.h"

#include <algorithm>
#include <map>

#include "bafe/cost/access.h"
#include "bafe/ir/builder.h"

namespace bafe {
namespace {

bool is_leaf(const Graph& graph, ValueId id) {
  return op_info(graph.node(id).op).kind == OpKind::kLeaf;
}

/// Number of computed values that are needed after each position.
std::vector<int> live_after(const Graph& graph, const std::vector<ValueId>& order) {
  std::vector<std::size_t> last(graph.size(), 0);
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (ValueId operand : graph.node(order[i]).operands) last[operand.index()] = i;
  }
  for (ValueId root : graph.roots()) last[root.index()] = order.size();
  std::vector<int> change(order.size() + 2, 0);
  for (std::size_t i = 0; i < order.size(); ++i) {
    ++change[i];
    --change[std::max(last[order[i].index()], i)];
  }
  std::vector<int> live(order.size());
  int count = 0;
  for (std::size_t i = 0; i < order.size(); ++i) live[i] = count += change[i];
  return live;
}

Piece make_piece(const Graph& whole, const std::vector<ValueId>& order, std::size_t begin,
                 std::size_t end) {
  Piece piece;
  std::map<ValueId, ValueId> map;
  auto value = [&](ValueId id) {
    auto known = map.find(id);
    if (known != map.end()) return known->second;
    const Node& node = whole.node(id);
    ValueId made;
    if (is_leaf(whole, id) && !is_input(whole, id)) {
      made = piece.graph.add(node.op, {}, node.attrs);
    } else {
      InputInfo info;
      info.type = node.type;
      info.name = "v" + std::to_string(id.index());
      if (is_input(whole, id))
        info = whole.inputs()[static_cast<std::size_t>(attr_int(node.attrs, 0).value())];
      made = piece.graph.add_input(info);
      piece.inputs.push_back(id);
    }
    return map[id] = made;
  };
  std::vector<bool> needed(whole.size(), false);
  for (std::size_t i = end; i < order.size(); ++i) {
    for (ValueId operand : whole.node(order[i]).operands) needed[operand.index()] = true;
  }
  for (ValueId root : whole.roots()) needed[root.index()] = true;
  for (std::size_t i = begin; i < end; ++i) {
    const Node& node = whole.node(order[i]);
    std::vector<ValueId> operands;
    for (ValueId operand : node.operands) operands.push_back(value(operand));
    map[order[i]] = piece.graph.add(node.op, std::move(operands), node.attrs);
    if (!needed[order[i].index()]) continue;
    piece.outputs.push_back(order[i]);
    piece.graph.add_root(map[order[i]]);
  }
  return piece;
}

}  // namespace

Pieces cut_into_pieces(const Graph& graph, std::size_t max_nodes) {
  Pieces result;
  result.whole = flatten_named(graph).compact();
  std::vector<ValueId> order;
  for (ValueId id : result.whole.live()) {
    if (!is_leaf(result.whole, id)) order.push_back(id);
  }
  std::vector<int> live = live_after(result.whole, order);
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = std::min(order.size(), begin + max_nodes);
    if (end < order.size()) {
      std::size_t best = end;
      for (std::size_t cut = begin + max_nodes / 2; cut <= end; ++cut) {
        if (live[cut - 1] <= live[best - 1]) best = cut;
      }
      end = best;
    }
    result.pieces.push_back(make_piece(result.whole, order, begin, end));
    begin = end;
  }
  return result;
}

Graph join_pieces(const Pieces& pieces, const std::vector<Graph>& graphs) {
  Graph joined;
  std::map<ValueId, ValueId> map;  // value of the whole program -> value of the joined one
  std::vector<ValueId> inputs;
  for (const InputInfo& info : pieces.whole.inputs()) inputs.push_back(joined.add_input(info));
  auto outer = [&](ValueId id) {
    const Node& node = pieces.whole.node(id);
    if (is_input(pieces.whole, id))
      return inputs[static_cast<std::size_t>(attr_int(node.attrs, 0).value())];
    if (is_leaf(pieces.whole, id)) return joined.add(node.op, {}, node.attrs);
    return map.at(id);
  };
  for (std::size_t p = 0; p < graphs.size(); ++p) {
    const Graph& graph = graphs[p];
    std::vector<ValueId> made(graph.size());
    for (ValueId id : graph.live()) {
      const Node& node = graph.node(id);
      if (is_input(graph, id)) {
        made[id.index()] = outer(
            pieces.pieces[p].inputs[static_cast<std::size_t>(attr_int(node.attrs, 0).value())]);
        continue;
      }
      std::vector<ValueId> operands;
      for (ValueId operand : node.operands) operands.push_back(made[operand.index()]);
      made[id.index()] = joined.add(node.op, std::move(operands), node.attrs);
    }
    for (std::size_t r = 0; r < pieces.pieces[p].outputs.size(); ++r) {
      map[pieces.pieces[p].outputs[r]] = made[graph.roots()[r].index()];
    }
  }
  for (ValueId root : pieces.whole.roots()) joined.add_root(outer(root));
  return joined.compact();
}

}  // namespace bafe

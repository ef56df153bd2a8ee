// Cutting and joining. In: a program. Out: consecutive runs of it in an order of its own.
// Invariants: joining the pieces unchanged gives the program again; a piece that is `like` another
// has the same graph, node by node.

#include "pieces.h"

#include <algorithm>
#include <unordered_map>

#include "bafe/cost/access.h"
#include "bafe/ir/builder.h"
#include "siblings.h"

namespace bafe {
namespace {

constexpr std::size_t kLongestPeriod = 64;  // in atoms
constexpr int kFreeDepth = 4;               // pointwise operators between an input and a free value
constexpr std::size_t kSmallestPiece = 4;   // nodes; shorter periods are taken several at a time
constexpr std::size_t kFewestRepeats = 4;   // worth cutting a program that is not large

bool is_leaf(const Graph& graph, ValueId id) {
  return op_info(graph.node(id).op).kind == OpKind::kLeaf;
}

/// A leaf that names an array.
bool is_array(const Graph& graph, ValueId id) {
  const Attrs& attrs = graph.node(id).attrs;
  return is_leaf(graph, id) && !attrs.empty() && attr_kind(attrs[0]) == AttrKind::kText;
}

/// Live nodes, operands first, each after the deepest of its operands' trees: what a step of a
/// recurrence needs besides its state is computed in that step.
std::vector<ValueId> deepest_first(const Graph& graph) {
  std::vector<int> depth(graph.size(), 0);
  for (ValueId id : graph.live()) {
    for (ValueId operand : graph.node(id).operands)
      depth[id.index()] = std::max(depth[id.index()], depth[operand.index()] + 1);
  }
  std::vector<ValueId> order;
  std::vector<std::uint8_t> state(graph.size(), 0);  // 1: its operands are on the stack, 2: placed
  std::vector<ValueId> stack(graph.roots().rbegin(), graph.roots().rend());
  while (!stack.empty()) {
    ValueId id = stack.back();
    if (state[id.index()]) {
      stack.pop_back();
      if (state[id.index()] == 1) order.push_back(id);
      state[id.index()] = 2;
      continue;
    }
    state[id.index()] = 1;
    std::vector<ValueId> operands = graph.node(id).operands;
    std::stable_sort(operands.begin(), operands.end(),
                     [&](ValueId a, ValueId b) { return depth[a.index()] < depth[b.index()]; });
    for (ValueId operand : operands) {
      if (!state[operand.index()]) stack.push_back(operand);
    }
  }
  return order;
}

class Cutter {
 public:
  Cutter(const Graph& graph, std::size_t max_nodes) : max_nodes_(max_nodes) {
    result_.whole = flatten_named(graph).compact();
  }
  Pieces run();

 private:
  const Graph& whole() const { return result_.whole; }
  void find_order();
  void hoist_siblings();
  void find_cuts();
  bool splits_chain(std::size_t at) const;
  std::size_t repeat(std::size_t period, std::size_t* first) const;
  std::vector<std::size_t> periodic_ends() const;
  std::vector<std::size_t> within_limit(const std::vector<std::size_t>& ends) const;
  Piece make_piece(std::size_t begin, std::size_t end) const;
  ValueId take(Piece& piece, std::unordered_map<ValueId, ValueId>& map, ValueId id) const;

  std::size_t max_nodes_;
  Pieces result_;
  std::vector<ValueId> order_;     // computed nodes that are not free
  std::size_t hoisted_ = 0;        // products at the front of the order, a piece of their own
  std::vector<bool> is_free_;      // leaves, views and casts of them: computed in every piece
  std::vector<std::size_t> last_;  // of each value: position after which it is not needed
  std::vector<int> uses_;
  std::vector<int> live_;           // after each position
  std::vector<std::size_t> atoms_;  // ends of runs between allowed cuts
  std::vector<std::uint64_t> atom_hash_;
};

void Cutter::find_order() {
  const Graph& graph = whole();
  is_free_.assign(graph.size(), false);
  std::vector<int> depth(graph.size(), -1);  // of pointwise operators; -1: fills alone
  for (ValueId id : graph.live()) {
    const Node& node = graph.node(id);
    OpKind kind = op_info(node.op).kind;
    if (is_input(graph, id)) depth[id.index()] = 0;
    int given = 0;
    bool free = !is_routine(kind) && kind != OpKind::kContraction;
    for (ValueId operand : node.operands) {
      free = free && is_free_[operand.index()];
      given += depth[operand.index()] >= 0;
      depth[id.index()] = std::max(depth[id.index()], depth[operand.index()]);
    }
    bool moves = kind == OpKind::kMovement || element_count(node.type.shape) == 1 || given == 0;
    bool changes = kind == OpKind::kPointwise && given == 1;
    if (changes && !moves) ++depth[id.index()];
    is_free_[id.index()] =
        is_leaf(graph, id) || (free && (moves || changes) && depth[id.index()] <= kFreeDepth);
  }
  for (ValueId root : graph.roots()) is_free_[root.index()] = is_leaf(graph, root);
  for (ValueId id : deepest_first(graph)) {
    if (!is_free_[id.index()]) order_.push_back(id);
  }
  hoist_siblings();
  uses_ = graph.use_counts();
  last_.assign(graph.size(), 0);
  for (std::size_t i = 0; i < order_.size(); ++i) {
    for (ValueId operand : graph.node(order_[i]).operands) last_[operand.index()] = i;
  }
  for (ValueId root : graph.roots()) last_[root.index()] = order_.size();
}

/// Thin products of given values with a common operand may be computed as one, wherever their
/// results are used: they come first, together.
void Cutter::hoist_siblings() {
  std::vector<bool> hoist(whole().size(), false);
  for (const Siblings& group : find_siblings(whole())) {
    std::vector<ValueId> given;
    for (ValueId product : group.products) {
      const std::vector<ValueId>& operands = whole().node(product).operands;
      if (std::all_of(operands.begin(), operands.end(),
                      [&](ValueId operand) { return is_free_[operand.index()]; }))
        given.push_back(product);
    }
    for (ValueId product : given) hoist[product.index()] = given.size() > 1;
  }
  auto rest = std::stable_partition(order_.begin(), order_.end(),
                                    [&](ValueId id) { return hoist[id.index()]; });
  hoisted_ = static_cast<std::size_t>(rest - order_.begin());
}

/// Would a cut after position `at` split an associative chain?
bool Cutter::splits_chain(std::size_t at) const {
  const Node& node = whole().node(order_[at]);
  if (!(op_info(node.op).algebra & (kAssociates | kAssociatesInReals))) return false;
  std::size_t next = last_[order_[at].index()];
  bool once = uses_[order_[at].index()] == 1;
  return once && next < order_.size() && whole().node(order_[next]).op == node.op;
}

void Cutter::find_cuts() {
  std::vector<int> change(order_.size() + 1, 0);
  for (std::size_t i = hoisted_; i < order_.size(); ++i) {
    ++change[i];
    --change[std::min(order_.size(), std::max(last_[order_[i].index()], i))];
  }
  int count = 0;
  for (std::size_t i = 0; i < order_.size(); ++i) live_.push_back(count += change[i]);
  std::size_t begin = 0;
  for (std::size_t i = 0; i < order_.size(); ++i) {
    bool end = i + 1 == order_.size();
    if (!end && i + 1 != hoisted_ && (live_[i] != 1 || splits_chain(i))) continue;
    atoms_.push_back(i + 1);
    atom_hash_.push_back(make_piece(begin, i + 1).graph.hash());
    begin = i + 1;
  }
}

/// Length of the longest run of atoms that equal the atom one period later, and where it begins.
std::size_t Cutter::repeat(std::size_t period, std::size_t* first) const {
  std::size_t longest = 0, run = 0;
  for (std::size_t i = 0; i + period < atom_hash_.size(); ++i) {
    run = atom_hash_[i] == atom_hash_[i + period] ? run + 1 : 0;
    if (run <= longest) continue;
    longest = run;
    *first = i + 1 - run;
  }
  return longest;
}

/// Ends of pieces: one for each period of what repeats, and what lies before and after.
std::vector<std::size_t> Cutter::periodic_ends() const {
  std::size_t best = 0, period = 0, first = 0;
  for (std::size_t p = 1; p <= kLongestPeriod && 2 * p <= atoms_.size(); ++p) {
    std::size_t begin = 0, run = repeat(p, &begin);
    std::size_t covered = run >= p ? (run + p) / p * p : 0;
    if (covered <= best) continue;
    best = covered;
    period = p;
    first = begin;
  }
  if (best == 0) return {order_.size()};
  auto position = [&](std::size_t atom) { return atom ? atoms_[atom - 1] : 0; };
  std::size_t nodes = position(first + period) - position(first), end = first + best;
  // Inputs are never live, so the first repeat may have more atoms than the others: a period that
  // begins where whole ones fit before it takes the first one in.
  std::vector<std::size_t> ends;
  for (std::size_t at = first; at + period <= end && at < first + period && ends.empty(); ++at) {
    std::size_t start = position(at);
    if (start == 0 || start % nodes) continue;
    std::uint64_t whole_period = make_piece(start, start + nodes).graph.hash();
    if (make_piece(0, nodes).graph.hash() != whole_period) continue;
    first = at;
    for (std::size_t cut = nodes; cut <= start; cut += nodes) ends.push_back(cut);
  }
  if (ends.empty() && first) ends.push_back(position(first));
  period *= (kSmallestPiece + nodes - 1) / nodes;
  for (std::size_t i = first + period; i <= end; i += period) ends.push_back(atoms_[i - 1]);
  if (ends.empty() || ends.back() < order_.size()) ends.push_back(order_.size());
  return ends;
}

/// The same ends with more cuts where a piece is too large: where few values are live.
std::vector<std::size_t> Cutter::within_limit(const std::vector<std::size_t>& ends) const {
  std::vector<std::size_t> result;
  std::size_t begin = 0;
  for (std::size_t end : ends) {
    while (end - begin > max_nodes_) {
      std::size_t best = begin + max_nodes_;
      auto price = [&](std::size_t cut) {
        return live_[cut - 1] + (splits_chain(cut - 1) ? 2 : 0);
      };
      for (std::size_t cut = begin + max_nodes_ / 2; cut <= begin + max_nodes_; ++cut) {
        if (price(cut) <= price(best)) best = cut;
      }
      result.push_back(begin = best);
    }
    result.push_back(begin = end);
  }
  return result;
}

/// The value inside a piece: free values are computed there, others are inputs.
ValueId Cutter::take(Piece& piece, std::unordered_map<ValueId, ValueId>& map, ValueId id) const {
  auto known = map.find(id);
  if (known != map.end()) return known->second;
  const Node& node = whole().node(id);
  bool input = is_input(whole(), id);
  if (is_free_[id.index()] && !input) {
    std::vector<ValueId> operands;
    for (ValueId operand : node.operands) operands.push_back(take(piece, map, operand));
    Attrs attrs = node.attrs;
    if (is_array(whole(), id)) {
      attrs[0] = std::to_string(piece.constants.size());
      piece.constants.push_back(id);
    }
    ValueId made = piece.graph.add(node.op, std::move(operands), std::move(attrs));
    piece.graph.set_loc(made, whole().loc(id));
    return map[id] = made;
  }
  InputInfo info;
  info.type = node.type;
  info.name = "v" + std::to_string(id.index());
  if (input) info = whole().inputs()[static_cast<std::size_t>(attr_int(node.attrs, 0).value())];
  piece.inputs.push_back(id);
  return map[id] = piece.graph.add_input(info);
}

Piece Cutter::make_piece(std::size_t begin, std::size_t end) const {
  Piece piece;
  std::unordered_map<ValueId, ValueId> map;
  for (std::size_t i = begin; i < end; ++i) {
    const Node& node = whole().node(order_[i]);
    std::vector<ValueId> operands;
    for (ValueId operand : node.operands) operands.push_back(take(piece, map, operand));
    ValueId made = piece.graph.add(node.op, std::move(operands), node.attrs);
    piece.graph.set_loc(made, whole().loc(order_[i]));
    map[order_[i]] = made;
    if (last_[order_[i].index()] < end) continue;
    piece.outputs.push_back(order_[i]);
    piece.graph.add_root(made);
  }
  return piece;
}

bool same_graph(const Graph& a, const Graph& b) {
  if (a.size() != b.size() || a.inputs().size() != b.inputs().size()) return false;
  if (!std::equal(a.roots().begin(), a.roots().end(), b.roots().begin(), b.roots().end()))
    return false;
  for (std::size_t i = 0; i < a.inputs().size(); ++i) {
    const InputInfo &x = a.inputs()[i], &y = b.inputs()[i];
    if (x.layout != y.layout || x.weak != y.weak || !(x.type == y.type)) return false;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    ValueId id(static_cast<std::uint32_t>(i));
    const Node &x = a.node(id), &y = b.node(id);
    if (x.op != y.op || x.operands != y.operands || !(x.attrs == y.attrs)) return false;
  }
  return true;
}

/// A root that was copied only to be a root of its own; an order that was asked for stays.
ValueId without_copy(const Graph& graph, ValueId root, const Node& written) {
  if (op_info(written.op).kind == OpKind::kLayout) return root;
  while (op_info(graph.node(root).op).kind == OpKind::kLayout) root = graph.node(root).operands[0];
  return root;
}

Pieces Cutter::run() {
  find_order();
  find_cuts();
  std::unordered_map<std::uint64_t, std::size_t> firsts;
  std::size_t begin = 0;
  for (std::size_t end : within_limit(periodic_ends())) {
    Piece piece = make_piece(begin, end);
    begin = end;
    std::size_t at = result_.pieces.size();
    std::size_t known = firsts.try_emplace(piece.graph.hash(), at).first->second;
    bool equal = known < at && same_graph(piece.graph, result_.pieces[known].graph);
    piece.like = equal ? known : at;
    result_.pieces.push_back(std::move(piece));
  }
  return std::move(result_);
}

}  // namespace

Pieces cut_into_pieces(const Graph& graph, std::size_t max_nodes) {
  return Cutter(graph, max_nodes).run();
}

bool is_repetitive(const Pieces& pieces) {
  // What is pointwise alone becomes one kernel: a cut would only lose its algebra.
  auto is_heavy = [](const Graph& graph) {
    std::vector<ValueId> live = graph.live();
    return std::any_of(live.begin(), live.end(), [&](ValueId id) {
      OpKind kind = op_info(graph.node(id).op).kind;
      return kind == OpKind::kContraction || kind == OpKind::kReduction || is_routine(kind) ||
             kind == OpKind::kScan;
    });
  };
  std::vector<std::size_t> repeats(pieces.pieces.size(), 0);
  for (const Piece& piece : pieces.pieces) ++repeats[piece.like];
  std::size_t total = 0, repeated = 0;
  for (const Piece& piece : pieces.pieces) {
    std::size_t nodes = piece.graph.size() - piece.inputs.size();
    total += nodes;
    if (repeats[piece.like] >= kFewestRepeats && is_heavy(piece.graph)) repeated += nodes;
  }
  return total >= kSmallestRepetitive && 4 * repeated >= 3 * total;
}

Graph join_pieces(const Pieces& pieces, const std::vector<const Graph*>& graphs) {
  Graph joined;
  const Graph& whole = pieces.whole;
  std::unordered_map<ValueId, ValueId> map;  // value of the whole program -> of the joined one
  std::vector<ValueId> inputs;
  for (const InputInfo& info : whole.inputs()) inputs.push_back(joined.add_input(info));
  auto outer = [&](ValueId id) {
    const Node& node = whole.node(id);
    if (is_input(whole, id))
      return inputs[static_cast<std::size_t>(attr_int(node.attrs, 0).value())];
    if (is_leaf(whole, id)) return joined.add(node.op, {}, node.attrs);
    return map.at(id);
  };
  for (std::size_t p = 0; p < graphs.size(); ++p) {
    const Graph& graph = *graphs[p];
    std::vector<ValueId> made(graph.size());
    for (ValueId id : graph.live()) {
      const Node& node = graph.node(id);
      if (is_input(graph, id)) {
        made[id.index()] = outer(
            pieces.pieces[p].inputs[static_cast<std::size_t>(attr_int(node.attrs, 0).value())]);
        continue;
      }
      if (is_array(graph, id)) {
        auto place = static_cast<std::size_t>(std::stoul(attr_string(node.attrs, 0)));
        made[id.index()] = outer(pieces.pieces[p].constants[place]);
        continue;
      }
      std::vector<ValueId> operands;
      for (ValueId operand : node.operands) operands.push_back(made[operand.index()]);
      made[id.index()] = joined.add(node.op, std::move(operands), node.attrs);
      if (graph.loc(id).line) joined.set_loc(made[id.index()], graph.loc(id));
    }
    for (std::size_t r = 0; r < pieces.pieces[p].outputs.size(); ++r) {
      ValueId output = pieces.pieces[p].outputs[r];
      map[output] = made[without_copy(graph, graph.roots()[r], whole.node(output)).index()];
    }
  }
  for (ValueId root : whole.roots()) joined.add_root(outer(root));
  return joined.compact();
}

}  // namespace bafe

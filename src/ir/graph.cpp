// The program graph. In: operators with operands in normal form. Out: one node for equal (operator,
// operands, attributes). Invariant: operands have smaller numbers than their users, and input{i}
// carries the type of inputs()[i].
#include "bafe/ir/graph.h"

#include <algorithm>

#include "bafe/base/hash.h"

namespace bafe {
namespace {

std::uint64_t node_key(Op op, const std::vector<ValueId>& operands, const Attrs& attrs) {
  std::uint64_t h = hash_mix(static_cast<std::uint64_t>(op), attrs_hash(attrs));
  for (ValueId v : operands) h = hash_mix(h, v.index());
  return h;
}

}  // namespace

std::uint64_t Graph::key_of(const Node& n) { return node_key(n.op, n.operands, n.attrs); }

ValueId Graph::add(Op op, std::vector<ValueId> operands, Attrs attrs) {
  std::uint64_t key = node_key(op, operands, attrs);
  auto [first, last] = by_hash_.equal_range(key);
  for (auto it = first; it != last; ++it) {
    const Node& n = nodes_[it->second.index()];
    if (n.op == op && n.operands == operands && attrs_equal(n.attrs, attrs)) return it->second;
  }
  std::vector<Type> types;
  types.reserve(operands.size());
  for (ValueId v : operands) {
    BAFE_CHECK(v.index() < nodes_.size(), "an operand is a node of this graph");
    types.push_back(nodes_[v.index()].type);
  }
  Type type = infer_type(op, types, attrs);
  ValueId id(static_cast<std::uint32_t>(nodes_.size()));
  nodes_.push_back({op, std::move(operands), std::move(attrs), std::move(type)});
  by_hash_.emplace(key, id);
  return id;
}

ValueId Graph::add_input(InputInfo info) {
  Attrs attrs = {Dim(static_cast<std::int64_t>(inputs_.size())), info.type.dtype, info.type.shape};
  ValueId id = add(Op::kInput, {}, std::move(attrs));
  inputs_.push_back(std::move(info));
  return id;
}

ValueId Graph::add_fill(Scalar value, Shape shape) {
  return add(Op::kFill, {}, {value, std::move(shape)});
}

void Graph::set_loc(ValueId id, SourceLoc loc) { locs_.insert_or_assign(id, std::move(loc)); }

SourceLoc Graph::loc(ValueId id) const {
  auto it = locs_.find(id);
  return it == locs_.end() ? SourceLoc{} : it->second;
}

std::vector<int> Graph::use_counts() const {
  std::vector<int> uses(nodes_.size());
  for (const Node& n : nodes_) {
    for (ValueId v : n.operands) ++uses[v.index()];
  }
  for (ValueId v : roots_) ++uses[v.index()];
  return uses;
}

std::vector<ValueId> Graph::live() const {
  std::vector<bool> needed(nodes_.size());
  for (ValueId v : roots_) needed[v.index()] = true;
  std::vector<ValueId> out;
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    if (!needed[i]) continue;
    out.push_back(ValueId(static_cast<std::uint32_t>(i)));
    for (ValueId v : nodes_[i].operands) needed[v.index()] = true;
  }
  std::reverse(out.begin(), out.end());
  return out;
}

Graph Graph::compact() const {
  Graph out;
  std::vector<ValueId> renamed(nodes_.size());
  for (const InputInfo& info : inputs_) {
    ValueId id = out.add_input(info);
    Attrs attrs = out.node(id).attrs;
    auto [first, last] = by_hash_.equal_range(node_key(Op::kInput, {}, attrs));
    for (auto it = first; it != last; ++it) {
      if (attrs_equal(nodes_[it->second.index()].attrs, attrs)) renamed[it->second.index()] = id;
    }
  }
  // Depth first from the roots, operands in order: the numbers then depend on the program alone.
  std::vector<std::pair<ValueId, std::size_t>> stack;
  for (ValueId root : roots_) {
    stack.push_back({root, 0});
    while (!stack.empty()) {
      auto& [id, next] = stack.back();
      const Node& n = nodes_[id.index()];
      if (!renamed[id.index()].valid() && next < n.operands.size()) {
        ValueId operand = n.operands[next++];
        if (!renamed[operand.index()].valid()) stack.push_back({operand, 0});
        continue;
      }
      if (!renamed[id.index()].valid()) {
        std::vector<ValueId> operands;
        for (ValueId v : n.operands) operands.push_back(renamed[v.index()]);
        ValueId fresh = out.add(n.op, std::move(operands), n.attrs);
        renamed[id.index()] = fresh;
        if (auto it = locs_.find(id); it != locs_.end()) out.locs_.emplace(fresh, it->second);
      }
      stack.pop_back();
    }
    out.add_root(renamed[root.index()]);
  }
  return out;
}

std::uint64_t Graph::hash() const {
  std::vector<std::uint64_t> hashes(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& n = nodes_[i];
    std::uint64_t h = hash_mix(hash_text(op_info(n.op).name), attrs_hash(n.attrs));
    h = hash_mix(h, static_cast<std::uint64_t>(n.type.dtype));
    h = hash_mix(h, attr_hash(n.type.shape));
    for (ValueId v : n.operands) h = hash_mix(h, hashes[v.index()]);
    hashes[i] = h;
  }
  std::uint64_t h = roots_.size();
  for (ValueId v : roots_) h = hash_mix(h, hashes[v.index()]);
  for (const InputInfo& info : inputs_) {
    h = hash_mix(h, static_cast<std::uint64_t>(info.type.dtype) * 2 + (info.weak ? 1 : 0));
    h = hash_mix(h, attr_hash(info.type.shape));
  }
  return h;
}

}  // namespace bafe

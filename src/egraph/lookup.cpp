// Keys come in, nodes of the hash-cons go out; many keys are looked up together, so that the misses
// of one overlap with those of the others. Invariant: the graph is not changed in between.
#include <algorithm>

#include "bafe/egraph/egraph.h"
#include "bafe/egraph/key.h"

namespace bafe {
namespace {

constexpr std::size_t kLookups = 64;

}  // namespace

void EGraph::insert(std::uint64_t hash, NodeId node) {
  if (table_.is_full()) {
    table_.grow();
    rehash(node);
  }
  table_.insert(hash, node);
}

void EGraph::rehash(NodeId but) {
  constexpr std::size_t kAhead = 16;
  std::uint64_t hashes[kAhead];
  NodeId nodes[kAhead];
  std::size_t count = 0;
  auto flush = [&] {
    for (std::size_t i = 0; i < count; ++i) table_.insert(hashes[i], nodes[i]);
    count = 0;
  };
  for (std::uint32_t i = 0; i < class_of_.size(); ++i) {
    const NodeRow& row = rows_[i];
    if (row.bits & (kDead | kPending) || i == but.index()) continue;
    hashes[count] = hash_of(row);
    nodes[count] = NodeId(i);
    table_.prefetch(hashes[count]);
    if (++count == kAhead) flush();
  }
  flush();
}

/// Nodes without attributes: node i of `found` has the children children[k][begin + i].
template <std::size_t kArity>
void EGraph::lookup_block(OpId op, std::span<const NodeId* const> children, std::size_t begin,
                          std::span<NodeId> found) const {
  if (rows_.empty()) return std::fill(found.begin(), found.end(), NodeId{});
  const NodeRow* rows = rows_.data();
  const std::uint32_t* known = class_of_.data();
  auto find_class = [known](NodeId node) {
    std::uint32_t cls = known[node.index()];
    while (cls & kTwin) cls = known[cls & ~kTwin];
    return cls;
  };
  const std::size_t count = found.size();
  std::uint64_t hashes[kLookups];
  std::uint32_t classes[kLookups][kArity];
  const std::uint64_t start = key_start(op.index());
  const NodeId* kids[kArity];
  for (std::size_t k = 0; k < kArity; ++k) kids[k] = children[k] + begin;
  std::uint8_t places[kLookups];  // of nodes whose children are all there
  std::size_t some = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t hash = start;
    bool valid = true;
#pragma GCC unroll 2
    for (std::size_t k = 0; k < kArity; ++k) {
      std::uint32_t child = kids[k][i].index();
      valid &= kids[k][i].valid();
      std::uint32_t cls = find_class(NodeId(kids[k][i].valid() ? child : 0));
      classes[some][k] = cls;
      hash = key_word(hash, cls);
    }
    hash = key_end(hash);
    found[i] = {};
    hashes[some] = hash;
    places[some] = static_cast<std::uint8_t>(i);
    some += valid;
    table_.prefetch(hash);
  }
  bool large = live_nodes_ > 20'000;  // a small graph is in the cache already
  for (std::size_t i = 0; large && i < some; ++i) {
    NodeId guess = table_.guess(hashes[i]);
    if (guess.valid()) __builtin_prefetch(&rows[guess.index()]);
  }
  const auto wanted_op = static_cast<std::uint16_t>(op.index());
  for (std::size_t i = 0; i < some; ++i) {
    found[places[i]] = table_.find_node(hashes[i], [&](NodeId node) {
      const NodeRow& row = rows[node.index()];
      bool same = (row.op == wanted_op) & ((row.bits & (kArityBits | kHasAttr)) == kArity);
      if (!same) return false;
#pragma GCC unroll 2
      for (std::size_t k = 0; k < kArity; ++k) same &= find_class(row.words[k]) == classes[i][k];
      return same;
    });
  }
}

void EGraph::lookup_all(OpId op, AttrId attr, std::span<const NodeId* const> children,
                        std::span<NodeId> found) const {
  std::vector<NodeId> kids(children.size());
  for (std::size_t begin = 0; begin < found.size(); begin += kLookups) {
    std::span<NodeId> block = found.subspan(begin, std::min(kLookups, found.size() - begin));
    if (children.size() == 2 && !attr.valid()) {
      lookup_block<2>(op, children, begin, block);
    } else if (children.size() == 1 && !attr.valid()) {
      lookup_block<1>(op, children, begin, block);
    } else {
      for (std::size_t i = 0; i < block.size(); ++i) {
        bool valid = true;
        for (std::size_t k = 0; k < kids.size(); ++k) {
          kids[k] = children[k][begin + i];
          valid &= kids[k].valid();
        }
        block[i] = valid ? lookup(op, attr, kids) : NodeId{};
      }
    }
  }
}

}  // namespace bafe

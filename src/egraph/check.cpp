// A rebuilt graph comes in; nothing goes out unless an invariant of egraph.cpp or rebuild.cpp is
// broken.
#include <numeric>

#include "bafe/base/error.h"
#include "bafe/egraph/egraph.h"

namespace bafe {

void EGraph::check() {
  BAFE_CHECK(is_rebuilt(), "check() looks at a rebuilt graph");
  check_lists();
  check_table();
  check_parents();
  check_log();
  if (!analysis_) return;
  for (std::uint32_t i = 0; i < rows_.size(); ++i) {
    if (!is_live(NodeId(i))) continue;
    bool changed = analysis_->learn(*this, NodeId(i), class_of(NodeId(i)));
    BAFE_CHECK(!changed, "facts are at their fixpoint");
  }
}

void EGraph::check_lists() const {
  std::vector<int> seen(rows_.size());
  std::size_t canonical = 0, live = 0;
  for (std::uint32_t c = 0; c < classes_.size(); ++c) {
    const ClassRow& row = classes_[c];
    if (!is_canonical(ClassId(c))) continue;
    ++canonical;
    std::uint32_t mask = 0;
    NodeId last;
    for (NodeId node : lists_.items(row.nodes)) {
      BAFE_CHECK(is_live(node) && class_of(node).index() == c, "a class lists its live nodes");
      BAFE_CHECK(!last.valid() || last < node, "nodes of a class ascend");
      mask |= mask_of(op(node));
      ++seen[node.index()];
      ++live;
      last = node;
    }
    BAFE_CHECK((mask & ~row.mask) == 0, "the operator mask forgets no operator");
  }
  for (std::uint32_t i = 0; i < rows_.size(); ++i) {
    BAFE_CHECK(seen[i] == (is_live(NodeId(i)) ? 1 : 0), "a live node is in one list of one class");
    BAFE_CHECK(is_canonical(class_of(NodeId(i))), "nodes know canonical classes");
  }
  BAFE_CHECK(canonical == num_classes_ && live == live_nodes_, "counts of classes and nodes");
}

void EGraph::check_table() const {
  BAFE_CHECK(table_.size() == live_nodes_, "the hash-cons holds the live nodes");
  for (std::uint32_t i = 0; i < rows_.size(); ++i) {
    NodeId node(i);
    HashCons::Slot slot =
        table_.find(hash_of(rows_[i]), [&](NodeId other) { return same_key(other, node); });
    BAFE_CHECK(slot.valid(), "the hash-cons knows every node's key");
    NodeId known = table_.node(slot);
    if (is_live(node)) {
      BAFE_CHECK(known == node, "no two live nodes are congruent");
    } else {
      BAFE_CHECK(known < node && class_of(known) == class_of(node),
                 "a dead node has an older twin in its class");
    }
  }
}

void EGraph::check_parents() const {
  std::vector<std::uint32_t> links(rows_.size());
  for (std::uint32_t c = 0; c < classes_.size(); ++c) {
    if (!is_canonical(ClassId(c))) continue;
    for (NodeId parent : parents(ClassId(c))) {
      if (!is_live(parent)) continue;
      bool holds = false;
      for (NodeId child : children(parent)) holds |= class_of(child).index() == c;
      BAFE_CHECK(holds, "a parent has a child in the class");
      ++links[parent.index()];
    }
  }
  std::vector<ClassId> distinct;
  for (std::uint32_t i = 0; i < rows_.size(); ++i) {
    if (!is_live(NodeId(i))) continue;
    distinct.clear();
    for (NodeId child : children(NodeId(i))) {
      bool known = false;
      for (ClassId cls : distinct) known |= cls == class_of(child);
      if (!known) distinct.push_back(class_of(child));
    }
    BAFE_CHECK(links[i] == distinct.size(), "a node is once among the parents of each child class");
  }
}

void EGraph::check_log() const {
  if (!keep_proofs_) return;
  std::vector<std::uint32_t> root(rows_.size());
  std::iota(root.begin(), root.end(), 0u);
  auto find_root = [&](std::uint32_t i) {
    while (root[i] != i) i = root[i] = root[root[i]];
    return i;
  };
  std::size_t trees = rows_.size();
  for (std::size_t at = 0; at < log_.size();) {
    Union entry = read_log(at);
    std::uint32_t a = find_root(entry.a.index()), b = find_root(entry.b.index());
    BAFE_CHECK(a != b, "a logged union joined two classes");
    BAFE_CHECK(class_of(entry.a) == class_of(entry.b), "a logged union still holds");
    root[b] = a;
    --trees;
  }
  BAFE_CHECK(trees == num_classes_, "the log explains every class");
}

}  // namespace bafe

// Unions come in; classes closed under congruence with facts at their fixpoint go out. A merge
// takes the parents of the swallowed class out of the hash-cons at once, while their old tags can
// still be computed, and queues them; rebuild() puts them back and finds the congruent ones.
// Invariant of every step: a live node is in the hash-cons or in pending_, never in both.
#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/egraph/egraph.h"

namespace bafe {

bool EGraph::is_rebuilt() const {
  return pending_.empty() && fact_pending_.empty() && modify_pending_.empty() && dirty_.empty();
}

bool EGraph::keeps(ClassId a, ClassId b) const {
  // relabelling and re-hashing cost what the swallowed class holds
  auto weight = [](const ClassRow& row) { return row.nodes.size + row.parents.size; };
  std::uint32_t of_a = weight(classes_[a.index()]), of_b = weight(classes_[b.index()]);
  return of_a != of_b ? of_a > of_b : a < b;
}

bool EGraph::is_newborn(ClassId cls, NodeId node) const {
  if (node.index() < settled_ || cls.index() + 1 != classes_.size()) return false;
  const ClassRow& row = classes_[cls.index()];
  return row.nodes.size == 1 && row.parents.size == 0;
}

bool EGraph::unite(NodeId a, NodeId b, const Reason& reason) {
  ClassId of_a = class_of(a), of_b = class_of(b);
  if (of_a == of_b) return false;
  bool absorbed = is_newborn(of_b, b) && is_live(b);
  bool keep_b = !absorbed && !keeps(of_a, of_b);
  ClassId into = keep_b ? of_b : of_a, from = keep_b ? of_a : of_b;
  if (analysis_) {
    blame_on(a, b, reason);
    MergeResult result = analysis_->merge(*this, into, from);
    blame_on({}, {}, {});
    if (result.from_changed) queue_parents_facts(from);
    if (result.into_changed) {
      queue_parents_facts(into);
      if (absorbed) touch(into);
    }
    if (result.into_changed || result.from_changed) queue_modify(into);
  }
  write_log(a, b, reason, keep_b, absorbed);
  if (absorbed) {
    absorb(into, b);
  } else {
    merge_classes(into, from, false);
  }
  return true;
}

void EGraph::absorb(ClassId into, NodeId node) {
  ClassRow& newborn = classes_.back();
  bool queued = newborn.modify;
  classes_.pop_back();
  --num_classes_;
  if (queued && !modify_pending_.empty() && modify_pending_.back().index() == classes_.size()) {
    modify_pending_.pop_back();
  }
  ClassRow& row = classes_[into.index()];
  class_of_[node.index()] = into.index();
  bool ascending = lists_.items(row.nodes).back() < node;
  lists_.push(row.nodes, node);
  row.mask |= mask_of(op(node));
  if (!ascending) touch_list(into);
}

void EGraph::merge_classes(ClassId into, ClassId from, bool replaying) {
  move_parents(into, from, replaying);
  ClassRow& row = classes_[into.index()];
  ClassRow& gone = classes_[from.index()];
  for (NodeId node : lists_.items(gone.nodes)) {
    arrived_[node.index()] = static_cast<std::uint8_t>(tick_);
    std::uint32_t& known = class_of_[node.index()];
    if (!(known & kTwin)) known = into.index();
  }
  lists_.splice(row.nodes, gone.nodes);
  row.mask |= gone.mask;
  touch(into);
  gone.nodes = {NodeId(into.index()), 0};
  if (gone.modify) queue_modify(into);
  --num_classes_;
  touch_list(into);
}

void EGraph::move_parents(ClassId into, ClassId from, bool replaying) {
  ListRef<NodeId> moved = classes_[from.index()].parents;
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < moved.size; ++i) {
    NodeId parent = lists_.items(moved)[i];
    NodeRow& row = rows_[parent.index()];
    if (row.bits & kDead) continue;
    if (!replaying && !(row.bits & kPending)) {
      std::uint64_t hash = hash_of(row);
      HashCons::Slot slot = table_.find(hash, [&](NodeId other) { return other == parent; });
      BAFE_CHECK(slot.valid(), "a settled node is in the hash-cons");
      table_.erase(slot, hash);
      row.bits |= kPending;
      pending_.push_back(parent);
    }
    bool linked = false;
    for (NodeId child : children(parent)) linked |= class_of(child) == into;
    if (!linked) lists_.items(moved)[kept++] = parent;
  }
  lists_.shrink(moved, kept);
  lists_.splice(classes_[into.index()].parents, moved);
  classes_[from.index()].parents = {};
}

void EGraph::touch_list(ClassId cls) {
  ClassRow& row = classes_[cls.index()];
  if (row.dirty) return;
  row.dirty = 1;
  dirty_.push_back(cls);
}

void EGraph::queue_parents_facts(ClassId cls) {
  for (NodeId parent : lists_.items(classes_[cls.index()].parents)) {
    NodeRow& row = rows_[parent.index()];
    if (row.bits & (kDead | kFactPending)) continue;
    row.bits |= kFactPending;
    fact_pending_.push_back(parent);
  }
}

void EGraph::queue_modify(ClassId cls) {
  ClassRow& row = classes_[cls.index()];
  if (row.modify) return;
  row.modify = 1;
  modify_pending_.push_back(cls);
}

void EGraph::facts_changed(ClassId cls) {
  cls = find(cls);
  touch(cls);
  queue_parents_facts(cls);
  queue_modify(cls);
}

void EGraph::kill(NodeId node, NodeId twin) {
  rows_[node.index()].bits |= kDead;
  --live_nodes_;
  touch_list(class_of(node));
  unite(twin, node,
        {.kind = ReasonKind::kCongruence, .backward = false, .rule = {}, .witness = {}});
  class_of_[node.index()] = kTwin | twin.index();
  arrived_[node.index()] = static_cast<std::uint8_t>(tick_);
}

void EGraph::repair(NodeId node) {
  NodeRow& row = rows_[node.index()];
  row.bits &= static_cast<std::uint16_t>(~kPending);
  if (row.bits & kDead) return;
  std::uint64_t hash = hash_of(row);
  HashCons::Slot slot = table_.find(hash, [&](NodeId other) { return same_key(other, node); });
  if (!slot.valid()) return insert(hash, node);
  NodeId twin = table_.node(slot);
  NodeId kept = std::min(node, twin), lost = std::max(node, twin);
  table_.replace(slot, kept);
  kill(lost, kept);
}

void EGraph::poll_interrupt() {
  if (--steps_to_poll_ > 0) return;
  steps_to_poll_ = 1024;
  if (interrupted_ && interrupted_()) throw RebuildInterrupted{};
}

void EGraph::settle_facts(bool modify) {
  while (!fact_pending_.empty() || !modify_pending_.empty()) {
    poll_interrupt();
    if (!fact_pending_.empty()) {
      NodeId node = fact_pending_.back();
      fact_pending_.pop_back();
      NodeRow& row = rows_[node.index()];
      row.bits &= static_cast<std::uint16_t>(~kFactPending);
      if (row.bits & kDead) continue;
      ClassId cls = class_of(node);
      blame_on(node, node, {});
      bool changed = analysis_->learn(*this, node, cls);
      blame_on({}, {}, {});
      if (changed) facts_changed(cls);
      continue;
    }
    ClassId cls = modify_pending_.back();
    modify_pending_.pop_back();
    if (cls.index() >= classes_.size() || !classes_[cls.index()].modify) continue;
    classes_[cls.index()].modify = 0;
    if (!modify || !is_canonical(cls)) continue;
    analysis_->modify(*this, cls);
    if (!pending_.empty()) return;
  }
}

void EGraph::compact_dirty() {
  for (ClassId cls : dirty_) {
    ClassRow& row = classes_[cls.index()];
    row.dirty = 0;
    if (!is_canonical(cls)) continue;
    std::span<NodeId> nodes = lists_.items(row.nodes);
    std::uint32_t kept = 0;
    bool ascending = true;
    for (NodeId node : nodes) {
      if (!is_live(node)) continue;
      ascending &= kept == 0 || nodes[kept - 1] < node;
      nodes[kept++] = node;
    }
    if (!ascending) std::sort(nodes.begin(), nodes.begin() + kept);
    lists_.shrink(row.nodes, kept);
  }
  dirty_.clear();
  if (lists_.is_sparse()) {
    ListPool<NodeId> dense;
    for (ClassRow& row : classes_) {
      lists_.move_list(row.nodes, dense);
      lists_.move_list(row.parents, dense);
    }
    lists_ = std::move(dense);
  }
  for (FlatArray<NodeId>* scratch : {&pending_, &fact_pending_}) {
    if (scratch->memory_bytes() > (1u << 14)) scratch->reset(0);
  }
  if (dirty_.memory_bytes() > (1u << 14)) dirty_.reset(0);
}

void EGraph::close() {
  while (!pending_.empty()) {
    poll_interrupt();
    NodeId node = pending_.back();
    pending_.pop_back();
    repair(node);
  }
}

void EGraph::rebuild() {
  while (!pending_.empty() || !fact_pending_.empty() || !modify_pending_.empty()) {
    close();
    settle_facts(true);
  }
  compact_dirty();
  settled_ = static_cast<std::uint32_t>(rows_.size());
}

}  // namespace bafe

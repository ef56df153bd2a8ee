// Unions come in; classes closed under congruence with facts at their fixpoint go out. A merge
// takes the parents of the swallowed class out of the hash-cons at once, while their old tags can
// still be computed, and queues them; rebuild() puts them back and finds the congruent ones.
// Invariant of every step: a live node is in the hash-cons or in pending_, never in both.
#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/egraph/egraph.h"
#include "bafe/egraph/tight.h"

namespace bafe {

bool EGraph::is_rebuilt() const {
  return pending_.empty() && fact_pending_.empty() && modify_pending_.empty() && dirty_.empty();
}

bool EGraph::keeps(ClassId a, ClassId b) const {
  // relabelling and re-hashing cost what the swallowed class holds
  auto weight = [](const ClassRow& row) {
    return row.live.size + row.dead.size + row.parents.size;
  };
  std::uint32_t of_a = weight(classes_[a.index()]), of_b = weight(classes_[b.index()]);
  return of_a != of_b ? of_a > of_b : a < b;
}

bool EGraph::is_newborn(ClassId cls, NodeId node) const {
  if (node.index() < settled_ || cls.index() + 1 != classes_.size()) return false;
  const ClassRow& row = classes_[cls.index()];
  return row.live.size == 1 && row.dead.size == 0 && row.parents.size == 0;
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

void EGraph::write_log(NodeId a, NodeId b, const Reason& reason, bool keep_b, bool absorbed) {
  if (!keep_proofs_) return;
  BAFE_CHECK(reason.witness.size() < 512, "a witness holds fewer than 512 nodes");
  std::uint32_t rule = reason.rule.valid() ? reason.rule.index() : 0xffffu;
  BAFE_CHECK(rule <= 0xffffu, "rule ids are below 65,536");
  std::uint32_t header = static_cast<std::uint32_t>(reason.kind) | (reason.backward ? 8u : 0u) |
                         (keep_b ? 16u : 0u) | (absorbed ? 32u : 0u) | rule << 6 |
                         static_cast<std::uint32_t>(reason.witness.size()) << 22;
  reserve_tight(log_, 3 + reason.witness.size());
  log_.push_back(a);
  log_.push_back(b);
  log_.push_back(NodeId(header));
  log_.insert(log_.end(), reason.witness.begin(), reason.witness.end());
}

EGraph::Union EGraph::read_log(std::size_t& at) const {
  std::uint32_t header = log_[at + 2].index();
  std::uint32_t rule = (header >> 6) & 0xffffu, words = header >> 22;
  Union entry{log_[at],
              log_[at + 1],
              static_cast<ReasonKind>(header & 7u),
              (header & 8u) != 0,
              (header & 16u) != 0,
              (header & 32u) != 0,
              rule == 0xffffu ? RuleId{} : RuleId(rule),
              {log_.data() + at + 3, words}};
  at += 3 + words;
  return entry;
}

void EGraph::absorb(ClassId into, NodeId node) {
  ClassRow& newborn = classes_.back();
  lists_.free(newborn.live);
  bool queued = newborn.modify;
  classes_.pop_back();
  --num_classes_;
  if (queued && !modify_pending_.empty() && modify_pending_.back().index() == classes_.size()) {
    modify_pending_.pop_back();
  }
  ClassRow& row = classes_[into.index()];
  class_of_[node.index()] = into;
  bool ascending = row.live.size == 0 || lists_.items(row.live).back() < node;
  lists_.push(row.live, node);
  row.mask.add(op(node));
  if (!ascending) touch_list(into);
}

void EGraph::merge_classes(ClassId into, ClassId from, bool replaying) {
  move_parents(into, from, replaying);
  ClassRow& row = classes_[into.index()];
  ClassRow& gone = classes_[from.index()];
  for (const ListRef& list : {gone.live, gone.dead}) {
    for (NodeId node : lists_.items(list)) {
      class_of_[node.index()] = into;
      arrived_[node.index()] = tick_;
    }
  }
  lists_.splice(row.live, gone.live);
  lists_.splice(row.dead, gone.dead);
  row.mask.add(gone.mask);
  touch(into);
  gone.forward = into;
  if (gone.modify) queue_modify(into);
  --num_classes_;
  touch_list(into);
}

void EGraph::move_parents(ClassId into, ClassId from, bool replaying) {
  ListRef moved = classes_[from.index()].parents;
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < moved.size; ++i) {
    NodeId parent = lists_.items(moved)[i];
    NodeRow& row = rows_[parent.index()];
    if (row.bits & kDead) continue;
    if (!replaying && !(row.bits & kPending)) {
      std::uint32_t slot =
          table_.find(tag_of(row), [&](NodeId candidate) { return candidate == parent; });
      BAFE_CHECK(slot != HashCons::kAbsent, "a settled node is in the hash-cons");
      table_.erase(slot);
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

void EGraph::kill(NodeId node) {
  rows_[node.index()].bits |= kDead;
  ++dead_of_op_[op(node).index()];
  --live_nodes_;
  touch_list(class_of(node));
}

void EGraph::repair(NodeId node) {
  NodeRow& row = rows_[node.index()];
  row.bits &= static_cast<std::uint16_t>(~kPending);
  if (row.bits & kDead) return;
  std::uint32_t tag = tag_of(row);
  std::uint32_t slot = table_.find(tag, [&](NodeId other) { return same_key(other, node); });
  if (slot == HashCons::kAbsent) return table_.insert(tag, node);
  NodeId twin = table_.node(slot);
  NodeId kept = std::min(node, twin), lost = std::max(node, twin);
  table_.replace(slot, kept);
  kill(lost);
  unite(kept, lost,
        {.kind = ReasonKind::kCongruence, .backward = false, .rule = {}, .witness = {}});
}

void EGraph::settle_facts(bool modify) {
  while (!fact_pending_.empty() || !modify_pending_.empty()) {
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
  std::vector<NodeId> dead;
  for (ClassId cls : dirty_) {
    ClassRow& row = classes_[cls.index()];
    row.dirty = 0;
    if (row.forward != cls) continue;
    std::span<NodeId> live = lists_.items(row.live);
    std::uint32_t kept = 0;
    dead.clear();
    bool ascending = true;
    for (NodeId node : live) {
      if (is_live(node)) {
        ascending &= kept == 0 || live[kept - 1] < node;
        live[kept++] = node;
      } else {
        dead.push_back(node);
      }
    }
    if (!ascending) std::sort(live.begin(), live.begin() + kept);
    if (!dead.empty()) lists_.shrink(row.live, kept);
    for (NodeId node : dead) lists_.push(row.dead, node);
  }
  dirty_.clear();
  for (std::size_t op = 0; op < by_op_.size(); ++op) {
    if (dead_of_op_[op] * 4 <= by_op_[op].size()) continue;
    std::erase_if(by_op_[op], [&](NodeId node) { return !is_live(node); });
    dead_of_op_[op] = 0;
  }
}

void EGraph::close() {
  while (!pending_.empty()) {
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

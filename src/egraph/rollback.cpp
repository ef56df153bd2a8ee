// A checkpoint comes in; the graph of that moment goes out, built again from the append-only
// prefix: nodes are born in order, each union is applied once its nodes exist, with the survivor
// that the log names. So classes get the ids they had. Congruent nodes are found by one pass at the
// end, since their unions are in the log.
#include "bafe/base/error.h"
#include "bafe/egraph/egraph.h"

namespace bafe {

Checkpoint EGraph::mark() const {
  BAFE_CHECK(is_rebuilt(), "a checkpoint is taken of a rebuilt graph");
  return {static_cast<std::uint32_t>(rows_.size()), static_cast<std::uint32_t>(spill_.size()),
          static_cast<std::uint32_t>(log_.size())};
}

void EGraph::rollback(const Checkpoint& point) {
  BAFE_CHECK(keep_proofs_, "a graph without its union log cannot go back");
  BAFE_CHECK(point.nodes <= rows_.size() && point.spilled <= spill_.size() &&
                 point.log_bytes <= log_.size(),
             "a checkpoint is older than the graph");
  rows_.truncate(point.nodes);
  spill_.truncate(point.spilled);
  log_.truncate(point.log_bytes);
  for (NodeRow& row : rows_) {
    row.bits &= kArityBits | kSpilled | kHasAttr;
    row.bits |= kPending;  // not in the hash-cons
  }
  class_of_.clear();
  arrived_.clear();
  classes_.clear();
  lists_.clear();
  table_.clear();
  pending_.clear();
  fact_pending_.clear();
  modify_pending_.clear();
  dirty_.clear();
  live_nodes_ = num_classes_ = 0;
  settled_ = 0;
  ++epoch_;
  replay();
}

void EGraph::replay() {
  auto birth_until = [this](std::size_t count) {
    while (class_of_.size() < count) {
      open_class(NodeId(static_cast<std::uint32_t>(class_of_.size())));
    }
  };
  for (std::size_t at = 0; at < log_.size();) {
    Union entry = read_log(at);
    birth_until(std::max(entry.a.index(), entry.b.index()) + 1);
    ClassId of_a = class_of(entry.a), of_b = class_of(entry.b);
    ClassId into = entry.keep_b ? of_b : of_a, from = entry.keep_b ? of_a : of_b;
    if (analysis_) {
      MergeResult result = analysis_->merge(*this, into, from);
      if (result.from_changed) queue_parents_facts(from);
      if (result.into_changed) queue_parents_facts(into);
    }
    if (entry.absorbed) {
      BAFE_CHECK(is_newborn(of_b, entry.b), "a replayed class is as young as it was");
      absorb(into, entry.b);
    } else {
      merge_classes(into, from, true);
    }
  }
  birth_until(rows_.size());
  for (std::uint32_t i = 0; i < rows_.size(); ++i) {
    NodeId node(i);
    rows_[i].bits &= static_cast<std::uint16_t>(~kPending);
    std::uint64_t hash = hash_of(rows_[i]);
    HashCons::Slot slot = table_.find(hash, [&](NodeId other) { return same_key(other, node); });
    if (!slot.valid()) {
      insert(hash, node);
    } else {
      BAFE_CHECK(class_of(table_.node(slot)) == class_of(node), "the log closes congruence");
      kill(node, table_.node(slot));
    }
  }
  if (analysis_) settle_facts(false);
  compact_dirty();
  settled_ = static_cast<std::uint32_t>(rows_.size());
}

}  // namespace bafe

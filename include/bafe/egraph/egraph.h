#pragma once
/// The e-graph: nodes over an operator table, classes of equal nodes, closed under congruence.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bafe/base/id.h"
#include "bafe/egraph/analysis.h"
#include "bafe/egraph/attr_table.h"
#include "bafe/egraph/flat_array.h"
#include "bafe/egraph/hash_cons.h"
#include "bafe/egraph/list_pool.h"
#include "bafe/egraph/union_log.h"
#include "bafe/ir/op_table.h"

namespace bafe {

/// A moment of a graph's growth; delta matching looks for what came after it.
struct Moment {
  std::uint32_t tick = 0;
  std::uint32_t nodes = 0;
  std::uint32_t epoch = 0;  ///< ticks of another epoch say nothing
};

/// A state to roll back to. Older checkpoints stay valid after a rollback, newer ones do not.
struct Checkpoint {
  std::uint32_t nodes = 0;
  std::uint32_t spilled = 0;
  std::uint32_t log_bytes = 0;
};

/// Thrown by rebuild() when set_interrupt()'s function says so: roll back before going on.
struct RebuildInterrupted {};

/// Ids are given in birth order and no hash order is visible: equal calls give equal graphs in
/// every process. Between rebuilds, congruent nodes may sit in different classes.
///
/// Errors: RuleError from the analysis (contradiction); roll back before going on.
/// Memory: see memory_bytes().
class EGraph {
 public:
  explicit EGraph(const OpTable& ops, Analysis* analysis = nullptr);
  EGraph(const EGraph&) = delete;
  EGraph& operator=(const EGraph&) = delete;

  // --- growth
  // -----------------------------------------------------------------------------------------
  /// The node `op attr children`, or the live node equal to it up to the classes of children. An
  /// invalid id when the node limit is reached: nothing was added. The class of a node added since
  /// the last rebuild may give its id back when it is united.
  NodeId add(OpId op, AttrId attr, std::span<const NodeId> children);
  NodeId add(OpId op, std::span<const NodeId> children = {}) { return add(op, AttrId{}, children); }
  /// The same without adding; invalid when there is none.
  NodeId lookup(OpId op, AttrId attr, std::span<const NodeId> children) const;
  /// lookup() for many nodes of one operator at once, which hides the latency of memory: child k
  /// of node i is children[k][i]; a node with an invalid child is not found.
  void lookup_all(OpId op, AttrId attr, std::span<const NodeId* const> children,
                  std::span<NodeId> found) const;
  /// False when the classes were one already.
  bool unite(NodeId a, NodeId b, const Reason& reason);
  /// The node `op attr children` made equal to `to`: a node that was not there is born into the
  /// class of `to`. True when the graph changed; when it did not though the node is still not
  /// there, the node limit is reached.
  bool add_equal(OpId op, AttrId attr, std::span<const NodeId> children, NodeId to,
                 const Reason& reason);
  /// Closes under congruence, brings facts to their fixpoint, calls Analysis::modify.
  void rebuild();
  /// Congruence alone, which is cheap after each few unions and keeps later additions from building
  /// twins.
  void close();
  bool is_rebuilt() const;
  /// Polled by rebuild() every thousand steps; may be empty.
  void set_interrupt(std::function<bool()> interrupted) { interrupted_ = std::move(interrupted); }
  /// Facts of `cls` were changed from outside (an assertion): parents learn again at the next
  /// rebuild.
  void facts_changed(ClassId cls);
  /// Gives back the memory that growth kept ready: for a graph that grows no more for now.
  void trim();
  /// Live nodes never exceed this count.
  void set_node_limit(std::size_t nodes) { node_limit_ = nodes; }
  std::size_t node_limit() const { return node_limit_; }
  /// Without the union log there are no explanations and no rollback. For measuring what it costs;
  /// only on an empty graph.
  void keep_proofs(bool keep) { keep_proofs_ = keep; }
  /// Every result of add() is appended to `trace` until it is set to null.
  void set_trace(std::vector<NodeId>* trace) { trace_ = trace; }

  // --- nodes
  // ------------------------------------------------------------------------------------------
  OpId op(NodeId node) const { return OpId(rows_[node.index()].op); }
  AttrId attr(NodeId node) const;
  /// As born: their classes are equal to the node's children for ever.
  std::span<const NodeId> children(NodeId node) const {
    const NodeRow& row = rows_[node.index()];
    return {words(row), static_cast<std::size_t>(row.bits & kArityBits)};
  }
  ClassId class_of(NodeId node) const {
    std::uint32_t known = class_of_[node.index()];
    while (known & kTwin) known = class_of_[known & ~kTwin];
    return ClassId(known);
  }
  /// False for a node that was found equal, child by child, to an older one.
  bool is_live(NodeId node) const { return !(rows_[node.index()].bits & kDead); }
  std::size_t num_born() const { return rows_.size(); }  ///< node ids are below this
  std::size_t num_nodes() const { return live_nodes_; }  ///< live

  // --- classes
  // ----------------------------------------------------------------------------------------
  /// The class that a merged class became part of.
  ClassId find(ClassId cls) const;
  bool is_canonical(ClassId cls) const { return classes_[cls.index()].nodes.size > 0; }
  std::size_t class_bound() const { return classes_.size(); }  ///< class ids are below this
  std::size_t num_classes() const { return num_classes_; }
  std::vector<ClassId> classes() const;  ///< canonical, ascending
  /// Live nodes, ascending by id. Needs is_rebuilt() and a canonical id.
  std::span<const NodeId> nodes(ClassId cls) const {
    return lists_.items(classes_[cls.index()].nodes);
  }
  /// Nodes with a child in `cls`, each once, in no useful order; dead ones among them.
  std::span<const NodeId> parents(ClassId cls) const {
    return lists_.items(classes_[cls.index()].parents);
  }
  /// False: no node of `cls` has this operator.
  bool may_hold(ClassId cls, OpId op) const { return classes_[cls.index()].mask & mask_of(op); }
  /// A node that stands for the class when one is built upon: the oldest.
  NodeId representative(ClassId cls) const { return nodes(cls).front(); }
  /// Live nodes of an operator in birth order. O(nodes born).
  std::vector<NodeId> nodes_of(OpId op) const;

  // --- change
  // -----------------------------------------------------------------------------------------
  /// Now; what changes later is later than this moment.
  Moment moment();
  /// Did the class of `node` become another after `since`? Two nodes that did not move are equal
  /// now only if they were equal then. New nodes are told by their id.
  bool moved(NodeId node, const Moment& since) const {
    while (arrived_[node.index()] <= since.tick) {
      std::uint32_t known = class_of_[node.index()];
      if (!(known & kTwin)) return false;
      node = NodeId(known & ~kTwin);
    }
    return true;
  }
  /// Did `cls` swallow a class or change its facts after `since`?
  bool changed(ClassId cls, const Moment& since) const {
    return classes_[cls.index()].tick > since.tick;
  }
  /// `since`, or the beginning when it is of another epoch: after a rollback, when ids of nodes
  /// were given again, and after many moments, when ticks start anew.
  Moment usable(const Moment& since) const { return since.epoch == epoch_ ? since : Moment{}; }
  Checkpoint mark() const;  ///< needs is_rebuilt()
  /// Back to the state at `point`: same nodes, classes and ids, facts learnt again; every earlier
  /// moment becomes the beginning. O(nodes at the mark).
  void rollback(const Checkpoint& point);

  // --- surroundings
  // -----------------------------------------------------------------------------------
  const OpTable& ops() const { return *ops_; }
  Analysis* analysis() const { return analysis_; }
  AttrTable& attrs() { return attrs_; }
  const AttrTable& attrs() const { return attrs_; }
  /// Names for messages, indexed by RuleId.
  void set_rule_names(std::vector<std::string> names) { rule_names_ = std::move(names); }
  std::string rule_name(RuleId rule) const;
  /// "compute", "matmul-regroup (backward)".
  std::string reason_text(ReasonKind kind, RuleId rule, bool backward) const;
  /// "(add x (mul y z))" along the children as born, `…` below `depth`.
  std::string term_text(NodeId node, int depth = 8) const;
  /// The union in progress, for messages of the analysis: rule, and both terms.
  std::string blame() const;
  /// Bytes held by nodes, classes and tables; with_proofs adds the union log.
  std::size_t memory_bytes(bool with_proofs = true) const;
  /// CHECKs every invariant: hash-cons, congruence, parents, lists, operator index, facts at their
  /// fixpoint. O(nodes). Needs is_rebuilt().
  void check();

  /// The append-only log of unions; explain.h reads it.
  using Union = UnionLog::Entry;
  std::size_t log_size() const { return log_.size(); }
  /// The union at `at`, which moves to the next one; start at 0, end at log_size().
  Union read_log(std::size_t& at) const { return log_.read(at); }

 private:
  /// A node's words are its children, then its attribute record. Two fit here; more lie in spill_,
  /// from words[0] on: matching and hash-consing then touch one cache line of most nodes.
  struct NodeRow {
    NodeId words[2];
    std::uint16_t op;
    std::uint16_t bits;  ///< arity and flags
  };
  static constexpr std::uint32_t kMaxTick = 0xff, kMaskBits = 22;
  static constexpr std::uint32_t kTwin = 0x80000000u;  ///< in class_of_: ask that node
  struct ClassRow {
    ListRef<NodeId> nodes;  ///< without items: this class is part of another, ClassId(nodes.first)
    ListRef<NodeId> parents;
    std::uint32_t mask : kMaskBits = 0;  ///< operators, mask_of()
    std::uint32_t tick : 8 = 0;          ///< of the last merge or change of facts
    std::uint32_t dirty : 1 = 0;         ///< nodes are to be sorted and rid of dead ones
    std::uint32_t modify : 1 = 0;        ///< Analysis::modify is to be called
  };
  static constexpr std::uint16_t kArityBits = 0x07ff, kSpilled = 0x0800, kDead = 0x1000,
                                 kPending = 0x2000, kFactPending = 0x4000, kHasAttr = 0x8000;

  static std::uint32_t mask_of(OpId op) { return 1u << op.index() % kMaskBits; }
  const NodeId* words(const NodeRow& row) const {
    return row.bits & kSpilled ? spill_.data() + row.words[0].index() : row.words;
  }
  std::uint64_t hash_of(const NodeRow& row) const;
  std::uint64_t hash_of(OpId op, AttrId attr, std::span<const NodeId> children) const;
  bool same_key(NodeId a, NodeId b) const;
  bool has_key(NodeId node, OpId op, AttrId attr, std::span<const NodeId> children) const;
  template <std::size_t kArity>
  void lookup_block(OpId op, std::span<const NodeId* const> children, std::size_t begin,
                    std::span<NodeId> found) const;
  HashCons::Slot find_slot(std::uint64_t hash, OpId op, AttrId attr,
                           std::span<const NodeId> children) const;
  void insert(std::uint64_t hash, NodeId node);  ///< into the hash-cons
  void rehash(NodeId but);
  NodeId append_node(OpId op, AttrId attr, std::span<const NodeId> children);
  void open_class(NodeId node);
  void join_class(NodeId node, ClassId cls);
  void index_node(NodeId node, ClassId cls);
  void link_parents(NodeId node);
  void blame_on(NodeId a, NodeId b, const Reason& reason) {
    blamed_a_ = a;
    blamed_b_ = b;
    blamed_ = reason;
  }
  void write_log(NodeId a, NodeId b, const Reason& reason, bool keep_b, bool absorbed) {
    if (keep_proofs_) log_.append(a, b, reason, keep_b, absorbed);
  }
  bool is_newborn(ClassId cls, NodeId node) const;
  bool keeps(ClassId a, ClassId b) const;
  void absorb(ClassId into, NodeId node);
  void merge_classes(ClassId into, ClassId from, bool replaying);
  void move_parents(ClassId into, ClassId from, bool replaying);
  void queue_parents_facts(ClassId cls);
  void queue_modify(ClassId cls);
  void touch(ClassId cls) { classes_[cls.index()].tick = static_cast<std::uint8_t>(tick_); }
  void touch_list(ClassId cls);
  void repair(NodeId node);
  void poll_interrupt();
  void kill(NodeId node, NodeId twin);
  void settle_facts(bool modify);
  void compact_dirty();
  void replay();
  void check_lists() const;
  void check_table() const;
  void check_parents() const;
  void check_log() const;

  const OpTable* ops_;
  Analysis* analysis_;
  AttrTable attrs_;
  FlatArray<NodeRow> rows_;
  FlatArray<std::uint32_t>
      class_of_;                     ///< canonical class of a live node; kTwin | twin of a dead one
  FlatArray<std::uint8_t> arrived_;  ///< tick at which the node's class last became another
  FlatArray<NodeId> spill_;          ///< words of nodes that have more than two
  FlatArray<ClassRow> classes_;
  ListPool<NodeId> lists_;
  HashCons table_;
  UnionLog log_;
  FlatArray<NodeId> pending_, fact_pending_;
  FlatArray<ClassId> modify_pending_, dirty_;
  std::vector<std::string> rule_names_;
  std::size_t live_nodes_ = 0, num_classes_ = 0, node_limit_ = 0xfffffff0u;
  std::uint32_t tick_ = 1, epoch_ = 1;
  /// Nodes born before the last rebuild: their classes' ids are known outside.
  std::uint32_t settled_ = 0;
  std::vector<NodeId>* trace_ = nullptr;
  std::function<bool()> interrupted_;
  std::uint32_t steps_to_poll_ = 1024;
  bool keep_proofs_ = true;
  NodeId blamed_a_, blamed_b_;
  Reason blamed_;
};

/// " :perm (1 0)" for each field; empty without fields.
std::string fields_text(const OpSpec& spec, const Attrs& record);

}  // namespace bafe

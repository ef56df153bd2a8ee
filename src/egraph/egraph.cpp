// Nodes come in by operator, attributes and children; ids of nodes and classes go out. Between
// calls: class_of_ holds the canonical class of a live node and the older twin of a dead one; every
// live node that is not pending has its entry in the hash-cons under the hash of its children's
// present classes; the parents of a class hold every live node with a child in it, once.
#include "bafe/egraph/egraph.h"

#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/egraph/key.h"

namespace bafe {

EGraph::EGraph(const OpTable& ops, Analysis* analysis) : ops_(&ops), analysis_(analysis) {
  BAFE_CHECK(ops.size() < 0x10000, "an operator fits in 16 bits");
}

AttrId EGraph::attr(NodeId node) const {
  const NodeRow& row = rows_[node.index()];
  if (!(row.bits & kHasAttr)) return {};
  return AttrId(words(row)[row.bits & kArityBits].index());
}

ClassId EGraph::find(ClassId cls) const {
  while (!is_canonical(cls)) cls = ClassId(classes_[cls.index()].nodes.first.index());
  return cls;
}

std::vector<ClassId> EGraph::classes() const {
  std::vector<ClassId> all;
  all.reserve(num_classes_);
  for (std::uint32_t i = 0; i < classes_.size(); ++i) {
    if (is_canonical(ClassId(i))) all.push_back(ClassId(i));
  }
  return all;
}

std::vector<NodeId> EGraph::nodes_of(OpId op) const {
  std::vector<NodeId> all;
  for (std::uint32_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].op == op.index() && is_live(NodeId(i))) all.push_back(NodeId(i));
  }
  return all;
}

Moment EGraph::moment() {
  if (tick_ == kMaxTick) {
    std::fill(arrived_.begin(), arrived_.end(), std::uint8_t{0});
    for (ClassRow& row : classes_) row.tick = 0;
    tick_ = 1;
    ++epoch_;
  }
  return {tick_++, static_cast<std::uint32_t>(rows_.size()), epoch_};
}

std::uint64_t EGraph::hash_of(const NodeRow& row) const {
  std::uint64_t hash = key_start(row.op);
  if ((row.bits & (kArityBits | kHasAttr)) == 2) {
    hash = key_word(hash, class_of(row.words[0]).index());
    return key_end(key_word(hash, class_of(row.words[1]).index()));
  }
  const NodeId* word = words(row);
  const NodeId* end = word + (row.bits & kArityBits);
  for (; word != end; ++word) hash = key_word(hash, class_of(*word).index());
  if (row.bits & kHasAttr) hash = key_word(hash, word->index());
  return key_end(hash);
}

std::uint64_t EGraph::hash_of(OpId op, AttrId attr, std::span<const NodeId> children) const {
  std::uint64_t hash = key_start(op.index());
  for (NodeId child : children) hash = key_word(hash, class_of(child).index());
  if (attr.valid()) hash = key_word(hash, attr.index());
  return key_end(hash);
}

bool EGraph::same_key(NodeId a, NodeId b) const {
  const NodeRow& row = rows_[b.index()];
  return has_key(a, OpId(row.op), attr(b), children(b));
}

bool EGraph::has_key(NodeId node, OpId op, AttrId attr, std::span<const NodeId> children) const {
  const NodeRow& row = rows_[node.index()];
  if (row.op != op.index() || (row.bits & kArityBits) != children.size()) return false;
  const NodeId* word = words(row);
  for (NodeId child : children) {
    if (*word != child && class_of(*word) != class_of(child)) return false;
    ++word;
  }
  return (row.bits & kHasAttr ? AttrId(word->index()) : AttrId{}) == attr;
}

HashCons::Slot EGraph::find_slot(std::uint64_t hash, OpId op, AttrId attr,
                                 std::span<const NodeId> children) const {
  return table_.find(hash, [&](NodeId node) { return has_key(node, op, attr, children); });
}

NodeId EGraph::lookup(OpId op, AttrId attr, std::span<const NodeId> children) const {
  HashCons::Slot slot = find_slot(hash_of(op, attr, children), op, attr, children);
  return slot.valid() ? table_.node(slot) : NodeId{};
}

NodeId EGraph::add(OpId op, AttrId attr, std::span<const NodeId> children) {
  std::uint64_t hash = hash_of(op, attr, children);
  HashCons::Slot slot = find_slot(hash, op, attr, children);
  NodeId node;
  if (slot.valid()) {
    node = table_.node(slot);
  } else {
    if (live_nodes_ >= node_limit_) return {};
    node = append_node(op, attr, children);
    insert(hash, node);
    open_class(node);
  }
  if (trace_) trace_->push_back(node);
  return node;
}

NodeId EGraph::append_node(OpId op, AttrId attr, std::span<const NodeId> children) {
  BAFE_CHECK(children.size() <= kArityBits, "a node has at most 2047 children");
  BAFE_CHECK(rows_.size() < 0x7fffffffu, "node ids fit in 31 bits");
  NodeId node(static_cast<std::uint32_t>(rows_.size()));
  NodeRow row{};
  row.op = static_cast<std::uint16_t>(op.index());
  row.bits = static_cast<std::uint16_t>(children.size() | (attr.valid() ? kHasAttr : 0));
  // `children` may be a view of rows_ or of spill_, so it is copied before either grows
  if (children.size() + attr.valid() <= 2) {
    NodeId* word = row.words;
    for (NodeId child : children) *word++ = child;
    if (attr.valid()) row.words[children.size()] = NodeId(attr.index());
  } else {
    std::vector<NodeId> copy(children.begin(), children.end());
    if (attr.valid()) copy.push_back(NodeId(attr.index()));
    row.bits |= kSpilled;
    row.words[0] = NodeId(static_cast<std::uint32_t>(spill_.size()));
    spill_.append(copy.data(), copy.size());
  }
  rows_.push_back(row);
  return node;
}

void EGraph::index_node(NodeId node, ClassId cls) {
  class_of_.push_back(cls.index());
  arrived_.push_back(0);
  link_parents(node);
  ++live_nodes_;
  ClassRow& row = classes_[cls.index()];
  lists_.push(row.nodes, node);  // the youngest node: a list that ascends still does
  row.mask |= mask_of(op(node));
}

void EGraph::open_class(NodeId node) {
  ClassId cls(static_cast<std::uint32_t>(classes_.size()));
  classes_.push_back({});
  touch(cls);
  index_node(node, cls);
  ++num_classes_;
  if (!analysis_) return;
  analysis_->open(*this, cls);
  analysis_->learn(*this, node, cls);
  queue_modify(cls);
}

void EGraph::join_class(NodeId node, ClassId cls) {
  index_node(node, cls);
  if (analysis_ && analysis_->learn(*this, node, cls)) facts_changed(cls);
}

bool EGraph::add_equal(OpId op, AttrId attr, std::span<const NodeId> children, NodeId to,
                       const Reason& reason) {
  std::uint64_t hash = hash_of(op, attr, children);
  HashCons::Slot slot = find_slot(hash, op, attr, children);
  if (slot.valid()) return unite(to, table_.node(slot), reason);
  if (live_nodes_ >= node_limit_) return false;
  NodeId node = append_node(op, attr, children);
  insert(hash, node);
  blame_on(to, node, reason);
  write_log(to, node, reason, false, true);
  join_class(node, class_of(to));
  blame_on({}, {}, {});
  return true;
}

void EGraph::link_parents(NodeId node) {
  std::span<const NodeId> kids = children(node);
  for (std::size_t i = 0; i < kids.size(); ++i) {
    ClassId cls = class_of(kids[i]);
    bool linked = false;
    for (std::size_t j = 0; j < i; ++j) linked |= class_of(kids[j]) == cls;
    if (!linked) lists_.push(classes_[cls.index()].parents, node);
  }
}

std::string EGraph::rule_name(RuleId rule) const {
  if (rule.valid() && rule.index() < rule_names_.size()) return rule_names_[rule.index()];
  return rule.valid() ? format("rule {}", rule.index()) : "no rule";
}

std::string EGraph::reason_text(ReasonKind kind, RuleId rule, bool backward) const {
  static constexpr const char* kNames[] = {"rule",   "compute",  "ac",
                                           "define", "instance", "congruence"};
  if (kind != ReasonKind::kRule) return kNames[static_cast<int>(kind)];
  return format("{}{}", rule_name(rule), backward ? " (backward)" : "");
}

std::string fields_text(const OpSpec& spec, const Attrs& record) {
  std::string text;
  for (std::size_t i = 0; i < record.size(); ++i) {
    text +=
        format(" :{} {}", i < spec.fields.size() ? spec.fields[i].name : "?", attr_text(record[i]));
  }
  return text;
}

std::string EGraph::term_text(NodeId node, int depth) const {
  const OpSpec& spec = ops_->spec(op(node));
  std::string fields = fields_text(spec, attrs_.record(attr(node)));
  std::span<const NodeId> kids = children(node);
  if (kids.empty() && fields.empty()) return spec.name;
  if (depth <= 0) return "…";
  std::string text = format("({}", spec.name);
  for (NodeId child : kids) text += format(" {}", term_text(child, depth - 1));
  return text + fields + ")";
}

std::string EGraph::blame() const {
  if (!blamed_a_.valid()) return "no union in progress";
  return format("{}: {} = {}", reason_text(blamed_.kind, blamed_.rule, blamed_.backward),
                term_text(blamed_a_), term_text(blamed_b_));
}

void EGraph::trim() {
  rows_.trim();
  class_of_.trim();
  arrived_.trim();
  spill_.trim();
  classes_.trim();
  lists_.trim();
  log_.trim();
  if (!is_rebuilt()) return;
  for (FlatArray<NodeId>* scratch : {&pending_, &fact_pending_}) scratch->reset(0);
  for (FlatArray<ClassId>* scratch : {&modify_pending_, &dirty_}) scratch->reset(0);
}

std::size_t EGraph::memory_bytes(bool with_proofs) const {
  return rows_.memory_bytes() + class_of_.memory_bytes() + arrived_.memory_bytes() +
         spill_.memory_bytes() + classes_.memory_bytes() + lists_.memory_bytes() +
         table_.memory_bytes() + pending_.memory_bytes() + fact_pending_.memory_bytes() +
         modify_pending_.memory_bytes() + dirty_.memory_bytes() + attrs_.memory_bytes() +
         (with_proofs ? log_.memory_bytes() : 0);
}

}  // namespace bafe

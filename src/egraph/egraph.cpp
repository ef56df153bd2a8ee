// Nodes come in by operator, attributes and children; ids of nodes and classes go out. Between
// calls: class_of_ holds canonical classes for live and dead nodes alike; every live node that is
// not pending has its entry in the hash-cons under the tag of its children's present classes; the
// parents of a class hold every live node with a child in it, once.
#include "bafe/egraph/egraph.h"

#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/egraph/key.h"
#include "bafe/egraph/tight.h"

namespace bafe {

EGraph::EGraph(const OpTable& ops, Analysis* analysis)
    : ops_(&ops), analysis_(analysis), by_op_(ops.size()), dead_of_op_(ops.size()) {
  BAFE_CHECK(ops.size() < 0x10000, "an operator fits in 16 bits");
}

AttrId EGraph::attr(NodeId node) const {
  const NodeRow& row = rows_[node.index()];
  if (!(row.bits & kHasAttr)) return {};
  return AttrId(words(row)[row.bits & kArityBits].index());
}

ClassId EGraph::find(ClassId cls) const {
  while (classes_[cls.index()].forward != cls) cls = classes_[cls.index()].forward;
  return cls;
}

std::vector<ClassId> EGraph::classes() const {
  std::vector<ClassId> all;
  all.reserve(num_classes_);
  for (std::uint32_t i = 0; i < classes_.size(); ++i) {
    if (classes_[i].forward.index() == i) all.push_back(ClassId(i));
  }
  return all;
}

std::uint32_t EGraph::tag_of(const NodeRow& row) const {
  const NodeId* word = words(row);
  const NodeId* end = word + (row.bits & kArityBits);
  std::uint64_t hash = key_start(row.op);
  for (; word != end; ++word) hash = key_word(hash, class_of(*word).index());
  if (row.bits & kHasAttr) hash = key_word(hash, word->index());
  return key_tag(hash);
}

bool EGraph::same_key(NodeId a, NodeId b) const {
  const NodeRow& x = rows_[a.index()];
  const NodeRow& y = rows_[b.index()];
  if (x.op != y.op || ((x.bits ^ y.bits) & (kArityBits | kHasAttr))) return false;
  std::uint32_t arity = x.bits & kArityBits;
  const NodeId *of_a = words(x), *of_b = words(y);
  for (std::uint32_t i = 0; i < arity; ++i) {
    if (class_of(of_a[i]) != class_of(of_b[i])) return false;
  }
  return !(x.bits & kHasAttr) || of_a[arity] == of_b[arity];
}

std::uint32_t EGraph::find_slot(OpId op, AttrId attr, std::span<const NodeId> children,
                                std::uint32_t* tag) const {
  std::uint64_t hash = key_start(op.index());
  for (NodeId child : children) hash = key_word(hash, class_of(child).index());
  if (attr.valid()) hash = key_word(hash, attr.index());
  *tag = key_tag(hash);
  return table_.find(*tag, [&](NodeId node) {
    const NodeRow& row = rows_[node.index()];
    if (row.op != op.index() || (row.bits & kArityBits) != children.size()) return false;
    const NodeId* word = words(row);
    for (NodeId child : children) {
      if (*word != child && class_of(*word) != class_of(child)) return false;
      ++word;
    }
    AttrId have = row.bits & kHasAttr ? AttrId(word->index()) : AttrId{};
    return have == attr;
  });
}

NodeId EGraph::lookup(OpId op, AttrId attr, std::span<const NodeId> children) const {
  std::uint32_t tag, slot = find_slot(op, attr, children, &tag);
  return slot == HashCons::kAbsent ? NodeId{} : table_.node(slot);
}

NodeId EGraph::add(OpId op, AttrId attr, std::span<const NodeId> children) {
  std::uint32_t tag, slot = find_slot(op, attr, children, &tag);
  NodeId node;
  if (slot != HashCons::kAbsent) {
    node = table_.node(slot);
  } else {
    if (live_nodes_ >= node_limit_) return {};
    node = append_node(op, attr, children);
    table_.insert(tag, node);
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
    std::copy(children.begin(), children.end(), row.words);
    if (attr.valid()) row.words[children.size()] = NodeId(attr.index());
  } else {
    std::vector<NodeId> copy(children.begin(), children.end());
    if (attr.valid()) copy.push_back(NodeId(attr.index()));
    row.bits |= kSpilled;
    row.words[0] = NodeId(static_cast<std::uint32_t>(spill_.size()));
    spill_.insert(spill_.end(), copy.begin(), copy.end());
  }
  push_tight(rows_, row);
  return node;
}

void EGraph::index_node(NodeId node, ClassId cls) {
  push_tight(class_of_, cls);
  push_tight(arrived_, 0u);
  push_tight(by_op_[op(node).index()], node);
  link_parents(node);
  ++live_nodes_;
}

void EGraph::open_class(NodeId node) {
  ClassId cls(static_cast<std::uint32_t>(classes_.size()));
  reserve_tight(classes_);
  ClassRow& row = classes_.emplace_back();
  row.forward = cls;
  row.tick = tick_ & kTickBits;
  row.mask.add(op(node));
  lists_.push(row.live, node);
  index_node(node, cls);
  ++num_classes_;
  if (!analysis_) return;
  analysis_->open(*this, cls);
  analysis_->learn(*this, node, cls);
  queue_modify(cls);
}

void EGraph::join_class(NodeId node, ClassId cls) {
  index_node(node, cls);
  ClassRow& row = classes_[cls.index()];
  lists_.push(row.live, node);  // the youngest node: the list still ascends
  row.mask.add(op(node));
  if (analysis_ && analysis_->learn(*this, node, cls)) facts_changed(cls);
}

bool EGraph::add_equal(OpId op, AttrId attr, std::span<const NodeId> children, NodeId to,
                       const Reason& reason) {
  std::uint32_t tag, slot = find_slot(op, attr, children, &tag);
  if (slot != HashCons::kAbsent) return unite(to, table_.node(slot), reason);
  if (live_nodes_ >= node_limit_) return false;
  NodeId node = append_node(op, attr, children);
  table_.insert(tag, node);
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

std::size_t EGraph::memory_bytes(bool with_proofs) const {
  auto bytes = [](const auto& items) { return items.capacity() * sizeof(items[0]); };
  std::size_t sum = bytes(rows_) + bytes(class_of_) + bytes(arrived_) + bytes(spill_) +
                    bytes(classes_) + lists_.memory_bytes() + table_.memory_bytes() +
                    bytes(pending_) + bytes(fact_pending_) + bytes(modify_pending_) +
                    bytes(dirty_) + attrs_.memory_bytes();
  for (const auto& nodes : by_op_) sum += bytes(nodes);
  return sum + (with_proofs ? bytes(log_) : 0);
}

}  // namespace bafe

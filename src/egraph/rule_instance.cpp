// A union of kind rule comes in; its two sides go out as terms, with the proofs still owed between
// a node's own term and the instance. Variables are bound in the order in which compile_match()
// binds them: direct children before deeper ones, root after root.
#include "rule_instance.h"

namespace bafe {
namespace {

using Kind = Pattern::Kind;

std::size_t count_slots(const Pattern& pattern) {
  std::size_t count = pattern.kind == Kind::kOperator || pattern.kind == Kind::kLiteral;
  for (const Pattern& child : pattern.children) count += count_slots(child);
  return count;
}

}  // namespace

MatchedRule::MatchedRule(const EGraph& graph, const SaturationRule& rule,
                         const EGraph::Union& entry)
    : graph_(graph), rule_(rule), a_(entry.a), b_(entry.b), bound_(rule.left.class_vars) {
  const std::vector<RootPattern>& roots = rule.left.roots;
  witness_.assign(entry.witness.begin(), entry.witness.end());
  if (roots.size() == 1) {  // undo trim_witness()
    if (roots[0].pattern.kind == Kind::kOperator) witness_.insert(witness_.begin(), a_);
    if (builds_root_last(rule)) witness_.push_back(b_);
  }
  std::size_t slot = 0;
  for (const RootPattern& root : roots) {
    left_slot_.push_back(slot);
    slot += count_slots(root.pattern);
  }
  right_slot_ = slot;
  if (!rule.right.outputs.empty()) slot += rule.right.steps.size();
  BAFE_CHECK(witness_.size() == slot, "a witness holds the nodes of both sides");
  for (std::size_t i = 0; i < roots.size(); ++i) {
    const Pattern& top = roots[i].pattern;
    NodeId node = top.kind == Kind::kOperator ? witness_[left_slot_[i]] : a_;
    if (roots[i].root_var != kNoVariable && !bound_[roots[i].root_var].valid()) {
      bound_[roots[i].root_var] = node;
    }
    if (top.kind == Kind::kVariable) bound_[top.var] = node;
    if (top.kind == Kind::kOperator && top.bind != kNoVariable) bound_[top.bind] = node;
    if (top.kind == Kind::kOperator) bind(top, node, left_slot_[i]);
  }
  find_root();
}

NodeId MatchedRule::node_of(std::uint16_t reg) const {
  std::size_t vars = bound_.size();
  return reg < vars ? bound_[reg] : witness_[right_slot_ + reg - vars];
}

void MatchedRule::find_root() {
  const std::vector<std::uint16_t>& outputs = rule_.right.outputs;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    bool same_left = rule_.left.roots.size() == 1 || witness_[left_slot_[i]] == a_;
    if (!same_left || node_of(outputs[i]) != b_) continue;
    root_ = i;
    return;
  }
  BAFE_CHECK(outputs.empty(), "a union joins the roots of its rule");
}

void MatchedRule::bind(const Pattern& pattern, NodeId node, std::size_t slot) {
  std::span<const NodeId> kids = graph_.children(node);
  for (std::size_t i = 0; i < kids.size(); ++i) {
    const Pattern& child = pattern.children[i];
    if (child.kind == Kind::kVariable && !bound_[child.var].valid()) bound_[child.var] = kids[i];
    bool named = child.kind == Kind::kOperator && child.bind != kNoVariable;
    if (named && !bound_[child.bind].valid()) bound_[child.bind] = kids[i];
  }
  std::size_t next = slot + 1;
  for (const Pattern& child : pattern.children) {
    if (child.kind == Kind::kOperator) bind(child, witness_[next], next);
    next += count_slots(child);
  }
}

void MatchedRule::match_left(const Position& at, const Prove& prove) const {
  const Pattern& top = rule_.left.roots[root_].pattern;
  if (top.kind == Kind::kLiteral) prove(a_, witness_[0], at);
  if (top.kind == Kind::kOperator) match(top, a_, left_slot_[root_], at, prove);
}

void MatchedRule::match(const Pattern& pattern, NodeId node, std::size_t slot, const Position& at,
                        const Prove& prove) const {
  std::span<const NodeId> kids = graph_.children(node);
  std::size_t next = slot + 1;
  Position below = at;
  below.push_back(0);
  for (std::size_t i = 0; i < kids.size(); ++i) {
    const Pattern& child = pattern.children[i];
    below.back() = static_cast<std::uint32_t>(i);
    if (child.kind == Kind::kVariable) prove(kids[i], bound_[child.var], below);
    if (child.kind == Kind::kLiteral) prove(kids[i], witness_[next], below);
    if (child.kind == Kind::kOperator) {
      prove(kids[i], witness_[next], below);
      match(child, witness_[next], next, below, prove);
    }
    next += count_slots(child);
  }
}

TermId MatchedRule::left_term(TermPool& terms, const TermOf& term_of) const {
  return left(rule_.left.roots[root_].pattern, a_, left_slot_[root_], terms, term_of);
}

std::vector<TermId> MatchedRule::left_terms(TermPool& terms, const TermOf& term_of) const {
  std::vector<TermId> out;
  for (std::size_t i = 0; i < left_slot_.size(); ++i)
    out.push_back(left(rule_.left.roots[i].pattern, NodeId{}, left_slot_[i], terms, term_of));
  return out;
}

TermId MatchedRule::left(const Pattern& pattern, NodeId node, std::size_t slot, TermPool& terms,
                         const TermOf& term_of) const {
  if (pattern.kind == Kind::kVariable) return term_of(bound_[pattern.var]);
  if (pattern.kind == Kind::kWildcard) return term_of(node);
  if (pattern.kind == Kind::kLiteral) return term_of(witness_[slot]);
  std::span<const NodeId> children = graph_.children(witness_[slot]);
  std::vector<TermId> kids;
  std::size_t next = slot + 1;
  for (std::size_t i = 0; i < children.size(); ++i) {
    kids.push_back(left(pattern.children[i], children[i], next, terms, term_of));
    next += count_slots(pattern.children[i]);
  }
  return terms.add(graph_.op(witness_[slot]), graph_.attr(witness_[slot]), kids);
}

TermId MatchedRule::right_term(TermPool& terms, const TermOf& term_of) const {
  if (rule_.right.outputs.empty()) return term_of(b_);
  std::vector<TermId> registers;
  for (NodeId node : bound_) registers.push_back(node.valid() ? term_of(node) : TermId{});
  for (const RightShape::Step& step : rule_.right.steps) {
    NodeId built = node_of(static_cast<std::uint16_t>(registers.size()));
    std::vector<TermId> kids;
    for (std::uint16_t operand : step.operands) kids.push_back(registers[operand]);
    registers.push_back(kids.empty() ? term_of(built)
                                     : terms.add(graph_.op(built), graph_.attr(built), kids));
  }
  return registers[rule_.right.outputs[root_]];
}

void MatchedRule::connect_right(const Position& at, const Prove& prove) const {
  if (!rule_.right.outputs.empty()) connect(rule_.right.outputs[root_], at, prove);
}

NodeId MatchedRule::connect(std::uint16_t reg, const Position& at, const Prove& prove) const {
  NodeId built = node_of(reg);
  if (reg < bound_.size()) return built;
  const RightShape::Step& step = rule_.right.steps[reg - bound_.size()];
  Position below = at;
  below.push_back(0);
  for (std::size_t i = 0; i < step.operands.size(); ++i) {
    below.back() = static_cast<std::uint32_t>(i);
    NodeId operand = connect(step.operands[i], below, prove);
    prove(operand, graph_.children(built)[i], below);
  }
  return built;
}

}  // namespace bafe

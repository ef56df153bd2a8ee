// A root program and a delta come in; rows of matches go out. A step returns false only to stop the
// whole search. Invariant: `fresh` says that the partial match holds something newer than the
// moment; the last step that could make it so enumerates nothing but new and moved nodes otherwise.
#include "machine.h"

#include <algorithm>

namespace bafe {

MatchMachine::MatchMachine(const EGraph& graph, const MatchProgram& program, std::size_t root,
                           Delta& delta, const MatchLimits& limits, MatchTable& out,
                           std::size_t* fuel, std::vector<bool>* fresh_rows)
    : graph_(graph),
      program_(program),
      root_(program.roots[root]),
      root_index_(root),
      delta_(delta),
      since_(delta.since()),
      everything_(delta.everything()),
      limits_(limits),
      out_(out),
      fuel_(fuel),
      fresh_rows_(fresh_rows),
      layout_(program),
      regs_(root_.registers),
      slots_(program.witnesses),
      attrs_(program.attr_vars),
      filtered_(out.size()) {
  plan_row();
}

/// A word that this root does not bind is invalid: a join fills it.
void MatchMachine::plan_row() {
  static constexpr NodeId kNone{};
  row_sources_.assign(layout_.attrs, &kNone);
  row_sources_[root_index_] = &regs_[0];
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    row_sources_[layout_.witnesses + i] = &slots_[i];
  }
  for (std::size_t v = 0; v < root_.var_reg.size(); ++v) {
    if (root_.var_reg[v] == kNoVariable) continue;
    row_sources_[layout_.vars + v] = &regs_[root_.var_reg[v]];
  }
}

MatchEnd MatchMachine::run() {
  if (find_ground_terms()) root_.scan ? run_scan() : run_roots();
  if (budget_ > 0) *fuel_ += budget_ - 1;
  if (limits_.filter && out_.size() > filtered_) filter();
  return end_;
}

void MatchMachine::filter() {
  limits_.filter->look(out_, filtered_);
  filtered_ = out_.size();
}

bool MatchMachine::find_ground_terms() {
  std::vector<NodeId> found, children;
  for (const GroundTerm& term : root_.ground) {
    bool is_new_term = false;
    found.clear();
    for (const GroundTerm::Node& node : term.nodes) {
      children.clear();
      for (std::uint16_t child : node.children) children.push_back(found[child]);
      found.push_back(graph_.lookup(node.op, node.attr, children));
      if (!found.back().valid()) return false;
      slots_[node.slot] = found.back();
      is_new_term |= is_new(found.back()) || moved(found.back());
    }
    ground_class_.push_back(graph_.class_of(found.back()));
    ground_new_.push_back(is_new_term);
  }
  return true;
}

bool MatchMachine::run_roots() {
  if (fresh_rows_) return run_nodes(delta_.all(root_.op));
  std::array<std::span<const NodeId>, 2> nodes = delta_.candidates(root_.op, root_.depth);
  return run_nodes(nodes[0]) && run_nodes(nodes[1]);
}

bool MatchMachine::run_nodes(std::span<const NodeId> nodes) {
  const MatchStep* first = root_.steps.empty() ? nullptr : &root_.steps[0];
  bool binds = first && first->kind == MatchStep::Kind::kBind;
  bool grounds = first && first->kind == MatchStep::Kind::kGround;
  for (NodeId node : nodes) {
    std::span<const NodeId> kids = graph_.children(node);
    if (kids.size() != root_.arity) continue;
    if (!spend()) return false;
    if (binds) {
      if (!graph_.may_hold(graph_.class_of(kids[first->reg - 1u]), first->op)) continue;
    } else if (grounds) {
      if (graph_.class_of(kids[first->reg - 1u]) != ground_class_[first->index]) continue;
    }
    if (!try_root(node, kids)) return false;
  }
  return true;
}

bool MatchMachine::try_root(NodeId node, std::span<const NodeId> kids) {
  regs_[0] = node;
  NodeId* out = regs_.data() + 1;
  for (NodeId kid : kids) *out++ = kid;
  slots_[root_.first_slot] = node;
  return step(0, is_new(node));
}

bool MatchMachine::run_scan() {
  for (std::size_t i = 0; i < graph_.class_bound(); ++i) {
    ClassId cls(static_cast<std::uint32_t>(i));
    if (!graph_.is_canonical(cls)) continue;
    regs_[0] = graph_.representative(cls);
    if (!spend() || !step(0, is_new(regs_[0]) || changed(cls))) return false;
  }
  return true;
}

bool MatchMachine::refill() {
  constexpr std::size_t kCandidates = 4096;
  bool first = !polled_;
  polled_ = true;
  if (!first && limits_.interrupted && limits_.interrupted()) {
    end_ = MatchEnd::kInterrupted;
    return false;
  }
  if (*fuel_ == 0) {
    end_ = MatchEnd::kOutOfFuel;
    return false;
  }
  budget_ = std::min(*fuel_, kCandidates);
  *fuel_ -= budget_;
  return true;
}

bool MatchMachine::step(std::size_t pc, bool fresh) {
  while (pc < root_.steps.size()) {
    const MatchStep& now = root_.steps[pc];
    switch (now.kind) {
      case MatchStep::Kind::kBind:
        return bind(now, pc, fresh);
      case MatchStep::Kind::kSame: {
        ClassId cls = graph_.class_of(regs_[now.reg]);
        if (cls != graph_.class_of(regs_[now.out])) return true;
        fresh = fresh || moved(regs_[now.reg]) || moved(regs_[now.out]);
        break;
      }
      case MatchStep::Kind::kGround: {
        ClassId cls = graph_.class_of(regs_[now.reg]);
        if (cls != ground_class_[now.index]) return true;
        fresh = fresh || moved(regs_[now.reg]) || ground_new_[now.index];
        break;
      }
      case MatchStep::Kind::kLiteral: {
        ClassId cls = graph_.class_of(regs_[now.reg]);
        const Analysis* analysis = graph_.analysis();
        NodeId node = analysis ? analysis->literal_node(graph_, cls, now.literal) : NodeId{};
        if (!node.valid()) return true;
        slots_[now.slot] = node;
        fresh = fresh || changed(cls);
        break;
      }
      default:
        if (!field(now)) return true;
    }
    ++pc;
  }
  return emit(fresh);
}

bool MatchMachine::bind(const MatchStep& now, std::size_t pc, bool fresh) {
  ClassId cls = graph_.class_of(regs_[now.reg]);
  if (!graph_.may_hold(cls, now.op)) return true;
  std::span<const NodeId> nodes = graph_.nodes(cls);
  fresh = fresh || moved(regs_[now.reg]);
  bool only_new = !fresh && now.last_source && !fresh_rows_;
  if (only_new && !changed(cls)) {
    if (!is_new(nodes.back())) return true;
    auto first = std::lower_bound(nodes.begin(), nodes.end(), NodeId(since_.nodes));
    nodes = nodes.subspan(static_cast<std::size_t>(first - nodes.begin()));
  }
  bool last = pc + 1 == root_.steps.size();
  for (NodeId node : nodes) {
    if (!spend()) return false;
    bool fresh_here = fresh || is_new(node) || moved(node);
    if (only_new && !fresh_here) continue;
    if (graph_.op(node) != now.op) continue;
    std::span<const NodeId> kids = graph_.children(node);
    if (kids.size() != now.arity) continue;
    NodeId* out = regs_.data() + now.out;
    for (NodeId kid : kids) *out++ = kid;
    slots_[now.slot] = node;
    if (!(last ? emit(fresh_here) : step(pc + 1, fresh_here))) return false;
  }
  return true;
}

bool MatchMachine::field(const MatchStep& now) {
  AttrId record = graph_.attr(slots_[now.slot]);
  if (!record.valid()) return false;
  AttrValueId have = graph_.attrs().field(record, now.index);
  if (now.kind == MatchStep::Kind::kFieldIs) return have == now.value;
  if (now.kind == MatchStep::Kind::kFieldSame) return have == attrs_[now.var];
  attrs_[now.var] = have;
  return true;
}

bool MatchMachine::emit(bool fresh) {
  if (!fresh && program_.reads_facts) {
    for (std::uint16_t reg : root_.var_reg) {
      fresh = fresh || (reg != kNoVariable && changed(graph_.class_of(regs_[reg])));
    }
  }
  if (!fresh && !fresh_rows_) return true;
  if (out_.found() >= limits_.max_matches) {
    end_ = MatchEnd::kTooMany;
    return false;
  }
  if (fresh_rows_) fresh_rows_->push_back(fresh);
  NodeId* row = out_.append();
  const NodeId* const* source = row_sources_.data();
  for (std::size_t i = 0, n = row_sources_.size(); i < n; ++i) *row++ = *source[i];
  for (std::size_t v = 0; v < attrs_.size(); ++v) {
    *row++ = root_.binds_attr[v] ? NodeId(attrs_[v].index()) : NodeId{};
  }
  if (limits_.filter && out_.size() == filtered_ + MatchFilter::kBlock) filter();
  return true;
}

}  // namespace bafe

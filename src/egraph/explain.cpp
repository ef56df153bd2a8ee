// A graph's union log comes in; chains of rewriting steps, or the plain set of equations they use,
// go out. The log is a forest over nodes: two equal nodes have one path. Every edge rests only on
// paths that existed when it was logged, so that the recursion ends.
#include "bafe/egraph/explain.h"

#include <algorithm>
#include <utility>

#include "rule_instance.h"

namespace bafe {

Explainer::Explainer(const EGraph& graph, std::span<const SaturationRule> rules) : graph_(graph) {
  for (const SaturationRule& rule : rules) {
    rules_[rule.rule.index() * 2 + (rule.backward ? 1 : 0)] = &rule;
  }
  plant();
}

void Explainer::plant() {
  std::size_t nodes = graph_.num_born();
  std::vector<std::uint32_t> first(nodes + 1);
  for (std::size_t at = 0; at < graph_.log_size();) {
    EGraph::Union entry = graph_.read_log(at);
    ++first[entry.a.index()];
    ++first[entry.b.index()];
  }
  std::uint32_t sum = 0;
  for (std::uint32_t& count : first) sum += std::exchange(count, sum);
  std::vector<std::pair<NodeId, Edge>> edges(sum);
  std::vector<std::uint32_t> next = first;
  for (std::size_t at = 0; at < graph_.log_size();) {
    std::size_t log = at;
    EGraph::Union entry = graph_.read_log(at);
    // each entry is the way from the other end to this one
    edges[next[entry.a.index()]++] = {entry.b, {log, false}};
    edges[next[entry.b.index()]++] = {entry.a, {log, true}};
  }
  up_.assign(nodes, NodeId{});
  up_edge_.assign(nodes, Edge{});
  depth_.assign(nodes, 0);
  std::vector<bool> reached(nodes);
  std::vector<NodeId> open;
  for (std::uint32_t root = 0; root < nodes; ++root) {
    if (reached[root]) continue;
    reached[root] = true;
    open.push_back(NodeId(root));
    while (!open.empty()) {
      NodeId node = open.back();
      open.pop_back();
      for (std::uint32_t e = first[node.index()]; e < first[node.index() + 1]; ++e) {
        auto [other, edge] = edges[e];
        if (reached[other.index()]) continue;
        reached[other.index()] = true;
        up_[other.index()] = node;
        up_edge_[other.index()] = edge;
        depth_[other.index()] = depth_[node.index()] + 1;
        open.push_back(other);
      }
    }
  }
}

std::vector<Explainer::Edge> Explainer::path(NodeId from, NodeId to) const {
  BAFE_CHECK(graph_.class_of(from) == graph_.class_of(to), "only equal nodes are explained");
  std::vector<Edge> head, tail;
  while (from != to) {
    if (depth_[from.index()] >= depth_[to.index()]) {
      head.push_back(up_edge_[from.index()]);
      from = up_[from.index()];
    } else {
      Edge edge = up_edge_[to.index()];
      tail.push_back({edge.log, !edge.forward});
      to = up_[to.index()];
    }
  }
  head.insert(head.end(), tail.rbegin(), tail.rend());
  return head;
}

TermId Explainer::term(NodeId node) {
  term_of_.resize(std::max<std::size_t>(term_of_.size(), node.index() + 1));
  if (term_of_[node.index()].valid()) return term_of_[node.index()];
  std::vector<TermId> kids;
  for (NodeId child : graph_.children(node)) kids.push_back(term(child));
  return term_of_[node.index()] = terms_.add(graph_.op(node), graph_.attr(node), kids);
}

void Explainer::begin(bool chain, std::size_t max_steps) {
  chain_ = chain;
  overflow_ = false;
  max_steps_ = max_steps;
  locals_.clear();
  edge_seen_.assign(chain ? 0 : graph_.log_size(), false);
  class_seen_.assign(chain ? 0 : graph_.class_bound(), false);
}

void Explainer::emit(const Position& at, const Equation& equation) {
  if (equation.left == equation.right) return;
  if (locals_.size() >= max_steps_) {
    overflow_ = true;
    return;
  }
  locals_.push_back({at, equation});
}

void Explainer::prove(NodeId from, NodeId to, const Position& at) {
  if (from == to || overflow_) return;
  if (chain_ && term(from) == term(to)) return;
  for (const Edge& edge : path(from, to)) {
    if (chain_) {
      prove_edge(edge, at);
    } else if (!edge_seen_[edge.log]) {
      edge_seen_[edge.log] = true;
      prove_edge({edge.log, true}, at);
    }
  }
}

void Explainer::prove_edge(const Edge& edge, const Position& at) {
  if (overflow_) return;
  std::size_t begin = locals_.size(), log = edge.log;
  EGraph::Union entry = graph_.read_log(log);
  if (entry.kind == ReasonKind::kCongruence) {
    Position below = at;
    below.push_back(0);
    for (std::size_t i = 0; i < graph_.children(entry.a).size(); ++i) {
      below.back() = static_cast<std::uint32_t>(i);
      prove(graph_.children(entry.a)[i], graph_.children(entry.b)[i], below);
    }
  } else if (entry.kind == ReasonKind::kRule && rule_of(entry.rule, entry.backward)) {
    prove_rule(entry, edge.log, at);
  } else {
    prove_evidence({entry, edge.log, {}, {}}, at);
    emit(at, {term(entry.a), term(entry.b), entry.kind, entry.rule, entry.backward, {}});
  }
  if (edge.forward) return;
  std::reverse(locals_.begin() + static_cast<std::ptrdiff_t>(begin), locals_.end());
  for (std::size_t i = begin; i < locals_.size(); ++i) {
    Equation& equation = locals_[i].equation;
    std::swap(equation.left, equation.right);
    equation.backward = !equation.backward;
  }
}

const SaturationRule* Explainer::rule_of(RuleId rule, bool backward) const {
  auto it = rules_.find(rule.index() * 2 + (backward ? 1 : 0));
  return it == rules_.end() ? nullptr : it->second;
}

void Explainer::prove_rule(const EGraph::Union& entry, std::size_t log, const Position& at) {
  MatchedRule instance(graph_, *rule_of(entry.rule, entry.backward), entry);
  auto term_of = [this](NodeId node) { return term(node); };
  auto connect = [this](NodeId from, NodeId to, const Position& where) { prove(from, to, where); };
  instance.match_left(at, connect);
  prove_evidence({entry, log, instance.bound(), instance.matched()}, at);
  Equation equation;
  equation.left = instance.left_term(terms_, term_of);
  equation.right = instance.right_term(terms_, term_of);
  equation.kind = ReasonKind::kRule;
  equation.rule = entry.rule;
  equation.backward = entry.backward;
  if (!chain_ && instance.num_roots() > 1) {
    equation.roots = instance.left_terms(terms_, term_of);
    equation.root = instance.root();
  }
  emit(at, equation);
  instance.connect_right(at, connect);
}

void Explainer::prove_evidence(const UsedUnion& used, const Position& at) {
  if (chain_ || !find_evidence_) return;
  for (const auto& [a, b] : find_evidence_(used)) prove(a, b, at);
}

bool Explainer::were_equal(NodeId a, NodeId b, std::size_t log) const {
  if (graph_.class_of(a) != graph_.class_of(b)) return false;
  std::vector<Edge> edges = path(a, b);
  return std::all_of(edges.begin(), edges.end(), [&](const Edge& edge) { return edge.log < log; });
}

void Explainer::prove_choice(NodeId node, const Choice& choice, const Position& at) {
  ClassId cls = graph_.class_of(node);
  NodeId chosen = choice.choose(cls);
  if (overflow_) return;
  if (chain_) {
    if (term(node) == choice.terms.at(cls)) return;
  } else {
    // another node of a class that was seen still has to be led to the chosen one
    prove(node, chosen, at);
    if (class_seen_[cls.index()]) return;
    class_seen_[cls.index()] = true;
  }
  if (chain_) prove(node, chosen, at);
  Position below = at;
  below.push_back(0);
  for (std::size_t i = 0; i < graph_.children(chosen).size(); ++i) {
    below.back() = static_cast<std::uint32_t>(i);
    prove_choice(graph_.children(chosen)[i], choice, below);
  }
}

std::vector<ProofStep> Explainer::replay(TermId start, bool* complete) {
  if (complete) *complete = !overflow_;
  if (overflow_) return {};
  std::vector<ProofStep> steps;
  std::unordered_map<TermId, std::size_t> reached{{start, 0}};
  TermId now = start;
  for (const Local& local : locals_) {
    BAFE_CHECK(terms_.at(now, local.position) == local.equation.left,
               "a proof step starts where the last one ended");
    TermId next = terms_.replace(now, local.position, local.equation.right);
    steps.push_back({now, next, local.position, local.equation});
    auto [it, is_new] = reached.emplace(next, steps.size());
    if (!is_new) {
      // what led from here back to here is cut out
      for (std::size_t i = it->second; i + 1 < steps.size(); ++i) reached.erase(steps[i].after);
      steps.resize(it->second);
    }
    now = next;
  }
  return steps;
}

}  // namespace bafe

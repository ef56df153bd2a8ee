#pragma once
/// Proofs read from the union log: why two nodes, or the input and the extracted term, are equal.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bafe/egraph/saturate.h"

namespace bafe {

using TermId = Id<struct TermTag>;  ///< term of one TermPool

/// Hash-consed terms: equal terms have equal ids.
class TermPool {
 public:
  TermId add(OpId op, AttrId attr, std::span<const TermId> children);
  OpId op(TermId term) const { return terms_[term.index()].op; }
  AttrId attr(TermId term) const { return terms_[term.index()].attr; }
  const std::vector<TermId>& children(TermId term) const { return terms_[term.index()].children; }
  std::size_t size() const { return terms_.size(); }
  TermId at(TermId term, std::span<const std::uint32_t> position) const;
  /// `term` with the subterm at `position` replaced.
  TermId replace(TermId term, std::span<const std::uint32_t> position, TermId with);
  std::string text(TermId term, const OpTable& ops, const AttrTable& attrs) const;

 private:
  struct Term {
    OpId op;
    AttrId attr;
    std::vector<TermId> children;
  };
  std::vector<Term> terms_;
  std::unordered_multimap<std::uint64_t, std::uint32_t> index_;
};

/// One instance of a reason at the top of two terms. A set of equations proves whatever congruence
/// closure derives from it, so a checker needs no positions.
struct Equation {
  TermId left, right;
  ReasonKind kind = ReasonKind::kRule;
  RuleId rule;
  bool backward = false;  ///< `left` is an instance of the rule's right side
  /// Of a rule with several roots, in proofs without positions: the instances of all its roots;
  /// `left` is the one at `root`.
  std::vector<TermId> roots;
  std::size_t root = 0;
  friend bool operator==(const Equation&, const Equation&) = default;
};

/// A union that a proof uses, for those who know what its conditions rest on.
struct UsedUnion {
  const EGraph::Union& entry;
  std::size_t log;  ///< its place in the log: what comes later was not known to it
  std::span<const NodeId> bound, matched;  ///< of a rule: class variables, and the nodes of a match
};
/// Pairs of equal nodes that are to be proven equal before the union is used.
using FindEvidence = std::function<std::vector<std::pair<NodeId, NodeId>>(const UsedUnion&)>;

/// One rewriting of the whole term: `equation` applied at `position` (child numbers from the top).
struct ProofStep {
  TermId before, after;
  std::vector<std::uint32_t> position;
  Equation equation;
};

/// Explains one graph in its present state; make a new one after the graph grew.
/// Time: O(nodes) to make, then O(size of the answer).
class Explainer {
 public:
  Explainer(const EGraph& graph, std::span<const SaturationRule> rules);

  TermPool& terms() { return terms_; }
  TermId term(NodeId node);  ///< along the children as born
  /// The term of `node` in which every class below is shown by the node that `choose` names. Needs
  /// an acyclic choice.
  TermId chosen_term(NodeId node, const std::function<NodeId(ClassId)>& choose);

  /// Rewrites term(a) into term(b), loops cut out. Needs class_of(a) == class_of(b).
  /// Errors: nothing is returned and `complete` is false when more than `max_steps` would be
  /// needed.
  std::vector<ProofStep> steps(NodeId a, NodeId b, bool* complete = nullptr,
                               std::size_t max_steps = 100'000);
  /// Rewrites term(root) into the chosen term of its class.
  std::vector<ProofStep> steps_to_choice(NodeId root, const std::function<NodeId(ClassId)>& choose,
                                         bool* complete = nullptr, std::size_t max_steps = 100'000);
  /// The reasons alone, each once, in order of first use: linear in the union log however much is
  /// shared.
  std::vector<Equation> equations(NodeId a, NodeId b);
  std::vector<Equation> equations_to_choice(NodeId root,
                                            const std::function<NodeId(ClassId)>& choose);

  /// Proofs without positions then prove first what unions rest on.
  void set_evidence(FindEvidence find) { find_evidence_ = std::move(find); }
  /// Were two nodes equal before the union at `log`? Needs nodes that are equal now.
  bool were_equal(NodeId a, NodeId b, std::size_t log) const;

  std::string text(const ProofStep& step) const;  ///< "rule at 0.1: before => after"

 private:
  using Position = std::vector<std::uint32_t>;
  struct Edge {
    std::size_t log = 0;
    bool forward = true;
  };
  struct Choice {
    const std::function<NodeId(ClassId)>& choose;
    std::unordered_map<ClassId, TermId> terms;
  };
  struct Local {
    Position position;
    Equation equation;
  };

  void plant();
  std::vector<Edge> path(NodeId from, NodeId to) const;
  void prove(NodeId from, NodeId to, const Position& at);
  void prove_edge(const Edge& edge, const Position& at);
  void prove_rule(const EGraph::Union& entry, std::size_t log, const Position& at);
  void prove_choice(NodeId node, const Choice& choice, const Position& at);
  Choice make_choice(NodeId root, const std::function<NodeId(ClassId)>& choose);
  TermId fill_choice(NodeId node, Choice& choice);
  void emit(const Position& at, const Equation& equation);
  void prove_evidence(const UsedUnion& used, const Position& at);
  const SaturationRule* rule_of(RuleId rule, bool backward) const;
  std::vector<ProofStep> replay(TermId start, bool* complete);
  void begin(bool chain, std::size_t max_steps);

  const EGraph& graph_;
  std::unordered_map<std::uint32_t, const SaturationRule*> rules_;
  TermPool terms_;
  std::vector<TermId> term_of_;
  std::vector<NodeId> up_;
  std::vector<std::uint32_t> depth_;
  std::vector<Edge> up_edge_;
  std::vector<Local> locals_;
  std::vector<bool> edge_seen_, class_seen_;
  FindEvidence find_evidence_;
  bool chain_ = true, overflow_ = false;
  std::size_t max_steps_ = 0;
};

}  // namespace bafe

#pragma once
/// The proof of a search as text, for a program that trusts nothing of the search.

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "bafe/egraph/explain.h"
#include "bafe/rules/rule_set.h"
#include "bafe/search/optimize.h"
#include "saturation.h"
#include "term_graph.h"

namespace bafe {

/// Terms and steps of one proof. Equal terms have one number.
class ProofText {
 public:
  using Number = std::size_t;
  /// `inputs` terms come first. constants: how many array constants follow as inputs, named by
  /// their place, so that the proof holds whatever they are.
  ProofText(const Graph& program, const std::vector<Type>& constants);

  Number of_term(const TermPool& pool, TermId term, const AttrTable& attrs);
  /// Numbers of a program's roots; named composites and layouts are defined on the way.
  std::vector<Number> of_graph(const Graph& graph) { return of_graph(graph, {}); }
  /// The same with other terms in place of its inputs, and of its array constants after them.
  std::vector<Number> of_graph(const Graph& graph, const std::vector<Number>& inputs);
  Number input(std::size_t index) const { return index; }
  void step(std::string line) { steps_.push_back(std::move(line)); }
  std::string text(const std::vector<Number>& written, const std::vector<Number>& chosen) const;

 private:
  Number add(std::string line);
  Number add(Op op, const Attrs& attrs, const std::vector<Number>& operands);
  void define(const Node& node, Number number, const std::vector<Number>& operands,
              const std::vector<Type>& types);

  std::size_t inputs_;
  bool anonymous_;  ///< array constants are inputs
  std::vector<std::string> terms_, steps_;
  std::unordered_map<std::string, Number> numbers_;
  std::unordered_map<TermId, Number> of_term_;
};

/// Collects the proofs of one search; the last is that of the program.
class CertificateText {
 public:
  CertificateText(Math math, bool specials, bool structured)
      : math_(math), specials_(specials), structured_(structured) {}

  /// Proves the rewrites between the imported roots and the chosen ones.
  void add_equations(ProofText& proof, const TermGraph& terms, const Growth& growth,
                     const RuleSet& rules, const ChooseNode& choose);
  /// The number of the block.
  std::size_t add_block(std::string block);
  void drop_blocks() { blocks_.clear(); }
  std::string text() const;

 private:
  std::size_t use_of(const Rule& rule);
  std::string step_text(const Equation& equation, const Explainer& explainer, ProofText& proof);

  Math math_;
  bool specials_, structured_;
  std::vector<std::string> uses_, blocks_;
  std::map<std::string, std::size_t> use_numbers_;
};

/// Pairs of nodes that say why the conditions of a rule held: evidence for the explainer.
class ConditionEvidence {
 public:
  using Pairs = std::vector<std::pair<NodeId, NodeId>>;
  ConditionEvidence(const TermGraph& terms, const Growth& growth, const RuleSet& rules,
                    const Explainer& explainer, bool specials)
      : terms_(terms), growth_(growth), rules_(rules), explainer_(explainer), specials_(specials) {}
  Pairs find(const UsedUnion& used);

 private:
  void constant(NodeId node, Pairs& out) const;
  void support(NodeId node, std::size_t log, Pairs& out);
  void transposes(NodeId node, std::size_t log, Pairs& out) const;
  void asked(const AttrExpr& expr, const UsedUnion& used, Pairs& out);

  const TermGraph& terms_;
  const Growth& growth_;
  const RuleSet& rules_;
  const Explainer& explainer_;
  bool specials_;
  std::vector<bool> visited_;
};

}  // namespace bafe

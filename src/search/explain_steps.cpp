// Proofs as text. In: the union log and a choice of nodes. Out: named rewrites with the subterms
// before and after in the brief spelling of programs.

#include "explain_steps.h"

#include <map>
#include <set>

#include "bafe/base/format.h"
#include "bafe/egraph/explain.h"
#include "bafe/ir/text.h"

namespace bafe {
namespace {

/// A term of the pool as a program over the inputs of the source.
class TermText {
 public:
  TermText(const TermGraph& terms, const TermPool& pool) : terms_(terms), pool_(pool) {}

  std::string of(TermId term) {
    auto known = texts_.find(term);
    if (known != texts_.end()) return known->second;
    graph_ = Graph();
    values_.clear();
    inputs_.clear();
    for (const InputInfo& info : terms_.source.inputs()) inputs_.push_back(graph_.add_input(info));
    graph_.add_root(value(term));
    return texts_[term] = print_brief(graph_);
  }

 private:
  ValueId value(TermId term) {
    auto known = values_.find(term);
    if (known != values_.end()) return known->second;
    std::vector<ValueId> operands;
    for (TermId child : pool_.children(term)) operands.push_back(value(child));
    const Attrs& attrs = terms_.egraph.attrs().record(pool_.attr(term));
    Op op = op_of(pool_.op(term));
    bool input = op_info(op).kind == OpKind::kLeaf && attr_kind(attrs[0]) == AttrKind::kInt;
    ValueId made = input ? inputs_[static_cast<std::size_t>(attr_int(attrs, 0).value())]
                         : graph_.add(op, std::move(operands), attrs);
    return values_[term] = made;
  }

  const TermGraph& terms_;
  const TermPool& pool_;
  Graph graph_;
  std::map<TermId, ValueId> values_;
  std::vector<ValueId> inputs_;
  std::map<TermId, std::string> texts_;
};

const char* kind_text(ReasonKind kind) {
  static const char* const kTexts[] = {"rule", "compute", "ac", "define", "instance", "congruence"};
  return kTexts[static_cast<int>(kind)];
}

}  // namespace

std::vector<ExplainStep> explain_choice(const TermGraph& terms, const Growth& growth,
                                        const ChooseNode& choose, std::size_t max_steps) {
  std::vector<ExplainStep> result;
  Explainer explainer(terms.egraph, growth.rules);
  TermText text(terms, explainer.terms());
  std::set<std::pair<TermId, TermId>> told;
  for (NodeId root : terms.roots) {
    bool complete = false;
    std::vector<ProofStep> proof = explainer.steps_to_choice(root, choose, &complete, max_steps);
    if (!complete) continue;
    for (const ProofStep& step : proof) {
      const Equation& equation = step.equation;
      TermId before = explainer.terms().at(step.before, step.position);
      TermId after = explainer.terms().at(step.after, step.position);
      if (before == after || !told.insert({before, after}).second) continue;
      ExplainStep line;
      line.kind = kind_text(equation.kind);
      bool rule =
          equation.kind == ReasonKind::kRule && equation.rule.index() < growth.rule_names.size();
      line.rule = rule ? growth.rule_names[equation.rule.index()] : line.kind;
      line.forward = !equation.backward;
      line.before = text.of(before);
      line.after = text.of(after);
      result.push_back(std::move(line));
    }
  }
  return result;
}

}  // namespace bafe

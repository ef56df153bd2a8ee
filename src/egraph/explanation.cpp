// Two nodes, or a node and a choice of nodes, come in; a chain of steps or a set of equations goes
// out.
#include "bafe/egraph/explain.h"

#include <algorithm>

#include "bafe/base/format.h"

namespace bafe {
namespace {

std::vector<Equation> unique(std::vector<Equation> all) {
  std::vector<Equation> kept;
  std::unordered_multimap<std::uint64_t, std::size_t> seen;
  for (const Equation& equation : all) {
    std::uint64_t key = std::uint64_t{equation.left.index()} << 32 | equation.right.index();
    auto [first, last] = seen.equal_range(key);
    if (std::any_of(first, last, [&](auto& entry) { return kept[entry.second] == equation; })) {
      continue;
    }
    seen.emplace(key, kept.size());
    kept.push_back(equation);
  }
  return kept;
}

}  // namespace

Explainer::Choice Explainer::make_choice(NodeId root,
                                         const std::function<NodeId(ClassId)>& choose) {
  Choice choice{choose, {}};
  fill_choice(root, choice);
  return choice;
}

TermId Explainer::fill_choice(NodeId node, Choice& choice) {
  ClassId cls = graph_.class_of(node);
  if (auto it = choice.terms.find(cls); it != choice.terms.end()) {
    BAFE_CHECK(it->second.valid(), "a choice has no cycle");
    return it->second;
  }
  choice.terms[cls] = TermId{};
  NodeId chosen = choice.choose(cls);
  BAFE_CHECK(chosen.valid() && graph_.class_of(chosen) == cls, "a class is shown by its own node");
  std::vector<TermId> kids;
  for (NodeId child : graph_.children(chosen)) kids.push_back(fill_choice(child, choice));
  return choice.terms[cls] = terms_.add(graph_.op(chosen), graph_.attr(chosen), kids);
}

TermId Explainer::chosen_term(NodeId node, const std::function<NodeId(ClassId)>& choose) {
  return make_choice(node, choose).terms.at(graph_.class_of(node));
}

std::vector<ProofStep> Explainer::steps(NodeId a, NodeId b, bool* complete, std::size_t max_steps) {
  begin(true, max_steps);
  prove(a, b, {});
  return replay(term(a), complete);
}

std::vector<ProofStep> Explainer::steps_to_choice(NodeId root,
                                                  const std::function<NodeId(ClassId)>& choose,
                                                  bool* complete, std::size_t max_steps) {
  begin(true, max_steps);
  prove_choice(root, make_choice(root, choose), {});
  return replay(term(root), complete);
}

std::vector<Equation> Explainer::equations(NodeId a, NodeId b) {
  begin(false, ~std::size_t{0});
  prove(a, b, {});
  std::vector<Equation> all;
  for (const Local& local : locals_) all.push_back(local.equation);
  return unique(std::move(all));
}

std::vector<Equation> Explainer::equations_to_choice(NodeId root,
                                                     const std::function<NodeId(ClassId)>& choose) {
  begin(false, ~std::size_t{0});
  prove_choice(root, make_choice(root, choose), {});
  std::vector<Equation> all;
  for (const Local& local : locals_) all.push_back(local.equation);
  return unique(std::move(all));
}

std::string Explainer::text(const ProofStep& step) const {
  const Equation& equation = step.equation;
  std::string place;
  for (std::uint32_t child : step.position)
    place += format("{}{}", place.empty() ? "" : ".", child);
  auto show = [this](TermId term) { return terms_.text(term, graph_.ops(), graph_.attrs()); };
  return format("{} at {}: {} => {}",
                graph_.reason_text(equation.kind, equation.rule, equation.backward),
                place.empty() ? "top" : place, show(step.before), show(step.after));
}

}  // namespace bafe

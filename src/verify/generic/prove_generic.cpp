// In: one direction of a rule. Out: whether both sides are equal for all sizes and ranks. Types are
// shown first, with nothing assumed of the result's sizes; then the elements at one generic index.
#include "bafe/base/format.h"
#include "rule_context.h"

namespace bafe::generic {
namespace {

/// The result has an element; without one the types are all there is to show.
Truth has_elements(std::size_t output) {
  return predicate(format("output {} has elements", output), {});
}

AxisIndex output_index(std::size_t output) {
  std::string name = format("I{}", output);
  return [name](IntTerm t) { return applied(name, {t}); };
}

GenericProof prove(const Rewrite& rewrite, Knowledge& knowledge) {
  GenericProof proof;
  GenericRule context(rewrite, knowledge);
  if (!context.dtypes_fit) {
    proof.detail = "the element types of the right side do not follow from the left side";
    return proof;
  }
  std::vector<Truth> goals = context.goals;
  for (std::size_t i = 0; i < context.pairs.size(); ++i) {
    const auto& pair = context.pairs[i];
    AxisIndex index = output_index(i);
    Truth some = has_elements(i);
    IntList shape = pair.left.type.shape;
    knowledge.assume_for_all([=](IntTerm t) {
      return implies(both(some, in_range(t, shape.length)), in_range(index(t), shape.at(t)));
    });
    knowledge.add_point(index);
    FormRef left = pair.left.element(index), right = pair.right.element(index);
    Truth same = FormMatcher(context, knowledge).same(left, right);
    if (is_false(same)) {
      proof.detail =
          format("the sides compute different things: {} and {}", text(left), text(right));
      return proof;
    }
    goals.push_back(implies(some, same));
  }
  proof.proven = knowledge.proves(goals, &proof.detail);
  proof.exact = proof.proven && !context.has_literals;
  if (proof.proven) {
    proof.detail = proof.exact ? "the same operators on the same elements" : "equal elements";
    proof.detail += " for all sizes and ranks";
  }
  return proof;
}

}  // namespace

GenericProof prove_generic(const Rewrite& rewrite, const std::string& smt_program,
                           const ProofOptions& options) {
  TermScope scope;
  Knowledge knowledge(smt_program, options);
  GenericProof proof;
  try {
    proof = prove(rewrite, knowledge);
  } catch (const NotRepresentable& reason) {
    proof.detail = reason.what();
  }
  proof.queries = knowledge.queries();
  return proof;
}

}  // namespace bafe::generic

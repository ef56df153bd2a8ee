// In: one direction of a rule. Out: are both sides equal as sums of products, for all sizes and
// ranks. Types are shown first; the facts that the rule asks become promises about reads.
#include "sum_rule.h"

#include "bafe/base/format.h"
#include "sum_prover.h"

namespace bafe::generic {
namespace {

double number_of(const AttrExpr& expr) {
  if (const Dim* dim = std::get_if<Dim>(&expr.literal)) return double(dim->value());
  if (const Scalar* scalar = std::get_if<Scalar>(&expr.literal)) return scalar->as_double();
  return 0;
}

/// (in ?x low high) with low > 0 promises positive elements, with a sign that does not change
/// nonzero ones.
void facts_of(const AttrExpr& condition, std::vector<ReadFact>& out) {
  if (condition.kind != AttrExpr::kCall) return;
  const std::string& name = attr_functions()[static_cast<std::size_t>(condition.function)].name;
  if (name == "and") {
    for (const AttrExpr& part : condition.args) facts_of(part, out);
    return;
  }
  static const char* known[] = {"zero",  "identity",  "diagonal",   "lower",
                                "upper", "symmetric", "orthogonal", "nonzero"};
  bool of_value = !condition.args.empty() && condition.args[0].kind == AttrExpr::kValueVar;
  if (!of_value) return;
  int number = condition.args[0].variable;
  for (const char* fact : known) {
    if (name == fact) out.push_back({fact, number});
  }
  if (name == "in" && number_of(condition.args[1]) > 0) out.push_back({"positive", number});
}

GenericProof proven_with(const Rewrite& rewrite, Knowledge& knowledge) {
  GenericProof proof;
  GenericRule context(rewrite, knowledge);
  if (!context.dtypes_fit) {
    proof.detail = "the element types of the right side do not follow from the left side";
    return proof;
  }
  std::vector<Truth> goals;
  for (Truth goal : context.goals) goals.push_back(by_cases(goal));
  if (!knowledge.proves(goals, &proof.detail)) return proof;
  std::vector<ReadFact> facts;
  for (const AttrExpr& condition : rewrite.conditions) facts_of(condition, facts);
  SumProver prover(std::move(facts), [&](int number) { return context.shape_of_read(number); });
  for (std::size_t i = 0; i < context.pairs.size(); ++i) {
    const auto& pair = context.pairs[i];
    std::string name = format("I{}", i);
    AxisIndex index = [name](IntTerm t) { return applied(name, {t}); };
    Knowledge known = knowledge;
    IntList shape = pair.left.type.shape;
    known.assume_of(name, [=](IntTerm t) {
      return implies(in_range(t, shape.length), in_range(index(t), shape.at(t)));
    });
    known.add_point(index);
    SumForm left = prover.form_of(pair.left.element(index), known);
    SumForm right = prover.form_of(pair.right.element(index), known);
    if (!prover.equal_forms(left, right, known)) {
      proof.detail = "sums differ: " + prover.open_question();
      return proof;
    }
  }
  proof.proven = true;
  proof.detail = "equal sums of products for all sizes and ranks";
  return proof;
}

}  // namespace

GenericProof prove_sums(const Rewrite& rewrite, const std::string& smt_program,
                        const ProofOptions& options) {
  TermScope scope;
  Knowledge knowledge(smt_program, options);
  GenericProof proof;
  try {
    proof = proven_with(rewrite, knowledge);
  } catch (const NotRepresentable& reason) {
    proof.detail = reason.what();
  }
  proof.queries = knowledge.queries();
  return proof;
}

}  // namespace bafe::generic

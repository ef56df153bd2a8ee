// In: one direction of a rule. Out: are both elements the same scalar term. What is no function of
// scalars (a read, a sum, a choice by position) is a symbol; two of them are one symbol when they
// are shown to be the same element. Invariant: a symbol stands for one value at one output index.
#include "scalar_rule.h"

#include "../promises.h"
#include "../scalar_terms.h"
#include "bafe/base/format.h"

namespace bafe::generic {
namespace {

/// `in` and `nonzero` of class variables, as ranges of their elements.
void ranges_of(const AttrExpr& condition, std::map<int, ValueRange>& out) {
  if (condition.kind != AttrExpr::kCall) return;
  const std::string& name = attr_functions()[static_cast<std::size_t>(condition.function)].name;
  if (name == "and") {
    for (const AttrExpr& part : condition.args) ranges_of(part, out);
    return;
  }
  if (condition.args.empty() || condition.args[0].kind != AttrExpr::kValueVar) return;
  ValueRange& range = out[condition.args[0].variable];
  if (name == "nonzero") range.nonzero = true;
  bool bounds = name == "in" && condition.args.size() == 3 &&
                condition.args[1].kind == AttrExpr::kLiteral &&
                condition.args[2].kind == AttrExpr::kLiteral;
  if (!bounds) return;
  range.low = promised_number(condition.args[1].literal);
  range.high = promised_number(condition.args[2].literal);
}

class ScalarBridge {
 public:
  ScalarBridge(const GenericRule& context, std::map<int, ValueRange> ranges)
      : context_(context), ranges_(std::move(ranges)) {}

  ScalarTerms::Id term(const FormRef& form, bool is_bool, const Knowledge& knowledge) {
    if (form->kind == FormKind::kLiteral) {
      return is_bool ? terms_.truth(form->literal != 0) : terms_.literal(form->literal);
    }
    if (form->kind != FormKind::kApply) return leaf(form, is_bool, knowledge);
    if (!form->name.empty()) throw NotRepresentable("a conversion among functions of scalars");
    std::vector<ScalarTerms::Id> args;
    for (std::size_t i = 0; i < form->args.size(); ++i) {
      args.push_back(term(form->args[i], takes_truth(form->prim, i, is_bool), knowledge));
    }
    return terms_.apply(form->prim, std::move(args));
  }

  bool equal(ScalarTerms::Id left, ScalarTerms::Id right) {
    return terms_.equal(left, right, [](ScalarTerms::Id, ScalarTerms::Id) { return false; });
  }

  std::vector<std::string> lemmas() const {
    std::vector<std::string> names;
    for (Lemma lemma : terms_.cited()) names.push_back(lemma_info(lemma).name);
    return names;
  }

 private:
  struct Leaf {
    FormRef form;
    bool is_bool;
    ScalarTerms::Id id;
  };

  static bool takes_truth(Prim prim, std::size_t argument, bool is_bool) {
    switch (prim) {
      case Prim::kAnd:
      case Prim::kOr:
      case Prim::kXor:
      case Prim::kNot:
        return true;
      case Prim::kSelect:
        return argument == 0 || is_bool;
      default:
        return false;
    }
  }

  ScalarTerms::Id leaf(const FormRef& form, bool is_bool, const Knowledge& knowledge) {
    for (const Leaf& known : leaves_) {
      if (known.is_bool != is_bool || known.form->kind != form->kind) continue;
      Knowledge question = knowledge;
      Truth same = FormMatcher(context_, question).same(known.form, form);
      if (is_false(same)) continue;
      if (is_true(same) || question.proves({same})) return known.id;
    }
    ScalarTerms::Id id = terms_.symbol(format("r{}", leaves_.size()), is_bool);
    auto range = form->kind == FormKind::kRead ? ranges_.find(form->number) : ranges_.end();
    if (range != ranges_.end()) terms_.assume_range(id, range->second);
    leaves_.push_back({form, is_bool, id});
    return id;
  }

  const GenericRule& context_;
  std::map<int, ValueRange> ranges_;
  ScalarTerms terms_;
  std::vector<Leaf> leaves_;
};

void prove(const Rewrite& rewrite, Knowledge& knowledge, ScalarRuleProof& out) {
  GenericRule context(rewrite, knowledge);
  if (!context.dtypes_fit || !knowledge.proves(context.goals, &out.proof.detail)) return;
  std::map<int, ValueRange> ranges;
  for (const AttrExpr& condition : rewrite.conditions) ranges_of(condition, ranges);
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
    ScalarBridge bridge(context, ranges);
    ScalarTerms::Id left = bridge.term(pair.left.element(index), false, known);
    ScalarTerms::Id right = bridge.term(pair.right.element(index), false, known);
    if (!bridge.equal(left, right)) {
      out.proof.detail = "the scalar terms differ";
      return;
    }
    out.lemmas = bridge.lemmas();
  }
  out.proof.proven = true;
  out.proof.detail = "equal by the laws of functions for all sizes and ranks";
}

}  // namespace

ScalarRuleProof prove_scalars(const Rewrite& rewrite, const std::string& smt_program,
                              const ProofOptions& options) {
  TermScope scope;
  Knowledge knowledge(smt_program, options);
  ScalarRuleProof out;
  try {
    prove(rewrite, knowledge, out);
  } catch (const NotRepresentable& reason) {
    out.proof.detail = reason.what();
  }
  out.proof.queries = knowledge.queries();
  return out;
}

}  // namespace bafe::generic

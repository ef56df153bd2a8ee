// In: one direction of a rule. Out: proven, bounded or tested, with the argument in words. A model
// of the child counts only after the interpreter has confirmed that both sides differ on it.
#include "symbolic_proof.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include "bafe/base/format.h"
#include "bafe/ir/builder.h"
#include "bafe/ir/eval.h"
#include "bafe/verify/instance.h"
#include "generic/scalar_rule.h"
#include "generic/sum_rule.h"
#include "smt_child.h"
#include "symbolic_run.h"

namespace bafe {
namespace {

constexpr int kInstances = 10;
constexpr int kQueries = 64;  // elements of one instance whose forms differ

bool pointwise_pattern(const Pattern& pattern) {
  if (pattern.kind != Pattern::Kind::kOperator) return true;
  if (op_info(op_of(pattern.op)).kind != OpKind::kPointwise) return false;
  return std::all_of(pattern.children.begin(), pattern.children.end(), pointwise_pattern);
}

bool is_pointwise(const Rewrite& rewrite) {
  for (const RootPattern& root : rewrite.left.roots) {
    if (!pointwise_pattern(root.pattern)) return false;
  }
  for (const RightStep& step : rewrite.right.steps) {
    bool node = step.kind == RightStep::Kind::kNode;
    if (node && op_info(op_of(step.op)).kind != OpKind::kPointwise) return false;
  }
  return true;
}

/// Both sides on the values of a model; the text of the counterexample when they differ.
std::string confirm(const RuleInstance& instance, const Graph& graph, const SmtAnswer& answer) {
  for (const auto& promises : instance.promises) {
    if (!promises.empty()) return "";  // the model does not know them
  }
  std::vector<Tensor> inputs;
  std::string text;
  for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
    Tensor t(graph.inputs()[i].type);
    for (std::int64_t k = 0; k < t.count(); ++k) {
      auto it = answer.model.find(format("x{}_{}", i, k));
      if (it == answer.model.end()) continue;
      double value = it->second == "true" ? 1 : std::strtod(it->second.c_str(), nullptr);
      t.set(k, Scalar::of(t.type().dtype, value));
    }
    text += format("{} = {}\n  ", instance.graph.inputs()[i].name, tensor_text(t));
    inputs.push_back(std::move(t));
  }
  std::vector<Tensor> roots;
  try {
    roots = evaluate(graph, inputs);
  } catch (const ShapeError&) {
    return "";
  }
  for (std::size_t p = 0; 2 * p < roots.size(); ++p) {
    const Tensor& left = roots[2 * p];
    const Tensor& right = roots[2 * p + 1];
    for (std::int64_t k = 0; k < left.count(); ++k) {
      double l = left.at(k).as_double(), r = right.at(k).as_double();
      if (std::isfinite(l) && !(std::fabs(l - r) <= 1e-3 * std::max(1.0, std::fabs(l)))) {
        return text + format("left  = {}\n  right = {}", tensor_text(left), tensor_text(right));
      }
    }
  }
  return "";
}

const char* why_open(SmtStatus status) {
  switch (status) {
    case SmtStatus::kSat:
      return "z3 cannot decide it with products and functions left open";
    case SmtStatus::kMissing:
      return "the normal forms differ and the bafe-smt program is missing";
    default:
      return "z3 gave no answer within its limits";
  }
}

/// What became of the instances tried so far.
struct Tally {
  int equal = 0;        ///< instances with equal normal forms, or none left to the child
  int queries = 0;      ///< answered unsat
  std::string open;     ///< why an instance is not decided
  std::string skipped;  ///< why an instance has no normal form
  std::string refuted;
  std::set<Lemma> lemmas;  ///< cited by the forms
};

/// Puts one question to the child; true when it shows that the sides are equal.
bool ask(const RuleInstance& instance, const Graph& graph, const std::string& script,
         const std::string& smt_program, const ProofOptions& options, Tally& tally) {
  SmtAnswer answer = ask_smt(smt_program, script, options.rlimit, options.wall_ms);
  if (answer.status == SmtStatus::kUnsat) {
    ++tally.queries;
    return true;
  }
  if (answer.status == SmtStatus::kSat) tally.refuted = confirm(instance, graph, answer);
  tally.open = why_open(answer.status);
  return false;
}

void decide_elements(const RuleInstance& instance, const Graph& graph, ScalarTerms& terms,
                     const std::vector<std::vector<ScalarTerms::Id>>& roots,
                     const std::string& smt_program, const ProofOptions& options, Tally& tally) {
  int asked = 0;
  for (std::size_t p = 0; 2 * p < roots.size(); ++p) {
    for (std::size_t k = 0; k < roots[2 * p].size(); ++k) {
      ScalarTerms::Id left = roots[2 * p][k], right = roots[2 * p + 1][k];
      if (left == right) continue;
      if (asked++ == kQueries) {
        tally.open = "the normal forms differ in many elements";
        return;
      }
      bool closed = terms.equal(left, right, [&](ScalarTerms::Id l, ScalarTerms::Id r) {
        return ask(instance, graph, terms.difference_script(l, r), smt_program, options, tally);
      });
      if (!closed) return;
    }
  }
  ++tally.equal;
}

void decide(const RuleInstance& instance, const std::string& smt_program,
            const ProofOptions& options, Tally& tally) {
  Graph graph = flatten_named(instance.graph);
  for (bool number_indices : {false, true}) {
    try {
      ScalarTerms terms;
      auto roots = run_symbolic(graph, instance.promises, terms, number_indices);
      decide_elements(instance, graph, terms, roots, smt_program, options, tally);
      tally.lemmas.insert(terms.cited().begin(), terms.cited().end());
      return;
    } catch (const NotRepresentable& reason) {
      if (number_indices) tally.skipped = reason.what();
    }
  }
}

bool only_dtype_fields(const Pattern& pattern) {
  if (pattern.kind != Pattern::Kind::kOperator) return true;
  for (const AttrField& field : tensor_ops().spec(pattern.op).fields) {
    if (field.kind != AttrKind::kDType) return false;
  }
  return std::all_of(pattern.children.begin(), pattern.children.end(),
                     [](const Pattern& child) { return only_dtype_fields(child); });
}

/// Fields that take finitely many values: all can be tried.
bool only_dtype_fields(const Rewrite& rewrite) {
  return std::all_of(rewrite.left.roots.begin(), rewrite.left.roots.end(),
                     [](const RootPattern& root) { return only_dtype_fields(root.pattern); });
}

void decide_all_dtypes(const InstanceMaker& maker, Dice& dice, const std::string& smt_program,
                       const ProofOptions& options, Tally& tally) {
  for (int of_inputs = 0; of_inputs < kDTypeCount; ++of_inputs) {
    for (int of_fields = 0; of_fields < kDTypeCount; ++of_fields) {
      InstanceOptions shape{static_cast<DType>(of_inputs), {1, 2, 3}, 0, 8};
      shape.field_dtype = static_cast<DType>(of_fields);
      int attempts = 60;
      auto instance = maker.make(shape, dice, attempts);
      if (instance) decide(*instance, smt_program, options, tally);
      if (!tally.open.empty()) return;
    }
  }
}

SymbolicProof verdict(const Tally& tally, bool for_all, const std::string& scope) {
  SymbolicProof proof;
  proof.engine = tally.queries > 0 ? "z3" : "normal form";
  if (!tally.refuted.empty()) {
    proof.status = ProofStatus::kRefuted;
    proof.counterexample = tally.refuted;
    proof.detail = "a model of z3, confirmed by the interpreter";
  } else if (!tally.open.empty() || tally.equal == 0) {
    proof.engine = "interpreter";
    proof.detail = !tally.open.empty()      ? tally.open
                   : !tally.skipped.empty() ? tally.skipped
                                            : "no small instance was found";
  } else {
    proof.status = for_all ? ProofStatus::kProven : ProofStatus::kBounded;
    proof.detail = "equal over the reals " + scope;
    for (Lemma lemma : tally.lemmas) proof.lemmas.push_back(lemma_info(lemma).name);
  }
  return proof;
}

}  // namespace

SymbolicProof prove_symbolically(const Rewrite& rewrite, const std::string& smt_program,
                                 const ProofOptions& options) {
  generic::GenericProof all = generic::prove_generic(rewrite, smt_program, options);
  if (!all.proven && !is_pointwise(rewrite)) {
    all = generic::prove_sums(rewrite, smt_program, options);
  }
  if (all.proven) return {ProofStatus::kProven, "generic axis", all.detail, "", {}, all.exact};
  if (!is_pointwise(rewrite)) {
    generic::ScalarRuleProof laws = generic::prove_scalars(rewrite, smt_program, options);
    if (laws.proof.proven) {
      return {ProofStatus::kProven, "generic axis", laws.proof.detail, "", laws.lemmas};
    }
  }
  InstanceMaker maker(rewrite);
  Dice dice(options.seed + 5);
  bool pointwise = is_pointwise(rewrite);
  // A free field or constant is one choice among many: such a proof is for the choices tried.
  bool for_all = pointwise && rewrite.left.attr_vars == 0 && !maker.has_constants();
  Tally tally;
  if (pointwise && !for_all && !maker.has_constants() && only_dtype_fields(rewrite)) {
    decide_all_dtypes(maker, dice, smt_program, options, tally);
    return verdict(tally, true,
                   format("for every element and all {} pairs of element types", tally.equal));
  }
  int wanted = for_all ? 1 : kInstances;
  for (int i = 0; i < 2 * kInstances && tally.equal < wanted; ++i) {
    InstanceOptions shape;
    shape.sizes =
        i % 4 == 3 ? std::vector<std::int64_t>{0, 1, 2} : std::vector<std::int64_t>{1, 2, 3};
    shape.max_rank = pointwise ? 0 : 3;
    shape.max_elements = 40;
    std::optional<RuleInstance> instance;
    for (DType dtype : {DType::kF32, DType::kI32, DType::kBool}) {
      shape.dtype = dtype;
      int attempts = 600;
      instance = maker.make(shape, dice, attempts);
      if (instance) break;
    }
    if (!instance) continue;
    decide(*instance, smt_program, options, tally);
    if (!tally.open.empty()) break;
  }
  std::string scope = for_all     ? "for every element, so for all sizes"
                      : pointwise ? format("for {} choices of fields and constants", tally.equal)
                                  : format("index by index on {} small sizes", tally.equal);
  return verdict(tally, for_all, scope);
}

std::string types_for_all_sizes(const Rewrite& rewrite, const ProofOptions& options) {
  if (rewrite.types.empty()) return "";
  InstanceMaker maker(rewrite);
  Dice dice(options.seed + 9);
  int made = 0;
  for (int i = 0; i < 4; ++i) {
    InstanceOptions symbols;
    symbols.sizes = {1};
    symbols.symbolic = true;
    int attempts = 60;
    try {
      if (maker.make(symbols, dice, attempts)) ++made;
    } catch (const RuleError&) {
      return "";  // undecided with symbols; the interpreter has tried numbers
    }
  }
  return made > 0 ? "types agree for all sizes" : "";
}

}  // namespace bafe

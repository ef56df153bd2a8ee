// Between rules and engine. In: a structural match. Out: the right side's nodes, or refusal when a
// condition fails. Invariant: types are inferred before a node is added, so an ill-typed right side
// leaves the e-graph untouched.

#include "rule_adapter.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

namespace bafe {
namespace {

class RewriteApplier : public Applier {
 public:
  RewriteApplier(const Rewrite& rewrite, const TensorAnalysis& analysis, bool prove_finite)
      : rewrite_(rewrite), analysis_(analysis), prove_finite_(prove_finite) {
    std::uint16_t matched = rewrite.left.class_vars;
    for (const RightOutput& output : rewrite.right.outputs) {
      bool node = output.value >= matched &&
                  rewrite.right.steps[output.value - matched].kind == RightStep::Kind::kNode;
      builds_nodes_ = builds_nodes_ && node;
    }
  }

  bool apply(EGraph& graph, const Match& match, std::span<NodeId> roots) override {
    if (!are_distinct(graph, match)) return false;
    if (prove_finite_ && !is_proven_finite(graph, match)) return false;
    if (builds_nodes_ && are_constant(graph, match)) return false;
    EGraphSink sink(graph, analysis_);
    std::vector<TermRef> terms = match_terms(match);
    std::vector<AttrValue> attrs = match_attrs(graph, match, rewrite_.left.attr_vars);
    if (!interpreter_.admits(rewrite_, terms, attrs, sink)) return false;
    std::vector<TermPair> pairs;
    try {
      if (!interpreter_.build(rewrite_, terms, attrs, sink, pairs)) return false;
    } catch (const NodeLimitReached&) {
      return false;
    }
    std::copy(match.roots.begin(), match.roots.end(), roots.begin());
    for (std::size_t i = 0; i < rewrite_.left.roots.size(); ++i) {
      for (std::size_t o = 0; o < rewrite_.right.outputs.size(); ++o) {
        if (rewrite_.right.outputs[o].target == rewrite_.left.roots[i].root_var)
          roots[i] = NodeId(pairs[o].right);
      }
    }
    return true;
  }

 private:
  /// Is no element of any matched value NaN or Inf? Then class `finite` promises equal values.
  bool is_proven_finite(const EGraph& graph, const Match& match) const {
    auto finite = [&](NodeId node) {
      const Facts& facts = analysis_.facts(graph.class_of(node));
      if (facts.constant) return std::isfinite(facts.constant->value.as_double());
      return !is_float(facts.type.dtype) || facts.range.finite();
    };
    return std::all_of(match.vars.begin(), match.vars.end(), finite) &&
           std::all_of(match.witnesses.begin(), match.witnesses.end(), finite);
  }

  /// Nothing is cheaper than a constant, and a term that equals its own operand (0 = 0 b) would be
  /// regrouped without end.
  bool are_constant(const EGraph& graph, const Match& match) const {
    return std::all_of(match.roots.begin(), match.roots.end(), [&](NodeId root) {
      return analysis_.facts(graph.class_of(root)).constant.has_value();
    });
  }

  bool are_distinct(const EGraph& graph, const Match& match) const {
    for (std::size_t i = 1; i < rewrite_.distinct.size(); ++i) {
      ClassId before = graph.class_of(match.vars[rewrite_.distinct[i - 1]]);
      if (!(before < graph.class_of(match.vars[rewrite_.distinct[i]]))) return false;
    }
    return true;
  }

  const Rewrite& rewrite_;
  const TensorAnalysis& analysis_;
  bool prove_finite_;
  bool builds_nodes_ = true;
  RhsInterpreter interpreter_;
};

/// Does the function look at facts? By its place among attr_functions().
const std::vector<bool>& fact_functions() {
  // Never destroyed: the background thread may use it to the end.
  static const std::vector<bool>& table = []() -> auto& {
    static const char* const kFacts[] = {"const", "finite",    "in",         "nonzero",
                                         "zero",  "identity",  "diagonal",   "lower",
                                         "upper", "symmetric", "orthogonal", "banded"};
    auto& result = *new std::vector<bool>;
    for (const auto& function : attr_functions()) {
      result.push_back(std::find(std::begin(kFacts), std::end(kFacts), function.name) !=
                       std::end(kFacts));
    }
    return result;
  }
  ();
  return table;
}

bool asks_facts(const AttrExpr& expr) {
  if (expr.kind == AttrExpr::kCall && fact_functions()[static_cast<std::size_t>(expr.function)])
    return true;
  return std::any_of(expr.args.begin(), expr.args.end(), asks_facts);
}

bool reads_facts(const Rewrite& rewrite) {
  auto equation = [](const VarEquation& e) { return asks_facts(e.value); };
  return !rewrite.constant_equations.empty() ||
         std::any_of(rewrite.conditions.begin(), rewrite.conditions.end(), asks_facts) ||
         std::any_of(rewrite.lets.begin(), rewrite.lets.end(), equation) ||
         std::any_of(rewrite.right.steps.begin(), rewrite.right.steps.end(),
                     [](const RightStep& step) { return asks_facts(step.value); });
}

void collect_variables(const Pattern& pattern, std::vector<bool>& found) {
  if (pattern.kind == Pattern::Kind::kVariable) found[pattern.var] = true;
  for (const Pattern& child : pattern.children) collect_variables(child, found);
}

/// Does some operand of the left side take no part in the right one? Its NaN would be lost.
bool drops_operand(const Rewrite& rewrite) {
  const RuleProgram& right = rewrite.right;
  std::size_t matched = rewrite.left.class_vars;
  std::vector<bool> used(matched + right.steps.size(), false), operands(matched, false);
  for (const RightOutput& output : right.outputs) used[output.value] = true;
  for (std::size_t i = right.steps.size(); i-- > 0;) {
    if (!used[matched + i]) continue;
    for (std::uint16_t operand : right.steps[i].operands) used[operand] = true;
  }
  for (const RootPattern& root : rewrite.left.roots) collect_variables(root.pattern, operands);
  for (std::size_t i = 0; i < matched; ++i) {
    if (operands[i] && !used[i]) return true;
  }
  return false;
}

/// Which rewrites may hide a NaN or Inf that the program looks for?
bool may_hide_specials(const Rewrite& rewrite) {
  if (rewrite.numeric <= NumericClass::kSigns) return false;
  return rewrite.numeric == NumericClass::kFinite || drops_operand(rewrite);
}

RightShape shape_of(const Rewrite& rewrite) {
  RightShape shape;
  for (const RightStep& step : rewrite.right.steps) {
    shape.steps.emplace_back();
    shape.steps.back().operands = step.operands;
  }
  for (const RootPattern& root : rewrite.left.roots) {
    auto output = std::find_if(rewrite.right.outputs.begin(), rewrite.right.outputs.end(),
                               [&](const RightOutput& o) { return o.target == root.root_var; });
    if (output == rewrite.right.outputs.end()) return {};
    shape.outputs.push_back(output->value);
  }
  return shape;
}

/// Is the value an input or a constant array, whatever else it equals?
bool is_stored(const EGraph& graph, ClassId cls) {
  for (NodeId node : graph.nodes(cls)) {
    Op op = op_of(graph.op(node));
    if (op_info(op).kind == OpKind::kLeaf && !is_fill(op)) return true;
  }
  return false;
}

}  // namespace

const Facts& EGraphSink::facts(TermRef term) const {
  return analysis_.facts(graph_.class_of(NodeId(term)));
}

const Type* EGraphSink::type(TermRef term) const { return &facts(term).type; }

std::optional<Scalar> EGraphSink::constant(TermRef term) const {
  const Facts& known = facts(term);
  return known.constant ? std::optional(known.constant->value) : std::nullopt;
}

bool EGraphSink::fact(const std::string& name, TermRef term,
                      const std::vector<AttrValue>& args) const {
  ClassId cls = graph_.class_of(NodeId(term));
  if (name == "leaf") return is_stored(graph_, cls);
  return analysis_.fact(name, cls, args);
}

TermRef EGraphSink::node(OpId op, std::span<const TermRef> operands, Attrs attrs) {
  std::vector<NodeId> children;
  std::vector<Type> types;
  for (TermRef operand : operands) {
    children.push_back(NodeId(operand));
    types.push_back(facts(operand).type);
  }
  infer_type(op_of(op), types, attrs);
  NodeId node = graph_.add(op, graph_.attrs().intern(attrs), children);
  if (!node.valid()) throw NodeLimitReached{};
  return node.index();
}

TermRef EGraphSink::splat(Scalar value, TermRef like) {
  Shape shape = facts(like).type.shape;
  return node(id_of(Op::kFill), {}, {value, std::move(shape)});
}

std::vector<AttrValue> match_attrs(const EGraph& graph, const Match& match, std::size_t count) {
  std::vector<AttrValue> attrs;
  for (std::size_t i = 0; i < count; ++i) attrs.push_back(graph.attrs().value(match.attr(i)));
  return attrs;
}

std::vector<TermRef> match_terms(const Match& match) {
  std::vector<TermRef> terms;
  for (NodeId node : match.vars) terms.push_back(node.index());
  return terms;
}

std::vector<SaturationRule> adapt_rules(const std::vector<const Rewrite*>& rewrites,
                                        const TensorAnalysis& analysis, bool specials,
                                        std::vector<std::string>& names) {
  std::vector<SaturationRule> rules;
  std::map<std::string, RuleId> ids;
  for (const Rewrite* rewrite : rewrites) {
    auto [it, fresh] = ids.emplace(rewrite->name, RuleId(static_cast<std::uint32_t>(names.size())));
    if (fresh) names.push_back(rewrite->name);
    SaturationRule rule;
    rule.name = rewrite->name;
    rule.left = rewrite->left;
    rule.right = shape_of(*rewrite);
    bool prove_finite = specials && may_hide_specials(*rewrite);
    rule.applier = std::make_shared<RewriteApplier>(*rewrite, analysis, prove_finite);
    rule.rule = it->second;
    rule.backward = !rewrite->forward;
    rule.reads_facts = prove_finite || reads_facts(*rewrite);
    rule.set = static_cast<std::uint32_t>(rewrite->stage);
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace bafe

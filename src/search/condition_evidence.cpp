// Why conditions held. In: a union that a proof uses. Out: nodes whose equality gives the facts
// that its rule asked for: constants, ranges, structure. Invariant: nothing is given that the union
// did not know when it was made.

#include <algorithm>

#include "bafe/cost/access.h"
#include "certificate.h"

namespace bafe {
namespace {

const Rewrite* rewrite_of(const Rule& rule, bool forward) {
  for (const Rewrite& rewrite : rule.rewrites) {
    if (rewrite.forward == forward) return &rewrite;
  }
  return nullptr;
}

}  // namespace

ConditionEvidence::Pairs ConditionEvidence::find(const UsedUnion& used) {
  Pairs out;
  const EGraph& egraph = terms_.egraph;
  visited_.assign(egraph.num_born(), false);
  if (used.entry.kind == ReasonKind::kCompute) {
    for (NodeId child : egraph.children(used.entry.a)) constant(child, out);
    return out;
  }
  if (used.entry.kind != ReasonKind::kRule) return out;
  const std::string& name = growth_.rule_names[used.entry.rule.index()];
  const Rule* rule = rules_.find(name);
  const Rewrite* rewrite = rule ? rewrite_of(*rule, !used.entry.backward) : nullptr;
  if (!rewrite) return out;
  for (const VarEquation& equation : rewrite->constant_equations)
    constant(used.bound[equation.var], out);
  for (const VarEquation& equation : rewrite->constant_equations) asked(equation.value, used, out);
  for (const AttrExpr& condition : rewrite->conditions) asked(condition, used, out);
  for (const VarEquation& let : rewrite->lets) asked(let.value, used, out);
  for (const RightStep& step : rewrite->right.steps) asked(step.value, used, out);
  if (specials_ && rewrite->numeric > NumericClass::kSigns) {
    for (NodeId node : used.bound) support(node, used.log, out);
    for (NodeId node : used.matched) support(node, used.log, out);
  }
  return out;
}

void ConditionEvidence::constant(NodeId node, Pairs& out) const {
  if (!node.valid()) return;
  ClassId cls = terms_.egraph.class_of(node);
  const Facts& facts = terms_.analysis.facts(cls);
  if (!facts.constant) return;
  NodeId fill = terms_.analysis.literal_node(terms_.egraph, cls, facts.constant->value.as_double());
  if (fill.valid()) out.emplace_back(node, fill);
}

/// Facts that a condition asks for, by the names of the functions.
void ConditionEvidence::asked(const AttrExpr& expr, const UsedUnion& used, Pairs& out) {
  for (const AttrExpr& arg : expr.args) asked(arg, used, out);
  if (expr.kind != AttrExpr::kCall || expr.args.empty()) return;
  const AttrExpr& first = expr.args[0];
  auto var = static_cast<std::size_t>(first.variable);
  if (first.kind != AttrExpr::kValueVar || var >= used.bound.size()) return;
  static const char* const kOfTypes[] = {"shape", "rank", "dim", "dtype", "is-float"};
  const std::string& name = attr_functions()[static_cast<std::size_t>(expr.function)].name;
  if (std::find(std::begin(kOfTypes), std::end(kOfTypes), name) != std::end(kOfTypes)) return;
  constant(used.bound[var], out);
  if (name != "const") support(used.bound[var], used.log, out);
}

/// Other terms of the class that say more than the node itself, down to the leaves.
void ConditionEvidence::support(NodeId node, std::size_t log, Pairs& out) {
  if (!node.valid() || visited_[node.index()]) return;
  visited_[node.index()] = true;
  const EGraph& egraph = terms_.egraph;
  ClassId cls = egraph.class_of(node);
  Facts own = terms_.analysis.node_facts(egraph, node);
  constant(node, out);
  const Facts& whole = terms_.analysis.facts(cls);
  bool short_of = !(own.range == whole.range) || !(own.structure == whole.structure);
  for (NodeId child : egraph.children(node)) support(child, log, out);
  transposes(node, log, out);
  for (NodeId other : egraph.nodes(cls)) {
    bool stored = op_info(op_of(egraph.op(other))).kind == OpKind::kLeaf;
    if (other == node || visited_[other.index()] || (!short_of && !stored)) continue;
    Facts theirs = terms_.analysis.node_facts(egraph, other);
    bool says_more = stored || !(intersect(own.range, theirs.range) == own.range) ||
                     !(join_structure(own.structure, theirs.structure) == own.structure);
    if (!says_more || !explainer_.were_equal(node, other, log)) continue;
    out.emplace_back(node, other);
    support(other, log, out);
  }
}

/// A product of mutual transposes is symmetric because some node says that they are.
void ConditionEvidence::transposes(NodeId node, std::size_t log, Pairs& out) const {
  const EGraph& egraph = terms_.egraph;
  auto children = egraph.children(node);
  if (children.size() != 2 || !terms_.analysis.is_mirrored(egraph, node)) return;
  for (int side : {0, 1}) {
    NodeId from = children[static_cast<std::size_t>(side)];
    NodeId to = children[static_cast<std::size_t>(1 - side)];
    for (NodeId other : egraph.nodes(egraph.class_of(to))) {
      auto below = egraph.children(other);
      bool turns = below.size() == 1 && egraph.class_of(below[0]) == egraph.class_of(from) &&
                   op_info(op_of(egraph.op(other))).kind == OpKind::kMovement;
      if (!turns || !explainer_.were_equal(to, other, log)) continue;
      out.emplace_back(to, other);
      out.emplace_back(below[0], from);
    }
  }
}

}  // namespace bafe

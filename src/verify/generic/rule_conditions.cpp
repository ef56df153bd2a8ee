// In: conditions, field equations and lets of a rewrite whose left side is read. Out: facts of the
// knowledge and values of attribute variables. Invariant: what cannot be read assumes nothing.
#include "rule_context.h"

namespace bafe::generic {

void GenericRule::assume_equal(const GenericField& field, const ExprTerm& value) {
  if (field.kind == AttrKind::kInt && value.kind == ExprTerm::kInt) {
    knowledge_.assume(equal(field.integer, value.integer));
  }
  if (field.kind == AttrKind::kList && value.kind == ExprTerm::kList) {
    IntList a = field.list, b = value.list;
    knowledge_.assume(equal(a.length, b.length));
    knowledge_.assume_for_all(
        [a, b](IntTerm t) { return implies(in_range(t, a.length), equal(a.at(t), b.at(t))); });
  }
  if (field.kind == AttrKind::kDType && value.kind == ExprTerm::kDType) {
    dtypes_.assume_same(field.dtype, value.dtype);
  }
}

void GenericRule::read_conditions() {
  for (const VarEquation& equation : rewrite_.field_equations) {
    try {
      ExprReader reader(source_, dtypes_);
      ExprTerm value = reader.read(equation.value);
      knowledge_.assume(reader.defined, dtypes_);
      if (attrs_[equation.var]) assume_equal(*attrs_[equation.var], value);
    } catch (const NotRepresentable&) {  // assumes less
    }
  }
  for (const AttrExpr& condition : rewrite_.conditions) assume_condition(condition);
}

/// (= dtype dtype), is-float: facts of element types.
bool GenericRule::assume_dtypes(const AttrExpr& condition, bool holds) {
  ExprReader reader(source_, dtypes_);
  if (is_call(condition, "is-float")) {
    const AttrExpr& what = condition.args[0];
    if (what.kind != AttrExpr::kValueVar) return false;
    const ShapedType* type = source_.type(what.variable);
    std::uint32_t floats = dtypes_where([](DType t) { return is_float(t); });
    if (type != nullptr) dtypes_.assume_in(type->dtype, holds ? floats : ~floats);
    return true;
  }
  if (!is_call(condition, "=")) return false;
  ExprTerm a = reader.read(condition.args[0]), b = reader.read(condition.args[1]);
  if (a.kind != ExprTerm::kDType || b.kind != ExprTerm::kDType) return false;
  bool possible = true;
  if (holds) {
    possible = dtypes_.assume_same(a.dtype, b.dtype);
  } else {
    dtypes_.assume_different(a.dtype, b.dtype);
  }
  if (!possible) throw NotRepresentable("no element type satisfies the conditions");
  return true;
}

void GenericRule::assume_condition(const AttrExpr& condition) {
  if (is_call(condition, "and")) {
    for (const AttrExpr& part : condition.args) assume_condition(part);
    return;
  }
  try {
    bool negated = is_call(condition, "not");
    if (assume_dtypes(negated ? condition.args[0] : condition, !negated)) return;
    ExprReader reader(source_, dtypes_);
    ExprTerm value = reader.read(condition);
    if (value.kind != ExprTerm::kTruth) return;
    knowledge_.assume(reader.defined, dtypes_);
    knowledge_.assume(value.truth);
  } catch (const NotRepresentable&) {  // assumes less
  }
}

void GenericRule::read_lets() {
  attrs_.resize(attrs_.size() + rewrite_.lets.size());
  for (const VarEquation& let : rewrite_.lets) {
    attrs_[let.var] = field_of(strict(let.value));
  }
}

}  // namespace bafe::generic

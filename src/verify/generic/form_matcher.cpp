// In: two elements. Out: a condition on integers under which they are the same operators on the
// same elements. Invariant: the condition is only ever proven, so a new symbol in it stands for all
// integers.
#include "bafe/base/format.h"
#include "rule_context.h"

namespace bafe::generic {
namespace {

/// The function symbol `from` read as `to`.
class FunctionRename {
 public:
  FunctionRename(std::string from, std::string to) : from_(std::move(from)), to_(std::move(to)) {}

  FormRef of(const FormRef& form) {
    Form out = *form;
    for (FormRef& arg : out.args) arg = of(arg);
    for (IntTerm* term : {&out.index, &out.integer, &out.axes_end, &out.over, &out.extent}) {
      if (term->valid()) *term = of(*term);
    }
    if (out.condition.id >= 0) out.condition = of(out.condition);
    return std::make_shared<const Form>(std::move(out));
  }

 private:
  IntTerm of(IntTerm t) {
    const IntRow& r = row(t);
    std::vector<IntTerm> args;
    if (r.kind == IntKind::kFunction) {
      return close([&](IntTerm at) { return of(open(t, at)); });
    }
    for (IntTerm arg : r.args) args.push_back(of(arg));
    if (r.kind == IntKind::kApply) return applied(r.name == from_ ? to_ : r.name, args);
    if (r.kind == IntKind::kChoice) return choose(of(r.condition), args[0], args[1]);
    if (r.kind != IntKind::kPolynomial) return t;
    IntTerm sum = 0;
    for (const auto& [monomial, factor] : r.poly) {
      IntTerm product = factor.integer();
      for (const auto& [atom, exponent] : monomial) {
        for (int i = 0; i < exponent; ++i) product = product * of(IntTerm::of_row(atom));
      }
      sum = sum + product;
    }
    return sum;
  }

  Truth of(Truth what) {
    const TruthRow& r = row(what);
    std::vector<Truth> parts;
    for (Truth part : r.parts) parts.push_back(of(part));
    switch (r.kind) {
      case TruthKind::kConstant:
        return what;
      case TruthKind::kNonNegative:
        return at_most(0, of(r.terms[0]));
      case TruthKind::kZero:
        return equal(of(r.terms[0]), 0);
      case TruthKind::kPredicate: {
        std::vector<IntTerm> args;
        for (IntTerm arg : r.terms) args.push_back(of(arg));
        return predicate(r.name, args);
      }
      case TruthKind::kNot:
        return negation(parts[0]);
      case TruthKind::kAnd:
        return all_of(parts);
      case TruthKind::kOr:
        return any_of(parts);
    }
    return what;
  }

  std::string from_, to_;
};

}  // namespace

Truth FormMatcher::same_reads(const Form& a, const Form& b) {
  if (a.number != b.number) return truth(false);
  if (a.index == b.index) return truth(true);
  IntTerm axis = fresh("any");
  return implies(in_range(axis, context_.shape_of_read(a.number).length),
                 equal(open(a.index, axis), open(b.index, axis)));
}

Truth FormMatcher::same_folds(const Form& a, const Form& b) {
  if (a.reduce != b.reduce) return truth(false);
  IntTerm axis = fresh("any");
  Truth over = open_truth(a.over, axis);
  Truth domain = implies(in_range(axis, a.axes_end),
                         both(equal(open(a.over, axis), open(b.over, axis)),
                              implies(over, equal(open(a.extent, axis), open(b.extent, axis)))));
  // With an empty axis there is no bound index, and nothing to show of the body.
  Truth some = predicate(a.name + " has values", {});
  IntPredicate range = [a, some](IntTerm t) {
    Truth bound = all_of({some, in_range(t, a.axes_end), open_truth(a.over, t)});
    return implies(bound, in_range(applied(a.name, {t}), open(a.extent, t)));
  };
  knowledge_.assume_for_all(range);
  Truth body = same(a.args[0], FunctionRename(b.name, a.name).of(b.args[0]));
  return all_of({equal(a.axes_end, b.axes_end), domain, implies(some, body)});
}

Truth FormMatcher::same(const FormRef& a, const FormRef& b) {
  if (a == b) return truth(true);
  if (a->kind == FormKind::kChoose || b->kind == FormKind::kChoose) {
    bool first = a->kind == FormKind::kChoose;
    const FormRef &split = first ? a : b, &other = first ? b : a;
    return both(implies(split->condition, same(split->args[0], other)),
                implies(negation(split->condition), same(split->args[1], other)));
  }
  if (a->kind != b->kind) return truth(false);
  switch (a->kind) {
    case FormKind::kRead:
      return same_reads(*a, *b);
    case FormKind::kFold:
      return same_folds(*a, *b);
    case FormKind::kLiteral:
      return truth(a->literal == b->literal);
    case FormKind::kScalar:
      return truth(a->name == b->name);
    case FormKind::kInteger:
      return equal(a->integer, b->integer);
    case FormKind::kApply: {
      bool alike = a->prim == b->prim && a->name == b->name && a->args.size() == b->args.size();
      std::vector<Truth> parts = {truth(alike)};
      for (std::size_t i = 0; alike && i < a->args.size(); ++i) {
        parts.push_back(same(a->args[i], b->args[i]));
      }
      return all_of(parts);
    }
    default:
      return truth(false);
  }
}

}  // namespace bafe::generic

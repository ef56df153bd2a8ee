// In: a term and a symbol. Out: the term with another in its place. Invariant: the functions inside
// are opened and closed again, so that no variable is caught.
#include "int_term.h"

namespace bafe::generic {
namespace {

/// Rebuilds terms with one symbol replaced.
class Replacement {
 public:
  Replacement(IntTerm from, IntTerm to) : from_(from), to_(to) {}

  IntTerm of_term(IntTerm t) {
    if (t == from_) return to_;
    auto it = done_.find(t.id);
    if (it != done_.end()) return it->second;
    IntTerm out = rebuilt(t);
    done_.emplace(t.id, out);
    return out;
  }

  Truth of_truth(Truth t) {
    TruthRow r = row(t);
    switch (r.kind) {
      case TruthKind::kConstant:
        return t;
      case TruthKind::kNonNegative:
        return at_most(0, of_term(r.terms[0]));
      case TruthKind::kZero:
        return equal(of_term(r.terms[0]), 0);
      case TruthKind::kPredicate:
        for (IntTerm& arg : r.terms) arg = of_term(arg);
        return predicate(r.name, std::move(r.terms));
      case TruthKind::kNot:
        return negation(of_truth(r.parts[0]));
      case TruthKind::kAnd:
      case TruthKind::kOr:
        for (Truth& part : r.parts) part = of_truth(part);
        return r.kind == TruthKind::kAnd ? all_of(r.parts) : any_of(r.parts);
    }
    return t;
  }

 private:
  IntTerm rebuilt(IntTerm t) {
    IntRow r = row(t);
    switch (r.kind) {
      case IntKind::kSymbol:
      case IntKind::kBound:
        return t;
      case IntKind::kApply:
        for (IntTerm& arg : r.args) arg = of_term(arg);
        return applied(r.name, std::move(r.args));
      case IntKind::kChoice:
        return choose(of_truth(r.condition), of_term(r.args[0]), of_term(r.args[1]));
      case IntKind::kFunction:
        return close([&](IntTerm at) { return of_term(open(t, at)); });
      case IntKind::kPolynomial:
        break;
    }
    IntTerm sum = 0;
    for (const auto& [monomial, factor] : r.poly) {
      IntTerm product = factor.integer();
      for (const auto& [atom, exponent] : monomial) {
        IntTerm base = of_term(IntTerm::of_row(atom));
        for (int i = 0; i < exponent; ++i) product = product * base;
      }
      sum = sum + product;
    }
    return sum;
  }

  IntTerm from_, to_;
  std::map<int, IntTerm> done_;
};

}  // namespace

IntTerm replace(IntTerm what, IntTerm from, IntTerm to) {
  return Replacement(from, to).of_term(what);
}
Truth replace(Truth what, IntTerm from, IntTerm to) { return Replacement(from, to).of_truth(what); }

}  // namespace bafe::generic

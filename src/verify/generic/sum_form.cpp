// In: forms. Out: their sums and products, and forms with index functions replaced. Invariant: no
// two binders of one term share a name, so nothing is captured when a value is put in.
#include "sum_form.h"

#include <algorithm>

#include "bafe/base/format.h"

namespace bafe::generic {
namespace {

std::string new_name() {
  IntTerm symbol = fresh("K");
  return row(symbol).name;
}

bool shares_binder(const SumTerm& a, const SumTerm& b) {
  for (const Binder& x : a.binders) {
    for (const Binder& y : b.binders) {
      if (x.name == y.name) return true;
    }
  }
  return false;
}

std::vector<IndexValue> new_names(const std::vector<Binder>& binders) {
  std::vector<IndexValue> values;
  for (const Binder& binder : binders) {
    std::string name = new_name();
    values.push_back({binder.name, [name](IntTerm t) { return applied(name, {t}); }});
  }
  return values;
}

void take_names(std::vector<Binder>& binders, const std::vector<IndexValue>& values) {
  IntTerm probe = integer(0);
  for (std::size_t i = 0; i < binders.size(); ++i)
    binders[i].name = row(values[i].value(probe)).name;
}

/// Multiplies a factor into a term; powers of truths are the truths.
void multiply(std::vector<SumFactor>& factors, const SumFactor& factor) {
  for (SumFactor& known : factors) {
    if (known.atom != factor.atom) continue;
    if (!known.atom->is_truth) known.power += factor.power;
    return;
  }
  factors.push_back(factor);
}

}  // namespace

SumForm number_form(const Rational& value) {
  if (value.sign() == 0) return {};
  return {SumTerm{value, {}, truth(true), {}}};
}

SumForm atom_form(AtomRef atom) {
  return {SumTerm{1, {}, truth(true), {SumFactor{std::move(atom), 1}}}};
}

SumForm sum_of(const SumForm& a, const SumForm& b) {
  SumForm out = a;
  out.insert(out.end(), b.begin(), b.end());
  if (out.size() > 64) throw NotRepresentable("a sum has too many terms");
  return out;
}

SumForm scaled(const SumForm& a, const Rational& factor) {
  if (factor.sign() == 0) return {};
  SumForm out = a;
  for (SumTerm& term : out) term.coefficient = term.coefficient * factor;
  return out;
}

SumForm product_of(const SumForm& a, const SumForm& b) {
  SumForm out;
  for (const SumTerm& x : a) {
    for (const SumTerm& right : b) {
      SumTerm y = shares_binder(x, right) ? renamed(right) : right;
      SumTerm both_terms = x;
      both_terms.coefficient = x.coefficient * y.coefficient;
      both_terms.binders.insert(both_terms.binders.end(), y.binders.begin(), y.binders.end());
      both_terms.guard = both(x.guard, y.guard);
      both_terms.is_settled = false;
      for (const SumFactor& factor : y.factors) multiply(both_terms.factors, factor);
      if (!is_false(both_terms.guard)) out.push_back(std::move(both_terms));
    }
  }
  if (out.size() > 64) throw NotRepresentable("a product has too many terms");
  return out;
}

SumForm guarded(const SumForm& a, Truth condition) {
  SumForm out;
  for (SumTerm term : a) {
    term.guard = both(condition, term.guard);
    term.is_settled = false;
    if (!is_false(term.guard)) out.push_back(std::move(term));
  }
  return out;
}

bool is_number(const SumForm& form, Rational& value) {
  value = 0;
  for (const SumTerm& term : form) {
    if (!term.binders.empty() || !term.factors.empty() || !is_true(term.guard)) return false;
    value = value + term.coefficient;
  }
  return true;
}

IntTerm substitute(IntTerm term, const std::vector<IndexValue>& values) {
  bool touched = std::any_of(values.begin(), values.end(),
                             [&](const IndexValue& v) { return mentions(term, v.name); });
  if (!touched) return term;
  const IntRow& r = row(term);
  switch (r.kind) {
    case IntKind::kPolynomial: {
      IntTerm out = integer(0);
      for (const auto& [monomial, coefficient] : r.poly) {
        if (!coefficient.is_integer()) throw NotRepresentable("a fraction among integers");
        IntTerm product = integer(coefficient.integer());
        for (const auto& [atom, power] : monomial) {
          IntTerm factor = substitute(IntTerm::of_row(atom), values);
          for (int i = 0; i < power; ++i) product = product * factor;
        }
        out = out + product;
      }
      return out;
    }
    case IntKind::kApply: {
      std::vector<IntTerm> args;
      for (IntTerm arg : r.args) args.push_back(substitute(arg, values));
      for (const IndexValue& v : values) {
        if (v.name == r.name) return v.value(args[0]);
      }
      return applied(r.name, std::move(args));
    }
    case IntKind::kChoice:
      return choose(substitute(r.condition, values), substitute(r.args[0], values),
                    substitute(r.args[1], values));
    case IntKind::kFunction: {
      IntTerm inner = fresh("t");
      IntTerm body = substitute(open(term, inner), values);
      return close([&](IntTerm t) { return replace(body, inner, t); });
    }
    default:
      return term;
  }
}

Truth substitute(Truth what, const std::vector<IndexValue>& values) {
  const TruthRow& r = row(what);
  switch (r.kind) {
    case TruthKind::kNonNegative:
      return at_most(integer(0), substitute(r.terms[0], values));
    case TruthKind::kZero:
      return equal(substitute(r.terms[0], values), integer(0));
    case TruthKind::kPredicate: {
      std::vector<IntTerm> terms;
      for (IntTerm term : r.terms) terms.push_back(substitute(term, values));
      return predicate(r.name, std::move(terms));
    }
    case TruthKind::kNot:
      return negation(substitute(r.parts[0], values));
    case TruthKind::kAnd:
    case TruthKind::kOr: {
      std::vector<Truth> parts;
      for (Truth part : r.parts) parts.push_back(substitute(part, values));
      return r.kind == TruthKind::kAnd ? all_of(parts) : any_of(parts);
    }
    default:
      return what;
  }
}

std::vector<Binder> substitute(std::vector<Binder> binders, const std::vector<IndexValue>& values) {
  for (Binder& binder : binders) {
    binder.end = substitute(binder.end, values);
    binder.over = substitute(binder.over, values);
    binder.extent = substitute(binder.extent, values);
  }
  return binders;
}

SumPart substitute(const SumPart& part, const std::vector<IndexValue>& values) {
  return {substitute(part.binders, values), substitute(part.guard, values),
          substitute(part.body, values)};
}

AtomRef substitute(const AtomRef& atom, const std::vector<IndexValue>& values) {
  bool touched = std::any_of(values.begin(), values.end(),
                             [&](const IndexValue& v) { return mentions(*atom, v.name); });
  if (!touched) return atom;
  SumAtom out = *atom;
  if (out.index.valid()) out.index = substitute(out.index, values);
  for (SumForm& form : out.forms) form = substitute(form, values);
  for (SumPart& part : out.parts) part = substitute(part, values);
  return std::make_shared<const SumAtom>(std::move(out));
}

SumForm substitute(const SumForm& form, const std::vector<IndexValue>& values) {
  SumForm out;
  for (const SumTerm& term : form) {
    SumTerm next{
        term.coefficient, substitute(term.binders, values), substitute(term.guard, values), {}};
    for (const SumFactor& factor : term.factors)
      multiply(next.factors, {substitute(factor.atom, values), factor.power});
    if (!is_false(next.guard)) out.push_back(std::move(next));
  }
  return out;
}

SumTerm renamed(const SumTerm& term) {
  std::vector<IndexValue> values = new_names(term.binders);
  SumForm out = substitute(SumForm{term}, values);
  if (out.empty()) return SumTerm{0, {}, truth(false), {}};
  take_names(out[0].binders, values);
  return out[0];
}

SumPart renamed(const SumPart& part) {
  std::vector<IndexValue> values = new_names(part.binders);
  SumPart out = substitute(part, values);
  take_names(out.binders, values);
  return out;
}

bool mentions(IntTerm term, const std::string& name) {
  const IntRow& r = row(term);
  if (r.kind == IntKind::kApply && r.name == name) return true;
  if (r.kind == IntKind::kPolynomial) {
    for (const auto& [monomial, coefficient] : r.poly) {
      for (const auto& [atom, power] : monomial) {
        if (mentions(IntTerm::of_row(atom), name)) return true;
      }
    }
  }
  if (r.kind == IntKind::kChoice && mentions(r.condition, name)) return true;
  return std::any_of(r.args.begin(), r.args.end(),
                     [&](IntTerm arg) { return mentions(arg, name); });
}

bool mentions(Truth what, const std::string& name) {
  const TruthRow& r = row(what);
  return std::any_of(r.terms.begin(), r.terms.end(),
                     [&](IntTerm term) { return mentions(term, name); }) ||
         std::any_of(r.parts.begin(), r.parts.end(),
                     [&](Truth part) { return mentions(part, name); });
}

namespace {
bool mentions(const std::vector<Binder>& binders, const std::string& name) {
  return std::any_of(binders.begin(), binders.end(), [&](const Binder& b) {
    return generic::mentions(b.end, name) || generic::mentions(b.over, name) ||
           generic::mentions(b.extent, name);
  });
}
}  // namespace

bool mentions(const SumAtom& atom, const std::string& name) {
  if (atom.index.valid() && mentions(atom.index, name)) return true;
  for (const SumForm& form : atom.forms) {
    if (mentions(form, name)) return true;
  }
  return std::any_of(atom.parts.begin(), atom.parts.end(), [&](const SumPart& part) {
    return mentions(part.binders, name) || mentions(part.guard, name) || mentions(part.body, name);
  });
}

bool mentions(const SumForm& form, const std::string& name) {
  for (const SumTerm& term : form) {
    if (mentions(term.binders, name) || mentions(term.guard, name)) return true;
    for (const SumFactor& factor : term.factors) {
      if (mentions(*factor.atom, name)) return true;
    }
  }
  return false;
}

namespace {
bool beside_indices(const SumForm& form, const std::string& name) {
  for (const SumTerm& term : form) {
    if (mentions(term.binders, name) || generic::mentions(term.guard, name)) return true;
    for (const SumFactor& factor : term.factors) {
      if (mentions_beside_indices(*factor.atom, name)) return true;
    }
  }
  return false;
}
}  // namespace

bool mentions_beside_indices(const SumAtom& atom, const std::string& name) {
  bool indexed = atom.kind == AtomKind::kRead || atom.kind == AtomKind::kLibrary;
  if (!indexed && atom.index.valid() && mentions(atom.index, name)) return true;
  for (const SumForm& form : atom.forms) {
    if (beside_indices(form, name)) return true;
  }
  return std::any_of(atom.parts.begin(), atom.parts.end(), [&](const SumPart& part) {
    return mentions(part.binders, name) || mentions(part.guard, name) ||
           beside_indices(part.body, name);
  });
}

}  // namespace bafe::generic

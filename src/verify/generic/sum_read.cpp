// In: elements as trees. Out: sums of products. Invariant: a form has the element's value wherever
// both sides of a rule are defined; comparisons and tests are numbers 0 and 1.
#include <algorithm>

#include "sum_prover.h"

namespace bafe::generic {
namespace {

AtomRef made(SumAtom atom) { return std::make_shared<const SumAtom>(std::move(atom)); }

SumForm truth_atom(Prim prim, std::vector<SumForm> forms) {
  SumAtom atom;
  atom.kind = AtomKind::kApply;
  atom.prim = prim;
  atom.forms = std::move(forms);
  atom.is_truth = true;
  return atom_form(made(std::move(atom)));
}

SumForm difference(const SumForm& a, const SumForm& b) { return sum_of(a, scaled(b, -1)); }
SumForm complement(const SumForm& a) { return difference(number_form(1), a); }

SumForm power_of(const SumForm& base, const SumForm& exponent, const Form& form) {
  Rational n;
  if (is_number(exponent, n) && n.is_integer() && n.integer() >= 0 && n.integer() <= 4) {
    SumForm out = number_form(1);
    for (std::int64_t i = 0; i < n.integer(); ++i) out = product_of(out, base);
    return out;
  }
  SumAtom atom;
  atom.kind = AtomKind::kApply;
  atom.prim = form.prim;
  atom.forms = {base, exponent};
  return atom_form(made(std::move(atom)));
}

}  // namespace

bool SumProver::has_fact(int number, const char* name) const {
  return std::any_of(facts_.begin(), facts_.end(), [&](const ReadFact& fact) {
    return fact.number == number && fact.name == name;
  });
}

SumForm SumProver::read(const Form& form, const Knowledge& known) {
  SumAtom atom;
  atom.kind = AtomKind::kRead;
  atom.number = form.number;
  IntTerm rank = rank_of_(form.number);
  atom.index = resolved_function(form.index, rank, known);
  if (has_fact(form.number, "zero")) return {};
  IntTerm row_index = open(atom.index, rank - 2), column = open(atom.index, rank - 1);
  if (has_fact(form.number, "identity"))
    return guarded(number_form(1), resolved(equal(row_index, column), known));
  Truth kept = truth(true);
  if (has_fact(form.number, "diagonal")) kept = equal(row_index, column);
  if (has_fact(form.number, "lower")) kept = at_most(column, row_index);
  if (has_fact(form.number, "upper")) kept = at_most(row_index, column);
  return guarded(atom_form(made(std::move(atom))), resolved(kept, known));
}

IntTerm SumProver::factors_of_product(IntTerm product, const Knowledge& known) const {
  const IntRow& r = row(product);
  IntTerm length = r.args[0], u = fresh("u"), t = fresh("t");
  IntTerm body = open(r.args[1], u);
  for (const std::string& list : functions_at(body, u)) {
    IntTerm entry = applied(list, {u}), place = applied(list + ".position", {t});
    IntTerm of_axis = replace(body, entry, t);
    if (replace(of_axis, u, integer(7919)) != of_axis) continue;
    auto has = [list](IntTerm at) { return predicate(list + ".has", {at}); };
    Truth inside = in_range(u, length);
    bool one_to_one = known.proves({implies(inside, has(entry)),
                                    implies(inside, equal(applied(list + ".position", {entry}), u)),
                                    implies(has(t), in_range(place, length)),
                                    implies(has(t), equal(applied(list, {place}), t))});
    if (!one_to_one) continue;
    return close([&](IntTerm at) { return choose(has(at), replace(of_axis, t, at), 1); });
  }
  return close([&](IntTerm at) { return choose(in_range(at, length), replace(body, u, at), 1); });
}

SumForm SumProver::integer_value(IntTerm value, const Knowledge& known) {
  SumForm out;
  const IntRow& r = row(value);
  for (const auto& [monomial, coefficient] : r.poly) {
    SumForm product = number_form(coefficient);
    for (const auto& [id, power] : monomial) {
      SumAtom atom;
      atom.kind = AtomKind::kInteger;
      atom.index = IntTerm::of_row(id);
      const IntRow factor_row = row(atom.index);
      if (factor_row.kind == IntKind::kApply && factor_row.name == "product") {
        atom.kind = AtomKind::kCount;
        atom.index = factors_of_product(atom.index, known);
      }
      SumForm factor = atom_form(made(std::move(atom)));
      for (int i = 0; i < power; ++i) product = product_of(product, factor);
    }
    out = sum_of(out, product);
  }
  return out;
}

SumForm SumProver::fold(const Form& form, const Knowledge& known) {
  IntTerm end = form.axes_end, over = form.over;
  Binder binder{form.name, end, close([=](IntTerm t) {
                  return choose(both(in_range(t, end), open_truth(over, t)), 1, 0);
                }),
                form.extent};
  Knowledge inside = known;
  assume_ranges(inside, {binder});
  SumForm body = form_of(form.args[0], inside);
  bool smallest = form.reduce == ReduceKind::kMin || form.reduce == ReduceKind::kArgMin;
  bool plain = form.reduce == ReduceKind::kMin || form.reduce == ReduceKind::kMax ||
               form.reduce == ReduceKind::kProd;
  IntTerm t = fresh("t");
  if (plain && known.proves({implies(member(binder, t), equal(open(binder.extent, t), 1))}))
    return substitute(body, {{binder.name, [](IntTerm) { return integer(0); }}});
  if (smallest) body = scaled(body, -1);
  switch (form.reduce) {
    case ReduceKind::kSum:
      for (SumTerm& term : body) {
        term.binders.insert(term.binders.begin(), binder);
        term.is_settled = false;
      }
      return settled(body, known);
    case ReduceKind::kMax:
    case ReduceKind::kMin: {
      SumForm out = largest({SumPart{{binder}, truth(true), body}}, known);
      return smallest ? scaled(out, -1) : out;
    }
    default:
      break;
  }
  SumAtom atom;
  atom.kind = form.reduce == ReduceKind::kProd ? AtomKind::kProduct : AtomKind::kFirst;
  SumPart part{{binder}, truth(true), body};
  bool nested = atom.kind == AtomKind::kProduct && body.size() == 1 && body[0].binders.empty() &&
                is_true(body[0].guard) && body[0].coefficient == Rational(1) &&
                body[0].factors.size() == 1 && body[0].factors[0].power == 1 &&
                body[0].factors[0].atom->kind == AtomKind::kProduct;
  if (nested) {
    SumPart inner = body[0].factors[0].atom->parts[0];
    part.binders.insert(part.binders.end(), inner.binders.begin(), inner.binders.end());
    part.guard = inner.guard;
    part.body = inner.body;
  }
  atom.parts = {part};
  return atom_form(made(std::move(atom)));
}

SumForm SumProver::inverse_of(const SumForm& form, const Knowledge& known) {
  SumForm terms = settled(form, known);
  Rational number;
  if (is_number(terms, number)) {
    if (number.sign() == 0) throw NotRepresentable("division by zero");
    return number_form(number.inverse());
  }
  bool product = terms.size() == 1 && terms[0].binders.empty() && is_true(terms[0].guard);
  SumAtom atom;
  atom.kind = AtomKind::kInverse;
  if (!product) {
    atom.forms = {terms};
    return atom_form(made(std::move(atom)));
  }
  SumForm out = number_form(terms[0].coefficient.inverse());
  for (const SumFactor& factor : terms[0].factors) {
    SumForm one;
    if (factor.atom->kind == AtomKind::kInverse) {
      one = factor.atom->forms[0];
    } else {
      atom.forms = {atom_form(factor.atom)};
      one = atom_form(made(atom));
    }
    for (int i = 0; i < factor.power; ++i) out = product_of(out, one);
  }
  return out;
}

SumForm SumProver::applied_form(const Form& form, const Knowledge& known) {
  std::vector<SumForm> x;
  for (const FormRef& arg : form.args) x.push_back(form_of(arg, known));
  auto extreme = [&](const Rational& sign) {
    std::vector<SumPart> parts;
    for (const SumForm& one : x) parts.push_back({{}, truth(true), scaled(one, sign)});
    return scaled(largest(std::move(parts), known), sign);
  };
  switch (form.prim) {
    case Prim::kAdd:
      return sum_of(x[0], x[1]);
    case Prim::kSub:
      return difference(x[0], x[1]);
    case Prim::kNeg:
      return scaled(x[0], -1);
    case Prim::kMul:
    case Prim::kAnd:
      return product_of(x[0], x[1]);
    case Prim::kDiv:
      return product_of(x[0], inverse_of(x[1], known));
    case Prim::kPow:
      return power_of(x[0], x[1], form);
    case Prim::kMax:
      return extreme(1);
    case Prim::kMin:
      return extreme(-1);
    case Prim::kSelect:
      return sum_of(product_of(x[0], x[1]), product_of(complement(x[0]), x[2]));
    case Prim::kNot:
      return complement(x[0]);
    case Prim::kOr:
      return complement(product_of(complement(x[0]), complement(x[1])));
    case Prim::kLt:
      return truth_atom(Prim::kLt, {difference(x[1], x[0])});
    case Prim::kLe:
      return complement(truth_atom(Prim::kLt, {difference(x[0], x[1])}));
    case Prim::kEq:
      return truth_atom(Prim::kEq, {difference(x[0], x[1])});
    default:
      break;
  }
  SumAtom atom;
  atom.kind = AtomKind::kApply;
  atom.prim = form.prim;
  atom.name = form.name;
  for (const SumForm& one : x) atom.forms.push_back(settled(one, known));
  return atom_form(made(std::move(atom)));
}

SumForm SumProver::form_of(const FormRef& form, const Knowledge& known) {
  switch (form->kind) {
    case FormKind::kRead:
      return read(*form, known);
    case FormKind::kApply:
      return applied_form(*form, known);
    case FormKind::kChoose: {
      Truth condition = resolved(form->condition, known);
      Knowledge yes = known, no = known;
      yes.assume(condition);
      no.assume(negation(condition));
      SumForm out;
      if (!is_false(condition)) out = guarded(form_of(form->args[0], yes), condition);
      if (is_true(condition)) return out;
      return sum_of(out, guarded(form_of(form->args[1], no), negation(condition)));
    }
    case FormKind::kLiteral:
      return number_form(Rational::of(form->literal));
    case FormKind::kScalar: {
      SumAtom atom;
      atom.kind = AtomKind::kScalar;
      atom.name = form->name;
      return atom_form(made(std::move(atom)));
    }
    case FormKind::kInteger:
      return integer_value(form->integer, known);
    case FormKind::kFold:
      return fold(*form, known);
    case FormKind::kLibrary:
      return library(*form, known);
  }
  throw NotRepresentable("an element of unknown kind");
}

bool SumProver::positive(const SumAtom& atom, const Knowledge& known) const {
  switch (atom.kind) {
    case AtomKind::kRead:
      return has_fact(atom.number, "positive");
    case AtomKind::kInverse:
      return positive(atom.forms[0], known);
    case AtomKind::kApply:
      return atom.prim == Prim::kExp || atom.prim == Prim::kSigmoid;
    case AtomKind::kCount: {
      IntTerm t = fresh("t");
      return known.proves({at_most(1, open(atom.index, t))});
    }
    default:
      return false;
  }
}

bool SumProver::positive(const SumForm& form, const Knowledge& known) const {
  if (form.empty()) return false;
  for (const SumTerm& term : form) {
    if (term.coefficient.sign() <= 0 || !is_true(term.guard)) return false;
    Knowledge inside = known;
    assume_ranges(inside, term.binders);
    for (const SumFactor& factor : term.factors) {
      if (!positive(*factor.atom, inside)) return false;
    }
    for (const Binder& binder : term.binders) {
      IntTerm t = fresh("t");
      if (!known.proves({implies(member(binder, t), at_most(1, open(binder.extent, t)))})) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace bafe::generic

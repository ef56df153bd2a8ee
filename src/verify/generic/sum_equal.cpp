// In: two sums of products. Out: are they equal wherever the knowledge holds. Invariant: terms
// leave the difference only in groups that are proven equal and whose coefficients add up to 0.
#include <algorithm>

#include "sum_prover.h"

namespace bafe::generic {
namespace {

constexpr int kMaxSplits = 5;

bool mentions_any(Truth what, const std::vector<Binder>& binders) {
  return std::any_of(binders.begin(), binders.end(),
                     [&](const Binder& b) { return mentions(what, b.name); });
}

/// A condition of a term that is not about the term's own bound indices; invalid when there is
/// none.
Truth free_condition(const SumForm& form) {
  for (const SumTerm& term : form) {
    const TruthRow& r = row(term.guard);
    std::vector<Truth> parts = r.kind == TruthKind::kAnd ? r.parts : std::vector<Truth>{term.guard};
    for (Truth part : parts) {
      if (!is_true(part) && !mentions_any(part, term.binders)) return part;
    }
  }
  return Truth{};
}

/// The first factor 1 / f outside all sums.
AtomRef free_inverse(const SumForm& form) {
  for (const SumTerm& term : form) {
    for (const SumFactor& factor : term.factors) {
      if (factor.atom->kind != AtomKind::kInverse) continue;
      bool bound = std::any_of(term.binders.begin(), term.binders.end(),
                               [&](const Binder& b) { return mentions(*factor.atom, b.name); });
      if (!bound) return factor.atom;
    }
  }
  return nullptr;
}

}  // namespace

/// Adds up terms that are equal but for their coefficients.
SumForm SumProver::merged(SumForm terms, const Knowledge& known) {
  SumForm out;
  for (SumTerm& term : terms) {
    bool found = false;
    for (std::size_t i = 0; i < out.size() && !found; ++i) {
      if (!same_terms(term, out[i], known)) continue;
      found = true;
      out[i].coefficient = out[i].coefficient + term.coefficient;
      if (out[i].coefficient.sign() == 0) out.erase(out.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (!found) out.push_back(std::move(term));
  }
  return out;
}

/// Terms that are equal under guards that exclude each other become one term.
bool SumProver::join_guards(SumForm& terms, const Knowledge& known) {
  for (std::size_t i = 0; i < terms.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      SumTerm a = terms[i], b = terms[j];
      bool alike = a.coefficient == b.coefficient && a.factors.size() == b.factors.size() &&
                   a.binders.size() == b.binders.size() && a.guard != b.guard;
      for (std::size_t n = 0; alike && n < a.binders.size(); ++n) {
        IntTerm t = fresh("t");
        alike =
            known.proves({implies(member(a.binders[n], t), member(b.binders[n], t)),
                          implies(member(b.binders[n], t), member(a.binders[n], t)),
                          implies(member(a.binders[n], t), equal(open(a.binders[n].extent, t),
                                                                 open(b.binders[n].extent, t)))});
      }
      if (!alike) continue;
      std::vector<IndexValue> values;
      for (std::size_t n = 0; n < a.binders.size(); ++n) {
        values.push_back(
            {a.binders[n].name, [l = b.binders[n]](IntTerm t) { return bound_at(l, t); }});
      }
      Truth guard = substitute(a.guard, values);
      Knowledge first = known, second = known, apart = known;
      for (Knowledge* k : {&first, &second, &apart}) assume_ranges(*k, b.binders);
      apart.assume(guard);
      if (!apart.proves({negation(b.guard)})) continue;
      // The factors of b stand for both: they must equal those of a where a's guard holds.
      first.assume(guard);
      for (std::size_t n = 0; alike && n < a.factors.size(); ++n) {
        AtomRef moved = substitute(a.factors[n].atom, values);
        alike = a.factors[n].power == b.factors[n].power &&
                same_atoms(*moved, *b.factors[n].atom, first);
      }
      if (!alike) continue;
      terms[j].guard = resolved(either(guard, b.guard), second);
      terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    }
  }
  return false;
}

bool SumProver::equal_forms(const SumForm& a, const SumForm& b, const Knowledge& known) {
  return vanishes(sum_of(a, scaled(b, -1)), known, kMaxSplits);
}

bool SumProver::vanishes(const SumForm& difference, const Knowledge& known, int splits) {
  SumForm rest = merged(settled(difference, known), known);
  if (rest.empty()) return true;
  if (splits == 0) return false;
  if (Truth condition = free_condition(rest); condition.id >= 0) {
    for (SumTerm& term : rest) term.is_settled = is_true(term.guard);
    Knowledge yes = known, no = known;
    yes.assume(condition);
    no.assume(negation(condition));
    return vanishes(rest, yes, splits - 1) && vanishes(rest, no, splits - 1);
  }
  if (AtomRef inverse = free_inverse(rest); inverse && positive(inverse->forms[0], known)) {
    // Both sides times a divisor that is not 0.
    SumForm cleared;
    for (SumTerm term : rest) {
      auto has = std::find_if(term.factors.begin(), term.factors.end(), [&](const SumFactor& f) {
        return f.atom == inverse ||
               (f.atom->kind == AtomKind::kInverse && same_atoms(*f.atom, *inverse, known));
      });
      if (has == term.factors.end()) {
        cleared = sum_of(cleared, product_of({term}, inverse->forms[0]));
        continue;
      }
      if (--has->power == 0) term.factors.erase(has);
      cleared.push_back(std::move(term));
    }
    return vanishes(cleared, known, splits - 1);
  }
  if (join_guards(rest, known)) return vanishes(rest, known, splits - 1);
  return false;
}

/// Laws of routines: the inverse and the root of an identity, the inverse of a diagonal and of an
/// orthogonal matrix.
SumForm SumProver::library(const Form& form, const Knowledge& known) {
  const std::string z = form.name;
  const IntTerm rank = form.axes_end;
  Binder whole{z, rank, close([=](IntTerm t) { return choose(in_range(t, rank), 1, 0); }),
               form.extent};
  Knowledge inside = known;
  assume_ranges(inside, {whole});
  SumForm matrix = settled(form_of(form.args[0], inside), inside);
  auto at = [&](const SumForm& what) {
    return substitute(what, {{z, [&](IntTerm t) { return open(form.index, t); }}});
  };
  IntTerm z_row = applied(z, {rank - 2}), z_column = applied(z, {rank - 1});
  Truth diagonal = equal(z_row, z_column);
  bool lone = matrix.size() == 1 && matrix[0].binders.empty();
  if (lone &&
      inside.proves({implies(matrix[0].guard, diagonal), implies(diagonal, matrix[0].guard)})) {
    SumTerm entry = matrix[0];
    entry.guard = truth(true);
    bool regular = std::all_of(entry.factors.begin(), entry.factors.end(), [&](const SumFactor& f) {
      return positive(*f.atom, inside) ||
             (f.atom->kind == AtomKind::kRead && has_fact(f.atom->number, "nonzero"));
    });
    bool is_one = entry.factors.empty() && entry.coefficient == Rational(1);
    if (is_one || (regular && form.routine == "inv"))
      return at(guarded(is_one ? SumForm{entry} : inverse_of({entry}, inside), diagonal));
  }
  bool orthogonal = lone && is_true(matrix[0].guard) && matrix[0].factors.size() == 1 &&
                    matrix[0].factors[0].power == 1 && matrix[0].coefficient == Rational(1) &&
                    matrix[0].factors[0].atom->kind == AtomKind::kRead &&
                    has_fact(matrix[0].factors[0].atom->number, "orthogonal");
  if (orthogonal && form.routine == "inv") {
    IntTerm axis = fresh("b");
    const SumAtom& q = *matrix[0].factors[0].atom;
    if (inside.proves(
            {implies(in_range(axis, rank), equal(open(q.index, axis), applied(z, {axis})))})) {
      SumAtom turned = q;
      turned.index = close([&](IntTerm t) {
        return open(form.index,
                    choose(equal(t, rank - 1), rank - 2, choose(equal(t, rank - 2), rank - 1, t)));
      });
      return atom_form(std::make_shared<const SumAtom>(std::move(turned)));
    }
  }
  SumAtom atom;
  atom.kind = AtomKind::kLibrary;
  atom.name = form.routine;
  atom.parts = {SumPart{{whole}, truth(true), matrix}};
  atom.index = form.index;
  return atom_form(std::make_shared<const SumAtom>(std::move(atom)));
}

/// The same routine of equal matrices, asked at the same element.
bool SumProver::same_libraries(const SumAtom& a, const SumAtom& b, const Knowledge& known) {
  if (a.name != b.name) return false;
  const SumPart &p = a.parts[0], q = renamed(b.parts[0]);
  const Binder &k = p.binders[0], &l = q.binders[0];
  IntTerm t = fresh("t");
  bool same_sizes =
      known.proves({equal(k.end, l.end),
                    implies(in_range(t, k.end), equal(open(k.extent, t), open(l.extent, t)))});
  if (!same_sizes || !same_index(a.index, b.index, k.end, known)) return false;
  Knowledge inside = known;
  assume_ranges(inside, q.binders);
  SumForm moved = substitute(p.body, {{k.name, [&](IntTerm at) { return bound_at(l, at); }}});
  return equal_forms(moved, q.body, inside);
}

}  // namespace bafe::generic

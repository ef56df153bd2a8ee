// In: parts of an extreme. Out: a form in which what does not depend on a bound index, positive
// factors and growing functions stand outside. Invariant: every domain has an element, because the
// shape rules of extremes ask for one and Claims are either assumed or shown.
#include <algorithm>

#include "sum_prover.h"

namespace bafe::generic {
namespace {

constexpr std::size_t kMaxParts = 32;

bool mentions_any(const SumForm& form, const std::vector<Binder>& binders) {
  return std::any_of(binders.begin(), binders.end(),
                     [&](const Binder& b) { return mentions(form, b.name); });
}
bool mentions_any(Truth what, const std::vector<Binder>& binders) {
  return std::any_of(binders.begin(), binders.end(),
                     [&](const Binder& b) { return mentions(what, b.name); });
}

std::vector<Truth> conjuncts(Truth what) {
  if (is_true(what)) return {};
  const TruthRow& r = row(what);
  return r.kind == TruthKind::kAnd ? r.parts : std::vector<Truth>{what};
}

/// A condition of some term of the body that is not about the term's own bound indices.
Truth condition_of(const SumForm& body) {
  for (const SumTerm& term : body) {
    for (Truth part : conjuncts(term.guard)) {
      if (!mentions_any(part, term.binders)) return part;
    }
  }
  return Truth{};
}

SumForm under(const SumForm& body, Truth condition) {
  SumForm out;
  for (SumTerm term : body) {
    std::vector<Truth> left;
    bool dropped = false;
    for (Truth part : conjuncts(term.guard)) {
      if (part == condition) continue;
      if (part == negation(condition)) dropped = true;
      left.push_back(part);
    }
    term.guard = all_of(left);
    term.is_settled = false;
    if (!dropped && !is_false(term.guard)) out.push_back(std::move(term));
  }
  return out;
}

/// The one atom of c * atom; nullptr for other forms.
const SumAtom* lone_atom(const SumForm& form) {
  bool lone = form.size() == 1 && form[0].binders.empty() && is_true(form[0].guard) &&
              form[0].factors.size() == 1 && form[0].factors[0].power == 1;
  return lone ? form[0].factors[0].atom.get() : nullptr;
}

bool grows(Prim prim) {
  return prim == Prim::kExp || prim == Prim::kTanh || prim == Prim::kSigmoid || prim == Prim::kErf;
}

SumForm atom_of(SumAtom atom) {
  return atom_form(std::make_shared<const SumAtom>(std::move(atom)));
}

}  // namespace

/// Parts whose bodies have no conditions and are no extremes themselves.
std::vector<SumPart> SumProver::plain_parts(std::vector<SumPart> parts, const Knowledge& known) {
  std::vector<SumPart> out;
  while (!parts.empty()) {
    SumPart part = std::move(parts.back());
    parts.pop_back();
    if (is_false(part.guard)) continue;
    if (out.size() + parts.size() > kMaxParts) throw NotRepresentable("an extreme of many parts");
    if (Truth condition = condition_of(part.body); condition.id >= 0) {
      SumPart no{part.binders, both(part.guard, negation(condition)),
                 under(part.body, negation(condition))};
      part.guard = both(part.guard, condition);
      part.body = under(part.body, condition);
      parts.push_back(std::move(no));
      parts.push_back(std::move(part));
      continue;
    }
    const SumAtom* inner = lone_atom(part.body);
    bool nested = inner != nullptr && inner->kind == AtomKind::kLargest;
    if (nested && part.body[0].coefficient.sign() > 0) {
      for (const SumPart& known_part : inner->parts) {
        SumPart one = renamed(known_part);
        one.binders.insert(one.binders.begin(), part.binders.begin(), part.binders.end());
        one.guard = both(part.guard, one.guard);
        one.body = scaled(one.body, part.body[0].coefficient);
        parts.push_back(std::move(one));
      }
      continue;
    }
    if (nested && move_bound_out(part, *inner, known)) {
      parts.push_back(std::move(part));
      continue;
    }
    bool needs_binders =
        mentions_any(part.body, part.binders) || mentions_any(part.guard, part.binders);
    if (!needs_binders) part.binders.clear();
    out.push_back(std::move(part));
  }
  return out;
}

/// max over K of min(f, c), where c knows no K, is min(max over K of f, c).
bool SumProver::move_bound_out(SumPart& part, const SumAtom& inner, const Knowledge& known) {
  std::vector<SumPart> fixed, moving;
  for (const SumPart& one : inner.parts) {
    bool uses =
        mentions_any(one.body, part.binders) || mentions_any(one.guard, part.binders) ||
        std::any_of(one.binders.begin(), one.binders.end(), [&](const Binder& b) {
          return std::any_of(part.binders.begin(), part.binders.end(), [&](const Binder& k) {
            return mentions(b.extent, k.name) || mentions(b.over, k.name);
          });
        });
    (uses ? moving : fixed).push_back(one);
  }
  bool fits = !fixed.empty() && !moving.empty() && is_true(part.guard) && !part.binders.empty();
  if (!fits) return false;
  Rational size = part.body[0].coefficient * Rational(-1);
  Knowledge inside = known;
  assume_ranges(inside, part.binders);
  SumForm least = scaled(largest(std::move(moving), inside), -1);
  SumForm outside = scaled(largest({SumPart{part.binders, truth(true), least}}, known), -1);
  fixed.push_back({{}, truth(true), outside});
  part = {{}, truth(true), scaled(largest(std::move(fixed), known), size * Rational(-1))};
  return true;
}

/// One part whose guard is true: the largest value of a body over bound indices.
SumForm SumProver::largest_of_one(SumPart part, const Knowledge& known) {
  if (part.binders.empty()) return part.body;
  SumForm outside, inside;
  for (const SumTerm& term : part.body)
    (mentions_any(SumForm{term}, part.binders) ? inside : outside).push_back(term);
  if (inside.empty()) return outside;
  SumForm scale = number_form(1);
  for (std::size_t f = 0; f < inside[0].factors.size();) {
    SumFactor factor = inside[0].factors[f];
    SumForm alone = atom_form(factor.atom);
    bool everywhere = !mentions_any(alone, part.binders) && positive(*factor.atom, known);
    for (const SumTerm& term : inside) {
      everywhere = everywhere &&
                   std::any_of(term.factors.begin(), term.factors.end(), [&](const SumFactor& g) {
                     return g.atom == factor.atom && g.power == factor.power;
                   });
    }
    if (!everywhere) {
      ++f;
      continue;
    }
    for (SumTerm& term : inside) {
      auto same = [&](const SumFactor& g) { return g.atom == factor.atom; };
      term.factors.erase(std::find_if(term.factors.begin(), term.factors.end(), same));
    }
    for (int i = 0; i < factor.power; ++i) scale = product_of(scale, alone);
  }
  if (inside.size() == 1) {
    Rational c = inside[0].coefficient;
    Rational size = c.sign() > 0 ? c : c * Rational(-1);
    inside = scaled(inside, size.inverse());
    scale = scaled(scale, size);
  }
  const SumAtom* body = lone_atom(inside);
  SumAtom atom;
  if (body != nullptr && body->kind == AtomKind::kApply && grows(body->prim)) {
    Rational sign = inside[0].coefficient;
    atom = *body;
    SumForm argument =
        largest({SumPart{part.binders, part.guard, scaled(body->forms[0], sign)}}, known);
    atom.forms = {scaled(argument, sign)};
    return sum_of(outside, product_of(scale, scaled(atom_of(atom), sign)));
  }
  atom.kind = AtomKind::kLargest;
  atom.parts = {SumPart{part.binders, part.guard, inside}};
  return sum_of(outside, product_of(scale, atom_of(atom)));
}

SumForm SumProver::largest(std::vector<SumPart> parts, const Knowledge& known) {
  std::vector<SumPart> plain = plain_parts(std::move(parts), known);
  if (plain.empty()) throw NotRepresentable("an extreme of nothing");
  for (SumPart& part : plain) {
    Knowledge inside = known;
    assume_ranges(inside, part.binders);
    inside.assume(part.guard);
    part.body = settled(part.body, inside);
  }
  if (plain.size() == 1 && is_true(plain[0].guard)) return largest_of_one(plain[0], known);
  const SumAtom* first = lone_atom(plain[0].body);
  bool same = first != nullptr && first->kind == AtomKind::kApply && grows(first->prim);
  for (const SumPart& part : plain) {
    const SumAtom* one = lone_atom(part.body);
    same = same && one != nullptr && one->kind == AtomKind::kApply && one->prim == first->prim &&
           part.body[0].coefficient == plain[0].body[0].coefficient;
  }
  SumAtom atom;
  if (same && plain[0].body[0].coefficient == Rational(1)) {
    atom = *first;
    for (SumPart& part : plain) part.body = SumForm(lone_atom(part.body)->forms[0]);
    atom.forms = {largest(std::move(plain), known)};
    return atom_of(atom);
  }
  atom.kind = AtomKind::kLargest;
  atom.parts = std::move(plain);
  return atom_of(atom);
}

}  // namespace bafe::generic

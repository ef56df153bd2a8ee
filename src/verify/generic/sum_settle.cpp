// In: terms of a sum. Out: equal terms in which conditions that fix a bound index are used up, what
// no factor reads is counted, and factors beside their inverses are gone. Invariant: each step is
// proven under the ranges of the term's own bound indices, or not taken.
#include <algorithm>

#include "sum_prover.h"

namespace bafe::generic {
namespace {

std::vector<Truth> conjuncts(Truth what) {
  if (is_true(what)) return {};
  const TruthRow& r = row(what);
  return r.kind == TruthKind::kAnd ? r.parts : std::vector<Truth>{what};
}

Knowledge inside_of(const SumTerm& term, const Knowledge& known) {
  Knowledge inside = known;
  assume_ranges(inside, term.binders);
  inside.assume(term.guard);
  return inside;
}

/// K(at) = value from a condition that is linear in it.
struct Delta {
  std::size_t binder = 0;
  IntTerm at, value;
};

std::optional<Delta> delta_of(Truth condition, const std::vector<Binder>& binders) {
  const TruthRow& r = row(condition);
  if (r.kind != TruthKind::kZero) return std::nullopt;
  const IntRow gap = row(r.terms[0]);
  for (const auto& [monomial, coefficient] : gap.poly) {
    bool unit = monomial.size() == 1 && monomial[0].second == 1 && coefficient.is_integer() &&
                coefficient.integer() * coefficient.integer() == 1;
    if (!unit) continue;
    IntTerm atom = IntTerm::of_row(monomial[0].first);
    const IntRow a = row(atom);
    if (a.kind != IntKind::kApply || a.args.size() != 1) continue;
    for (std::size_t i = 0; i < binders.size(); ++i) {
      if (binders[i].name != a.name) continue;
      IntTerm rest = r.terms[0] - (coefficient.integer() == 1 ? atom : integer(0) - atom);
      IntTerm value = coefficient.integer() == 1 ? integer(0) - rest : rest;
      if (replace(value, atom, integer(7919)) == value) return Delta{i, a.args[0], value};
    }
  }
  return std::nullopt;
}

IntTerm in_terms_of(const Binder& binder, const std::string& old, IntTerm value) {
  return substitute(value, {{old, [binder](IntTerm t) { return bound_at(binder, t); }}});
}

/// The term without binder `i`, or with it on the axes of `kept`; elsewhere K is `value`.
void narrow(SumTerm& term, std::size_t i, const IntPredicate& kept, const IntFunction& value) {
  Binder old = term.binders[i];
  Binder binder = old;
  binder.name = row(fresh("K")).name;
  binder.over = close([&](IntTerm t) { return choose(both(member(old, t), kept(t)), 1, 0); });
  IntFunction now = [binder, kept, value, name = old.name](IntTerm t) {
    return choose(kept(t), bound_at(binder, t), in_terms_of(binder, name, value(t)));
  };
  SumTerm rest = term;
  rest.binders.erase(rest.binders.begin() + static_cast<std::ptrdiff_t>(i));
  SumForm out = substitute(SumForm{rest}, {{old.name, now}});
  if (out.empty()) {
    term.coefficient = 0;
    return;
  }
  term = out[0];
  term.binders.push_back(binder);
}

bool is_empty(const Binder& binder, const Knowledge& known) {
  IntTerm t = fresh("t");
  return known.proves({negation(member(binder, t))});
}

}  // namespace

bool SumProver::take_delta(SumTerm& term, const Knowledge& known) {
  for (Truth condition : conjuncts(term.guard)) {
    std::optional<Delta> delta = delta_of(condition, term.binders);
    if (!delta) continue;
    const Binder binder = term.binders[delta->binder];
    Knowledge ranges = known;
    assume_ranges(ranges, term.binders);
    if (!ranges.proves({member(binder, delta->at)})) continue;
    const IntTerm at = delta->at, value = delta->value, extent = open(binder.extent, at);
    // The value may ask K on other axes only.
    std::vector<Truth> apart;
    for (IntTerm other : arguments_of(equal(value, fresh("any")), binder.name))
      apart.push_back(negation(equal(other, at)));
    if (!ranges.proves(apart)) continue;
    narrow(
        term, delta->binder, [at](IntTerm t) { return negation(equal(t, at)); },
        [value](IntTerm) { return value; });
    if (term.coefficient.sign() == 0) return true;
    const Binder now = term.binders.back();
    term.guard = both(term.guard, in_range(in_terms_of(now, binder.name, value), extent));
    return true;
  }
  return false;
}

namespace {

/// Axes on which some factor or the guard asks K; nullopt when that cannot be told.
std::optional<IntPredicate> used_axes(const SumTerm& term, const Binder& binder,
                                      const std::vector<IndexSite>& sites) {
  std::vector<BoundUse> uses;
  for (const IndexSite& site : sites) {
    if (!mentions(site.index, binder.name)) continue;
    std::vector<BoundUse> found;
    if (!uses_of(site.index, {binder}, found)) return std::nullopt;
    for (BoundUse& use : found) {
      use.path = both(use.path, in_range(use.axis, site.rank));
      uses.push_back(use);
    }
  }
  std::vector<IntTerm> fixed;
  for (Truth part : conjuncts(term.guard)) {
    for (IntTerm at : arguments_of(part, binder.name)) fixed.push_back(at);
  }
  IntTerm probe = fresh("t");
  for (const BoundUse& use : uses) {
    if (!solve_argument(use, probe)) return std::nullopt;
  }
  return [uses, fixed](IntTerm t) {
    std::vector<Truth> any;
    for (const BoundUse& use : uses) any.push_back(solve_argument(use, t)->condition);
    for (IntTerm at : fixed) any.push_back(equal(t, at));
    return any_of(any);
  };
}

}  // namespace

bool SumProver::drop_unused(SumTerm& term, std::size_t i, const Knowledge& known) {
  const Binder binder = term.binders[i];
  for (const SumFactor& factor : term.factors) {
    if (mentions_beside_indices(*factor.atom, binder.name)) return false;
  }
  for (const Binder& other : term.binders) {
    if (mentions(other.extent, binder.name) || mentions(other.over, binder.name)) return false;
  }
  std::vector<IndexSite> sites;
  for (const SumFactor& factor : term.factors) index_sites(*factor.atom, rank_of_, sites);
  std::optional<IntPredicate> used = used_axes(term, binder, sites);
  if (!used) return false;
  Knowledge inside = inside_of(term, known);
  IntTerm t = fresh("t");
  if (inside.proves({implies(member(binder, t), (*used)(t))})) return false;
  SumTerm before = term;
  narrow(term, i, *used, [](IntTerm) { return integer(0); });
  // K and K cut down to the used axes are read alike.
  IntFunction cut = [&binder, used](IntTerm at) {
    return choose((*used)(at), bound_at(binder, at), 0);
  };
  std::vector<Truth> goals;
  for (const IndexSite& site : sites) {
    IntTerm b = fresh("b");
    IntTerm index = open(site.index, b);
    goals.push_back(
        implies(in_range(b, site.rank), equal(index, substitute(index, {{binder.name, cut}}))));
  }
  Truth guard = substitute(before.guard, {{binder.name, cut}});
  goals.push_back(implies(before.guard, guard));
  goals.push_back(implies(guard, before.guard));
  Knowledge ranges = known;
  assume_ranges(ranges, before.binders);
  if (!ranges.proves(goals)) {
    term = before;
    return false;
  }
  Truth alone =
      implies(both(member(binder, t), negation((*used)(t))), equal(open(binder.extent, t), 1));
  if (ranges.proves({alone})) return true;
  SumAtom count;
  count.kind = AtomKind::kCount;
  count.index = close([&](IntTerm at) {
    return choose(both(member(binder, at), negation((*used)(at))), open(binder.extent, at), 1);
  });
  term.factors.push_back({std::make_shared<const SumAtom>(std::move(count)), 1});
  return true;
}

/// x * (1 / x), where x is not 0 while the rest of the term has a summand.
bool SumProver::cancel_inverses(SumTerm& term, const Knowledge& known) {
  for (std::size_t i = 0; i < term.factors.size(); ++i) {
    const AtomRef inverse = term.factors[i].atom;
    if (inverse->kind != AtomKind::kInverse || inverse->forms[0].size() != 1) continue;
    const SumTerm& below = inverse->forms[0][0];
    bool lone = below.binders.empty() && is_true(below.guard) && below.factors.size() == 1 &&
                below.factors[0].power == 1;
    if (!lone) continue;
    const SumAtom& divisor = *below.factors[0].atom;
    for (std::size_t j = 0; j < term.factors.size(); ++j) {
      if (term.factors[j].atom->kind != divisor.kind) continue;
      Knowledge inside = inside_of(term, known);
      bool is_zero_free = positive(divisor, inside) ||
                          (divisor.kind == AtomKind::kRead && has_fact(divisor.number, "nonzero"));
      if (!is_zero_free || !same_atoms(*term.factors[j].atom, divisor, inside)) continue;
      term.coefficient = term.coefficient * below.coefficient.inverse();
      std::size_t first = std::min(i, j), last = std::max(i, j);
      for (std::size_t k : {last, first}) {
        if (--term.factors[k].power == 0)
          term.factors.erase(term.factors.begin() + static_cast<std::ptrdiff_t>(k));
      }
      return true;
    }
  }
  return false;
}

/// sum over k of q[.. k i] q[.. k j] = (i = j), and of q[.. i k] q[.. j k], for an orthogonal q.
bool SumProver::join_orthogonal(SumTerm& term, const Knowledge& known) {
  for (std::size_t i = 0; i < term.factors.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const SumAtom &a = *term.factors[i].atom, &b = *term.factors[j].atom;
      bool pair = a.kind == AtomKind::kRead && b.kind == AtomKind::kRead && a.number == b.number &&
                  has_fact(a.number, "orthogonal") && term.factors[i].power == 1 &&
                  term.factors[j].power == 1;
      if (!pair) continue;
      IntTerm rank = rank_of_(a.number);
      for (int from_end : {1, 2}) {
        IntTerm shared = rank - from_end, other = rank - (3 - from_end);
        IntTerm k = open(a.index, shared);
        const IntRow& r = row(k);
        bool same = k == open(b.index, shared) && r.kind == IntKind::kApply && r.args.size() == 1;
        if (!same) continue;
        for (std::size_t n = 0; n < term.binders.size(); ++n) {
          if (term.binders[n].name != r.name) continue;
          if (join_at(term, i, j, n, {r.args[0], shared, other, rank}, known)) return true;
        }
      }
    }
  }
  return false;
}

/// K stands at one axis only, runs over the whole of it, and nothing else reads it.
bool SumProver::join_at(SumTerm& term, std::size_t i, std::size_t j, std::size_t n,
                        const OrthogonalPair& pair, const Knowledge& known) {
  const Binder binder = term.binders[n];
  const AtomRef a = term.factors[i].atom, b = term.factors[j].atom;
  SumTerm rest = term;
  rest.factors.erase(rest.factors.begin() + static_cast<std::ptrdiff_t>(std::max(i, j)));
  rest.factors.erase(rest.factors.begin() + static_cast<std::ptrdiff_t>(std::min(i, j)));
  rest.binders.erase(rest.binders.begin() + static_cast<std::ptrdiff_t>(n));
  if (mentions(SumForm{rest}, binder.name)) return false;
  IntTerm left = open(a->index, pair.other), right = open(b->index, pair.other);
  if (mentions(left, binder.name) || mentions(right, binder.name)) return false;
  Knowledge inside = inside_of(term, known);
  IntTerm t = fresh("t"), axis = fresh("b");
  const IntFunction zero = [](IntTerm) { return integer(0); };
  IntTerm in_a = open(a->index, axis), in_b = open(b->index, axis);
  const IntList shape = shape_of_(a->number);
  Truth batch = in_range(axis, pair.rank - 2);
  bool whole = inside.proves(
      {implies(member(binder, t), equal(t, pair.at)), member(binder, pair.at),
       equal(open(binder.extent, pair.at), shape.at(pair.shared)),
       equal(shape.at(pair.shared), shape.at(pair.other)), implies(batch, equal(in_a, in_b)),
       implies(batch, equal(in_a, substitute(in_a, {{binder.name, zero}})))});
  if (!whole) return false;
  rest.guard = both(rest.guard, equal(left, right));
  term = rest;
  return true;
}

void SumProver::resolve_reads(SumTerm& term, const Knowledge& known) {
  Knowledge inside = inside_of(term, known);
  for (SumFactor& factor : term.factors) {
    if (factor.atom->kind != AtomKind::kRead) continue;
    SumAtom atom = *factor.atom;
    atom.index = resolved_function(atom.index, rank_of_(atom.number), inside);
    factor.atom = std::make_shared<const SumAtom>(std::move(atom));
  }
}

bool SumProver::settle(SumTerm& term, const Knowledge& known) {
  if (term.is_settled) return true;
  term.is_settled = true;
  bool narrowed = false;
  for (int step = 0; step < 24; ++step) {
    Knowledge ranges = known;
    assume_ranges(ranges, term.binders);
    if (!is_true(term.guard)) term.guard = resolved(term.guard, ranges);
    if (is_false(term.guard) || term.coefficient.sign() == 0) return false;
    if (take_delta(term, known)) {
      resolve_reads(term, known);
      narrowed = true;
      continue;
    }
    bool changed = false;
    for (std::size_t i = term.binders.size(); narrowed && i-- > 0 && !changed;) {
      if (!is_empty(term.binders[i], known)) continue;
      Binder binder = term.binders[i];
      term.binders.erase(term.binders.begin() + static_cast<std::ptrdiff_t>(i));
      SumForm out = substitute(SumForm{term}, {{binder.name, [](IntTerm) { return integer(0); }}});
      if (out.empty()) return false;
      term = out[0];
      changed = true;
    }
    for (std::size_t i = 0; i < term.binders.size() && !changed; ++i)
      changed = drop_unused(term, i, known);
    narrowed = narrowed && changed;
    if (changed || cancel_inverses(term, known) || join_orthogonal(term, known)) continue;
    return true;
  }
  return true;
}

SumForm SumProver::settled(const SumForm& form, const Knowledge& known) {
  SumForm out;
  for (SumTerm term : form) {
    if (settle(term, known)) out.push_back(std::move(term));
  }
  return out;
}

}  // namespace bafe::generic

// In: two terms, or a part of an extreme and one that may cover it. Out: are they equal. Invariant:
// a map of bound indices is a guess until ranges, guards, factors and, for sums, both compositions
// are proven.
#include <algorithm>
#include <numeric>

#include "sum_prover.h"

namespace bafe::generic {
namespace {

constexpr int kMaxDepth = 12;
constexpr int kMaxOrders = 24;

}  // namespace

void index_sites(const SumAtom& atom, const std::function<IntTerm(int)>& rank_of,
                 std::vector<IndexSite>& out) {
  if (atom.kind == AtomKind::kRead)
    out.push_back({"x" + std::to_string(atom.number), atom.index, rank_of(atom.number)});
  for (const SumForm& form : atom.forms) index_sites(form, rank_of, out);
  for (const SumPart& part : atom.parts) index_sites(part.body, rank_of, out);
  if (atom.kind == AtomKind::kLibrary && !out.empty())
    out.push_back({atom.name, atom.index, out.back().rank});
}

void index_sites(const SumForm& form, const std::function<IntTerm(int)>& rank_of,
                 std::vector<IndexSite>& out) {
  for (const SumTerm& term : form) {
    for (const SumFactor& factor : term.factors) index_sites(*factor.atom, rank_of, out);
  }
}

std::vector<IndexValue> guessed(const std::vector<Binder>& binders,
                                const std::vector<IndexSite>& from,
                                const std::vector<IndexSite>& to) {
  struct Proposal {
    BoundUse use;
    IntTerm index, rank;
  };
  std::vector<Proposal> proposals;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i].what != to[i].what) continue;
    std::vector<BoundUse> uses;
    uses_of(from[i].index, binders, uses);
    for (const BoundUse& use : uses) {
      bool closed = std::none_of(binders.begin(), binders.end(), [&](const Binder& b) {
        return mentions(use.rest, b.name) || mentions(use.factor, b.name) ||
               mentions(use.argument, b.name);
      });
      if (closed) proposals.push_back({use, to[i].index, from[i].rank});
    }
  }
  std::vector<IndexValue> values;
  for (const Binder& binder : binders) {
    IntFunction value = [binder, proposals](IntTerm t) {
      IntTerm out = integer(0);
      for (auto p = proposals.rbegin(); p != proposals.rend(); ++p) {
        if (p->use.name != binder.name) continue;
        std::optional<AxisOfArgument> axis = solve_argument(p->use, t);
        if (!axis) continue;
        auto there = [&](IntTerm what) { return replace(what, p->use.axis, axis->axis); };
        IntTerm gap = open(p->index, axis->axis) - there(p->use.rest);
        std::optional<IntTerm> quotient = exact_quotient(gap, there(p->use.factor));
        if (!quotient) continue;
        out = choose(both(in_range(axis->axis, p->rank), axis->condition), *quotient, out);
      }
      return choose(member(binder, t), out, 0);
    };
    values.push_back({binder.name, value});
  }
  return values;
}

namespace {

/// Goals: the values lie in the ranges of the bound indices that they stand for.
void range_goals(const std::vector<Binder>& binders, const std::vector<IndexValue>& values,
                 std::vector<Truth>& goals) {
  for (std::size_t i = 0; i < binders.size(); ++i) {
    IntTerm t = fresh("t");
    IntTerm value = values[i].value(t);
    Binder binder = substitute({binders[i]}, values)[0];
    goals.push_back(implies(member(binder, t), in_range(value, open(binder.extent, t))));
  }
}

/// Goals: `there` after `back` is the identity on the domains of `binders`.
void round_trip_goals(const std::vector<Binder>& binders, const std::vector<IndexValue>& there,
                      const std::vector<IndexValue>& back, std::vector<Truth>& goals) {
  for (std::size_t i = 0; i < binders.size(); ++i) {
    IntTerm t = fresh("t");
    IntTerm round = substitute(there[i].value(t), back);
    goals.push_back(implies(member(binders[i], t), equal(round, bound_at(binders[i], t))));
  }
}

/// Extents and domains must not depend on other bound indices of the same term.
bool rectangular(const std::vector<Binder>& binders) {
  for (const Binder& a : binders) {
    for (const Binder& b : binders) {
      if (mentions(a.over, b.name) || mentions(a.extent, b.name) || mentions(a.end, b.name))
        return false;
    }
  }
  return true;
}

}  // namespace

bool SumProver::bijective(const SumTerm& a, const SumTerm& b, const std::vector<IndexValue>& to_b,
                          const std::vector<IndexValue>& to_a, const Knowledge& known) {
  if (a.binders.empty() && b.binders.empty() && a.guard == b.guard) return true;
  if (!rectangular(a.binders) || !rectangular(b.binders)) return false;
  Knowledge in_a = known, in_b = known;
  assume_ranges(in_a, a.binders);
  in_a.assume(a.guard);
  assume_ranges(in_b, b.binders);
  in_b.assume(b.guard);
  // to_a: values of a's bound indices in terms of b's; to_b the other way.
  std::vector<Truth> goals_in_b{substitute(a.guard, to_a)}, goals_in_a{substitute(b.guard, to_b)};
  range_goals(a.binders, to_a, goals_in_b);
  round_trip_goals(b.binders, to_b, to_a, goals_in_b);
  range_goals(b.binders, to_b, goals_in_a);
  round_trip_goals(a.binders, to_a, to_b, goals_in_a);
  return in_b.proves(goals_in_b, &open_) && in_a.proves(goals_in_a, &open_);
}

bool SumProver::same_terms(const SumTerm& a, const SumTerm& other, const Knowledge& known) {
  if (a.factors.size() != other.factors.size() || depth_ >= kMaxDepth) return false;
  const SumTerm b = renamed(other);
  std::vector<std::size_t> order(b.factors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  ++depth_;
  bool found = false;
  int tried = 0;
  do {
    bool fits = true;
    std::vector<IndexSite> sites_a, sites_b;
    for (std::size_t i = 0; i < order.size() && fits; ++i) {
      const SumFactor &x = a.factors[i], &y = b.factors[order[i]];
      fits = x.power == y.power && x.atom->kind == y.atom->kind &&
             x.atom->number == y.atom->number && x.atom->prim == y.atom->prim &&
             x.atom->name == y.atom->name;
      index_sites(*x.atom, rank_of_, sites_a);
      index_sites(*y.atom, rank_of_, sites_b);
    }
    if (!fits) continue;
    if (++tried > kMaxOrders) break;
    sites_a.resize(std::min(sites_a.size(), sites_b.size()));
    sites_b.resize(sites_a.size());
    std::vector<IndexValue> to_a = guessed(a.binders, sites_a, sites_b);
    std::vector<IndexValue> to_b = guessed(b.binders, sites_b, sites_a);
    if (!bijective(a, b, to_b, to_a, known)) continue;
    Knowledge in_b = known;
    assume_ranges(in_b, b.binders);
    in_b.assume(b.guard);
    found = true;
    for (std::size_t i = 0; i < order.size() && found; ++i) {
      AtomRef moved = substitute(a.factors[i].atom, to_a);
      found = same_atoms(*moved, *b.factors[order[i]].atom, in_b);
    }
  } while (!found && std::next_permutation(order.begin(), order.end()));
  --depth_;
  return found;
}

bool SumProver::covered(const SumPart& part, const SumPart& other, const Knowledge& known) {
  if (depth_ >= kMaxDepth) return false;
  const SumPart by = renamed(other);
  if (!rectangular(by.binders)) return false;
  std::vector<IndexSite> own, theirs;
  index_sites(part.body, rank_of_, own);
  index_sites(by.body, rank_of_, theirs);
  auto by_name = [](const IndexSite& x, const IndexSite& y) { return x.what < y.what; };
  std::stable_sort(own.begin(), own.end(), by_name);
  std::stable_sort(theirs.begin(), theirs.end(), by_name);
  own.resize(std::min(own.size(), theirs.size()));
  theirs.resize(own.size());
  std::vector<IndexValue> values = guessed(by.binders, theirs, own);
  Knowledge inside = known;
  assume_ranges(inside, part.binders);
  inside.assume(part.guard);
  std::vector<Truth> goals{substitute(by.guard, values)};
  range_goals(by.binders, values, goals);
  if (!inside.proves(goals, &open_)) return false;
  ++depth_;
  bool same = equal_forms(part.body, substitute(by.body, values), inside);
  --depth_;
  return same;
}

bool SumProver::same_index(IntTerm a, IntTerm b, IntTerm rank, const Knowledge& known) {
  if (a == b) return true;
  IntTerm axis = fresh("b");
  Truth same = implies(in_range(axis, rank), equal(open(a, axis), open(b, axis)));
  return known.proves({same}, &open_) || known.proves({by_cases(same)});
}

bool SumProver::same_read(const SumAtom& a, const SumAtom& b, const Knowledge& known) {
  if (a.number != b.number) return false;
  IntTerm rank = rank_of_(a.number);
  if (same_index(a.index, b.index, rank, known)) return true;
  if (!has_fact(a.number, "symmetric")) return false;
  IntTerm turned = close([&](IntTerm t) {
    return open(b.index,
                choose(equal(t, rank - 1), rank - 2, choose(equal(t, rank - 2), rank - 1, t)));
  });
  return same_index(a.index, turned, rank, known);
}

/// Products over the same elements, each once.
bool SumProver::same_products(const SumAtom& a, const SumAtom& b, const Knowledge& known) {
  SumAtom whole_a, whole_b;
  whole_a.kind = whole_b.kind = AtomKind::kApply;
  whole_a.forms = {a.parts[0].body};
  whole_b.forms = {b.parts[0].body};
  auto as_term = [](const SumPart& part, SumAtom atom) {
    return SumTerm{1,
                   part.binders,
                   part.guard,
                   {SumFactor{std::make_shared<const SumAtom>(std::move(atom)), 1}}};
  };
  return same_terms(as_term(a.parts[0], whole_a), as_term(b.parts[0], whole_b), known);
}

/// Positions of the first largest element: one bound axis on both sides, walked alike.
bool SumProver::same_firsts(const SumAtom& a, const SumAtom& b, const Knowledge& known) {
  const SumPart &p = a.parts[0], q = renamed(b.parts[0]);
  if (p.binders.size() != 1 || q.binders.size() != 1) return false;
  const Binder &k = p.binders[0], &l = q.binders[0];
  IntTerm t = fresh("t"), u = fresh("t");
  bool same_axes =
      known.proves({implies(member(k, t), member(l, t)), implies(member(l, t), member(k, t)),
                    implies(member(k, t), equal(open(k.extent, t), open(l.extent, t)))});
  std::vector<IndexValue> values;
  if (same_axes) {
    values = {{k.name, [l](IntTerm at) { return bound_at(l, at); }}};
  } else {
    bool lone = known.proves({implies(both(member(k, t), member(k, u)), equal(t, u)),
                              implies(both(member(l, t), member(l, u)), equal(t, u))});
    if (!lone) return false;
    std::vector<IndexSite> from, to;
    index_sites(p.body, rank_of_, from);
    index_sites(q.body, rank_of_, to);
    if (from.size() != to.size()) return false;
    values = guessed(p.binders, from, to);
    std::vector<IndexValue> back = guessed(q.binders, to, from);
    SumTerm left{1, p.binders, p.guard, {}}, right{1, q.binders, q.guard, {}};
    if (!bijective(left, right, back, values, known)) return false;
    Knowledge ranges = known;
    assume_ranges(ranges, q.binders);
    Truth alike =
        implies(both(member(k, t), member(l, u)), equal(values[0].value(t), bound_at(l, u)));
    if (!ranges.proves({alike})) return false;
  }
  Knowledge inside = known;
  assume_ranges(inside, q.binders);
  return equal_forms(substitute(p.body, values), q.body, inside);
}

bool SumProver::same_atoms(const SumAtom& a, const SumAtom& b, const Knowledge& known) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case AtomKind::kRead:
      return same_read(a, b, known);
    case AtomKind::kScalar:
      return a.name == b.name;
    case AtomKind::kInteger:
      return known.proves({equal(a.index, b.index)}, &open_);
    case AtomKind::kCount: {
      IntTerm t = fresh("t");
      return known.proves({equal(open(a.index, t), open(b.index, t))}, &open_);
    }
    case AtomKind::kInverse:
    case AtomKind::kApply:
      if (a.prim != b.prim || a.name != b.name || a.forms.size() != b.forms.size()) return false;
      for (std::size_t i = 0; i < a.forms.size(); ++i) {
        if (!equal_forms(a.forms[i], b.forms[i], known)) return false;
      }
      return true;
    case AtomKind::kLargest: {
      auto all_covered = [&](const std::vector<SumPart>& parts, const std::vector<SumPart>& by) {
        return std::all_of(parts.begin(), parts.end(), [&](const SumPart& part) {
          return std::any_of(by.begin(), by.end(),
                             [&](const SumPart& one) { return covered(part, one, known); });
        });
      };
      return all_covered(a.parts, b.parts) && all_covered(b.parts, a.parts);
    }
    case AtomKind::kProduct:
      return same_products(a, b, known);
    case AtomKind::kFirst:
      return same_firsts(a, b, known);
    case AtomKind::kLibrary:
      return same_libraries(a, b, known);
  }
  return false;
}

}  // namespace bafe::generic

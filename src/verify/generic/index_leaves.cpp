// In: index functions. Out: their cases, and bound indices solved for. Invariant: whatever is
// guessed here is a proposal; equality is claimed only by Knowledge.
#include "index_leaves.h"

#include <algorithm>

#include "function_pairs.h"

namespace bafe::generic {
namespace {

constexpr std::size_t kMaxCases = 64;

/// The condition of a choice that is not inside a function, innermost first; invalid when none.
Truth some_choice(IntTerm term);

Truth some_choice(Truth what) {
  const TruthRow& r = row(what);
  for (IntTerm t : r.terms) {
    Truth found = some_choice(t);
    if (found.id >= 0) return found;
  }
  for (Truth t : r.parts) {
    Truth found = some_choice(t);
    if (found.id >= 0) return found;
  }
  return Truth{};
}

Truth some_choice(IntTerm term) {
  const IntRow& r = row(term);
  if (r.kind == IntKind::kFunction) return Truth{};
  if (r.kind == IntKind::kPolynomial) {
    for (const auto& [monomial, factor] : r.poly) {
      for (const auto& [atom, power] : monomial) {
        Truth found = some_choice(IntTerm::of_row(atom));
        if (found.id >= 0) return found;
      }
    }
    return Truth{};
  }
  if (r.kind == IntKind::kChoice) {
    Truth inner = some_choice(r.condition);
    return inner.id >= 0 ? inner : r.condition;
  }
  for (IntTerm arg : r.args) {
    Truth found = some_choice(arg);
    if (found.id >= 0) return found;
  }
  return Truth{};
}

/// The term with choices on `condition` (or its negation) taken.
class Decided {
 public:
  Decided(Truth condition, bool value)
      : yes_(value ? condition : negation(condition)), no_(negation(yes_)) {}

  IntTerm of(IntTerm term) {
    const IntRow& r = row(term);
    switch (r.kind) {
      case IntKind::kPolynomial: {
        IntTerm out = integer(0);
        for (const auto& [monomial, factor] : r.poly) {
          if (!factor.is_integer()) throw NotRepresentable("a fraction among integers");
          IntTerm product = integer(factor.integer());
          for (const auto& [atom, power] : monomial) {
            IntTerm base = of(IntTerm::of_row(atom));
            for (int i = 0; i < power; ++i) product = product * base;
          }
          out = out + product;
        }
        return out;
      }
      case IntKind::kApply: {
        std::vector<IntTerm> args;
        for (IntTerm arg : r.args) args.push_back(of(arg));
        return applied(r.name, std::move(args));
      }
      case IntKind::kChoice: {
        Truth condition = of(r.condition);
        if (condition == yes_ || is_true(condition)) return of(r.args[0]);
        if (condition == no_ || is_false(condition)) return of(r.args[1]);
        return choose(condition, of(r.args[0]), of(r.args[1]));
      }
      default:
        return term;
    }
  }

  Truth of(Truth what) {
    if (what == yes_) return truth(true);
    if (what == no_) return truth(false);
    const TruthRow& r = row(what);
    switch (r.kind) {
      case TruthKind::kNonNegative:
        return at_most(integer(0), of(r.terms[0]));
      case TruthKind::kZero:
        return equal(of(r.terms[0]), integer(0));
      case TruthKind::kPredicate: {
        std::vector<IntTerm> terms;
        for (IntTerm t : r.terms) terms.push_back(of(t));
        return predicate(r.name, std::move(terms));
      }
      case TruthKind::kNot:
        return negation(of(r.parts[0]));
      case TruthKind::kAnd:
      case TruthKind::kOr: {
        std::vector<Truth> parts;
        for (Truth t : r.parts) parts.push_back(of(t));
        return r.kind == TruthKind::kAnd ? all_of(parts) : any_of(parts);
      }
      default:
        return what;
    }
  }

 private:
  Truth yes_, no_;
};

void split(Truth path, IntTerm term, std::vector<IndexCase>& out) {
  if (is_false(path)) return;
  Truth condition = some_choice(term);
  if (condition.id < 0) {
    out.push_back({path, term});
    if (out.size() > kMaxCases) throw NotRepresentable("an index has too many cases");
    return;
  }
  split(both(path, condition), Decided(condition, true).of(term), out);
  split(both(path, negation(condition)), Decided(condition, false).of(term), out);
}

IntTerm resolve(IntTerm term, const Knowledge& knowledge, int depth) {
  Truth condition = some_choice(term);
  if (condition.id < 0 || depth == 0) return term;
  if (knowledge.proves({condition}))
    return resolve(Decided(condition, true).of(term), knowledge, depth - 1);
  if (knowledge.proves({negation(condition)}))
    return resolve(Decided(condition, false).of(term), knowledge, depth - 1);
  Knowledge yes = knowledge, no = knowledge;
  yes.assume(condition);
  no.assume(negation(condition));
  return choose(condition, resolve(Decided(condition, true).of(term), yes, depth - 1),
                resolve(Decided(condition, false).of(term), no, depth - 1));
}

/// term = factor * atom + rest, with neither holding the atom.
bool linear_in(IntTerm term, int atom, IntTerm& factor, IntTerm& rest) {
  factor = rest = integer(0);
  const IntRow& r = row(term);
  for (const auto& [monomial, coefficient] : r.poly) {
    if (!coefficient.is_integer()) return false;
    IntTerm product = integer(coefficient.integer());
    int power = 0;
    for (const auto& [a, p] : monomial) {
      if (a == atom) {
        power += p;
        continue;
      }
      for (int i = 0; i < p; ++i) product = product * IntTerm::of_row(a);
    }
    if (power > 1) return false;
    (power == 1 ? factor : rest) = (power == 1 ? factor : rest) + product;
  }
  return true;
}

bool contains_symbol(IntTerm term, IntTerm what) {
  return replace(term, what, integer(7919)) != term;
}

/// b from w(b) = t.
std::optional<IntTerm> inverted(IntTerm argument, IntTerm axis, IntTerm t) {
  if (argument == axis) return t;
  if (auto before = inverse_difference(argument, axis, t)) return before;
  const IntRow& r = row(argument);
  if (r.kind == IntKind::kApply && r.args.size() == 1) {
    std::optional<IntTerm> before = inverse_application(r.name, t);
    return before ? inverted(r.args[0], axis, *before) : std::nullopt;
  }
  for (const auto& [monomial, coefficient] : r.poly) {
    if (monomial.size() != 1 || monomial[0].second != 1) continue;
    IntTerm atom = IntTerm::of_row(monomial[0].first), factor, rest;
    if (!contains_symbol(atom, axis)) continue;
    if (!linear_in(argument, monomial[0].first, factor, rest)) return std::nullopt;
    std::int64_t number = 0;
    if (!is_number(factor, number) || number * number != 1) return std::nullopt;
    if (contains_symbol(rest, axis)) return std::nullopt;
    return inverted(atom, axis, number == 1 ? t - rest : rest - t);
  }
  return std::nullopt;
}

/// The axis that the path fixes: b = d.
std::optional<IntTerm> fixed_axis(Truth path, IntTerm axis) {
  const TruthRow& r = row(path);
  if (r.kind == TruthKind::kAnd) {
    for (Truth part : r.parts) {
      if (auto d = fixed_axis(part, axis)) return d;
    }
  }
  if (r.kind != TruthKind::kZero) return std::nullopt;
  IntTerm factor, rest;
  std::int64_t number = 0;
  if (!linear_in(r.terms[0], axis.id, factor, rest) || !is_number(factor, number)) {
    return std::nullopt;
  }
  if (number * number != 1 || contains_symbol(rest, axis)) return std::nullopt;
  return number == 1 ? integer(0) - rest : rest;
}

}  // namespace

std::vector<IndexCase> cases_of(IntTerm term) {
  std::vector<IndexCase> out;
  split(truth(true), term, out);
  return out;
}

namespace {

void split(Truth path, Truth what, std::vector<Truth>& out) {
  if (is_false(path) || is_true(what)) return;
  Truth condition = some_choice(what);
  if (condition.id < 0) {
    out.push_back(implies(path, what));
    if (out.size() > kMaxCases) throw NotRepresentable("a condition has too many cases");
    return;
  }
  split(both(path, condition), Decided(condition, true).of(what), out);
  split(both(path, negation(condition)), Decided(condition, false).of(what), out);
}

}  // namespace

Truth by_cases(Truth what) {
  if (some_choice(what).id < 0) return what;
  try {
    std::vector<Truth> out;
    split(truth(true), what, out);
    return all_of(out);
  } catch (const NotRepresentable&) {
    return what;
  }
}

IntTerm resolved(IntTerm term, const Knowledge& knowledge) {
  constexpr int kDepth = 12;
  return resolve(term, knowledge, kDepth);
}

Truth resolved(Truth what, const Knowledge& knowledge) {
  if (is_true(what) || is_false(what)) return what;
  const TruthRow& r = row(what);
  if (r.kind == TruthKind::kAnd) {
    std::vector<Truth> parts;
    for (Truth part : r.parts) parts.push_back(resolved(part, knowledge));
    return all_of(parts);
  }
  if (knowledge.proves({what})) return truth(true);
  if (knowledge.proves({negation(what)})) return truth(false);
  return what;
}

namespace {

/// Does a condition compare what a function says at `at` (a size)? Where axes stand alone, both
/// cases occur.
bool compares_at(IntTerm term, IntTerm at) {
  for (const IndexCase& one : cases_of(term)) {
    const TruthRow& r = row(one.path);
    for (Truth part : r.kind == TruthKind::kAnd ? r.parts : std::vector<Truth>{one.path}) {
      const TruthRow c = row(part);
      const TruthRow positive = c.kind == TruthKind::kNot ? row(c.parts[0]) : c;
      bool compares = positive.kind == TruthKind::kZero ||
                      positive.kind == TruthKind::kNonNegative || positive.kind == TruthKind::kOr ||
                      positive.kind == TruthKind::kAnd;
      if (!compares) continue;
      for (IntTerm t : positive.terms) {
        if (!functions_at(t, at).empty()) return true;
      }
      if (!positive.parts.empty()) return true;
    }
  }
  return false;
}

/// Is a bound index asked?
bool asks_bound(IntTerm term) {
  const IntRow& r = row(term);
  if (r.kind == IntKind::kApply && r.name.rfind("K!", 0) == 0) return true;
  if (r.kind == IntKind::kPolynomial) {
    for (const auto& [monomial, coefficient] : r.poly) {
      for (const auto& [atom, power] : monomial) {
        if (asks_bound(IntTerm::of_row(atom))) return true;
      }
    }
  }
  return std::any_of(r.args.begin(), r.args.end(), asks_bound);
}

}  // namespace

IntTerm resolved_function(IntTerm function, IntTerm rank, const Knowledge& knowledge) {
  if (!asks_bound(function)) return function;
  IntTerm b = fresh("b");
  IntTerm body = open(function, b);
  if (some_choice(body).id < 0 || !compares_at(body, b)) return function;
  Knowledge inside = knowledge;
  inside.assume(in_range(b, rank));
  IntTerm simple = resolved(body, inside);
  return close([&](IntTerm t) { return replace(simple, b, t); });
}

bool uses_of(IntTerm function, const std::vector<Binder>& binders, std::vector<BoundUse>& uses) {
  bool any = std::any_of(binders.begin(), binders.end(),
                         [&](const Binder& b) { return mentions(function, b.name); });
  if (!any) return true;
  IntTerm axis = fresh("b");
  bool solvable = true;
  for (const IndexCase& one : cases_of(open(function, axis))) {
    int found = 0;
    for (const Binder& binder : binders) {
      if (mentions(one.path, binder.name)) solvable = false;
      if (!mentions(one.value, binder.name)) continue;
      ++found;
      const IntRow& r = row(one.value);
      bool direct = false;
      for (const auto& [monomial, coefficient] : r.poly) {
        for (const auto& [atom, power] : monomial) {
          const IntRow a = row(IntTerm::of_row(atom));
          if (direct || a.kind != IntKind::kApply || a.name != binder.name) continue;
          BoundUse use{binder.name, one.path, axis, a.args[0], integer(0), integer(0)};
          direct = linear_in(one.value, atom, use.factor, use.rest) &&
                   !mentions(use.factor, binder.name) && !mentions(use.rest, binder.name);
          if (direct) uses.push_back(use);
        }
      }
      solvable = solvable && direct;
    }
    solvable = solvable && found <= 1;
  }
  return solvable;
}

std::optional<AxisOfArgument> solve_argument(const BoundUse& use, IntTerm t) {
  if (!contains_symbol(use.argument, use.axis)) {
    std::optional<IntTerm> axis = fixed_axis(use.path, use.axis);
    if (!axis) axis = integer(0);  // the axis of a vector
    return AxisOfArgument{*axis, both(equal(t, use.argument), replace(use.path, use.axis, *axis))};
  }
  std::optional<IntTerm> axis = inverted(use.argument, use.axis, t);
  if (!axis) return std::nullopt;
  return AxisOfArgument{*axis, replace(use.path, use.axis, *axis)};
}

std::optional<IntTerm> exact_quotient(IntTerm a, IntTerm b) {
  std::int64_t number = 0;
  if (is_number(b, number) && (number == 1 || number == -1))
    return number == 1 ? a : integer(0) - a;
  const IntRow divisor = row(b), dividend = row(a);
  if (divisor.poly.size() != 1 || divisor.poly.begin()->second != Rational(1)) return std::nullopt;
  IntTerm out = integer(0);
  for (const auto& [monomial, coefficient] : dividend.poly) {
    if (!coefficient.is_integer()) return std::nullopt;
    Monomial left = monomial;
    for (const auto& [atom, power] : divisor.poly.begin()->first) {
      auto it = std::find_if(left.begin(), left.end(),
                             [atom = atom](const auto& entry) { return entry.first == atom; });
      if (it == left.end() || it->second < power) return std::nullopt;
      it->second -= power;
    }
    IntTerm product = integer(coefficient.integer());
    for (const auto& [atom, power] : left) {
      for (int i = 0; i < power; ++i) product = product * IntTerm::of_row(atom);
    }
    out = out + product;
  }
  return out;
}

Truth member(const Binder& binder, IntTerm t) { return open_truth(binder.over, t); }

IntTerm bound_at(const Binder& binder, IntTerm t) { return applied(binder.name, {t}); }

void assume_ranges(Knowledge& knowledge, const std::vector<Binder>& binders) {
  for (const Binder& binder : binders) {
    knowledge.assume_of(binder.name, [binder](IntTerm t) {
      IntTerm value = bound_at(binder, t);
      Truth inside = member(binder, t);
      return both(
          implies(inside, both(at_most(integer(0), value), less(value, open(binder.extent, t)))),
          either(inside, equal(value, integer(0))));
    });
  }
}

}  // namespace bafe::generic

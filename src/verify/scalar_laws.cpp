// In: normal forms. Out: normal forms of products, inverses, roots, exponentials and logarithms.
// Invariant: in a tidy polynomial no term holds two exponentials, the square of a root or of an
// absolute value, or a number next to its own inverse; a sum under an inverse, a root or a
// logarithm has its least exponential taken out.
#include <algorithm>

#include "scalar_terms.h"

namespace bafe {
namespace {

constexpr int kMaxSteps = 400;

Monomial without(const Monomial& monomial, int atom, int times) {
  Monomial out;
  for (auto [a, e] : monomial) {
    if (a == atom) e -= times;
    if (e > 0) out.emplace_back(a, e);
  }
  return out;
}

int times_of(const Monomial& monomial, int atom) {
  for (auto [a, e] : monomial) {
    if (a == atom) return e;
  }
  return 0;
}

Polynomial term(const Monomial& monomial, const Rational& value = 1) { return {{monomial, value}}; }

/// A monomial order: the largest atom decides.
bool lex_less(const Monomial& a, const Monomial& b) {
  std::size_t i = a.size(), j = b.size();
  while (i > 0 && j > 0) {
    if (a[i - 1] != b[j - 1]) return a[i - 1] < b[j - 1];
    --i, --j;
  }
  return j > 0;
}

/// monomial / divisor, if it divides.
std::optional<Monomial> quotient(Monomial monomial, const Monomial& divisor) {
  for (auto [atom, e] : divisor) {
    if (times_of(monomial, atom) < e) return std::nullopt;
    monomial = without(monomial, atom, e);
  }
  return monomial;
}

Polynomial minus(const Polynomial& p) { return scaled(p, Rational(-1)); }

}  // namespace

Polynomial ScalarTerms::tidy(const Polynomial& p) {
  bool done = true;
  for (const auto& [monomial, value] : p) done = done && !tidy_term(monomial);
  if (done) return p;
  Polynomial todo = p, out;
  for (int steps = 0; !todo.empty();) {
    auto [monomial, value] = *todo.begin();
    todo.erase(todo.begin());
    if (auto next = tidy_term(monomial)) {
      if (++steps > kMaxSteps) throw NotRepresentable("a form does not settle");
      todo = todo + scaled(*next, value);
    } else {
      out = out + term(monomial, value);
    }
  }
  return out;
}

std::optional<Polynomial> ScalarTerms::tidy_term(const Monomial& monomial) {
  int exponentials = 0;
  for (auto [atom, e] : monomial) exponentials += is_apply(atom, Prim::kExp) ? e : 0;
  if (exponentials > 1) {
    cite(Lemma::kExpOfSum);
    Polynomial rest = term(Monomial{});
    for (auto [atom, e] : monomial) {
      if (!is_apply(atom, Prim::kExp)) rest = rest * term({{atom, e}});
    }
    return rest * polynomial(exponential(exponent_of(monomial)));
  }
  if (auto merged = merge_powers(monomial)) return merged;
  return cancel_inverse(monomial);
}

std::optional<Polynomial> ScalarTerms::merge_powers(const Monomial& monomial) {
  for (auto [atom, e] : monomial) {
    if (e < 2 || row(atom).kind != Kind::kApply) continue;
    Id arg = row(atom).args[0];
    Polynomial rest = term(without(monomial, atom, 2));
    if (is_apply(atom, Prim::kAbs)) {
      cite(Lemma::kSquareOfAbs);
      return rest * polynomial(arg) * polynomial(arg);
    }
    if (is_apply(atom, Prim::kSqrt) && signs(arg).at_least_zero()) {
      cite(Lemma::kSquareOfRoot);
      return rest * polynomial(arg);
    }
    if (is_apply(atom, Prim::kDiv) && is_apply(arg, Prim::kSqrt) &&
        signs(row(arg).args[0]).at_least_zero()) {
      cite(Lemma::kSquareOfRoot);
      return rest * polynomial(reciprocal(row(arg).args[0]));
    }
  }
  return std::nullopt;
}

std::optional<Polynomial> ScalarTerms::cancel_inverse(const Monomial& monomial) {
  for (auto [atom, e] : monomial) {
    if (!is_apply(atom, Prim::kDiv)) continue;
    Id arg = row(atom).args[0];
    if (times_of(monomial, arg) > 0 && signs(arg).nonzero()) {
      cite(Lemma::kProductByInverse);
      return term(without(without(monomial, atom, 1), arg, 1));
    }
    if (row(arg).kind != Kind::kPolynomial) continue;
    if (auto out = cancel_sum(monomial, atom)) return out;
  }
  return std::nullopt;
}

/// LM inv(P) = (1 - (P - LM) inv(P)) / lc for the leading term lc LM of P. Among exponentials the
/// highest leads; below the lowest, a constant, the equation is used the other way round.
std::optional<Polynomial> ScalarTerms::cancel_sum(const Monomial& monomial, Id inverse) {
  Polynomial p = polynomial(row(inverse).args[0]);
  if (!signs_of(p).nonzero()) return std::nullopt;
  auto lead = p.begin();
  Polynomial highest;
  for (auto it = p.begin(); it != p.end(); ++it) {
    Polynomial q = exponent_of(it->first);
    Polynomial difference = q + minus(highest);
    bool higher = !difference.empty() && difference.begin()->second.sign() > 0;
    if (higher) highest = q;
    if (higher || (difference.empty() && lex_less(lead->first, it->first))) lead = it;
  }
  Polynomial exponent = exponent_of(monomial), shift;
  Monomial rest = monomial;
  if (!highest.empty()) {
    auto [unit, scale] = *highest.begin();
    auto found = exponent.find(unit);
    Rational steps = found == exponent.end() ? Rational(0) : found->second * scale.inverse();
    bool below = steps.sign() < 0;
    if (below) lead = p.find(Monomial{});
    bool bare = lead != p.end() && (below || lead->first.size() == 1);
    if (!bare || (!below && (steps + Rational(-1)).sign() < 0)) return std::nullopt;
    shift = exponent + (below ? Polynomial{} : minus(highest));
    for (auto [atom, e] : monomial) {
      if (is_apply(atom, Prim::kExp)) rest = without(rest, atom, e);
    }
  } else {
    auto divided = quotient(monomial, lead->first);
    if (!divided) return std::nullopt;
    rest = *divided;
  }
  cite(Lemma::kProductByInverse);
  Polynomial others = p;
  others.erase(lead->first);
  Polynomial factor = highest.empty() ? term(rest) : term(rest) * polynomial(exponential(shift));
  Polynomial plain = highest.empty()
                         ? term(without(rest, inverse, 1))
                         : term(without(rest, inverse, 1)) * polynomial(exponential(shift));
  return scaled(plain + minus(factor * others), lead->second.inverse());
}

Polynomial ScalarTerms::exponent_of(const Monomial& monomial) {
  Polynomial sum;
  for (auto [atom, e] : monomial) {
    if (is_apply(atom, Prim::kExp)) sum = sum + scaled(polynomial(row(atom).args[0]), e);
  }
  return sum;
}

/// In the order by leading coefficients of differences, which adding a constant keeps.
Polynomial ScalarTerms::least_exponent(const Polynomial& p) {
  std::optional<Polynomial> least;
  for (const auto& [monomial, value] : p) {
    Polynomial q = exponent_of(monomial);
    Polynomial difference = least ? q + minus(*least) : Polynomial{};
    if (!least || (!difference.empty() && difference.begin()->second.sign() < 0)) least = q;
  }
  return least.value_or(Polynomial{});
}

ScalarTerms::Id ScalarTerms::product(Id a, Id b) { return of(polynomial(a) * polynomial(b)); }

ScalarTerms::Id ScalarTerms::reciprocal(Id id) {
  Polynomial p = polynomial(id);
  if (p.empty()) throw NotRepresentable("division by zero");
  Polynomial least = least_exponent(p);
  if (!least.empty()) {
    cite(Lemma::kInverseOfExp);
    Id inverse = exponential(minus(least));
    return product(reciprocal(of(p * polynomial(inverse))), inverse);
  }
  Rational lead = p.begin()->second;
  if (p.size() > 1) {
    Id monic = of(scaled(p, lead.inverse()));
    return of(scaled(polynomial(opaque(Prim::kDiv, {monic})), lead.inverse()));
  }
  Polynomial out = constant_polynomial(lead.inverse());
  for (auto [atom, exponent] : p.begin()->first) {
    Id factor = is_apply(atom, Prim::kDiv) ? row(atom).args[0] : opaque(Prim::kDiv, {atom});
    for (int i = 0; i < exponent; ++i) out = out * polynomial(factor);
  }
  return of(out);
}

ScalarTerms::Id ScalarTerms::root(Id id) {
  Polynomial p = polynomial(id);
  Polynomial least = least_exponent(p);
  if (!least.empty()) {
    cite(Lemma::kRootOfExp);
    Polynomial rest = tidy(p * polynomial(exponential(minus(least))));
    return product(root(of(rest)), exponential(scaled(least, Rational(2).inverse())));
  }
  if (p.size() != 1 || !(p.begin()->second == Rational(1))) return opaque(Prim::kSqrt, {id});
  Monomial half = p.begin()->first;
  bool square = true;
  for (auto& [atom, exponent] : half) {
    square = square && exponent % 2 == 0;
    exponent /= 2;
  }
  if (square) {
    cite(Lemma::kRootOfSquare);
    return absolute(of(term(half)));
  }
  if (is_apply(id, Prim::kDiv)) {
    cite(Lemma::kRootOfInverse);
    return reciprocal(root(row(id).args[0]));
  }
  return opaque(Prim::kSqrt, {id});
}

ScalarTerms::Id ScalarTerms::power(Id base, Id exponent) {
  std::optional<Rational> n = constant(exponent);
  if (n && *n == Rational::of(0.5)) return root(base);
  if (!n || !n->is_integer() || n->integer() > 8 || n->integer() < -8) {
    if (!signs(base).is_positive()) return opaque(Prim::kPow, {base, exponent});
    cite(Lemma::kPowAsExp);
    return exponential(tidy(polynomial(exponent) * polynomial(logarithm(base))));
  }
  Polynomial out = constant_polynomial(1);
  for (std::int64_t i = 0; i < std::abs(n->integer()); ++i) out = out * polynomial(base);
  return n->integer() < 0 ? reciprocal(of(out)) : of(out);
}

/// exp(k log a + q) = a^k exp(q) for a > 0.
ScalarTerms::Id ScalarTerms::exponential(const Polynomial& exponent) {
  Polynomial factor = constant_polynomial(1), rest;
  for (const auto& [monomial, value] : exponent) {
    bool single = monomial.size() == 1 && monomial[0].second == 1;
    Id atom = single ? monomial[0].first : -1;
    bool log = single && is_apply(atom, Prim::kLog) && value.is_integer() &&
               std::abs(value.integer()) <= 8 && signs(row(atom).args[0]).is_positive();
    if (!log) {
      rest = rest + term(monomial, value);
      continue;
    }
    cite(Lemma::kExpOfLog);
    factor = factor * polynomial(power(row(atom).args[0], number(value)));
  }
  if (rest.empty()) return of(factor);
  return of(factor * polynomial(opaque(Prim::kExp, {of(rest)})));
}

ScalarTerms::Id ScalarTerms::logarithm(Id id) {
  Polynomial p = polynomial(id);
  if (p.empty()) throw NotRepresentable("the logarithm of zero");
  if (p == constant_polynomial(1)) return number(0);
  if (p.size() == 1) return log_of_term(p.begin()->first, p.begin()->second);
  for (const auto& [monomial, value] : p) {
    for (auto [atom, e] : monomial) {
      bool sum = is_apply(atom, Prim::kDiv) && row(row(atom).args[0]).kind == Kind::kPolynomial;
      if (!sum || !signs(row(atom).args[0]).is_positive()) continue;
      Id below = row(atom).args[0];
      Polynomial above = tidy(p * polynomial(below));
      bool gone = true;
      for (const auto& [m, v] : above) gone = gone && times_of(m, atom) == 0;
      if (!gone) continue;
      cite(Lemma::kLogOfProduct);
      cite(Lemma::kLogOfInverse);
      return of(polynomial(logarithm(of(above))) + minus(polynomial(logarithm(below))));
    }
  }
  Polynomial least = least_exponent(p);
  if (least.empty()) return opaque(Prim::kLog, {id});
  cite(Lemma::kLogOfScaledSum);
  Id rest = of(p * polynomial(exponential(minus(least))));
  return of(least + polynomial(logarithm(rest)));
}

/// log(a b) = log a + log b where a > 0: the factors known to be positive come out.
ScalarTerms::Id ScalarTerms::log_of_term(const Monomial& monomial, const Rational& value) {
  if (monomial.empty()) return opaque(Prim::kLog, {number(value)});
  Polynomial sum = exponent_of(monomial);
  if (!sum.empty()) cite(Lemma::kLogOfExp);
  Polynomial rest = constant_polynomial(value.sign() > 0 ? Rational(1) : value);
  if (value.sign() > 0 && !(value == Rational(1))) sum = sum + polynomial(logarithm(number(value)));
  auto simple = [&](Id atom) {
    const Row& r = row(atom);
    if (is_apply(atom, Prim::kDiv)) {
      cite(Lemma::kLogOfInverse);
      return minus(polynomial(logarithm(r.args[0])));
    }
    if (is_apply(atom, Prim::kSqrt)) {
      cite(Lemma::kLogOfRoot);
      return scaled(polynomial(logarithm(r.args[0])), Rational(2).inverse());
    }
    return polynomial(opaque(Prim::kLog, {atom}));
  };
  for (auto [atom, e] : monomial) {
    if (is_apply(atom, Prim::kExp)) continue;
    if (!signs_of(term({{atom, 1}})).is_positive()) {
      rest = rest * term({{atom, e}});
      continue;
    }
    cite(Lemma::kLogOfProduct);
    sum = sum + scaled(simple(atom), e);
  }
  if (rest == constant_polynomial(1)) return of(sum);
  Id left = of(rest);
  bool atom = row(left).kind != Kind::kPolynomial;
  return of(sum + (atom ? simple(left) : polynomial(opaque(Prim::kLog, {left}))));
}

ScalarTerms::Id ScalarTerms::absolute(Id id) {
  Polynomial p = polynomial(id);
  SignSet known = signs_of(p);
  if (known.at_least_zero()) return id;
  if (known.at_most_zero()) return of(minus(p));
  bool flip = p.begin()->second.sign() < 0;
  if (p.size() > 1) return opaque(Prim::kAbs, {flip ? of(minus(p)) : id});
  Rational size = flip ? p.begin()->second * Rational(-1) : p.begin()->second;
  Polynomial out = constant_polynomial(size);
  cite(Lemma::kAbsOfProduct);
  for (auto [atom, e] : p.begin()->first) {
    if (e > 1) out = out * term({{atom, e - e % 2}});
    if (e % 2 == 0) continue;
    SignSet sign = signs_of(term({{atom, 1}}));
    out = out * (sign.at_least_zero()  ? term({{atom, 1}})
                 : sign.at_most_zero() ? term({{atom, 1}}, Rational(-1))
                                       : polynomial(opaque(Prim::kAbs, {atom})));
  }
  return of(out);
}

/// f(-x) = -f(x) or f(x): the argument gets a positive leading coefficient.
ScalarTerms::Id ScalarTerms::parity(Prim prim, Id arg, bool odd, Lemma lemma) {
  Polynomial p = polynomial(arg);
  if (p.empty() && odd) return arg;
  if (p.empty() || p.begin()->second.sign() > 0) return opaque(prim, {arg});
  cite(lemma);
  Id flipped = opaque(prim, {of(minus(p))});
  return odd ? of(minus(polynomial(flipped))) : flipped;
}

}  // namespace bafe

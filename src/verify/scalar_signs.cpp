// In: normal forms and what is assumed of their symbols. Out: ranges and signs that certainly
// contain every value. Bounds are doubles rounded outwards, except where they are exact.
#include <algorithm>
#include <cmath>

#include "scalar_terms.h"

namespace bafe {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

double down(double x) { return std::isfinite(x) && x != 0 ? std::nextafter(x, -kInf) : x; }
double up(double x) { return std::isfinite(x) && x != 0 ? std::nextafter(x, kInf) : x; }

ValueRange added(const ValueRange& a, const ValueRange& b) {
  auto low = [](double x, double y) { return x == 0 || y == 0 ? x + y : down(x + y); };
  auto high = [](double x, double y) { return x == 0 || y == 0 ? x + y : up(x + y); };
  bool same = (a.low >= 0 && b.low >= 0) || (a.high <= 0 && b.high <= 0);
  return {low(a.low, b.low), high(a.high, b.high), same && (a.nonzero || b.nonzero)};
}

double times(double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }

ValueRange multiplied(const ValueRange& a, const ValueRange& b) {
  double corners[] = {times(a.low, b.low), times(a.low, b.high), times(a.high, b.low),
                      times(a.high, b.high)};
  auto [low, high] = std::minmax_element(std::begin(corners), std::end(corners));
  ValueRange out{down(*low), up(*high), a.nonzero && b.nonzero};
  bool same = (a.low >= 0 && b.low >= 0) || (a.high <= 0 && b.high <= 0);
  bool opposite = (a.low >= 0 && b.high <= 0) || (a.high <= 0 && b.low >= 0);
  if (same) out.low = std::max(out.low, 0.0);
  if (opposite) out.high = std::min(out.high, 0.0);
  return out;
}

ValueRange even_power(ValueRange base, int exponent) {
  double most = std::max(std::fabs(base.low), std::fabs(base.high));
  double least = base.low > 0 ? base.low : base.high < 0 ? -base.high : 0;
  ValueRange magnitude{least, most, base.nonzero}, out = magnitude;
  for (int i = 1; i < exponent; ++i) out = multiplied(out, magnitude);
  return out;
}

ValueRange join(const ValueRange& a, const ValueRange& b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high), a.nonzero && b.nonzero};
}

ValueRange inverse(const ValueRange& a) {
  ValueRange out{-kInf, kInf, true};
  if (a.low >= 0) out.low = std::isinf(a.high) ? 0 : std::max(0.0, down(1 / a.high));
  if (a.low > 0) out.high = up(1 / a.low);
  if (a.high <= 0) out.high = std::isinf(a.low) ? 0 : std::min(0.0, up(1 / a.low));
  if (a.high < 0) out.low = down(1 / a.high);
  return out;
}

ValueRange restricted(ValueRange range, const SignSet& signs) {
  if (!signs.negative) range.low = std::max(range.low, 0.0);
  if (!signs.positive) range.high = std::min(range.high, 0.0);
  range.nonzero = range.nonzero || !signs.zero;
  return range;
}

SignSet both(const SignSet& a, const SignSet& b) {
  return {a.negative && b.negative, a.zero && b.zero, a.positive && b.positive};
}

Polynomial minus(const Polynomial& p) { return scaled(p, Rational(-1)); }

}  // namespace

void ScalarTerms::assume_range(Id symbol, const ValueRange& range) { ranges_[symbol] = range; }

ValueRange ScalarTerms::atom_range(Id atom) {
  ValueRange out;
  if (auto known = ranges_.find(atom); known != ranges_.end()) out = known->second;
  const Row& r = row(atom);
  auto arg = [&](std::size_t i) { return range_of(polynomial(r.args[i])); };
  if (r.kind == Kind::kApply) {
    switch (r.prim) {
      case Prim::kExp:
        out = {0, kInf, true};
        break;
      case Prim::kSqrt:
        out = {0, kInf, arg(0).nonzero || arg(0).low > 0};
        break;
      case Prim::kAbs:
        out = even_power(arg(0), 1);
        break;
      case Prim::kDiv:
        out = inverse(arg(0));
        break;
      case Prim::kSin:
      case Prim::kCos:
      case Prim::kErf:
        out = {-1, 1, false};
        break;
      case Prim::kSelect:
        out = join(arg(1), arg(2));
        break;
      case Prim::kMax:
      case Prim::kMin: {
        bool most = r.prim == Prim::kMax;
        out = arg(0);
        for (std::size_t i = 1; i < r.args.size(); ++i) {
          ValueRange next = arg(i);
          bool nonzero = out.nonzero && next.nonzero;
          if (most) nonzero = nonzero || out.signs().is_positive() || next.signs().is_positive();
          if (!most) nonzero = nonzero || out.signs().is_negative() || next.signs().is_negative();
          auto pick = [most](double a, double b) { return most ? std::max(a, b) : std::min(a, b); };
          out = {pick(out.low, next.low), pick(out.high, next.high), nonzero};
        }
        break;
      }
      default:
        break;
    }
  }
  auto assumed = assumed_.signs.find(Polynomial{{Monomial{{atom, 1}}, Rational(1)}});
  return assumed == assumed_.signs.end() ? out : restricted(out, assumed->second);
}

ValueRange ScalarTerms::range_of(const Polynomial& p) {
  ValueRange total{0, 0, false};
  bool first = true;
  for (const auto& [monomial, value] : p) {
    double about = value.approximate();
    bool exact = value.is_integer() && std::fabs(about) < 0x1p53;
    ValueRange part{exact ? about : down(about), exact ? about : up(about), true};
    for (auto [atom, e] : monomial) {
      ValueRange base = atom_range(atom);
      if (e > 1) part = multiplied(part, even_power(base, e - e % 2));
      if (e % 2 == 1) part = multiplied(part, base);
    }
    total = first ? part : added(total, part);
    first = false;
  }
  return total;
}

SignSet ScalarTerms::signs_of(const Polynomial& p) {
  if (auto c = constant_value(p)) return {c->sign() < 0, c->sign() == 0, c->sign() > 0};
  SignSet out = range_of(p).signs();
  Rational lead = p.begin()->second;
  auto assumed = assumed_.signs.find(scaled(p, lead.inverse()));
  if (assumed != assumed_.signs.end()) {
    out = both(out, lead.sign() > 0 ? assumed->second : assumed->second.flipped());
  }
  if (auto simpler = same_sign(p)) out = both(out, signs_of(*simpler));
  return out;
}

/// An atom that every term holds; -1 when there is none or p is that atom.
ScalarTerms::Id ScalarTerms::common_factor(const Polynomial& p) {
  if (p.size() < 2) return -1;
  for (auto [atom, e] : p.begin()->first) {
    auto holds = [atom = atom](const auto& term) {
      return std::any_of(term.first.begin(), term.first.end(),
                         [atom](const auto& power) { return power.first == atom; });
    };
    if (std::all_of(p.begin(), p.end(), holds)) return atom;
  }
  return -1;
}

/// p / atom, negated if atom is negative, where its sign is known.
std::optional<Polynomial> ScalarTerms::without_factor(const Polynomial& p) {
  Id atom = common_factor(p);
  if (atom < 0) return std::nullopt;
  SignSet sign = signs(atom);
  if (!sign.is_positive() && !sign.is_negative()) return std::nullopt;
  Polynomial out;
  for (const auto& [monomial, value] : p) {
    Monomial rest;
    for (auto [a, e] : monomial) {
      if (e > (a == atom)) rest.emplace_back(a, e - (a == atom));
    }
    out.emplace(rest, sign.is_positive() ? value : value * Rational(-1));
  }
  return out;
}

/// c f(a) - c f(b) has the sign of c (a - b) where f rises, of c (b - a) where it falls; a factor
/// known to be positive does not matter.
std::optional<Polynomial> ScalarTerms::same_sign(const Polynomial& p) {
  if (auto rest = without_factor(p)) return rest;
  if (p.size() != 2) return std::nullopt;
  const auto& [m1, c1] = *p.begin();
  const auto& [m2, c2] = *std::next(p.begin());
  if (!(c1 + c2 == Rational(0))) return std::nullopt;
  auto atom_of = [](const Monomial& m) {
    return m.size() == 1 && m[0].second == 1 ? m[0].first : -1;
  };
  Id a = atom_of(m1), b = atom_of(m2);
  auto function = [&](Id atom, Prim prim) { return atom >= 0 && is_apply(atom, prim); };
  if (m1.empty() && function(b, Prim::kExp)) {  // c exp(0) - c exp(q)
    cite(Lemma::kExpIsMonotone);
    return scaled(polynomial(row(b).args[0]), c2);
  }
  if (a < 0 || b < 0 || row(a).kind != Kind::kApply || !is_apply(b, row(a).prim)) {
    return std::nullopt;
  }
  Id x = row(a).args[0], y = row(b).args[0];
  Prim prim = row(a).prim;
  bool positive = (prim == Prim::kLog || prim == Prim::kDiv) && signs(x).is_positive() &&
                  signs(y).is_positive();
  bool at_least_zero = prim == Prim::kSqrt && signs(x).at_least_zero() && signs(y).at_least_zero();
  if (!positive && !at_least_zero && prim != Prim::kExp && prim != Prim::kErf) return std::nullopt;
  cite(prim == Prim::kExp    ? Lemma::kExpIsMonotone
       : prim == Prim::kErf  ? Lemma::kErfIsMonotone
       : prim == Prim::kLog  ? Lemma::kLogIsMonotone
       : prim == Prim::kSqrt ? Lemma::kRootIsMonotone
                             : Lemma::kInverseIsMonotone);
  Polynomial difference = polynomial(x) + minus(polynomial(y));
  return scaled(difference, prim == Prim::kDiv ? c2 : c1);
}

/// The simplest polynomial with the same sign.
Polynomial ScalarTerms::plainest(Polynomial p) {
  while (auto simpler = same_sign(p)) p = *simpler;
  return p;
}

}  // namespace bafe

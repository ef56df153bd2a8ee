// In: exact rationals and polynomials. Out: their sums and products in canonical form. Numbers that
// leave 64 bits are refused, never rounded.
#include "polynomial.h"

#include <cmath>
#include <limits>
#include <numeric>

namespace bafe {
namespace {

constexpr std::size_t kMaxTerms = 20000;

__int128 gcd128(__int128 a, __int128 b) {
  if (a < 0) a = -a;
  while (b != 0) {
    __int128 r = a % b;
    a = b;
    b = r;
  }
  return a;
}

void add_term(Polynomial& p, const Monomial& monomial, const Rational& value) {
  auto [it, is_new] = p.emplace(monomial, value);
  if (!is_new) it->second = it->second + value;
  if (it->second.sign() == 0) p.erase(it);
}

Monomial product(const Monomial& a, const Monomial& b) {
  Monomial out;
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (j == b.size() || (i < a.size() && a[i].first < b[j].first)) {
      out.push_back(a[i++]);
    } else if (i == a.size() || b[j].first < a[i].first) {
      out.push_back(b[j++]);
    } else {
      out.emplace_back(a[i].first, a[i].second + b[j].second);
      ++i;
      ++j;
    }
  }
  return out;
}

}  // namespace

Rational Rational::make(__int128 num, __int128 den) {
  __int128 g = gcd128(num, den);
  if (g != 0) {
    num /= g;
    den /= g;
  }
  constexpr __int128 kLimit = std::numeric_limits<std::int64_t>::max();
  if (den < 0) {
    num = -num;
    den = -den;
  }
  if (num > kLimit || num < -kLimit || den > kLimit) {
    throw NotRepresentable("a coefficient leaves 64 bits");
  }
  Rational r(static_cast<std::int64_t>(num));
  r.den_ = static_cast<std::int64_t>(den);
  return r;
}

Rational Rational::of(double value) {
  if (!std::isfinite(value)) throw NotRepresentable("a literal is not finite");
  int exponent = 0;
  double fraction = std::frexp(value, &exponent);
  auto mantissa = static_cast<std::int64_t>(std::ldexp(fraction, 53));
  exponent -= 53;
  while (mantissa != 0 && mantissa % 2 == 0 && exponent < 0) {
    mantissa /= 2;
    ++exponent;
  }
  if (exponent > 9 || exponent < -62) throw NotRepresentable("a literal leaves 64 bits");
  return exponent >= 0 ? make(static_cast<__int128>(mantissa) << exponent, 1)
                       : make(mantissa, static_cast<__int128>(1) << -exponent);
}

Rational operator+(const Rational& a, const Rational& b) {
  return Rational::make(
      static_cast<__int128>(a.num_) * b.den_ + static_cast<__int128>(b.num_) * a.den_,
      static_cast<__int128>(a.den_) * b.den_);
}

Rational operator*(const Rational& a, const Rational& b) {
  return Rational::make(static_cast<__int128>(a.num_) * b.num_,
                        static_cast<__int128>(a.den_) * b.den_);
}

Rational Rational::inverse() const { return make(den_, num_); }

std::string Rational::smt() const {
  std::string magnitude = std::to_string(num_ < 0 ? -num_ : num_) + ".0";
  if (den_ != 1) magnitude = "(/ " + magnitude + " " + std::to_string(den_) + ".0)";
  return num_ < 0 ? "(- " + magnitude + ")" : magnitude;
}

Polynomial operator+(const Polynomial& a, const Polynomial& b) {
  Polynomial out = a;
  for (const auto& [monomial, value] : b) add_term(out, monomial, value);
  return out;
}

Polynomial operator*(const Polynomial& a, const Polynomial& b) {
  if (a.size() * b.size() > kMaxTerms) throw NotRepresentable("a polynomial has too many terms");
  Polynomial out;
  for (const auto& [m, x] : a) {
    for (const auto& [n, y] : b) add_term(out, product(m, n), x * y);
  }
  return out;
}

Polynomial scaled(const Polynomial& p, const Rational& factor) {
  return p * constant_polynomial(factor);
}

Polynomial constant_polynomial(const Rational& value) {
  Polynomial p;
  if (value.sign() != 0) p.emplace(Monomial{}, value);
  return p;
}

std::optional<Rational> constant_value(const Polynomial& p) {
  if (p.empty()) return Rational(0);
  if (p.size() == 1 && p.begin()->first.empty()) return p.begin()->second;
  return std::nullopt;
}

}  // namespace bafe

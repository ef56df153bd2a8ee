#pragma once
/// Polynomials with exact rational coefficients over numbered atoms: the commutative-ring part of
/// normal forms.

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bafe {

/// Thrown inside the prover when a term leaves what it can represent; the rule is then tested, not
/// proven.
struct NotRepresentable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Rational {
 public:
  Rational(std::int64_t value = 0) : num_(value) {}  // NOLINT: integers read naturally
  static Rational of(double value);  ///< exact; NotRepresentable for NaN, Inf and tiny numbers
  friend Rational operator+(const Rational& a, const Rational& b);
  friend Rational operator*(const Rational& a, const Rational& b);
  Rational inverse() const;  ///< needs a value other than 0
  int sign() const { return num_ > 0 ? 1 : num_ < 0 ? -1 : 0; }
  bool is_integer() const { return den_ == 1; }
  std::int64_t integer() const { return num_; }
  double approximate() const { return static_cast<double>(num_) / static_cast<double>(den_); }
  std::string smt() const;                                              ///< "(/ 1 2)", "(- 3)"
  friend auto operator<=>(const Rational&, const Rational&) = default;  ///< an order, not by value

 private:
  static Rational make(__int128 num, __int128 den);
  std::int64_t num_ = 0, den_ = 1;
};

/// Atom and exponent, ascending by atom; exponents are positive.
using Monomial = std::vector<std::pair<int, int>>;
/// Coefficients other than 0, by monomial.
using Polynomial = std::map<Monomial, Rational>;

Polynomial operator+(const Polynomial& a, const Polynomial& b);
Polynomial operator*(const Polynomial& a, const Polynomial& b);
Polynomial scaled(const Polynomial& p, const Rational& factor);
Polynomial constant_polynomial(const Rational& value);
std::optional<Rational> constant_value(const Polynomial& p);  ///< nullopt when p has atoms

}  // namespace bafe

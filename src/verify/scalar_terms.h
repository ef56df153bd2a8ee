#pragma once
/// Scalar terms over the reals in normal form: equal ids mean equal values, for all values of the
/// symbols.

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "bafe/ir/meaning.h"
#include "polynomial.h"

namespace bafe {

class ScalarTerms {
 public:
  using Id = int;

  Id number(const Rational& value);
  Id truth(bool value);
  Id symbol(const std::string& name, bool is_bool);
  /// A primitive over normal forms. Ring operators become polynomials; max, min, and, or become
  /// sorted sets; elementary functions are replaced by a few basic ones; the rest stays an
  /// uninterpreted application.
  Id apply(Prim prim, std::vector<Id> args);
  /// Conversion between dtypes, over the reals: between floats, and from ints to floats, it changes
  /// nothing.
  Id cast(Id value, DType from, DType to);

  bool is_bool(Id id) const { return rows_[static_cast<std::size_t>(id)].is_bool; }
  const Polynomial& polynomial(Id id);
  std::optional<Rational> constant(Id id) { return constant_value(polynomial(id)); }
  /// An SMT-LIB 2 script that asserts left != right: linear and without quantifiers, because
  /// products of symbols are opaque constants and functions are uninterpreted.
  std::string difference_script(Id left, Id right);

 private:
  enum class Kind : std::uint8_t { kTruth, kSymbol, kPolynomial, kApply, kPositive, kZero };
  struct Row {
    Kind kind;
    bool is_bool = false;
    Prim prim = Prim::kLiteral;
    std::string name;  ///< symbol, or a qualifier of an application
    std::vector<Id> args;
    Polynomial poly;  ///< arithmetic: the value over atoms; kPositive: poly > 0; kZero: poly = 0
  };
  using Key = std::tuple<Kind, Prim, std::string, std::vector<Id>, Polynomial>;

  Id intern(Row row);
  Id of(const Polynomial& p);
  Id opaque(Prim prim, std::vector<Id> args, const std::string& name = "");
  Id product(Id a, Id b);
  Id reciprocal(Id id);
  Id root(Id id);
  Id power(Id base, Id exponent);
  Id parity(Prim prim, Id arg, bool odd);
  Id extreme(Prim prim, std::vector<Id> args);
  Id positive(const Polynomial& p);
  Id zero(const Polynomial& p);
  Id negated(Id id);
  Id junction(Prim prim, std::vector<Id> args);
  Id choose(Id condition, Id yes, Id no);
  Id elementary(Prim prim, std::vector<Id> args);

  struct Script;
  std::string smt(Id id, Script& script);
  std::string smt_polynomial(const Polynomial& p, Script& script);
  std::string smt_application(Id id, Script& script);

  std::vector<Row> rows_;
  std::map<Key, Id> ids_;
};

}  // namespace bafe

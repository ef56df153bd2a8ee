#pragma once
/// Scalar terms over the reals in normal form: equal ids mean equal values, for all values of the
/// symbols that keep what was assumed of them.

#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "bafe/ir/meaning.h"
#include "lemmas.h"
#include "polynomial.h"

namespace bafe {

/// Which signs a number can have: a set.
struct SignSet {
  bool negative = true, zero = true, positive = true;
  bool is_positive() const { return positive && !zero && !negative; }
  bool is_negative() const { return negative && !zero && !positive; }
  bool is_zero() const { return zero && !positive && !negative; }
  bool at_least_zero() const { return !negative; }
  bool at_most_zero() const { return !positive; }
  bool nonzero() const { return !zero; }
  SignSet flipped() const { return {positive, zero, negative}; }
  friend bool operator==(const SignSet&, const SignSet&) = default;
};

/// Values from low to high; `nonzero` leaves out 0.
struct ValueRange {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool nonzero = false;
  SignSet signs() const { return {low < 0, low <= 0 && high >= 0 && !nonzero, high > 0}; }
};

class ScalarTerms {
 public:
  using Id = int;
  /// Which terms count as equal: those equal over the reals, or those that are the same operations
  /// on the same operands, whatever numbers are (IEEE, wrapping): commuted operands of sums and
  /// products, the lattice of max and min, Boolean algebra, and signs that move exactly.
  enum class Laws : std::uint8_t { kReals, kSameOperations };

  explicit ScalarTerms(Laws laws = Laws::kReals) : laws_(laws) {}

  Id number(const Rational& value);
  /// A literal of an element tree: the double next to log 2 stands for log 2.
  Id literal(double value);
  Id truth(bool value);
  Id symbol(const std::string& name, bool is_bool);
  /// What is known of a symbol: before it is used.
  void assume_range(Id symbol, const ValueRange& range);
  /// A primitive over normal forms. Ring operators become polynomials; max, min, and, or become
  /// sorted sets; elementary functions are replaced by a few basic ones; the rest stays an
  /// uninterpreted application.
  Id apply(Prim prim, std::vector<Id> args);
  /// Conversion between dtypes, over the reals: between floats, and from ints to floats, it changes
  /// nothing.
  Id cast(Id value, DType from, DType to);

  bool is_bool(Id id) const { return row(id).is_bool; }
  const Polynomial& polynomial(Id id);
  std::optional<Rational> constant(Id id) { return constant_value(polynomial(id)); }
  SignSet signs(Id id) { return signs_of(polynomial(id)); }
  /// Laws that the forms built so far used.
  const std::set<Lemma>& cited() const { return cited_; }

  /// Equal for all values? The case is split by signs of differences and truths of conditions until
  /// the forms are the same; `query` decides a case that cannot be split further.
  /// NotRepresentable when there are too many cases.
  bool equal(Id left, Id right, const std::function<bool(Id, Id)>& query);

  /// An SMT-LIB 2 script that asserts left != right under what is assumed: linear and without
  /// quantifiers, because products of symbols are opaque constants and functions are uninterpreted.
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
  /// What holds in the case under study.
  struct Assumed {
    std::map<Polynomial, SignSet> signs;  ///< of polynomials with leading coefficient 1
    std::map<Id, bool> truths;
    std::map<Id, Polynomial> values;  ///< atoms that an equation solves for
  };
  /// A question whose answer splits the case: the sign of `poly`, or a truth value.
  struct Split {
    Id truth = -1;
    Polynomial poly;
  };

  const Row& row(Id id) const { return rows_[static_cast<std::size_t>(id)]; }
  bool is_apply(Id id, Prim prim) const {
    return row(id).kind == Kind::kApply && row(id).prim == prim;
  }
  void cite(Lemma lemma) { cited_.insert(lemma); }
  Id intern(Row row);
  Id of(const Polynomial& p);
  Id opaque(Prim prim, std::vector<Id> args, const std::string& name = "");
  Id extreme(Prim prim, std::vector<Id> args);
  Id positive(const Polynomial& p);
  Id zero(const Polynomial& p);
  Id negated(Id id);
  Id junction(Prim prim, std::vector<Id> args);
  Id choose(Id condition, Id yes, Id no);
  Id elementary(Prim prim, std::vector<Id> args);

  // scalar_same.cpp: Laws::kSameOperations.
  Id apply_same(Prim prim, std::vector<Id> args);
  Id sum_or_product(Prim prim, Id a, Id b);

  // scalar_laws.cpp: products, inverses, roots, exponentials, logarithms.
  Polynomial tidy(const Polynomial& p);
  std::optional<Polynomial> tidy_term(const Monomial& monomial);
  std::optional<Polynomial> merge_powers(const Monomial& monomial);
  std::optional<Polynomial> cancel_inverse(const Monomial& monomial);
  std::optional<Polynomial> cancel_sum(const Monomial& monomial, Id inverse);
  Polynomial exponent_of(const Monomial& monomial);
  Polynomial least_exponent(const Polynomial& p);
  Id product(Id a, Id b);
  Id reciprocal(Id id);
  Id root(Id id);
  Id power(Id base, Id exponent);
  Id exponential(const Polynomial& exponent);
  Id logarithm(Id id);
  Id log_of_term(const Monomial& monomial, const Rational& value);
  Id absolute(Id id);
  Id parity(Prim prim, Id arg, bool odd, Lemma lemma);

  // scalar_signs.cpp: ranges and signs.
  ValueRange range_of(const Polynomial& p);
  ValueRange atom_range(Id atom);
  SignSet signs_of(const Polynomial& p);
  /// Another polynomial with the same sign, simpler; nullopt when there is none.
  std::optional<Polynomial> same_sign(const Polynomial& p);
  Polynomial plainest(Polynomial p);
  Id common_factor(const Polynomial& p);
  std::optional<Polynomial> without_factor(const Polynomial& p);

  // scalar_cases.cpp: case distinctions.
  Id rebuild(Id id, std::map<Id, Id>& done);
  Id rebuild_application(const Row& row, std::map<Id, Id>& done);
  Polynomial rebuild_polynomial(const Polynomial& p, std::map<Id, Id>& done);
  std::optional<Split> find_split(Id id, std::set<Id>& seen);
  std::optional<Split> own_split(Id id);
  Split split_by_sign(const Polynomial& p);
  bool occurs(Id atom, const Polynomial& p);
  std::vector<Assumed> outcomes(const Split& split);
  void assume_sign(Assumed& assumed, const Polynomial& p, SignSet signs);

  struct Script;
  std::string smt(Id id, Script& script);
  std::string smt_polynomial(const Polynomial& p, Script& script);
  std::string smt_application(Id id, Script& script);
  std::string smt_assumptions(Script& script);

  Laws laws_;
  std::deque<Row> rows_;  ///< references stay valid while rows are added
  std::map<Key, Id> ids_;
  std::map<Id, ValueRange> ranges_;
  Assumed assumed_;
  std::set<Lemma> cited_;
  int depth_ = 0, cases_ = 0;
};

}  // namespace bafe

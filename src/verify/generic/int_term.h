#pragma once
/// Integer terms and conditions of the generic-axis calculus: sizes, ranks, entries of lists and
/// indices as symbols, at a generic axis. Both are hash-consed rows of the pool in scope, so equal
/// ids are equal by construction; unequal ids say nothing.

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "../polynomial.h"

namespace bafe::generic {

/// An integer: a polynomial over atoms. An atom is a symbol, an application f(t…), a choice
/// ite(c, a, b), or a function term (see close()).
struct IntTerm {
  int id = -1;
  IntTerm() = default;
  IntTerm(int value);           // NOLINT: integers read naturally
  IntTerm(std::int64_t value);  // NOLINT
  static IntTerm of_row(int row);
  bool valid() const { return id >= 0; }
  friend auto operator<=>(const IntTerm&, const IntTerm&) = default;
};

/// A condition on integers in negation normal form over t >= 0, t = 0, t != 0 and predicates.
struct Truth {
  int id = -1;
  friend auto operator<=>(const Truth&, const Truth&) = default;
};

using IntFunction = std::function<IntTerm(IntTerm)>;
using IntPredicate = std::function<Truth(IntTerm)>;

enum class IntKind : std::uint8_t { kPolynomial, kSymbol, kApply, kChoice, kFunction, kBound };
enum class TruthKind : std::uint8_t { kConstant, kNonNegative, kZero, kPredicate, kNot, kAnd, kOr };

struct IntRow {
  IntKind kind = IntKind::kPolynomial;
  std::string name;           ///< symbol, function
  std::vector<IntTerm> args;  ///< of an application; yes and no of a choice; body of a function
  Truth condition;            ///< of a choice
  int level = 0;              ///< of a function: the bound variable it closes; of a bound: itself
  Polynomial poly;            ///< the value over atoms (row numbers)
};

struct TruthRow {
  TruthKind kind = TruthKind::kConstant;
  bool value = false;          ///< kConstant
  std::string name;            ///< kPredicate
  std::vector<IntTerm> terms;  ///< operand of a comparison, arguments of a predicate
  std::vector<Truth> parts;    ///< of kAnd, kOr, kNot
};

/// The pool that terms live in; at most one is in scope in a thread. Rows live as long as it does.
class TermScope {
 public:
  TermScope();
  ~TermScope();
  TermScope(const TermScope&) = delete;
  TermScope& operator=(const TermScope&) = delete;
  struct Impl;

 private:
  Impl* impl_;
};

const IntRow& row(IntTerm term);
const TruthRow& row(Truth truth);

IntTerm integer(std::int64_t value);
IntTerm symbol(const std::string& name);
/// A symbol that no one else has: "hint!7".
IntTerm fresh(const std::string& hint);
IntTerm applied(const std::string& function, std::vector<IntTerm> args);
IntTerm choose(Truth condition, IntTerm yes, IntTerm no);
IntTerm operator+(IntTerm a, IntTerm b);
IntTerm operator-(IntTerm a, IntTerm b);
IntTerm operator*(IntTerm a, IntTerm b);
IntTerm smaller(IntTerm a, IntTerm b);  ///< min, as a choice
IntTerm larger(IntTerm a, IntTerm b);

Truth truth(bool value);
Truth equal(IntTerm a, IntTerm b);
Truth less(IntTerm a, IntTerm b);
Truth at_most(IntTerm a, IntTerm b);
Truth predicate(const std::string& name, std::vector<IntTerm> args);
Truth negation(Truth a);
Truth both(Truth a, Truth b);
Truth either(Truth a, Truth b);
Truth implies(Truth a, Truth b);
Truth all_of(const std::vector<Truth>& parts);
Truth any_of(const std::vector<Truth>& parts);
/// 0 <= t < n.
Truth in_range(IntTerm t, IntTerm n);
/// Some t in [0, n) has it. A witness, the application where(n, p), stands for one if there is
/// any; Knowledge knows its law.
Truth exists(IntTerm n, const IntPredicate& holds);
Truth for_each(IntTerm n, const IntPredicate& holds);
bool is_true(Truth a);
bool is_false(Truth a);

/// A function as data: t -> body. Functions that are equal up to the name of t are equal rows.
IntTerm close(const IntFunction& function);
IntTerm close(const IntPredicate& predicate);  ///< t -> ite(p(t), 1, 0)
/// Inverse of the latter: the predicate of such a function at a place.
Truth open_truth(IntTerm predicate, IntTerm at);
/// The body at `at`.
IntTerm open(IntTerm function, IntTerm at);
/// The value of a constant term.
bool is_number(IntTerm term, std::int64_t& value);
/// `what` with `from` (a symbol) replaced.
IntTerm replace(IntTerm what, IntTerm from, IntTerm to);
Truth replace(Truth what, IntTerm from, IntTerm to);

std::string text(IntTerm term);
std::string text(Truth truth);

}  // namespace bafe::generic

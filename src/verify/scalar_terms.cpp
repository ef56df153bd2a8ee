// In: primitives over normal forms. Out: normal forms. Invariant: two rows are never equal, and a
// row's arguments are normal forms, so equality of ids is equality over the reals by the laws used
// here (where both sides are defined): commutative rings, x/y = x * (1/y), lattice laws of max and
// min, Boolean algebra in negation normal form.
#include "scalar_terms.h"

#include <algorithm>
#include <numbers>

#include "bafe/ir/rounding.h"

namespace bafe {

ScalarTerms::Id ScalarTerms::intern(Row row) {
  Key key{row.kind, row.prim, row.name, row.args, row.poly};
  auto it = ids_.find(key);
  if (it != ids_.end()) return it->second;
  Id id = static_cast<Id>(rows_.size());
  bool atom = row.kind == Kind::kSymbol || row.kind == Kind::kApply;
  if (atom && !row.is_bool) row.poly = {{Monomial{{id, 1}}, Rational(1)}};
  rows_.push_back(std::move(row));
  ids_.emplace(std::move(key), id);
  return id;
}

const Polynomial& ScalarTerms::polynomial(Id id) {
  if (is_bool(id)) throw NotRepresentable("arithmetic on truth values");
  return rows_[static_cast<std::size_t>(id)].poly;
}

ScalarTerms::Id ScalarTerms::of(const Polynomial& untidy) {
  Polynomial p = tidy(untidy);
  bool single = p.size() == 1 && p.begin()->second == Rational(1) && p.begin()->first.size() == 1 &&
                p.begin()->first[0].second == 1;
  if (single) return p.begin()->first[0].first;
  return intern({Kind::kPolynomial, false, Prim::kLiteral, "", {}, p});
}

ScalarTerms::Id ScalarTerms::number(const Rational& value) {
  return of(constant_polynomial(value));
}

ScalarTerms::Id ScalarTerms::literal(double value) {
  if (value != std::numbers::ln2 || laws_ == Laws::kSameOperations)
    return number(Rational::of(value));
  cite(Lemma::kLogOfTwo);
  return logarithm(number(2));
}

ScalarTerms::Id ScalarTerms::truth(bool value) {
  return intern({Kind::kTruth, true, Prim::kLiteral, value ? "true" : "false", {}, {}});
}

ScalarTerms::Id ScalarTerms::symbol(const std::string& name, bool is_bool) {
  return intern({Kind::kSymbol, is_bool, Prim::kArg, name, {}, {}});
}

ScalarTerms::Id ScalarTerms::opaque(Prim prim, std::vector<Id> args, const std::string& name) {
  return intern({Kind::kApply, false, prim, name, std::move(args), {}});
}

ScalarTerms::Id ScalarTerms::extreme(Prim prim, std::vector<Id> args) {
  std::vector<Id> flat;
  for (Id arg : args) {
    polynomial(arg);  // refuses truth values
    const Row& row = rows_[static_cast<std::size_t>(arg)];
    if (row.kind == Kind::kApply && row.prim == prim) {
      flat.insert(flat.end(), row.args.begin(), row.args.end());
    } else {
      flat.push_back(arg);
    }
  }
  std::sort(flat.begin(), flat.end());
  flat.erase(std::unique(flat.begin(), flat.end()), flat.end());
  bool most = prim == Prim::kMax;
  for (std::size_t i = 0; i < flat.size() && flat.size() > 1;) {  // drops what another one covers
    bool covered = false;
    for (std::size_t j = 0; j < flat.size() && !covered; ++j) {
      if (i == j) continue;
      SignSet lead = signs_of(polynomial(flat[j]) + scaled(polynomial(flat[i]), Rational(-1)));
      covered = most ? lead.at_least_zero() : lead.at_most_zero();
    }
    if (covered) flat.erase(flat.begin() + static_cast<std::ptrdiff_t>(i));
    if (!covered) ++i;
  }
  if (flat.size() == 1) return flat[0];
  return opaque(prim, std::move(flat));
}

ScalarTerms::Id ScalarTerms::positive(const Polynomial& any) {
  Polynomial p = plainest(any);
  SignSet known = signs_of(p);
  if (known.is_positive() || known.at_most_zero()) return truth(known.positive);
  Rational lead = p.begin()->second;
  Rational size = lead.sign() > 0 ? lead : lead * Rational(-1);
  return intern({Kind::kPositive, true, Prim::kLt, "", {}, scaled(p, size.inverse())});
}

ScalarTerms::Id ScalarTerms::zero(const Polynomial& any) {
  Polynomial p = plainest(any);
  SignSet known = signs_of(p);
  if (known.nonzero() || known.is_zero()) return truth(known.zero);
  return intern({Kind::kZero, true, Prim::kEq, "", {}, scaled(p, p.begin()->second.inverse())});
}

ScalarTerms::Id ScalarTerms::negated(Id id) {
  Row row = rows_[static_cast<std::size_t>(id)];
  if (!row.is_bool) throw NotRepresentable("negation of a number");
  if (row.kind == Kind::kTruth) return truth(row.name == "false");
  if (row.kind == Kind::kApply && row.prim == Prim::kNot) return row.args[0];
  if (row.kind == Kind::kApply && (row.prim == Prim::kAnd || row.prim == Prim::kOr)) {
    for (Id& arg : row.args) arg = negated(arg);
    return junction(row.prim == Prim::kAnd ? Prim::kOr : Prim::kAnd, std::move(row.args));
  }
  return intern({Kind::kApply, true, Prim::kNot, "", {id}, {}});
}

ScalarTerms::Id ScalarTerms::junction(Prim prim, std::vector<Id> args) {
  std::vector<Id> flat;
  for (Id arg : args) {
    const Row& row = rows_[static_cast<std::size_t>(arg)];
    if (!row.is_bool) throw NotRepresentable("logic on numbers");
    if (row.kind == Kind::kApply && row.prim == prim) {
      flat.insert(flat.end(), row.args.begin(), row.args.end());
    } else {
      flat.push_back(arg);
    }
  }
  Id neutral = truth(prim == Prim::kAnd), absorbing = truth(prim != Prim::kAnd);
  std::sort(flat.begin(), flat.end());
  flat.erase(std::unique(flat.begin(), flat.end()), flat.end());
  flat.erase(std::remove(flat.begin(), flat.end(), neutral), flat.end());
  for (Id arg : flat) {
    if (arg == absorbing) return absorbing;
  }
  if (flat.empty()) return neutral;
  if (flat.size() == 1) return flat[0];
  return intern({Kind::kApply, true, prim, "", std::move(flat), {}});
}

ScalarTerms::Id ScalarTerms::choose(Id condition, Id yes, Id no) {
  Row row = rows_[static_cast<std::size_t>(condition)];
  if (!row.is_bool) throw NotRepresentable("a choice by a number");
  if (row.kind == Kind::kTruth) return row.name == "true" ? yes : no;
  if (yes == no) return yes;
  if (is_bool(yes) != is_bool(no)) throw NotRepresentable("a choice between sorts");
  if (row.kind == Kind::kApply && row.prim == Prim::kNot) return choose(row.args[0], no, yes);
  return intern({Kind::kApply, is_bool(yes), Prim::kSelect, "", {condition, yes, no}, {}});
}

/// Elementary functions in terms of exp, log, sqrt, erf and reciprocals.
ScalarTerms::Id ScalarTerms::elementary(Prim prim, std::vector<Id> args) {
  Id x = args[0];
  Polynomial one = constant_polynomial(1);
  auto logistic = [&](const Rational& factor) {  // 1 / (1 + exp(-factor x))
    cite(Lemma::kSigmoid);
    Id e = exponential(scaled(polynomial(x), factor * Rational(-1)));
    return reciprocal(of(one + polynomial(e)));
  };
  switch (prim) {
    case Prim::kSqrt:
      return root(x);
    case Prim::kExp:
      return exponential(polynomial(x));
    case Prim::kExpm1:
      cite(Lemma::kExpm1);
      return of(polynomial(exponential(polynomial(x))) + scaled(one, Rational(-1)));
    case Prim::kLog1p:
      cite(Lemma::kLog1p);
      return logarithm(of(polynomial(x) + one));
    case Prim::kLog:
      return logarithm(x);
    case Prim::kErfc:
      cite(Lemma::kErfc);
      return of(one + scaled(polynomial(parity(Prim::kErf, x, true, Lemma::kErfIsOdd)), -1));
    case Prim::kSigmoid:
      return logistic(1);
    case Prim::kSilu:
      cite(Lemma::kSilu);
      return product(x, logistic(1));
    case Prim::kTanh:
      cite(Lemma::kTanh);
      return of(scaled(polynomial(logistic(2)), 2) + scaled(one, -1));
    case Prim::kSin:
      return parity(prim, x, true, Lemma::kSinIsOdd);
    case Prim::kErf:
      return parity(prim, x, true, Lemma::kErfIsOdd);
    case Prim::kCos:
      return parity(prim, x, false, Lemma::kCosIsEven);
    case Prim::kAbs:
      return absolute(x);
    default:
      return opaque(prim, std::move(args));
  }
}

ScalarTerms::Id ScalarTerms::apply(Prim prim, std::vector<Id> args) {
  if (laws_ == Laws::kSameOperations) return apply_same(prim, std::move(args));
  auto minus = [this](Id a, Id b) { return polynomial(a) + scaled(polynomial(b), Rational(-1)); };
  switch (prim) {
    case Prim::kNeg:
      return of(scaled(polynomial(args[0]), Rational(-1)));
    case Prim::kAdd:
      return of(polynomial(args[0]) + polynomial(args[1]));
    case Prim::kSub:
      return of(minus(args[0], args[1]));
    case Prim::kMul:
      return product(args[0], args[1]);
    case Prim::kDiv:
      return apply(Prim::kMul, {args[0], reciprocal(args[1])});
    case Prim::kPow:
      return power(args[0], args[1]);
    case Prim::kMax:
    case Prim::kMin:
      return extreme(prim, std::move(args));
    case Prim::kLt:
      return positive(minus(args[1], args[0]));
    case Prim::kLe:
      return negated(positive(minus(args[0], args[1])));
    case Prim::kEq:
      if (is_bool(args[0])) return negated(apply(Prim::kXor, std::move(args)));
      return zero(minus(args[0], args[1]));
    case Prim::kAnd:
    case Prim::kOr:
      return junction(prim, std::move(args));
    case Prim::kNot:
      return negated(args[0]);
    case Prim::kXor:
      if (args[0] == args[1]) return truth(false);
      std::sort(args.begin(), args.end());
      return intern({Kind::kApply, true, prim, "", std::move(args), {}});
    case Prim::kIsNan:
      return truth(false);
    case Prim::kIsFinite:
      return truth(true);
    case Prim::kSelect:
      return choose(args[0], args[1], args[2]);
    default:
      break;
  }
  for (Id arg : args) polynomial(arg);
  return elementary(prim, std::move(args));
}

ScalarTerms::Id ScalarTerms::cast(Id value, DType from, DType to) {
  if (from == to) return value;
  if (laws_ == Laws::kSameOperations) {
    bool wider = is_float(from) && is_float(to) && dtype_info(from).bits > dtype_info(to).bits &&
                 unit_roundoff(from) < unit_roundoff(to);
    std::string back = std::string(dtype_info(to).name) + "_" + std::string(dtype_info(from).name);
    if (wider && is_apply(value, Prim::kCast) && row(value).name == back) return row(value).args[0];
    std::string name = std::string(dtype_info(from).name) + "_" + std::string(dtype_info(to).name);
    Row row{Kind::kApply, to == DType::kBool, Prim::kCast, name, {value}, {}};
    return intern(std::move(row));
  }
  if (to == DType::kBool) return negated(zero(polynomial(value)));
  if (from == DType::kBool) return choose(value, number(1), number(0));
  if (is_float(to)) return value;
  return opaque(Prim::kCast, {value}, std::string(dtype_info(to).name));
}

}  // namespace bafe

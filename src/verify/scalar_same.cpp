// In: primitives over terms of Laws::kSameOperations. Out: terms that are equal only if they are
// the same operations on the same operands in every dtype. Used laws: sums and products commute,
// max and min are a lattice (NaN wins, zeros are ordered), a sign moves out of sums of two,
// products and quotients without rounding, 1 x = x.
#include <algorithm>

#include "scalar_terms.h"

namespace bafe {

ScalarTerms::Id ScalarTerms::sum_or_product(Prim prim, Id a, Id b) {
  if (prim == Prim::kMul) {
    for (auto [one, other] : {std::pair(a, b), std::pair(b, a)}) {
      if (row(one).kind != Kind::kPolynomial) continue;
      if (constant(one) == Rational(1)) return other;
      if (constant(one) == Rational(-1)) return apply_same(Prim::kNeg, {other});
      if (constant(one) == Rational(2)) return apply_same(Prim::kAdd, {other, other});
    }
    if (is_apply(a, Prim::kNeg)) {
      return apply_same(Prim::kNeg, {sum_or_product(prim, row(a).args[0], b)});
    }
    if (is_apply(b, Prim::kNeg)) {
      return apply_same(Prim::kNeg, {sum_or_product(prim, a, row(b).args[0])});
    }
  }
  return opaque(prim, {std::min(a, b), std::max(a, b)});
}

ScalarTerms::Id ScalarTerms::apply_same(Prim prim, std::vector<Id> args) {
  switch (prim) {
    case Prim::kNot:
      return negated(args[0]);
    case Prim::kAnd:
    case Prim::kOr:
      return junction(prim, std::move(args));
    case Prim::kSelect:
      return choose(args[0], args[1], args[2]);
    case Prim::kEq:
    case Prim::kXor:
      std::sort(args.begin(), args.end());
      [[fallthrough]];
    case Prim::kLt:
    case Prim::kLe:
    case Prim::kIsNan:
    case Prim::kIsFinite:
      return intern({Kind::kApply, true, prim, "", std::move(args), {}});
    default:
      break;
  }
  for (Id arg : args) polynomial(arg);  // refuses truth values
  switch (prim) {
    case Prim::kMax:
    case Prim::kMin: {
      std::vector<Id> flat;
      for (Id arg : args) {
        bool same = is_apply(arg, prim);
        if (same) flat.insert(flat.end(), row(arg).args.begin(), row(arg).args.end());
        if (!same) flat.push_back(arg);
      }
      std::sort(flat.begin(), flat.end());
      flat.erase(std::unique(flat.begin(), flat.end()), flat.end());
      return flat.size() == 1 ? flat[0] : opaque(prim, std::move(flat));
    }
    case Prim::kNeg:
      if (is_apply(args[0], Prim::kNeg)) return row(args[0]).args[0];
      return opaque(prim, std::move(args));
    case Prim::kSub:
      return sum_or_product(Prim::kAdd, args[0], apply_same(Prim::kNeg, {args[1]}));
    case Prim::kAdd:
    case Prim::kMul:
      return sum_or_product(prim, args[0], args[1]);
    case Prim::kDiv:
      if (constant(args[1]) == Rational(1)) return args[0];
      if (is_apply(args[0], Prim::kNeg)) {
        return apply_same(Prim::kNeg, {apply_same(prim, {row(args[0]).args[0], args[1]})});
      }
      return opaque(prim, std::move(args));
    default:
      return opaque(prim, std::move(args));
  }
}

}  // namespace bafe

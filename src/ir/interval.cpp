// Interval arithmetic over element trees. In: ranges of operands. Out: a range of the result, never
// too small. A primitive that is not named here gives anything, which is always sound.

#include "bafe/ir/interval.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bafe {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

double outward(double bound, bool up) {
  if (bound == 0 || std::isinf(bound)) return bound;
  if (std::isnan(bound)) return up ? kInf : -kInf;
  int exponent = 0;
  double fraction = std::frexp(std::fabs(bound), &exponent);
  bool away = up == (bound > 0);
  double magnitude =
      fraction == 0.5 ? std::ldexp(0.5, exponent) : std::ldexp(away ? 1.0 : 0.5, exponent);
  if (magnitude < 1e-30) magnitude = away ? 1e-30 : 0;
  if (magnitude > 1e300) magnitude = away ? kInf : 1e300;
  return bound > 0 ? magnitude : -magnitude;
}

double largest(DType dtype) {
  switch (dtype_info(dtype).bits) {
    case 16:
      return dtype == DType::kF16 ? 65504.0 : 3.38e38;
    case 32:
      return 3.4028e38;
    default:
      return 1.79e308;
  }
}

using Ranges = std::span<const Interval>;

Interval product(const Interval& a, const Interval& b) {
  double corners[] = {a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi};
  double lo = kInf, hi = -kInf;
  for (double corner : corners) {
    if (std::isnan(corner)) corner = 0;  // 0 · unbounded: the zero end
    lo = std::min(lo, corner);
    hi = std::max(hi, corner);
  }
  bool zero_inf = (a.has_zero() && b.may_inf) || (b.has_zero() && a.may_inf);
  return {lo, hi, a.may_nan || b.may_nan || zero_inf, a.may_inf || b.may_inf};
}

Interval sum(const Interval& a, const Interval& b) {
  return {a.lo + b.lo, a.hi + b.hi, a.may_nan || b.may_nan || (a.may_inf && b.may_inf),
          a.may_inf || b.may_inf};
}

Interval negative(const Interval& a) { return {-a.hi, -a.lo, a.may_nan, a.may_inf}; }

Interval monotone(const Interval& a, double (*f)(double)) {
  return {f(a.lo), f(a.hi), a.may_nan, false};
}

Interval logistic(const Interval& a) {
  return monotone(a, [](double x) { return 1 / (1 + std::exp(-x)); });
}

Interval exponential(const Interval& a) {
  Interval r = monotone(a, [](double x) { return std::exp(x); });
  r.may_inf = a.may_inf;
  return r;
}

Interval absolute(const Interval& a) {
  double lo = a.has_zero() ? 0 : std::min(std::fabs(a.lo), std::fabs(a.hi));
  return {lo, std::max(std::fabs(a.lo), std::fabs(a.hi)), a.may_nan, a.may_inf};
}

Interval root(const Interval& a) {
  return {std::sqrt(std::max(0.0, a.lo)), std::sqrt(std::max(0.0, a.hi)), a.may_nan || a.lo < 0,
          a.may_inf};
}

Interval quotient(const Interval& a, const Interval& b) {
  if (b.has_zero()) return {-kInf, kInf, true, true};
  Interval inverse{std::min(1 / b.lo, 1 / b.hi), std::max(1 / b.lo, 1 / b.hi), b.may_nan, false};
  Interval r = product(a, inverse);
  r.may_nan = a.may_nan || b.may_nan || (a.may_inf && b.may_inf);
  r.may_inf = a.may_inf || std::min(std::fabs(b.lo), std::fabs(b.hi)) < 1e-3;
  return r;
}

Interval larger(const Interval& a, const Interval& b) {
  return {std::max(a.lo, b.lo), std::max(a.hi, b.hi), a.may_nan || b.may_nan,
          a.may_inf || b.may_inf};
}

Interval logarithm(const Interval& a) {
  bool positive = a.lo > 0;
  return {positive ? std::log(a.lo) : -kInf, std::log(std::max(a.hi, 0.0)), a.may_nan || a.lo < 0,
          a.may_inf || !positive};
}

/// Most elements that a reduction reads: a size over symbols may be any.
double element_limit(const ElementNode& node) {
  double count = 1;
  for (Dim extent : node.extents)
    count *= extent.is_const() ? static_cast<double>(extent.value()) : 0x1p62;
  return count;
}

class Walk {
 public:
  Walk(Ranges operands, const Type& result) : operands_(operands), result_(result) {}

  Interval of(const Element& tree) const {
    const ElementNode& node = *tree;
    switch (node.prim) {
      case Prim::kArg:
      case Prim::kRead:
        return operands_[static_cast<std::size_t>(node.number)];
      case Prim::kLiteral:
        return Interval::of_value(node.literal);
      case Prim::kReduce:
        return reduction(node);
      case Prim::kSelect:
        return hull(of(node.args[1]), of(node.args[2]));
      case Prim::kLt:
      case Prim::kLe:
      case Prim::kEq:
      case Prim::kAnd:
      case Prim::kOr:
      case Prim::kXor:
      case Prim::kNot:
      case Prim::kIsNan:
      case Prim::kIsFinite:
        return {0, 1, false, false};
      default:
        return node.args.size() == 1   ? unary(node)
               : node.args.size() == 2 ? binary(node)
                                       : Interval();
    }
  }

 private:
  Interval unary(const ElementNode& node) const {
    Interval a = of(node.args[0]);
    switch (node.prim) {
      case Prim::kNeg:
        return negative(a);
      case Prim::kAbs:
        return absolute(a);
      case Prim::kSqrt:
        return root(a);
      case Prim::kExp:
        return exponential(a);
      case Prim::kLog:
        return logarithm(a);
      case Prim::kSigmoid:
        return logistic(a);
      case Prim::kTanh:
        return monotone(a, [](double x) { return std::tanh(x); });
      case Prim::kErf:
        return monotone(a, [](double x) { return std::erf(x); });
      case Prim::kErfc:
        return {0, 2, a.may_nan, false};
      case Prim::kGelu:
      case Prim::kSilu:  // above -0.17 and -0.28, below the argument or 0; NaN at -Inf
        return {-0.3, std::max(0.0, a.hi), a.may_nan || a.may_inf, a.may_inf};
      case Prim::kSin:
      case Prim::kCos:
        return {-1, 1, a.may_nan || a.may_inf, false};
      case Prim::kCast:
        return is_float(result_.dtype) ? a : Interval();
      default:
        return {};
    }
  }

  Interval binary(const ElementNode& node) const {
    Interval a = of(node.args[0]), b = of(node.args[1]);
    switch (node.prim) {
      case Prim::kAdd:
        return sum(a, b);
      case Prim::kSub:
        return sum(a, negative(b));
      case Prim::kMul: {
        Interval r = product(a, b);
        bool square = node.args[0]->prim == Prim::kArg && node.args[1]->prim == Prim::kArg &&
                      node.args[0]->number == node.args[1]->number;
        if (square) r = {std::max(0.0, r.lo), r.hi, a.may_nan, a.may_inf};
        return r;
      }
      case Prim::kDiv:
        return quotient(a, b);
      case Prim::kMax:
        return larger(a, b);
      case Prim::kMin:
        return negative(larger(negative(a), negative(b)));
      default:
        return {};
    }
  }

  Interval reduction(const ElementNode& node) const {
    Interval a = of(node.args[0]);
    double count = element_limit(node);
    switch (node.reduce) {
      case ReduceKind::kSum: {
        Interval r{std::min(0.0, a.lo * count), std::max(0.0, a.hi * count), a.may_nan, a.may_inf};
        if (count == 0) return Interval::of_value(0);
        if (a.lo > 0) r.lo = a.lo * 0.5;  // rounding never halves a sum of positive terms
        r.may_nan = a.may_nan || (a.may_inf && a.lo < 0 && a.hi > 0);
        return r;
      }
      case ReduceKind::kMax:
      case ReduceKind::kMin:
        return a;
      case ReduceKind::kArgMax:
      case ReduceKind::kArgMin:
        return {0, std::max(0.0, count - 1), false, false};
      default:
        return {};
    }
  }

  Ranges operands_;
  const Type& result_;
};

}  // namespace

Interval::Interval() : lo(-kInf), hi(kInf) {}

Interval::Interval(double low, double high, bool nan, bool inf)
    : lo(outward(low, false)), hi(outward(high, true)), may_nan(nan), may_inf(inf) {}

Interval Interval::of_dtype(DType dtype) {
  const DTypeInfo& info = dtype_info(dtype);
  if (info.kind == kFloatKind) return {};
  if (info.kind == kBoolKind) return {0, 1, false, false};
  double top = std::ldexp(1.0, info.kind == kUIntKind ? info.bits : info.bits - 1);
  return {info.kind == kUIntKind ? 0 : -top, top, false, false};
}

Interval Interval::of_value(double value) {
  if (std::isnan(value)) return {0, 0, true, false};
  return {value, value, false, std::isinf(value)};
}

Interval intersect(const Interval& a, const Interval& b) {
  Interval r = a;
  r.may_nan = a.may_nan && b.may_nan;
  r.may_inf = a.may_inf && b.may_inf;
  double lo = std::max(a.lo, b.lo), hi = std::min(a.hi, b.hi);
  if (lo <= hi) {
    r.lo = lo;
    r.hi = hi;
  }
  return r;
}

Interval hull(const Interval& a, const Interval& b) {
  Interval r = a;
  r.lo = std::min(a.lo, b.lo);
  r.hi = std::max(a.hi, b.hi);
  r.may_nan = a.may_nan || b.may_nan;
  r.may_inf = a.may_inf || b.may_inf;
  return r;
}

Interval node_range(Op op, const Attrs& attrs, std::span<const Type> types,
                    std::span<const Interval> operands, const Type& result) {
  Interval top = Interval::of_dtype(result.dtype);
  Element tree = op_element(op, types, attrs, result);
  if (!tree) return top;
  Interval range = Walk(operands, result).of(tree);
  if (!is_float(result.dtype)) {
    // Integers wrap: a range that leaves the type says nothing.
    return range.lo >= top.lo && range.hi <= top.hi && range.finite() ? range : top;
  }
  double limit = largest(result.dtype);
  if (range.hi > limit || range.lo < -limit) range.may_inf = true;
  return range;
}

}  // namespace bafe

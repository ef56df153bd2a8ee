// Ranges of elements. In: the element tree of an operator, ranges of its operands. Out: a range
// that holds every element, rounding included: bounds move outwards to a power of two, which
// swallows the rounding of one operation in every float type and keeps 0 and 1 where they are.
#include "ranges.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bafe {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
const ElementRange kAnything{-kInf, kInf, true, true};

double away_from_zero(double x) {
  if (x == 0 || std::isinf(x)) return x;
  double power = std::exp2(std::ceil(std::log2(x)));
  while (power < x) power *= 2;
  while (power / 2 >= x) power /= 2;
  return power > 1e300 ? kInf : std::max(power, 1e-30);
}

double towards_zero(double x) {
  if (x == 0 || std::isinf(x)) return x;
  double power = away_from_zero(x);
  if (power > x || std::isinf(power)) power = x > 1e300 ? 1e300 : power / 2;
  return x < 1e-30 ? 0 : power;
}

ElementRange rounded(double lo, double hi, bool nan, bool inf) {
  lo = std::isnan(lo) ? -kInf : lo < 0 ? -away_from_zero(-lo) : towards_zero(lo);
  hi = std::isnan(hi) ? kInf : hi < 0 ? -towards_zero(-hi) : away_from_zero(hi);
  return {lo, hi, nan, inf};
}

ElementRange negated(const ElementRange& a) { return {-a.hi, -a.lo, a.may_nan, a.may_inf}; }

ElementRange sum_of(const ElementRange& a, const ElementRange& b) {
  bool cancels = a.may_inf && b.may_inf;
  return rounded(a.lo + b.lo, a.hi + b.hi, a.may_nan || b.may_nan || cancels,
                 a.may_inf || b.may_inf);
}

ElementRange product_of(const ElementRange& a, const ElementRange& b) {
  double lo = kInf, hi = -kInf;
  for (double x : {a.lo, a.hi}) {
    for (double y : {b.lo, b.hi}) {
      double p = x == 0 || y == 0 ? 0 : x * y;
      lo = std::min(lo, p);
      hi = std::max(hi, p);
    }
  }
  bool zero_times_inf = (a.may_inf && b.has_zero()) || (b.may_inf && a.has_zero());
  return rounded(lo, hi, a.may_nan || b.may_nan || zero_times_inf, a.may_inf || b.may_inf);
}

ElementRange quotient_of(const ElementRange& a, const ElementRange& b) {
  if (b.has_zero()) return kAnything;
  double least = std::min(std::fabs(b.lo), std::fabs(b.hi));
  ElementRange inverse =
      rounded(std::min(1 / b.lo, 1 / b.hi), std::max(1 / b.lo, 1 / b.hi), b.may_nan, false);
  ElementRange out = product_of(a, inverse);
  out.may_nan = a.may_nan || b.may_nan || (a.may_inf && b.may_inf);
  out.may_inf = a.may_inf || least < 1e-3;  // else no quotient of finite numbers overflows here
  return out;
}

ElementRange larger_of(const ElementRange& a, const ElementRange& b) {
  return {std::max(a.lo, b.lo), std::max(a.hi, b.hi), a.may_nan || b.may_nan,
          a.may_inf || b.may_inf};
}

ElementRange rising(const ElementRange& a, double (*f)(double), bool inf = false) {
  return rounded(f(a.lo), f(a.hi), a.may_nan, inf);
}

ElementRange unary(Prim prim, const ElementRange& a, DType dtype) {
  bool odd = a.may_nan || a.may_inf;
  switch (prim) {
    case Prim::kNeg:
      return negated(a);
    case Prim::kAbs: {
      double far = std::max(std::fabs(a.lo), std::fabs(a.hi));
      double near = a.has_zero() ? 0 : std::min(std::fabs(a.lo), std::fabs(a.hi));
      return {near, far, a.may_nan, a.may_inf};
    }
    case Prim::kSqrt:
      return rounded(std::sqrt(std::max(0.0, a.lo)), std::sqrt(std::max(0.0, a.hi)),
                     a.may_nan || a.lo < 0, a.may_inf);
    case Prim::kExp:
      return rising(
          a, [](double x) { return std::exp(x); }, a.may_inf);
    case Prim::kLog:
      return rounded(a.lo > 0 ? std::log(a.lo) : -kInf, std::log(std::max(0.0, a.hi)),
                     a.may_nan || a.lo < 0, a.may_inf || a.lo <= 0);
    case Prim::kSigmoid:
      return rising(a, [](double x) { return 1 / (1 + std::exp(-x)); });
    case Prim::kTanh:
      return rising(a, [](double x) { return std::tanh(x); });
    case Prim::kErf:
      return rising(a, [](double x) { return std::erf(x); });
    case Prim::kErfc:
      return {0, 2, a.may_nan, false};
    case Prim::kSin:
    case Prim::kCos:
      return {-1, 1, odd, false};
    case Prim::kGelu:
    case Prim::kSilu:
      return rounded(-0.3, std::max(0.0, a.hi), odd, a.may_inf);
    case Prim::kCast:
      return is_float(dtype) ? a : kAnything;
    default:
      return kAnything;
  }
}

ElementRange binary(Prim prim, const ElementRange& a, const ElementRange& b) {
  switch (prim) {
    case Prim::kAdd:
      return sum_of(a, b);
    case Prim::kSub:
      return sum_of(a, negated(b));
    case Prim::kMul:
      return product_of(a, b);
    case Prim::kDiv:
      return quotient_of(a, b);
    case Prim::kMax:
      return larger_of(a, b);
    case Prim::kMin:
      return negated(larger_of(negated(a), negated(b)));
    default:
      return kAnything;
  }
}

struct TreeWalk {
  std::span<const ElementRange> operands;
  DType dtype;

  ElementRange of(const ElementNode& node) const {
    switch (node.prim) {
      case Prim::kArg:
      case Prim::kRead:
        return operands[static_cast<std::size_t>(node.number)];
      case Prim::kLiteral:
        return range_of_value(node.literal);
      case Prim::kReduce:
        return reduced(node);
      case Prim::kSelect: {
        ElementRange a = of(*node.args[1]), b = of(*node.args[2]);
        return {std::min(a.lo, b.lo), std::max(a.hi, b.hi), a.may_nan || b.may_nan,
                a.may_inf || b.may_inf};
      }
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
        break;
    }
    if (node.args.size() == 1) return unary(node.prim, of(*node.args[0]), dtype);
    if (node.args.size() != 2) return kAnything;
    ElementRange out = binary(node.prim, of(*node.args[0]), of(*node.args[1]));
    const ElementNode &a = *node.args[0], &b = *node.args[1];
    bool square = node.prim == Prim::kMul && a.prim == Prim::kArg && b.prim == Prim::kArg &&
                  a.number == b.number;
    if (square) {
      const ElementRange& x = operands[static_cast<std::size_t>(a.number)];
      out = {std::max(0.0, out.lo), out.hi, x.may_nan, x.may_inf};
    }
    return out;
  }

  ElementRange reduced(const ElementNode& node) const {
    ElementRange a = of(*node.args[0]);
    double count = 1;
    for (Dim d : node.extents) count *= d.is_const() ? static_cast<double>(d.value()) : 0x1p62;
    if (node.reduce == ReduceKind::kMax || node.reduce == ReduceKind::kMin) return a;
    if (node.reduce == ReduceKind::kArgMax || node.reduce == ReduceKind::kArgMin)
      return rounded(0, std::max(0.0, count - 1), false, false);
    if (node.reduce != ReduceKind::kSum) return kAnything;
    if (count == 0) return range_of_value(0);
    bool cancels = a.may_inf && a.lo < 0 && a.hi > 0;
    double least = a.lo > 0 ? a.lo / 2 : std::min(0.0, a.lo * count);  // a rounded sum never halves
    return rounded(least, std::max(0.0, a.hi * count), a.may_nan || cancels, a.may_inf);
  }
};

}  // namespace

ElementRange ElementRange::within(const ElementRange& other) const {
  ElementRange out{std::max(lo, other.lo), std::min(hi, other.hi), may_nan && other.may_nan,
                   may_inf && other.may_inf};
  if (out.lo <= out.hi) return out;
  return {lo, hi, out.may_nan, out.may_inf};
}

ElementRange range_of_dtype(DType dtype) {
  const DTypeInfo& info = dtype_info(dtype);
  if (info.kind == kFloatKind) return kAnything;
  if (info.kind == kBoolKind) return {0, 1, false, false};
  double top = std::ldexp(1.0, info.kind == kUIntKind ? info.bits : info.bits - 1);
  return {info.kind == kUIntKind ? 0 : -top, top, false, false};
}

ElementRange range_of_value(double value) {
  if (std::isnan(value)) return {0, 0, true, false};
  return rounded(value, value, false, std::isinf(value));
}

ElementRange range_of_node(Op op, const Attrs& attrs, std::span<const Type> types,
                           std::span<const ElementRange> operands, const Type& result) {
  ElementRange top = range_of_dtype(result.dtype);
  if (op_info(op).kind == OpKind::kLayout) return operands[0];
  Element tree = op_element(op, types, attrs, result);
  if (!tree) return top;
  ElementRange range = TreeWalk{operands, result.dtype}.of(*tree);
  if (!is_float(result.dtype))  // integers wrap: a range that leaves the type says nothing
    return range.lo >= top.lo && range.hi <= top.hi && range.finite() ? range : top;
  double largest = result.dtype == DType::kF16   ? 65504.0
                   : result.dtype == DType::kF64 ? 1.79e308
                                                 : 3.38e38;
  range.may_inf = range.may_inf || range.hi > largest || range.lo < -largest;
  return range;
}

}  // namespace bafe

// In: a primitive and doubles. Out: its value, nothing rounded to a smaller type. Invariant: truth
// values are 0 or 1; integers are those below 2^53, which doubles hold exactly.

#include "nest_numbers.h"

namespace bafe {
namespace {

double of_bits(Prim prim, std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  switch (prim) {
    case Prim::kBitAnd:
      out = a & b;
      break;
    case Prim::kBitOr:
      out = a | b;
      break;
    case Prim::kBitXor:
      out = a ^ b;
      break;
    case Prim::kBitNot:
      out = ~a;
      break;
    case Prim::kShl:
      out = scalar::shift_left(a, b);
      break;
    case Prim::kShr:
      out = scalar::shift_right(a, b);
      break;
    default:
      throw InternalError({}, "nest", "a primitive has no value in doubles");
  }
  return static_cast<double>(out);
}

double of_function(Prim prim, double a) {
  switch (prim) {
    case Prim::kSqrt:
      return std::sqrt(a);
    case Prim::kExp:
      return std::exp(a);
    case Prim::kExpm1:
      return std::expm1(a);
    case Prim::kLog:
      return std::log(a);
    case Prim::kLog1p:
      return std::log1p(a);
    case Prim::kSin:
      return std::sin(a);
    case Prim::kCos:
      return std::cos(a);
    case Prim::kTanh:
      return std::tanh(a);
    case Prim::kSigmoid:
      return 1 / (1 + std::exp(-a));
    case Prim::kErf:
      return std::erf(a);
    case Prim::kErfc:
      return std::erfc(a);
    case Prim::kGelu:
      return a / 2 * std::erfc(-a / std::sqrt(2.0));
    case Prim::kSilu:
      return a / (1 + std::exp(-a));
    case Prim::kFloor:
      return std::floor(a);
    case Prim::kCeil:
      return std::ceil(a);
    case Prim::kRint:
      return std::nearbyint(a);
    default:
      throw InternalError({}, "nest", "a primitive has no value in doubles");
  }
}

double of_bools(Prim prim, double a, double b) {
  switch (prim) {
    case Prim::kAdd:
    case Prim::kMax:
    case Prim::kBitOr:
    case Prim::kOr:
      return a != 0 || b != 0 ? 1 : 0;
    case Prim::kMul:
    case Prim::kMin:
    case Prim::kBitAnd:
    case Prim::kAnd:
      return a != 0 && b != 0 ? 1 : 0;
    case Prim::kSub:
    case Prim::kBitXor:
    case Prim::kXor:
      return (a != 0) != (b != 0) ? 1 : 0;
    case Prim::kBitNot:
    case Prim::kNot:
      return a == 0 ? 1 : 0;
    case Prim::kAbs:
    case Prim::kNeg:
      return a;
    default:
      return RealNumbers::prim(prim, DType::kF64, a, b);
  }
}

}  // namespace

double RealNumbers::prim(Prim prim, DType operand, double a, double b) {
  if (operand == DType::kBool) return of_bools(prim, a, b);
  switch (prim) {
    case Prim::kNeg:
      return -a;
    case Prim::kAdd:
      return a + b;
    case Prim::kSub:
      return a - b;
    case Prim::kMul:
      return a * b;
    case Prim::kDiv:
      return a / b;
    case Prim::kFloorDiv:
      return scalar::floor_div_of(a, b);
    case Prim::kMod:
      return scalar::mod_of(a, b);
    case Prim::kMin:
      return scalar::min_of(a, b);
    case Prim::kMax:
      return scalar::max_of(a, b);
    case Prim::kAbs:
      return std::fabs(a);
    case Prim::kPow:
      return std::pow(a, b);
    case Prim::kLt:
      return a < b ? 1 : 0;
    case Prim::kLe:
      return a <= b ? 1 : 0;
    case Prim::kEq:
      return a == b ? 1 : 0;
    case Prim::kIsNan:
      return std::isnan(a) ? 1 : 0;
    case Prim::kIsFinite:
      return std::isfinite(a) ? 1 : 0;
    case Prim::kBitAnd:
    case Prim::kBitOr:
    case Prim::kBitXor:
    case Prim::kBitNot:
    case Prim::kShl:
    case Prim::kShr:
      return of_bits(prim, static_cast<std::int64_t>(a), static_cast<std::int64_t>(b));
    default:
      return of_function(prim, a);
  }
}

}  // namespace bafe

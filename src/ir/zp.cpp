// The field of 2^61 - 1 elements. In: residues. Out: residues, or truth values. Invariant: results
// depend on the arguments only, never on the process; commutative primitives give equal results for
// swapped arguments.
#include "bafe/ir/zp.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "bafe/base/error.h"
#include "bafe/base/hash.h"

namespace bafe {
namespace {

std::uint64_t power_of_two(int exponent) {
  // 2 has order 61.
  int e = exponent % 61;
  return std::uint64_t{1} << (e < 0 ? e + 61 : e);
}

std::uint64_t hashed(Prim prim, std::uint64_t a, std::uint64_t b) {
  std::uint64_t values[] = {a, b};
  return zp_hash(prim_text(prim), values);
}

std::uint64_t hashed_unordered(Prim prim, std::uint64_t a, std::uint64_t b) {
  return hashed(prim, std::min(a, b), std::max(a, b));
}

}  // namespace

std::uint64_t zp_of_int(std::int64_t value) {
  auto prime = static_cast<std::int64_t>(kZpPrime);
  std::int64_t residue = value % prime;
  return static_cast<std::uint64_t>(residue < 0 ? residue + prime : residue);
}

std::uint64_t zp_of_double(double value) {
  if (!std::isfinite(value)) {
    std::uint64_t bits = std::isnan(value) ? 1 : value > 0 ? 2 : 3;
    return zp_hash("not finite", std::span(&bits, 1));
  }
  int exponent = 0;
  double fraction = std::frexp(value, &exponent);
  auto mantissa = static_cast<std::int64_t>(std::ldexp(fraction, 53));
  return zp_mul(zp_of_int(mantissa), power_of_two(exponent - 53));
}

std::uint64_t zp_of_scalar(Scalar value) {
  if (value.dtype == DType::kBool) return value.bits;
  if (is_float(value.dtype)) return zp_of_double(value.as_double());
  if (value.dtype == DType::kU64) return value.bits % kZpPrime;
  return zp_of_int(value.as_int());
}

std::uint64_t zp_hash(std::string_view key, std::span<const std::uint64_t> values) {
  std::uint64_t h = hash_text(key);
  for (std::uint64_t v : values) h = hash_mix(h, v);
  return h % kZpPrime;
}

std::uint64_t zp_prim(Prim prim, std::uint64_t a, std::uint64_t b) {
  switch (prim) {
    case Prim::kNeg:
      return zp_neg(a);
    case Prim::kAdd:
      return zp_add(a, b);
    case Prim::kSub:
      return zp_add(a, zp_neg(b));
    case Prim::kMul:
      return zp_mul(a, b);
    case Prim::kMin:
      return zp_signed(a) < zp_signed(b) ? a : b;
    case Prim::kMax:
      return zp_signed(a) > zp_signed(b) ? a : b;
    case Prim::kAbs:
      return zp_signed(a) < 0 ? zp_neg(a) : a;
    case Prim::kLt:
      return zp_signed(a) < zp_signed(b) ? 1 : 0;
    case Prim::kLe:
      return zp_signed(a) <= zp_signed(b) ? 1 : 0;
    case Prim::kEq:
      return a == b ? 1 : 0;
    case Prim::kAnd:
      return a != 0 && b != 0 ? 1 : 0;
    case Prim::kOr:
      return a != 0 || b != 0 ? 1 : 0;
    case Prim::kXor:
      return (a != 0) != (b != 0) ? 1 : 0;
    case Prim::kNot:
      return a == 0 ? 1 : 0;
    case Prim::kIsNan:
      return 0;
    case Prim::kIsFinite:
      return 1;
    case Prim::kBitAnd:
    case Prim::kBitOr:
    case Prim::kBitXor:
      return hashed_unordered(prim, a, b);
    default:
      return hashed(prim, a, b);
  }
}

std::uint64_t zp_bool_prim(Prim prim, std::uint64_t a, std::uint64_t b) {
  switch (prim) {
    case Prim::kAdd:
    case Prim::kMax:
    case Prim::kBitOr:
      return a | b;
    case Prim::kMul:
    case Prim::kMin:
    case Prim::kBitAnd:
      return a & b;
    case Prim::kSub:
    case Prim::kBitXor:
      return a ^ b;
    case Prim::kBitNot:
      return a ^ 1;
    case Prim::kAbs:
    case Prim::kNeg:
      return a;
    default:
      return zp_prim(prim, a, b);
  }
}

std::uint64_t zp_cast(DType from, DType to, std::uint64_t a) {
  if (to == DType::kBool) return a != 0 ? 1 : 0;
  if (is_float(from) && !is_float(to)) return hashed(Prim::kCast, a, 0);
  return a;
}

}  // namespace bafe

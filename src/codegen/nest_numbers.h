#pragma once
/// The two kinds of numbers over which nests are interpreted. Private to
/// src/codegen/nest_interpreter.cpp.

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "bafe/base/error.h"
#include "bafe/codegen/nest.h"
#include "bafe/ir/scalar_math.h"
#include "bafe/ir/zp.h"

namespace bafe {

/// Residues. What begins an extreme lies outside the field: above or below all of it.
struct ZpNumbers {
  using Value = std::uint64_t;
  static constexpr Value kHighest = ~Value{0}, kLowest = ~Value{0} - 1;
  static Value of_scalar(Scalar s) { return zp_of_scalar(s); }
  static Value of_int(std::int64_t x) { return zp_of_int(x); }
  static Value neutral(ReduceKind kind, DType dtype) {
    const bool is_extreme = kind != ReduceKind::kSum && kind != ReduceKind::kProd;
    if (!is_extreme || dtype == DType::kBool) return of_scalar(neutral_of(kind, dtype));
    return kind == ReduceKind::kMax || kind == ReduceKind::kArgMax ? kLowest : kHighest;
  }
  static std::int64_t as_index(Value a) { return zp_signed(a); }
  static bool holds(Value a) { return a != 0; }
  static Value cast(DType from, DType to, Value a) { return zp_cast(from, to, a); }
  static Value prim(Prim prim, DType operand, Value a, Value b) {
    if (operand == DType::kBool) return zp_bool_prim(prim, a, b);
    if (a < kZpPrime && b < kZpPrime) return zp_prim(prim, a, b);
    switch (prim) {
      case Prim::kMin:
        return below(a, b) ? a : b;
      case Prim::kMax:
        return below(a, b) ? b : a;
      case Prim::kLt:
        return below(a, b) ? 1 : 0;
      case Prim::kLe:
        return below(b, a) ? 0 : 1;
      case Prim::kEq:
        return a == b ? 1 : 0;
      default:
        return zp_prim(prim, a % kZpPrime, b % kZpPrime);
    }
  }
  static bool same(Value a, Value b) { return a == b; }

 private:
  static bool below(Value a, Value b) {
    if (a == b) return false;
    if (a == kLowest || b == kHighest) return true;
    if (b == kLowest || a == kHighest) return false;
    return zp_signed(a) < zp_signed(b);
  }
};

struct RealNumbers {
  using Value = double;
  static Value of_scalar(Scalar s) { return s.as_double(); }
  static Value of_int(std::int64_t x) { return static_cast<double>(x); }
  static Value neutral(ReduceKind kind, DType dtype) { return of_scalar(neutral_of(kind, dtype)); }
  static std::int64_t as_index(Value a) { return static_cast<std::int64_t>(a); }
  static bool holds(Value a) { return a != 0; }
  static Value cast(DType from, DType to, Value a) {
    if (to == DType::kBool) return a != 0 ? 1 : 0;
    return is_float(from) && !is_float(to) ? std::trunc(a) : a;
  }
  static Value prim(Prim prim, DType operand, Value a, Value b);
};

}  // namespace bafe

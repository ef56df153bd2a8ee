#pragma once
/// Which values may end a kernel with an error: they are computed exactly where they are named.

#include "bafe/codegen/expr.h"

namespace bafe {

inline bool is_integer_prim(const ExNode& n, Prim prim) {
  return n.kind == ExKind::kPrim && n.prim == prim && !is_float(n.dtype);
}

/// An integer quotient or remainder whose divisor may be zero.
inline bool may_divide_by_zero(const ExprPool& pool, const ExNode& n) {
  if (!is_integer_prim(n, Prim::kFloorDiv) && !is_integer_prim(n, Prim::kMod)) return false;
  const ExNode& divisor = pool.node(n.args[1]);
  return divisor.kind != ExKind::kConst || divisor.bits == 0;
}

inline bool may_fail(const ExprPool& pool, const ExNode& n) {
  return n.kind == ExKind::kLookup || is_integer_prim(n, Prim::kPow) || may_divide_by_zero(pool, n);
}

}  // namespace bafe

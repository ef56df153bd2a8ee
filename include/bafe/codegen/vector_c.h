#pragma once
/// The builtin table: C names of vector types and operations for one (compiler family, ISA).

#include <string>

#include "bafe/cost/target.h"
#include "bafe/ir/dtype.h"

namespace bafe {

/// Typedefs and macros that generated kernels use, once at the top of a translation unit. For
/// P in {VF (float), VD (double)}: type `P`, mask type `PM`, P_SET(x), P_LOAD(p), P_STORE(p, x),
/// P_FMA(a, b, c), P_MASK(count), P_MLOAD(p, mask), P_MSTORE(p, x, mask), P_RELU(x), P_LOW(a, b)
/// and P_HIGH(a, b) (interleaved halves). Empty for Isa::kPlain, whose kernels are C99.
std::string vector_prelude_c(const Target& target);

/// "VF" or "VD".
std::string vector_prefix(DType dtype);
/// Elements of one vector register; 1 on Isa::kPlain.
int vector_lanes(DType dtype, const Target& target);

}  // namespace bafe

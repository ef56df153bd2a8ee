#pragma once
/// Elementary functions, exact integer helpers and conversions as C text: static inline, without a
/// branch where possible so that compilers vectorise loops over them, without any call into libm. A
/// vector body and its scalar tail give the same bits, because both are the same text compiled with
/// -ffp-contract=off.
///
/// A symbol is "bafe_<name>_<dtype>":
///   f32, f64   exp expm1 log log1p sin cos tanh sigmoid erf erfc pow sqrt rsqrt floor ceil rint
///   abs
///              max min (a NaN wins; +0 above -0) mod floordiv (as NumPy) isnan isfinite (int 0 or
///              1) within 1 ULP in f32 (rsqrt 1.5) and 2 in f64 (exp, log, sin, cos, pow 1; erfc 3)
///   integers   abs max min mod floordiv (by zero: 0; INT_MIN / -1 wraps) pow (wraps; negative
///   exponent: 0)
///              shl shr (second argument of the same dtype; by width or more, or negative: 0, -1
///              for shr < 0)
/// and conversions: bafe_<from>_to_<to> between f16 | bf16 (as unsigned short bits) and f32, f32 or
/// f64 to f16 | bf16 (one rounding), and f32 | f64 to any integer (truncates; see dtype.h for what
/// is out of range).

#include <set>
#include <string>
#include <string_view>

#include "bafe/cost/target.h"
#include "bafe/ir/dtype.h"

namespace bafe {

/// "bafe_exp_f32"; CHECKs nothing: has_math_c says whether the function exists.
std::string math_symbol_c(std::string_view name, DType dtype);
/// "bafe_f32_to_i8".
std::string conversion_symbol_c(DType from, DType to);
bool has_math_c(const std::string& symbol);

/// Definitions of `symbols` and of what they call, callees first, each once. CHECKs that every
/// symbol exists.
std::string math_functions_c(const std::set<std::string>& symbols, const Target& target);

}  // namespace bafe

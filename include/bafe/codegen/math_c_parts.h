#pragma once
/// The C texts behind math_c.h, one function a symbol. Private to src/codegen/math_c*.cpp.

#include <map>
#include <span>
#include <string>

#include "bafe/cost/target.h"

namespace bafe {

/// Symbol -> definition. A text calls other symbols of the table by name; nothing else.
using MathTable = std::map<std::string, std::string>;

void add_bits_math(MathTable& table);  ///< bit casts, classes, min and max
void add_exp_math(MathTable& table);   ///< exp, expm1, tanh, sigmoid
void add_log_math(MathTable& table);   ///< log, log1p, pow
void add_trig_math(MathTable& table);  ///< sin, cos
void add_erf_math(MathTable& table);   ///< erf, erfc
void add_rounding_math(MathTable& table,
                       const Target& target);  ///< floor, ceil, rint, sqrt, mod, floordiv
void add_integer_math(MathTable& table);       ///< integers and conversions

/// C statements that evaluate a polynomial in `variable` by Horner's rule into a new variable
/// `result`.
std::string horner_c(const char* type, const char* result, const char* variable,
                     std::span<const char* const> coefficients);

}  // namespace bafe

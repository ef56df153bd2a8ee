#pragma once
/// The arithmetic of single numbers, in NumPy's manners: what the primitives of scalar_prims.def
/// mean for floats and for 64-bit integers. Shared by the interpreter, constant folding and replay.

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace bafe::scalar {

/// NaN if either is NaN; of zeros the positive one, so that the order of operands never shows.
template <class T>
inline T max_of(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (a != a) return a;
    if (b != b) return b;
    if (a == b) return std::signbit(a) ? b : a;
  }
  return a > b ? a : b;
}

/// NaN if either is NaN; of zeros the negative one.
template <class T>
inline T min_of(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (a != a) return a;
    if (b != b) return b;
    if (a == b) return std::signbit(a) ? a : b;
  }
  return a < b ? a : b;
}

/// Remainder with the sign of the divisor, also of a zero remainder; NaN for b = 0.
template <class T>
inline T mod_of(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    T mod = std::fmod(a, b);
    if (b == 0) return mod;
    if (mod == 0) return std::copysign(T{0}, b);
    return (b < 0) != (mod < 0) ? mod + b : mod;
  } else if constexpr (std::is_signed_v<T>) {
    if (b == 0 || b == -1) return 0;
    T mod = a % b;
    return mod != 0 && ((mod < 0) != (b < 0)) ? mod + b : mod;
  } else {
    return b == 0 ? T{0} : a % b;
  }
}

template <class T>
inline T floor_div_of(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    T mod = std::fmod(a, b);
    if (b == 0) return a / b;
    T div = (a - mod) / b;
    if (mod != 0 && (b < 0) != (mod < 0)) div -= 1;
    if (div == 0) return std::copysign(T{0}, a / b);
    T floored = std::floor(div);
    return div - floored > T{0.5} ? floored + 1 : floored;
  } else if constexpr (std::is_signed_v<T>) {
    if (b == 0) return 0;
    if (b == -1) return static_cast<T>(-static_cast<std::make_unsigned_t<T>>(a));
    T quotient = a / b;
    return a % b != 0 && ((a < 0) != (b < 0)) ? quotient - 1 : quotient;
  } else {
    return b == 0 ? T{0} : a / b;
  }
}

/// Wraps; needs exponent >= 0.
inline std::uint64_t int_power(std::uint64_t base, std::uint64_t exponent) {
  std::uint64_t power = 1;
  for (; exponent != 0; exponent >>= 1, base *= base) {
    if (exponent & 1) power *= base;
  }
  return power;
}

inline std::int64_t shift_left(std::int64_t a, std::int64_t b) {
  if (b < 0 || b >= 64) return 0;
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) << b);
}
inline std::uint64_t shift_left(std::uint64_t a, std::uint64_t b) { return b >= 64 ? 0 : a << b; }
inline std::int64_t shift_right(std::int64_t a, std::int64_t b) {
  if (b < 0 || b >= 64) return a < 0 ? -1 : 0;
  return a >> b;
}
inline std::uint64_t shift_right(std::uint64_t a, std::uint64_t b) { return b >= 64 ? 0 : a >> b; }

/// Integers wrap (unsigned arithmetic does by definition); a bool, stored as uint8_t, sums by "or",
/// subtracts by "xor" and multiplies by "and".
template <class T>
T add_of(T a, T b) {
  if constexpr (std::is_same_v<T, std::uint8_t>)
    return a | b;
  else if constexpr (std::is_integral_v<T>)
    return static_cast<T>(std::uint64_t(a) + std::uint64_t(b));
  else
    return a + b;
}
template <class T>
T sub_of(T a, T b) {
  if constexpr (std::is_same_v<T, std::uint8_t>)
    return a ^ b;
  else if constexpr (std::is_integral_v<T>)
    return static_cast<T>(std::uint64_t(a) - std::uint64_t(b));
  else
    return a - b;
}
template <class T>
T mul_of(T a, T b) {
  if constexpr (std::is_same_v<T, std::uint8_t>)
    return a & b;
  else if constexpr (std::is_integral_v<T>)
    return static_cast<T>(std::uint64_t(a) * std::uint64_t(b));
  else
    return a * b;
}
/// Without overflow for large |x|.
inline double sigmoid(double x) {
  if (x >= 0) return 1 / (1 + std::exp(-x));
  double e = std::exp(x);
  return e / (1 + e);
}

/// x sigmoid(x); the factors meet before the result can underflow.
inline double silu(double x) {
  if (!(x < -40)) return x * sigmoid(x);
  double half = std::exp(x / 2);
  return x * half * half;
}
/// x/2 erfc(-x / sqrt(2)): what the argument loses by rounding is put back through the slope of
/// erfc.
inline double gelu(double x) {
  constexpr double kHigh = -0x1.6a09e667f3bcdp-1, kLow = 0x1.bdd3413b26456p-55;  // -1 / sqrt(2)
  double y = x * kHigh;
  if (!(x < 0) || y > 28) return 0.5 * x * std::erfc(y);
  double low = std::fma(x, kHigh, -y) + x * kLow;
  return 0.5 * x * (std::erfc(y) - 1.1283791670955126 * std::exp(-y * y) * low);
}

/// The integer of `bits` bits that Scalar::cast makes of a float, extended to 64 bits: toward zero;
/// negative numbers wrap into unsigned types; what does not fit, NaN too, is the bit pattern 100…0.
inline std::uint64_t float_to_int(double x, int bits, bool is_unsigned) {
  constexpr double kTwo63 = 9223372036854775808.0;
  double t = std::trunc(x);
  if (is_unsigned && bits == 64 && t >= kTwo63 && t < 2 * kTwo63)
    return static_cast<std::uint64_t>(t);
  std::uint64_t top = std::uint64_t{1} << (bits - 1);
  double high = is_unsigned ? 2.0 * static_cast<double>(top) : static_cast<double>(top);
  bool fits = t >= -kTwo63 && t < kTwo63 && t < high && (is_unsigned || t >= -high);
  std::uint64_t wide = fits ? static_cast<std::uint64_t>(static_cast<std::int64_t>(t)) : top;
  wide &= top | (top - 1);
  return !is_unsigned && (wide & top) != 0 ? wide | ~(top | (top - 1)) : wide;
}

}  // namespace bafe::scalar

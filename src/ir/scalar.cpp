// Stored bits <-> numbers. In: a double, an integer or stored bits. Out: the nearest element of a
// dtype, rounded once, ties to even. Invariant: Scalar::bits holds nothing above the dtype's width.
#include <bit>
#include <cmath>
#include <limits>

#include "bafe/ir/dtype.h"

namespace bafe {
namespace {

/// Rounds a double to a binary format of `ExponentBits` and `FractionBits`, through bits so that it
/// rounds once.
template <int ExponentBits, int FractionBits>
std::uint16_t narrow(double value) {
  constexpr int kBias = (1 << (ExponentBits - 1)) - 1;
  constexpr std::uint64_t kInfinity = ((std::uint64_t{1} << ExponentBits) - 1) << FractionBits;
  std::uint64_t bits = std::bit_cast<std::uint64_t>(value);
  std::uint64_t sign = (bits >> 63) << (ExponentBits + FractionBits);
  int exponent = static_cast<int>((bits >> 52) & 0x7ff);
  std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
  if (exponent == 0x7ff) {
    std::uint64_t quiet =
        (std::uint64_t{1} << (FractionBits - 1)) | (fraction >> (52 - FractionBits));
    return static_cast<std::uint16_t>(sign | kInfinity | (fraction != 0 ? quiet : 0));
  }
  if (exponent == 0) return static_cast<std::uint16_t>(sign);
  int e = exponent - 1023;
  bool is_normal = e >= 1 - kBias;
  int shift = 52 - FractionBits + (is_normal ? 0 : 1 - kBias - e);
  if (shift >= 54) return static_cast<std::uint16_t>(sign);  // below half of the smallest subnormal
  std::uint64_t full = fraction | (std::uint64_t{1} << 52);
  std::uint64_t kept = full >> shift;
  std::uint64_t rest = full & ((std::uint64_t{1} << shift) - 1);
  std::uint64_t half = std::uint64_t{1} << (shift - 1);
  if (rest > half || (rest == half && (kept & 1) != 0)) ++kept;
  if (is_normal && e + kBias > (1 << ExponentBits))
    return static_cast<std::uint16_t>(sign | kInfinity);
  // A carry out of the fraction moves into the exponent, which is the right neighbour.
  std::uint64_t out =
      is_normal ? (static_cast<std::uint64_t>(e + kBias - 1) << FractionBits) + kept : kept;
  return static_cast<std::uint16_t>(sign | (out < kInfinity ? out : kInfinity));
}

std::uint64_t width_mask(DType dtype) {
  int bits = dtype_info(dtype).bits;
  return bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
}

std::uint64_t lowest_bits(DType dtype) { return std::uint64_t{1} << (dtype_info(dtype).bits - 1); }

constexpr double kTwo63 = 9223372036854775808.0;

/// Stored bits of a double truncated to an integer dtype.
std::uint64_t truncate(DType dtype, double value, bool wraps) {
  double t = std::trunc(value);
  const DTypeInfo& info = dtype_info(dtype);
  if (info.kind == kUIntKind && info.bits == 64 && t >= kTwo63 && t < 2 * kTwo63) {
    return static_cast<std::uint64_t>(t);
  }
  if (!(t >= -kTwo63 && t < kTwo63)) return lowest_bits(dtype);
  auto wide = static_cast<std::int64_t>(t);
  if (!wraps) {
    // Negative floats wrap into unsigned types, as the conversions of x86 do for NumPy.
    double high = std::ldexp(1.0, info.kind == kUIntKind ? info.bits : info.bits - 1);
    if (t >= high || (info.kind == kIntKind && t < -high)) return lowest_bits(dtype);
  }
  return static_cast<std::uint64_t>(wide) & width_mask(dtype);
}

std::uint64_t float_bits(DType dtype, double value) {
  if (dtype == DType::kF64) return std::bit_cast<std::uint64_t>(value);
  if (dtype == DType::kF32) return std::bit_cast<std::uint32_t>(static_cast<float>(value));
  return dtype == DType::kF16 ? f64_to_f16(value) : f64_to_bf16(value);
}

/// An integer to a float dtype, rounded once: int64 -> double would round before float does.
std::uint64_t float_bits_of_int(DType dtype, std::int64_t value, bool is_unsigned) {
  auto high = static_cast<std::uint64_t>(value);
  if (dtype == DType::kF32) {
    float f = is_unsigned ? static_cast<float>(high) : static_cast<float>(value);
    return std::bit_cast<std::uint32_t>(f);
  }
  return float_bits(dtype, is_unsigned ? static_cast<double>(high) : static_cast<double>(value));
}

}  // namespace

float f16_to_f32(std::uint16_t bits) {
  std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000) << 16;
  std::uint32_t exponent = (bits >> 10) & 31, fraction = bits & 0x3ff;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | (fraction << 13));
  if (exponent != 0)
    return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
  float magnitude = static_cast<float>(fraction) * 0x1p-24f;
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
}
std::uint16_t f32_to_f16(float value) { return f64_to_f16(static_cast<double>(value)); }
float bf16_to_f32(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}
std::uint16_t f32_to_bf16(float value) { return f64_to_bf16(static_cast<double>(value)); }
std::uint16_t f64_to_f16(double value) { return narrow<5, 10>(value); }
std::uint16_t f64_to_bf16(double value) { return narrow<8, 7>(value); }

Scalar Scalar::of(DType dtype, double value) {
  if (is_float(dtype)) return {dtype, float_bits(dtype, value)};
  if (dtype == DType::kBool) return {dtype, value != 0 ? 1u : 0u};
  return {dtype, truncate(dtype, value, true)};
}

Scalar Scalar::of_int(DType dtype, std::int64_t value) {
  if (is_float(dtype)) return {dtype, float_bits_of_int(dtype, value, false)};
  if (dtype == DType::kBool) return {dtype, value != 0 ? 1u : 0u};
  return {dtype, static_cast<std::uint64_t>(value) & width_mask(dtype)};
}

double Scalar::as_double() const {
  if (dtype == DType::kF64) return std::bit_cast<double>(bits);
  if (dtype == DType::kF32) return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
  if (dtype == DType::kF16) return f16_to_f32(static_cast<std::uint16_t>(bits));
  if (dtype == DType::kBF16) return bf16_to_f32(static_cast<std::uint16_t>(bits));
  if (dtype == DType::kU64) return static_cast<double>(bits);
  return static_cast<double>(as_int());
}

std::int64_t Scalar::as_int() const {
  if (is_float(dtype)) {
    double t = std::trunc(as_double());
    bool fits = t >= -kTwo63 && t < kTwo63;
    return fits ? static_cast<std::int64_t>(t) : std::numeric_limits<std::int64_t>::min();
  }
  if (dtype_info(dtype).kind != kIntKind) return static_cast<std::int64_t>(bits);
  int unused = 64 - dtype_info(dtype).bits;
  return static_cast<std::int64_t>(bits << unused) >> unused;
}

bool Scalar::is_zero() const { return is_float(dtype) ? as_double() == 0 : bits == 0; }

Scalar Scalar::cast(DType to) const {
  if (to == dtype) return *this;
  if (to == DType::kBool) return {to, is_zero() ? 0u : 1u};
  if (is_float(dtype)) {
    double value = as_double();
    return {to, is_float(to) ? float_bits(to, value) : truncate(to, value, false)};
  }
  std::int64_t value = as_int();
  if (is_float(to)) return {to, float_bits_of_int(to, value, dtype == DType::kU64)};
  return {to, static_cast<std::uint64_t>(value) & width_mask(to)};
}

}  // namespace bafe

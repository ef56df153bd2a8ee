#pragma once
/// Element types: names, sizes, NumPy 2 promotion (NEP 50), conversions between stored bits and
/// numbers.

#include <cstdint>
#include <optional>
#include <string_view>

namespace bafe {

enum class DType : std::uint8_t {
#define BAFE_DTYPE(name, text, storage, c_text, kind, bits) k##name,
#include "bafe/ir/dtypes.def"
#undef BAFE_DTYPE
};
inline constexpr int kDTypeCount = 13;

enum DTypeKind : std::uint8_t { kBoolKind, kIntKind, kUIntKind, kFloatKind };

struct DTypeInfo {
  std::string_view name;    ///< "f32"
  std::string_view c_text;  ///< storage type in generated C
  DTypeKind kind;
  int bits;
};

const DTypeInfo& dtype_info(DType dtype);
inline int dtype_bytes(DType dtype) { return dtype_info(dtype).bits / 8; }
inline bool is_float(DType dtype) { return dtype_info(dtype).kind == kFloatKind; }
inline bool is_integer(DType dtype) {
  return dtype_info(dtype).kind == kIntKind || dtype_info(dtype).kind == kUIntKind;
}
/// "f32", or NumPy's and BAFE 0.1's long names ("float32", "int64"); nullopt for another text.
std::optional<DType> dtype_from_text(std::string_view text);

/// NumPy 2's result type of two arrays.
DType promote(DType a, DType b);
/// NEP 50: a Python scalar of `kind` (bool, int or float) beside an array of `dtype`.
DType promote_weak(DType dtype, DTypeKind kind);
/// The float type NumPy's sqrt, exp … compute in: ints of 8/16/more bits become f16/f32/f64.
DType float_of(DType dtype);
/// The type NumPy's sum and prod accumulate in: bool and small ints become i64 or u64.
DType sum_of(DType dtype);

/// Type a value is computed in by the interpreter and in generated C: f32 for f16 and bf16, i64 /
/// u64 …
float f16_to_f32(std::uint16_t bits);
std::uint16_t f32_to_f16(float value);  ///< rounds to nearest even; NaN stays NaN
float bf16_to_f32(std::uint16_t bits);
std::uint16_t f32_to_bf16(float value);
/// Rounds once, also from double (no double rounding through f32).
std::uint16_t f64_to_f16(double value);
std::uint16_t f64_to_bf16(double value);

/// One element: its type and its stored bits, zero-extended to 64.
struct Scalar {
  DType dtype = DType::kF64;
  std::uint64_t bits = 0;

  static Scalar of(DType dtype, double value);  ///< rounds; ints truncate, wrap modulo 2^bits
  static Scalar of_int(DType dtype, std::int64_t value);
  double as_double() const;
  std::int64_t as_int()
      const;             ///< u64 above 2^63 wraps; floats truncate, out of range gives INT64_MIN
  bool is_zero() const;  ///< +0 or -0
  /// NumPy astype. A float out of an integer's range, or NaN, gives the integer with only its top
  /// bit set (INT_MIN; 2^(bits-1) unsigned); a negative float wraps into an unsigned type.
  Scalar cast(DType to) const;
  friend bool operator==(const Scalar&, const Scalar&) = default;
};

}  // namespace bafe

#pragma once
/// Arithmetic modulo p = 2^61 - 1, as evaluate_zp and the replay of loop nests use it. Ring
/// operations are exact; what has no meaning in the ring (exp, division, bits of integers …) is a
/// keyed hash of its arguments.

#include <cstdint>
#include <span>
#include <string_view>

#include "bafe/ir/dtype.h"
#include "bafe/ir/meaning.h"

namespace bafe {

inline constexpr std::uint64_t kZpPrime = (std::uint64_t{1} << 61) - 1;

inline std::uint64_t zp_add(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = a + b;
  return sum >= kZpPrime ? sum - kZpPrime : sum;
}
inline std::uint64_t zp_neg(std::uint64_t a) { return a == 0 ? 0 : kZpPrime - a; }
inline std::uint64_t zp_mul(std::uint64_t a, std::uint64_t b) {
  unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  auto low = static_cast<std::uint64_t>(product) & kZpPrime,
       high = static_cast<std::uint64_t>(product >> 61);
  std::uint64_t sum = low + high;
  return sum >= kZpPrime ? sum - kZpPrime : sum;
}
/// The residue nearest to zero: order and absolute value are those of this integer.
inline std::int64_t zp_signed(std::uint64_t a) {
  return a > kZpPrime / 2 ? static_cast<std::int64_t>(a) - static_cast<std::int64_t>(kZpPrime)
                          : static_cast<std::int64_t>(a);
}
std::uint64_t zp_of_int(std::int64_t value);
/// Finite doubles are fractions with a power of two below, so they are exact; NaN and infinities
/// are hashes.
std::uint64_t zp_of_double(double value);
/// Bools are 0 or 1.
std::uint64_t zp_of_scalar(Scalar value);
std::uint64_t zp_hash(std::string_view key, std::span<const std::uint64_t> values);

/// A primitive with up to two arguments on field elements; truth values are 0 or 1. Not for leaves,
/// Read, Reduce, Select, Cast and conversions of indices.
std::uint64_t zp_prim(Prim prim, std::uint64_t a, std::uint64_t b);
/// The same on bools: a sum is "or", a product "and".
std::uint64_t zp_bool_prim(Prim prim, std::uint64_t a, std::uint64_t b);
/// Conversions between kinds; floats to integers are hashes.
std::uint64_t zp_cast(DType from, DType to, std::uint64_t a);

}  // namespace bafe

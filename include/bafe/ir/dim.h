#pragma once
/// Sizes: integers, or canonical polynomials with integer coefficients over named symbols.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bafe {

/// One size or list entry, 8 bytes. Equal polynomials are equal Dims in one process.
/// Constants lie in (-2^62, 2^62); arithmetic that leaves that range throws ShapeError.
class Dim {
 public:
  constexpr Dim() = default;
  constexpr Dim(std::int64_t value) : bits_(value) {}  // NOLINT: literal sizes read naturally
  static Dim symbol(std::string_view name);

  constexpr bool is_const() const { return bits_ > kFirstSymbolic; }
  /// Needs is_const(); CHECKed.
  std::int64_t value() const;
  std::string text() const;    ///< "8", "n", "2*n + 1"
  std::uint64_t hash() const;  ///< of the text, equal in every process

  friend constexpr bool operator==(Dim, Dim) = default;
  friend Dim operator+(Dim a, Dim b);
  friend Dim operator-(Dim a, Dim b);
  friend Dim operator*(Dim a, Dim b);

 private:
  friend struct DimTable;
  static constexpr std::int64_t kFirstSymbolic = -(std::int64_t{1} << 62);
  std::int64_t bits_ = 0;  ///< below kFirstSymbolic: INT64_MIN + row of the polynomial table
};

using List = std::vector<Dim>;  ///< axes, permutations, sizes
using Shape = List;

/// Product of sizes; 1 for rank 0. ShapeError when it leaves 62 bits.
Dim num_elements(const Shape& shape);
/// All sizes known?
bool is_concrete(const Shape& shape);
/// Concrete sizes as integers; CHECKs is_concrete.
std::vector<std::int64_t> concrete(const Shape& shape);
std::vector<std::int64_t> row_major_strides(const std::vector<std::int64_t>& sizes);
std::string shape_text(const Shape& shape);  ///< "[8, 512]"

}  // namespace bafe

#pragma once
/// Where matrices may be non-zero, and what else is known of their shape: the transfer of these
/// facts through operators, for e-classes and for programs alike.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bafe/ir/graph.h"

namespace bafe {

/// Where a matrix (the last two axes) may be non-zero: element (i, j) only if -above <= i - j <=
/// below.
struct Structure {
  static constexpr std::int32_t kUnbounded = 1 << 30;
  std::int32_t below = kUnbounded, above = kUnbounded;
  bool symmetric = false, orthogonal = false, identity = false;

  bool zero() const { return below < -above; }
  bool lower() const { return above <= 0; }
  bool upper() const { return below <= 0; }
  bool diagonal() const { return lower() && upper(); }
  /// Is some element of a rows x cols matrix known to be zero?
  bool limits(std::int64_t rows, std::int64_t cols) const {
    return above < cols - 1 || below < rows - 1;
  }
  Structure transposed() const {
    Structure out = *this;
    out.below = above;
    out.above = below;
    return out;
  }
  /// "zero", "identity", "diagonal", "lower", "banded(1,1)", then "symmetric", "orthogonal"; empty
  /// when nothing is known.
  std::string text() const;
  friend bool operator==(const Structure&, const Structure&) = default;
};

/// What a transfer may use of one operand.
struct MatrixFacts {
  Type type;
  Structure structure;
  bool finite = false;          ///< no element is NaN or Inf
  std::optional<double> splat;  ///< every element is this number
};

/// What the node alone proves about its matrix: 0 times a value counts as 0 only where the value is
/// finite. mirrored: the two operands are each other's transpose.
Structure node_structure(Op op, const Attrs& attrs, std::span<const MatrixFacts> operands,
                         const Type& result, bool mirrored = false);
/// Both hold.
Structure join_structure(const Structure& a, const Structure& b);
/// Where row * i + col * j + number >= 0 holds, or == 0 if `equal`; nullopt unless it speaks of
/// i - j or of j - i.
std::optional<Structure> gap_band(std::int64_t row, std::int64_t col, std::int64_t number,
                                  bool equal);
/// Does the operator exchange the last two axes of its operand and nothing else?
bool swaps_matrix(Op op, const Attrs& attrs, const Type& operand, const Type& result);

/// Facts of every value of a program, by ValueId index, in class `finite`: no value that is
/// multiplied is NaN or Inf.
std::vector<Structure> matrix_structures(const Graph& graph);

/// Multiplications of an m x k by k x n product that touch no known zero; mirrored: only those on
/// and below the diagonal of the (then square) result. O(k).
double product_terms(std::int64_t m, std::int64_t n, std::int64_t k, const Structure& a,
                     const Structure& b, bool mirrored = false);

}  // namespace bafe

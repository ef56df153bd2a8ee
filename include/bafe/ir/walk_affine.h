#pragma once
/// Reads whose position is an affine function of indices: then a movement is a strided copy and a
/// reduction walks with strides. Recognised from the tree, whatever the operator.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "bafe/ir/meaning.h"

namespace bafe {

/// base + sum of index[i] * Index(i) + sum of bound[i] * Bound(i), in elements.
struct AffineRead {
  std::int64_t base = 0;
  std::vector<std::int64_t> index, bound;
  friend bool operator==(const AffineRead&, const AffineRead&) = default;
};

/// Flat position of a Read in a dense row-major operand; nullopt when it is not affine. Divisions
/// and remainders that take one position apart and put it together again (reshape) cancel.
/// `index_sizes` and `bound_sizes` are the extents of the variables.
std::optional<AffineRead> affine_read(const Element& read, const std::vector<std::int64_t>& operand,
                                      std::span<const std::int64_t> index_sizes,
                                      std::span<const std::int64_t> bound_sizes);

}  // namespace bafe

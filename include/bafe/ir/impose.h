#pragma once
/// Declared structure as part of a program: a matrix of which only a part counts becomes that part,
/// so that the interpreter, the cache key and every text form mean the same.

#include <span>
#include <string>

#include "bafe/ir/builder.h"
#include "bafe/ir/structure.h"

namespace bafe {

/// `x` as its declaration says. What lies outside the declared part is never read and counts as 0
/// (identity: as the identity; symmetric: as the mirror of the lower part).
///
/// Names:   "lower", "upper", "diagonal", "tridiagonal", "banded(below,above)", "identity", "zero",
///          "symmetric", "block_diagonal(size)".
/// Errors:  ParseError for another name; ShapeError when x is no matrix, or not square where it
///          must be.
ValueId impose_structure(Builder& builder, ValueId x, const std::string& text);

/// `x` with zeros outside the band.
ValueId impose_band(Builder& builder, ValueId x, const Structure& band);

/// One input of a program and the band that its array has, or the size of its diagonal blocks.
struct InputBand {
  int input = 0;
  Structure band;
  std::int64_t block = 0;  ///< 0: the band counts
};
/// The program in which these inputs are read inside their bands or blocks only.
Graph with_input_bands(const Graph& graph, std::span<const InputBand> bands);
/// Inputs that are an operand of a product as they are, or transposed, and may be worth a look:
/// float matrices of at least `smallest` rows and columns.
std::vector<int> product_inputs(const Graph& graph, std::int64_t smallest);

}  // namespace bafe

#pragma once
/// Which operand element an element tree copies. Private to src/runtime/part_program.cpp.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "bafe/ir/meaning.h"

namespace bafe {

/// An element of an operand, or a number.
struct ElementSpot {
  int operand = -1;                 ///< -1: `number`
  std::vector<std::int64_t> index;  ///< of the operand, by axis
  double number = 0;
};

/// The spot of the element at `index`; nothing where the tree computes or looks positions up.
std::optional<ElementSpot> element_spot(const Element& tree, std::span<const std::int64_t> index);

/// An index that is base + step * output axis; axis -1: a number.
struct AffineIndex {
  int axis = -1;
  std::int64_t step = 0, base = 0;
};
/// Of a tree that is one read whose every index depends on one output axis at most.
std::optional<std::vector<AffineIndex>> affine_read(const Element& tree);

}  // namespace bafe

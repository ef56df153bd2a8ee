#pragma once
/// The axis order in which a result is stored when nobody asked for one.

#include <cstdint>
#include <vector>

#include "bafe/cost/schedule.h"
#include "bafe/ir/graph.h"

namespace bafe {

inline constexpr std::size_t kMaxGroupNodes = 96;  ///< operators of one kernel at most

/// Axes of `root`, slowest first. Where the root is computed element by element from leaves,
/// however their axes are moved, it is the order of those leaves, as NumPy's "K" order gives;
/// row-major otherwise. `leaves`: by value, the layouts of at least the inputs.
///
/// Time: O(nodes below the root * rank^2), at most kMaxGroupNodes of them.
std::vector<int> result_order(const Graph& graph, const std::vector<Layout>& leaves, ValueId root);
/// The same, unless a layout_transform at the root asks for an order, a host routine reads it by
/// rows, or BAFE_LAYOUTS=row holds.
std::vector<int> root_order(const Graph& graph, const std::vector<Layout>& leaves, ValueId root,
                            bool read_by_routine);
/// How the caller stores an input; row-major for other leaves.
Layout leaf_layout(const Graph& graph, ValueId id);

/// Strides in elements of a dense array whose axes lie in `order`; 0 along axes of size 1.
std::vector<std::int64_t> dense_strides(const Shape& shape, const std::vector<int>& order);
/// Axes by falling strides of arrays of one shape, slowest first; an axis with stride 0 tells
/// nothing; row-major where arrays disagree.
std::vector<int> common_order(const std::vector<const std::vector<std::int64_t>*>& operands,
                              std::size_t rank);

}  // namespace bafe

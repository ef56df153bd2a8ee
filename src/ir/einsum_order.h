#pragma once
/// Internal: which two terms of a sum of products to contract first.

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace bafe {

/// Places i < j of the first contraction of the order with the fewest multiplications. `terms` are
/// the labels of at least two values, `sizes` the extents of all labels.
std::pair<std::size_t, std::size_t> next_contraction(const std::vector<std::vector<int>>& terms,
                                                     const std::vector<int>& output,
                                                     const std::map<int, std::int64_t>& sizes);

}  // namespace bafe

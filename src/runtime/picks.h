#pragma once
/// Products of positions. Private to src/runtime.

#include <cstdint>
#include <span>
#include <vector>

#include "bafe/runtime/part_program.h"

namespace bafe {

std::int64_t count_of(const Picks& picks);
std::vector<std::int64_t> all_of(std::int64_t size);
Picks whole_of(const Type& type);
Shape shape_of(const Picks& picks);
/// Row-major positions in a value of `type`.
std::vector<std::int64_t> flat_positions(const Picks& picks, const Type& type);

/// Calls visit(positions) for every element of the product, in row-major order.
template <class Visit>
void for_each_pick(const Picks& picks, Visit visit) {
  if (count_of(picks) == 0) return;
  std::vector<std::size_t> digit(picks.size(), 0);
  std::vector<std::int64_t> at;
  for (const auto& axis : picks) at.push_back(axis[0]);
  for (;;) {
    visit(std::span<const std::int64_t>(at));
    std::size_t axis = picks.size();
    while (axis-- > 0) {
      if (++digit[axis] < picks[axis].size()) break;
      digit[axis] = 0;
      at[axis] = picks[axis][0];
    }
    if (axis == static_cast<std::size_t>(-1)) return;
    at[axis] = picks[axis][digit[axis]];
  }
}

}  // namespace bafe

#pragma once
/// Vectors that grow by a quarter: the arrays of a large graph stay nearly full.

#include <cstddef>
#include <vector>

namespace bafe {

template <class T>
void reserve_tight(std::vector<T>& items, std::size_t more = 1) {
  std::size_t needed = items.size() + more;
  if (needed > items.capacity()) items.reserve(needed + needed / 4 + 16);
}

template <class T>
void push_tight(std::vector<T>& items, const T& item) {
  reserve_tight(items);
  items.push_back(item);
}

}  // namespace bafe

#pragma once
/// Many growing lists in one array: 8 bytes a list, blocks of powers of two, freed blocks used
/// again.

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "bafe/egraph/tight.h"

namespace bafe {

/// Handle of one list. The block behind it holds bit_ceil(size) items.
struct ListRef {
  std::uint32_t first = 0;
  std::uint32_t size = 0;
};

template <class T>
class ListPool {
 public:
  /// Valid until the next push or splice on this pool.
  std::span<T> items(const ListRef& list) { return {items_.data() + list.first, list.size}; }
  std::span<const T> items(const ListRef& list) const {
    return {items_.data() + list.first, list.size};
  }

  void push(ListRef& list, T item) {
    if (list.size == 0 || std::has_single_bit(list.size)) grow(list, list.size + 1);
    items_[list.first + list.size++] = item;
  }

  /// Appends `from` to `into` and frees `from`.
  void splice(ListRef& into, ListRef& from) {
    if (from.size == 0) return;
    if (into.size == 0) {
      into = from;
      from = {};
      return;
    }
    std::uint32_t size = into.size + from.size;
    if (std::bit_ceil(size) != std::bit_ceil(into.size)) grow(into, size);
    for (std::uint32_t i = 0; i < from.size; ++i) {
      items_[into.first + into.size + i] = items_[from.first + i];
    }
    into.size = size;
    free(from);
  }

  /// Keeps the first `size` items; gives the block back when a smaller one is enough.
  void shrink(ListRef& list, std::uint32_t size) {
    if (size == 0) return free(list);
    std::uint32_t block = std::bit_ceil(list.size), fitting = std::bit_ceil(size);
    list.size = size;
    while (block > fitting) {
      block /= 2;
      free_[std::countr_zero(block)].push_back(list.first + block);
    }
  }

  void free(ListRef& list) {
    if (list.size > 0) free_[std::bit_width(std::bit_ceil(list.size)) - 1].push_back(list.first);
    list = {};
  }

  void clear() {
    items_.clear();
    for (auto& blocks : free_) blocks.clear();
  }

  std::size_t memory_bytes() const {
    std::size_t bytes = items_.capacity() * sizeof(T);
    for (const auto& blocks : free_) bytes += blocks.capacity() * sizeof(std::uint32_t);
    return bytes;
  }

 private:
  void grow(ListRef& list, std::uint32_t size) {
    std::uint32_t first = take(std::bit_width(std::bit_ceil(size)) - 1);
    for (std::uint32_t i = 0; i < list.size; ++i) items_[first + i] = items_[list.first + i];
    std::uint32_t kept = list.size;
    free(list);
    list = {first, kept};
  }

  std::uint32_t take(int log_size) {
    auto& blocks = free_[log_size];
    if (!blocks.empty()) {
      std::uint32_t first = blocks.back();
      blocks.pop_back();
      return first;
    }
    auto first = static_cast<std::uint32_t>(items_.size());
    reserve_tight(items_, std::size_t{1} << log_size);
    items_.resize(items_.size() + (std::size_t{1} << log_size));
    return first;
  }

  std::vector<T> items_;
  std::array<std::vector<std::uint32_t>, 32> free_;
};

}  // namespace bafe

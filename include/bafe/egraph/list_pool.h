#pragma once
/// Many growing lists in one array: 8 bytes a list, a list of one item lies in its handle, freed
/// blocks are used again.

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>

#include "bafe/egraph/flat_array.h"

namespace bafe {

/// Handle of one list of T, which is a 32-bit id: the item itself when there is one, else where the
/// block begins. Blocks have 2^k or 3·2^k items.
template <class T>
struct ListRef {
  T first;
  std::uint32_t size = 0;
};

template <class T>
class ListPool {
  static_assert(sizeof(T) == sizeof(std::uint32_t));

 public:
  /// Valid until the next push or splice on this pool, and as long as the handle lives.
  std::span<T> items(ListRef<T>& list) {
    return {list.size == 1 ? &list.first : items_.data() + list.first.index(), list.size};
  }
  std::span<const T> items(const ListRef<T>& list) const {
    return {list.size == 1 ? &list.first : items_.data() + list.first.index(), list.size};
  }

  void push(ListRef<T>& list, T item) {
    if (list.size == 0) {
      list = {item, 1};
      return;
    }
    if (is_full(list.size)) move_block(list, list.size + 1);
    items_[list.first.index() + list.size++] = item;
  }

  /// Appends `from` to `into` and frees `from`.
  void splice(ListRef<T>& into, ListRef<T>& from) {
    if (from.size == 0) return;
    if (into.size == 0) {
      into = from;
      from = {};
      return;
    }
    std::uint32_t size = into.size + from.size;
    if (into.size == 1 || block_of(size) != block_of(into.size)) move_block(into, size);
    std::span<const T> more = items(from);
    std::copy(more.begin(), more.end(), items_.data() + into.first.index() + into.size);
    into.size = size;
    free(from);
  }

  /// Keeps the first `size` items; gives the block back when a smaller one is enough.
  void shrink(ListRef<T>& list, std::uint32_t size) {
    if (size == list.size) return;
    if (size == 0) return free(list);
    if (size > 1 && block_of(size) == block_of(list.size)) {
      list.size = size;
      return;
    }
    ListRef<T> old = list;
    if (size == 1) {
      list = {items_[old.first.index()], 1};
    } else {
      std::uint32_t first = take(block_of(size));
      std::copy_n(items_.data() + old.first.index(), size, items_.data() + first);
      list = {T(first), size};
    }
    free(old);
  }

  void free(ListRef<T>& list) {
    if (list.size > 1) {
      std::uint32_t block = block_of(list.size);
      items_[list.first.index()] = free_[block];
      free_[block] = list.first;
      free_items_ += items_of(block);
    }
    list = {};
  }

  void clear() {
    items_.clear();
    free_.fill(T{});
    free_items_ = 0;
  }

  /// Is so much of a large pool free that moving all lists into a new one is worth it?
  bool is_sparse() const { return items_.size() > 4096 && free_items_ * 4 > items_.size(); }
  /// Copies `list` of this pool into `to` and changes the handle.
  void move_list(ListRef<T>& list, ListPool& to) const {
    if (list.size < 2) return;
    std::uint32_t first = to.take(block_of(list.size));
    std::copy_n(items_.data() + list.first.index(), list.size, to.items_.data() + first);
    list.first = T(first);
  }

  void trim() { items_.trim(); }
  std::size_t memory_bytes() const { return items_.memory_bytes(); }

 private:
  /// Number of the smallest block that holds `size` > 1 items: 2, 3, 4, 6, 8, 12 … items.
  static std::uint32_t block_of(std::uint32_t size) {
    auto log = static_cast<std::uint32_t>(31 - std::countl_zero(size));
    std::uint32_t power = 1u << log;
    if (size == power) return 2 * log;
    return size <= power + power / 2 ? 2 * log + 1 : 2 * log + 2;
  }
  static std::uint32_t items_of(std::uint32_t block) {
    std::uint32_t power = 1u << (block / 2);
    return block % 2 ? power + power / 2 : power;
  }
  static bool is_full(std::uint32_t size) {
    std::uint32_t odd = size >> std::countr_zero(size);
    return odd == 1 || odd == 3;
  }

  void move_block(ListRef<T>& list, std::uint32_t size) {
    std::uint32_t first = take(block_of(size));
    std::span<const T> old = items(list);
    std::copy(old.begin(), old.end(), items_.data() + first);
    std::uint32_t kept = list.size;
    free(list);
    list = {T(first), kept};
  }

  std::uint32_t take(std::uint32_t block) {
    T head = free_[block];
    if (head.valid()) {
      free_[block] = items_[head.index()];
      free_items_ -= items_of(block);
      return head.index();
    }
    auto first = static_cast<std::uint32_t>(items_.size());
    items_.extend(items_of(block));
    return first;
  }

  FlatArray<T> items_;
  std::size_t free_items_ = 0;
  std::array<T, 64> free_{};  ///< first free block of each size; its first item is the next one
};

}  // namespace bafe

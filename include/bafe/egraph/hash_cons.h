#pragma once
/// Open-addressing table of node ids under 32-bit tags. Keys live elsewhere: the caller compares.

#include <cstdint>
#include <vector>

#include "bafe/base/id.h"

namespace bafe {

class HashCons {
 public:
  static constexpr std::uint32_t kAbsent = 0xffffffffu;

  /// Slot of the entry with `tag` for which `same(node)` holds; kAbsent when there is none.
  template <class Same>
  std::uint32_t find(std::uint32_t tag, Same&& same) const {
    if (slots_.empty()) return kAbsent;
    std::uint32_t i = home(tag);
    while (slots_[i].node.valid()) {
      if (slots_[i].tag == tag && same(slots_[i].node)) return i;
      i = next(i);
    }
    return kAbsent;
  }

  NodeId node(std::uint32_t slot) const { return slots_[slot].node; }
  void replace(std::uint32_t slot, NodeId node) { slots_[slot].node = node; }

  /// Needs that no equal key is there.
  void insert(std::uint32_t tag, NodeId node) {
    if ((size_ + 1) * 5 > slots_.size() * 4) grow();
    place(tag, node);
    ++size_;
  }

  /// Closes the gap, so that no tombstone lengthens later searches.
  void erase(std::uint32_t slot) {
    std::uint32_t gap = slot, i = next(slot);
    while (slots_[i].node.valid()) {
      if (distance(home(slots_[i].tag), i) >= distance(gap, i)) {
        slots_[gap] = slots_[i];
        gap = i;
      }
      i = next(i);
    }
    slots_[gap].node = NodeId{};
    --size_;
  }

  void clear() {
    slots_.clear();
    size_ = 0;
  }
  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const { return slots_.capacity() * sizeof(Slot); }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    NodeId node;
  };

  std::uint32_t home(std::uint32_t tag) const {
    return static_cast<std::uint32_t>((std::uint64_t{tag} * slots_.size()) >> 32);
  }
  std::uint32_t next(std::uint32_t i) const { return i + 1 == slots_.size() ? 0 : i + 1; }
  std::uint32_t distance(std::uint32_t from, std::uint32_t to) const {
    return to >= from ? to - from : static_cast<std::uint32_t>(to + slots_.size() - from);
  }
  void place(std::uint32_t tag, NodeId node) {
    std::uint32_t i = home(tag);
    while (slots_[i].node.valid()) i = next(i);
    slots_[i] = {tag, node};
  }
  void grow() {
    std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() + slots_.size() / 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.node.valid()) place(slot.tag, slot.node);
    }
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace bafe

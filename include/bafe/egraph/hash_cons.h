#pragma once
/// Table of node ids under 40 bits of hash: buckets of one cache line, each with twelve ids, their
/// 8-bit tags and a count of ids that found it full. Keys live elsewhere: the caller compares.

#include <bit>
#include <cstdint>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "bafe/base/id.h"
#include "bafe/egraph/flat_array.h"

namespace bafe {

class HashCons {
 public:
  struct Slot {
    std::uint32_t bucket = 0, lane = kNone;
    bool valid() const { return lane != kNone; }
  };

  /// The entry under `hash` for which `same(node)` holds.
  template <class Same>
  Slot find(std::uint64_t hash, Same&& same) const {
    if (buckets_.empty()) return {};
    std::uint8_t tag = tag_of(hash);
    for (std::uint32_t b = home(hash);; b = next(b)) {
      const Bucket& bucket = buckets_[b];
      for (std::uint32_t lanes = matching(bucket, tag); lanes; lanes &= lanes - 1) {
        auto lane = static_cast<std::uint32_t>(std::countr_zero(lanes));
        if (same(bucket.nodes[lane])) return {b, lane};
      }
      if (bucket.passed == 0) return {};
    }
  }
  /// The same; the node itself.
  template <class Same>
  NodeId find_node(std::uint64_t hash, Same&& same) const {
    std::size_t count = buckets_.size();
    if (count == 0) return {};
    std::uint8_t tag = tag_of(hash);
    const Bucket* bucket = buckets_.data() + home(hash);
    for (;;) {
      for (std::uint32_t lanes = matching(*bucket, tag); lanes; lanes &= lanes - 1) {
        NodeId node = bucket->nodes[std::countr_zero(lanes)];
        if (same(node)) return node;
      }
      if (bucket->passed == 0) return {};
      if (++bucket == buckets_.end()) bucket = buckets_.begin();
    }
  }
  /// The first entry of the home bucket with the right tag, not compared; none if there is none.
  NodeId guess(std::uint64_t hash) const {
    if (buckets_.empty()) return {};
    const Bucket& bucket = buckets_[home(hash)];
    std::uint32_t lanes = matching(bucket, tag_of(hash));
    return lanes ? bucket.nodes[std::countr_zero(lanes)] : NodeId{};
  }
  void prefetch(std::uint64_t hash) const {
    if (!buckets_.empty()) __builtin_prefetch(&buckets_[home(hash)]);
  }

  NodeId node(Slot slot) const { return buckets_[slot.bucket].nodes[slot.lane]; }
  void replace(Slot slot, NodeId node) { buckets_[slot.bucket].nodes[slot.lane] = node; }

  /// No further insert() until grow().
  bool is_full() const { return size_ >= limit_; }
  /// Empties the table and makes it larger; everything is to be inserted again.
  void grow() {
    std::size_t buckets = buckets_.size() + buckets_.size() / 2 + 8;
    buckets_.reset(buckets);
    limit_ = buckets * (kLanes * 7) / 8;
    size_ = 0;
  }

  /// Needs that no equal key is there, and !is_full().
  void insert(std::uint64_t hash, NodeId node) {
    std::uint32_t b = home(hash);
    for (;; b = next(b)) {
      Bucket& bucket = buckets_[b];
      std::uint32_t free = matching(bucket, 0);
      if (free) {
        auto lane = static_cast<std::uint32_t>(std::countr_zero(free));
        bucket.tags[lane] = tag_of(hash);
        bucket.nodes[lane] = node;
        ++size_;
        return;
      }
      ++bucket.passed;
    }
  }

  /// `hash` is the one that the entry was inserted under.
  void erase(Slot slot, std::uint64_t hash) {
    buckets_[slot.bucket].tags[slot.lane] = 0;
    for (std::uint32_t b = home(hash); b != slot.bucket; b = next(b)) --buckets_[b].passed;
    --size_;
  }

  void clear() {
    buckets_.reset(0);
    size_ = limit_ = 0;
  }
  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const { return buckets_.memory_bytes(); }

 private:
  static constexpr std::uint32_t kNone = 0xffffffffu, kLanes = 12;
  struct alignas(64) Bucket {
    std::uint8_t tags[kLanes];  ///< 0: free
    std::uint32_t passed;
    NodeId nodes[kLanes];
  };

  static std::uint8_t tag_of(std::uint64_t hash) {
    auto tag = static_cast<std::uint8_t>(hash);
    return tag ? tag : 1;
  }
  std::uint32_t home(std::uint64_t hash) const {
    return static_cast<std::uint32_t>(((hash >> 32) * buckets_.size()) >> 32);
  }
  std::uint32_t next(std::uint32_t b) const { return b + 1 == buckets_.size() ? 0 : b + 1; }

  /// Bit `lane` is set where the tag is `tag`.
  static std::uint32_t matching(const Bucket& bucket, std::uint8_t tag) {
#ifdef __SSE2__
    __m128i tags = _mm_loadu_si128(reinterpret_cast<const __m128i*>(&bucket));
    __m128i equal = _mm_cmpeq_epi8(tags, _mm_set1_epi8(static_cast<char>(tag)));
    return static_cast<std::uint32_t>(_mm_movemask_epi8(equal)) & ((1u << kLanes) - 1);
#else
    std::uint32_t found = 0;
    for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
      found |= (bucket.tags[lane] == tag ? 1u : 0u) << lane;
    }
    return found;
#endif
  }

  FlatArray<Bucket> buckets_;
  std::size_t size_ = 0, limit_ = 0;
};

}  // namespace bafe

#pragma once
/// Memory whose pages stay: results of calls, arenas and constants come from one pool, so a call
/// does not pay for fresh pages again after an earlier result has died.

#include <cstdint>

namespace bafe {

/// Sizes from which the pool serves arrays; smaller ones stay with the caller's allocator.
inline constexpr std::int64_t kPooledBytes = 64 << 10;

/// At least `bytes` of memory, 64-byte aligned, not zeroed; from 2 MiB on it begins at a 2 MiB
/// border and asks for huge pages. nullptr when there is none. Any thread, also after fork().
void* take_memory(std::int64_t bytes);
/// What take_memory gave, or nullptr. Idle blocks are kept up to BAFE_MEMORY_BYTES, and never more
/// than a quarter of the machine's or the container's memory; the oldest go first.
void give_memory(void* data);
/// Bytes that the block at `data` can hold.
std::int64_t memory_bytes(const void* data);

struct MemoryUse {
  std::int64_t idle_bytes = 0;  ///< kept for reuse
  std::int64_t used_bytes = 0;  ///< given out
  std::int64_t reused = 0;      ///< requests served by an idle block
};
MemoryUse memory_use();
/// Frees idle blocks, oldest first, until at most `keep` bytes are left.
void trim_memory(std::int64_t keep);

}  // namespace bafe

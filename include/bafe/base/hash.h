#pragma once
/// Hashes for tables in memory (xxHash). Not for names on disk: see digest.h.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bafe {

/// 64-bit hash of `size` bytes; equal in every process on every machine of one byte order.
std::uint64_t hash_bytes(const void* data, std::size_t size, std::uint64_t seed = 0);
inline std::uint64_t hash_text(std::string_view text, std::uint64_t seed = 0) {
  return hash_bytes(text.data(), text.size(), seed);
}
/// Mixes one more word into a running hash.
inline std::uint64_t hash_mix(std::uint64_t hash, std::uint64_t word) {
  hash ^= word + 0x9e3779b97f4a7c15ull + (hash << 12) + (hash >> 4);
  hash *= 0xff51afd7ed558ccdull;
  return hash ^ (hash >> 32);
}

}  // namespace bafe

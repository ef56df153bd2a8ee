#pragma once
/// Hashes of the hash-cons: operator, then the words of children's classes, then the attribute
/// record.

#include <cstdint>

namespace bafe {

inline std::uint64_t key_start(std::uint32_t op) { return (op + 1) * 0x9e3779b97f4a7c15ull; }
inline std::uint64_t key_word(std::uint64_t hash, std::uint32_t word) {
  hash = (hash ^ word) * 0xd6e8feb86659fd93ull;
  return hash ^ (hash >> 32);
}
/// High and low bits are both mixed: the high ones choose a bucket, the low ones are the tag.
inline std::uint64_t key_end(std::uint64_t hash) {
  hash *= 0x9e3779b97f4a7c15ull;
  return hash ^ (hash >> 29);
}

}  // namespace bafe

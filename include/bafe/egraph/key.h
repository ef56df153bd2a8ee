#pragma once
/// Tags of the hash-cons: operator, then the words of children's classes, then the attribute
/// record.

#include <cstdint>

namespace bafe {

inline std::uint64_t key_start(std::uint32_t op) { return (op + 1) * 0x9e3779b97f4a7c15ull; }
inline std::uint64_t key_word(std::uint64_t hash, std::uint32_t word) {
  hash = (hash ^ word) * 0xd6e8feb86659fd93ull;
  return hash ^ (hash >> 32);
}
inline std::uint32_t key_tag(std::uint64_t hash) {
  return static_cast<std::uint32_t>((hash * 0x9e3779b97f4a7c15ull) >> 32);
}

}  // namespace bafe

#include "bafe/base/hash.h"

#include <xxhash.h>

namespace bafe {

std::uint64_t hash_bytes(const void* data, std::size_t size, std::uint64_t seed) {
  return XXH3_64bits_withSeed(data, size, seed);
}

}  // namespace bafe

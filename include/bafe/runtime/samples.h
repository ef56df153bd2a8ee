#pragma once
/// Drawn arguments: what kernels are compared and timed on.

#include <cstdint>
#include <span>
#include <vector>

#include "bafe/runtime/arena.h"
#include "bafe/runtime/engine.h"

namespace bafe {

/// A fixed sequence: equal programs see equal samples in every process.
class SampleSource {
 public:
  explicit SampleSource(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ull;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

enum class Floats : std::uint8_t {
  kPositive,  ///< in [1/4, 5/4): roots and logarithms have values
  kSigned     ///< in [-1, 1)
};
enum class Integers : std::uint8_t {
  kBits,     ///< 0 and 1: no index of a real axis is out of range
  kSmall,    ///< 0 to 6
  kNonZero,  ///< 1 to 3, and their negatives where the dtype has them: divisors
  kOnes      ///< 1: divisors that are indices too
};

/// Fills the `type_bytes(type)` bytes at `out`.
void draw_elements(const Type& type, Floats floats, Integers integers, SampleSource& draw,
                   void* out);

/// Blocks for arguments or results, not initialised.
struct Buffers {
  std::vector<Block> blocks;
  std::vector<void*> pointers;
  explicit Buffers(std::span<const BufferSpec> specs);
  /// Copies an argument to buffer i and lets it begin where the original begins within a cache
  /// line: vector loads that cross lines take twice the time.
  void copy_in(std::size_t i, const void* source, std::int64_t bytes);
};

}  // namespace bafe

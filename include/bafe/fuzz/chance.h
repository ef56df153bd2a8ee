#pragma once
/// Random choices from a seed, equal in every process: standard distributions differ between
/// libraries.

#include <cstdint>
#include <vector>

namespace bafe {

class Chance {
 public:
  /// The state is a product of the seed, so that streams of neighbouring seeds do not overlap.
  explicit Chance(std::uint64_t seed) : state_((seed + 1) * 0xd1342543de82ef95ull) {
    state_ = next();
  }
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  /// In [0, n); n > 0.
  int below(std::int64_t n) { return static_cast<int>(next() % static_cast<std::uint64_t>(n)); }
  bool percent(int share) { return below(100) < share; }
  double between(double low, double high) {
    return low + (high - low) * static_cast<double>(next() >> 11) * 0x1p-53;
  }
  template <class T>
  const T& of(const std::vector<T>& from) {
    return from[static_cast<std::size_t>(below(static_cast<std::int64_t>(from.size())))];
  }

 private:
  std::uint64_t state_;
};

}  // namespace bafe

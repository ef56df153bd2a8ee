#pragma once
/// A binary format of a few bits, small enough to try every value: zeros of both signs, subnormals,
/// normal numbers, Inf and NaN, rounded to nearest even.

#include <vector>

namespace bafe {

struct MiniFloat {
  int exponent_bits = 4, mantissa_bits = 3;
  double round(double x) const;
  std::vector<double> values() const;  ///< each once; one NaN
};

}  // namespace bafe

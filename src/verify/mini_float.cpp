// In: doubles. Out: the nearest numbers of a format whose exponents and mantissas have few bits.
#include "mini_float.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bafe {

double MiniFloat::round(double x) const {
  if (!std::isfinite(x) || x == 0) return x;
  int bias = (1 << (exponent_bits - 1)) - 1, exponent = 0;
  std::frexp(x, &exponent);
  int scale = std::max(exponent - 1, 1 - bias) - mantissa_bits;
  double rounded = std::ldexp(std::nearbyint(std::ldexp(x, -scale)), scale);
  double limit = std::ldexp(2.0, bias);
  if (std::fabs(rounded) >= limit) rounded = std::numeric_limits<double>::infinity();
  return std::copysign(rounded, x);
}

std::vector<double> MiniFloat::values() const {
  int bias = (1 << (exponent_bits - 1)) - 1;
  std::vector<double> out = {std::numeric_limits<double>::quiet_NaN()};
  for (double sign : {1.0, -1.0}) {
    for (int e = 0; e < (1 << exponent_bits) - 1; ++e) {
      for (int m = 0; m < (1 << mantissa_bits); ++m) {
        double fraction = std::ldexp(m, -mantissa_bits) + (e > 0);
        out.push_back(sign * std::ldexp(fraction, std::max(e, 1) - bias));
      }
    }
    out.push_back(sign * std::numeric_limits<double>::infinity());
  }
  return out;
}

}  // namespace bafe

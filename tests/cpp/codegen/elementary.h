#pragma once
/// What elementary functions should give, for tests: references in a wider type, the promised
/// errors, and the unit in which errors are counted. An f32 result is compared with libm in double,
/// whose own error (glibc states at most 5 units of double) is below 2^-26 of an f32 unit; an f64
/// result with libm in 80 bits, whose error is below 2^-8 of an f64 unit. Nothing is shared with
/// the code under test.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

namespace bafe {

static_assert(std::numeric_limits<long double>::digits >= 64, "f64 needs a wider reference");

/// The type in which T's results are judged.
template <class T>
using Wider = std::conditional_t<sizeof(T) == 4, double, long double>;

template <class W>
W sigmoid_of(W x) {
  const W e = std::exp(-std::abs(x));
  return (x < 0 ? e : W(1)) / (1 + e);
}

/// x times the factor that may be below W's range where the product is not.
template <class W>
W silu_of(W x) {
  const W half = std::exp(-std::abs(x) / 2), e = half * half;
  return x < 0 ? x * half / (1 + e) * half : x / (1 + e);
}

/// x/2 erfc(-x / sqrt(2)). The rounding of the argument moves erfc by its slope there, which for
/// large arguments is far more than the rounding itself.
template <class W>
W gelu_of(W x) {
  constexpr long double kRoot = 0.707106781186547524400844362104849039L;
  constexpr bool kIs80Bit = std::numeric_limits<W>::digits == 64;
  const W high = static_cast<W>(kRoot);  // of 1/sqrt(2), and what it lacks:
  const W rest =
      kIs80Bit ? static_cast<W>(1.8950325588932570797e-20L) : static_cast<W>(kRoot - high);
  const W y = -x * high, size = std::abs(y);
  const W low = size < 150 ? std::fma(-x, high, -y) - x * rest : W(0);
  const W slope =
      W(-1.128379167095512573896158903121545172L) * std::exp(size < 150 ? -y * y : W(0));
  return x * ((std::erfc(y) + slope * low) / 2);
}

/// One function of one argument and the units of the last place it may be off.
struct Elementary {
  const char* name;  ///< of the operator
  void (*near)(const float* x, double* y, std::int64_t count);
  long double (*exact)(long double);
  double f32_ulps, f64_ulps;

  template <class T>
  double limit() const {
    return sizeof(T) == 4 ? f32_ulps : f64_ulps;
  }
  double wide(float x) const {
    double y;
    near(&x, &y, 1);
    return y;
  }
  long double wide(double x) const { return exact(static_cast<long double>(x)); }
};

#ifdef _OPENMP
#define BAFE_SIMD _Pragma("omp simd")  // glibc has vectors of these functions, at most 4 units off
#else
#define BAFE_SIMD
#endif
#define BAFE_BOTH(f)                                                                    \
  [](const float* x, double* y, std::int64_t n) {                                       \
    BAFE_SIMD for (std::int64_t i = 0; i < n; ++i) y[i] = f(static_cast<double>(x[i])); \
  },                                                                                    \
      [](long double x) { return f(x); }
inline constexpr Elementary kElementary[] = {
    {"exp", BAFE_BOTH(std::exp), 1, 1},       {"log", BAFE_BOTH(std::log), 1, 1},
    {"sqrt", BAFE_BOTH(std::sqrt), 0.5, 0.5}, {"rsqrt", BAFE_BOTH(1 / std::sqrt), 2, 2},
    {"log1p", BAFE_BOTH(std::log1p), 2, 2},   {"expm1", BAFE_BOTH(std::expm1), 2, 2},
    {"tanh", BAFE_BOTH(std::tanh), 2, 2},     {"sigmoid", BAFE_BOTH(sigmoid_of), 2, 2},
    {"erf", BAFE_BOTH(std::erf), 2, 2},       {"erfc", BAFE_BOTH(std::erfc), 2, 2},
    {"gelu", BAFE_BOTH(gelu_of), 2, 2},       {"silu", BAFE_BOTH(silu_of), 2, 2},
    {"sin", BAFE_BOTH(std::sin), 2, 2},       {"cos", BAFE_BOTH(std::cos), 2, 2},
};
#undef BAFE_BOTH
#undef BAFE_SIMD

/// The unit of T's last place at `x`, as a factor to divide by: 1/unit.
template <class T>
Wider<T> per_unit(Wider<T> x) {
  constexpr int kLowest = std::numeric_limits<T>::min_exponent - 1;
  constexpr int kHighest = std::numeric_limits<T>::max_exponent - 1;
  int exponent = kLowest;
  if constexpr (sizeof(T) == 4)
    exponent = static_cast<int>(std::bit_cast<std::uint64_t>(x) >> 52 & 0x7ff) - 1023;
  else if (x != 0)
    exponent = std::ilogb(x);
  exponent = std::numeric_limits<T>::digits - 1 - std::clamp(exponent, kLowest, kHighest);
  if constexpr (sizeof(T) == 4)
    return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
  else
    return std::ldexp(Wider<T>(1), exponent);
}

/// |got - exact| in units of T's last place at `exact`; Inf counts as the power of two above the
/// largest number. A NaN in one of the two, or a zero of the wrong sign, is 1e9.
template <class T>
double ulps_off(T got, Wider<T> exact) {
  using W = Wider<T>;
  constexpr W beyond = sizeof(T) == 4 ? W(0x1p128) : W(0x1p1023) * 2;
  const W y = static_cast<W>(got), size = std::abs(y) > beyond ? beyond : std::abs(y);
  const W want = std::abs(exact) > beyond ? beyond : std::abs(exact);
  const bool same_sign = std::signbit(y) == std::signbit(exact);
  const bool nan = got != got, nan_wanted = exact != exact;
  const double off =
      static_cast<double>(std::abs(same_sign ? size - want : size + want) * per_unit<T>(want));
  const double number = (size == 0) & !same_sign ? 1e9 : off;
  return nan & nan_wanted ? 0 : nan | nan_wanted ? 1e9 : number;
}

}  // namespace bafe

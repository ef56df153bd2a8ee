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
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}

/// x times the factor that may be below W's range where the product is not.
template <class W>
W silu_of(W x) {
  return x < -80 ? x * std::exp(x / 2) * std::exp(x / 2) : x * sigmoid_of(x);
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
  const W y = -x * high;
  if (!std::isfinite(x) || std::abs(y) > 150) return x * (std::erfc(y) / 2);
  const W low = std::fma(-x, high, -y) - x * rest;
  const W slope = static_cast<W>(-1.128379167095512573896158903121545172L) * std::exp(-y * y);
  return x * ((std::erfc(y) + slope * low) / 2);
}

/// One function of one argument and the units of the last place it may be off.
struct Elementary {
  const char* name;  ///< of the operator
  double (*near)(double);
  long double (*exact)(long double);
  double f32_ulps, f64_ulps;

  template <class T>
  double limit() const {
    return sizeof(T) == 4 ? f32_ulps : f64_ulps;
  }
  double wide(float x) const { return near(static_cast<double>(x)); }
  long double wide(double x) const { return exact(static_cast<long double>(x)); }
};

#define BAFE_BOTH(f) [](double x) { return f(x); }, [](long double x) { return f(x); }
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
  if (got != got || exact != exact) return (got != got) == (exact != exact) ? 0 : 1e9;
  if (got == 0 && std::signbit(got) != std::signbit(exact)) return 1e9;
  const Wider<T> beyond = sizeof(T) == 4 ? Wider<T>(0x1p128) : std::ldexp(Wider<T>(1), 1024);
  const Wider<T> y = std::isinf(got) ? std::copysign(beyond, got) : static_cast<Wider<T>>(got);
  const Wider<T> want = std::abs(exact) > beyond ? std::copysign(beyond, exact) : exact;
  return static_cast<double>(std::abs(y - want) * per_unit<T>(want));
}

}  // namespace bafe

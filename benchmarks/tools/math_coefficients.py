"""Derive the polynomial coefficients of bafe/codegen/math_c_tables.h.

Chebyshev interpolation in 60 digits (mpmath.chebyfit), rounded to double at the end. Run

    python benchmarks/tools/math_coefficients.py > include/bafe/codegen/math_c_tables.h

The error printed beside a table is that of the unrounded polynomial over its interval.
"""

from mpmath import atanh, chebyfit, cos, erf, erfc, exp, log, mp, mpf, pi, sin, sqrt, tanh

mp.dps = 60
LN2_HALF = log(2) / 2 * mpf("1.0001")
S_MAX = ((sqrt(2) - 1) / (sqrt(2) + 1)) ** 2 * mpf("1.001")
QUARTER_PI = (pi / 4 * mpf("1.0001")) ** 2


def exp_tail(r):
    """(exp(r) - 1 - r) / r**2."""
    return (exp(r) - 1 - r) / r**2 if abs(r) > 1e-18 else mpf(1) / 2 + r / 6


def tanh_tail(z):
    """(tanh(x) / x - 1) / z with z = x**2."""
    return (tanh(sqrt(z)) / sqrt(z) - 1) / z if z > 1e-25 else -mpf(1) / 3 + 2 * z / 15


def log_tail(z):
    """(2 atanh(s) / s - 2) / z with z = s**2."""
    return (2 * atanh(sqrt(z)) / sqrt(z) - 2) / z if z > 1e-25 else mpf(2) / 3 + 2 * z / 5


def log_tail2(z):
    """(log_tail(z) - 2/3) / z."""
    return (log_tail(z) - mpf(2) / 3) / z if z > 1e-20 else mpf(2) / 5 + 2 * z / 7


def sin_tail(z):
    """(sin(r) / r - 1) / z with z = r**2."""
    return (sin(sqrt(z)) / sqrt(z) - 1) / z if z > 1e-25 else -mpf(1) / 6 + z / 120


def cos_tail(z):
    """(cos(r) - 1 + z/2) / z**2 with z = r**2."""
    return (cos(sqrt(z)) - 1 + z / 2) / z**2 if z > 1e-18 else mpf(1) / 24 - z / 720


def erf_tail(z):
    """erf(x) / x - 1 with z = x**2."""
    return erf(sqrt(z)) / sqrt(z) - 1 if z > 1e-30 else 2 / sqrt(pi) - 1 - 2 * z / (3 * sqrt(pi))


def scaled_erfc(centre):
    """(1 + 2x) exp(x**2) erfc(x) as a function of t = (x - centre) / (x + centre)."""

    def value(t):
        x = centre * (1 + t) / (1 - t)
        if x < 5:
            return exp(x * x) * erfc(x) * (1 + 2 * x)
        fraction = mpf(x)
        for i in range(int(400 / float(x)) + 60, 0, -1):
            fraction = x + mpf(i) / 2 / fraction
        return (1 + 2 * x) / (sqrt(pi) * fraction)

    return value


def table(name, f, low, high, terms, about):
    coefficients, error = chebyfit(f, [mpf(low), mpf(high)], terms, error=True)
    print(f"/// {about}; error 2^{float(log(error, 2)):.1f}.")
    print(f"inline constexpr const char* {name}[] = {{")
    texts = [f'"{float(c).hex()}"' for c in coefficients[::-1]]
    for i in range(0, len(texts), 4):
        print("    " + ", ".join(texts[i : i + 4]) + ",")
    print("};")


def two_over_pi(bits):
    digits = []
    mp.prec = 1600
    rest = 2 / pi
    for _ in range(1280 // bits):
        rest *= 2**bits
        word = int(rest)
        rest -= word
        digits.append(word)
    mp.dps = 60
    return digits


print("#pragma once")
print("/// Coefficients of elementary functions, lowest power first, as C literals.")
print("/// Made by benchmarks/tools/math_coefficients.py; do not edit.")
print("\nnamespace bafe {\n")
table("kExpF32", exp_tail, -LN2_HALF, LN2_HALF, 5, "exp for float")
table(
    "kTanhF32", tanh_tail, 0, mpf("0.66") ** 2, 5, "(tanh(x) / x - 1) / x^2 in x^2 for |x| <= 0.66"
)
table("kExpMid", exp_tail, -LN2_HALF, LN2_HALF, 6, "exp in double for float results")
table("kExpF64", exp_tail, -LN2_HALF, LN2_HALF, 11, "exp for double")
table("kLogMid", log_tail, 0, S_MAX, 5, "log in double for float results")
table("kLogF64", log_tail, 0, S_MAX, 8, "log for double")
table("kLogTail", log_tail2, 0, S_MAX, 8, "log for pow in double")
table("kSinMid", sin_tail, 0, QUARTER_PI, 4, "sin in double for float results")
table("kCosMid", cos_tail, 0, QUARTER_PI, 4, "cos in double for float results")
table("kSinF64", sin_tail, 0, QUARTER_PI, 7, "sin for double")
table("kCosF64", cos_tail, 0, QUARTER_PI, 7, "cos for double")
table("kErfMid", erf_tail, 0, "1.002", 9, "erf below 1 in double for float results")
table("kErfF64", erf_tail, 0, "1.002", 15, "erf below 1 for double")
K = mpf(2)
table(
    "kErfcMid", scaled_erfc(K), -1, (28 - K) / (28 + K), 14, "scaled erfc, centre 2, float results"
)
K = mpf(4)
table("kErfcF64", scaled_erfc(K), -1, (28 - K) / (28 + K), 24, "scaled erfc, centre 4, for double")
for name, bits in (("kTwoOverPi32", 32), ("kTwoOverPi64", 64)):
    count = 7 if bits == 32 else 20
    print(f"/// The first {count * bits} bits of 2/pi after the point, in words of {bits}.")
    print(f"inline constexpr const char* {name}[] = {{")
    suffix = "u" if bits == 32 else "ull"
    words = [f'"{w:#x}{suffix}"' for w in two_over_pi(bits)[:count]]
    for i in range(0, len(words), 4):
        print("    " + ", ".join(words[i : i + 4]) + ",")
    print("};")
print("\n}  // namespace bafe")

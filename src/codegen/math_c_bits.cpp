// What other texts stand on: bit casts, classes, rounding to integers, maximum and minimum, and the
// two divisions of NumPy. Invariant: no text calls a function that a linker would have to find;
// where an ISA has no rounding instruction, rounding is done by adding and subtracting 2^23 or
// 2^52.

#include "bafe/codegen/math_c_parts.h"

namespace bafe {
namespace {

struct Width {
  const char *type, *suffix, *bits, *to_bits, *from_bits, *builtin, *big, *one_half;
};
constexpr Width kWidths[] = {
    {"float", "f32", "unsigned", "bafe_bits_f32", "bafe_float_f32", "f", "0x1p23f", "0.5f"},
    {"double", "f64", "unsigned long long", "bafe_bits_f64", "bafe_double_f64", "", "0x1p52",
     "0.5"},
};

/// Replaces T, S, U, B, F and X (upper case between $ signs) by the width's names.
std::string fill(std::string text, const Width& w) {
  const std::pair<const char*, const char*> names[] = {
      {"$T", w.type},      {"$S", w.suffix},  {"$U", w.bits}, {"$B", w.to_bits},
      {"$F", w.from_bits}, {"$X", w.builtin}, {"$G", w.big},  {"$H", w.one_half}};
  for (const auto& [from, to] : names) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos;)
      text.replace(at, 2, to);
  }
  return text;
}

void add(MathTable& table, const Width& w, const std::string& name, const std::string& text) {
  table["bafe_" + name + "_" + w.suffix] = fill(text, w);
}

void add_bits(MathTable& table, const Width& w) {
  table[w.to_bits] =
      fill("static inline $U $B($T x) { $U u; memcpy(&u, &x, sizeof u); return u; }\n", w);
  table[w.from_bits] =
      fill("static inline $T $F($U u) { $T x; memcpy(&x, &u, sizeof x); return x; }\n", w);
  add(table, w, "isnan", "static inline int bafe_isnan_$S($T x) { return x != x; }\n");
  add(table, w, "isfinite", "static inline int bafe_isfinite_$S($T x) { return x - x == 0; }\n");
  add(table, w, "abs", "static inline $T bafe_abs_$S($T x) { return __builtin_fabs$X(x); }\n");
  // Equal operands differ at most in the sign of zero: "and" of their bits is +0, "or" is -0.
  add(table, w, "max", R"(static inline $T bafe_max_$S($T a, $T b) {
  $T y = a > b ? a : b;
  y = a == b ? $F($B(a) & $B(b)) : y;
  return (a != a) | (b != b) ? a + b : y;
}
)");
  add(table, w, "min", R"(static inline $T bafe_min_$S($T a, $T b) {
  $T y = a < b ? a : b;
  y = a == b ? $F($B(a) | $B(b)) : y;
  return (a != a) | (b != b) ? a + b : y;
}
)");
}

void add_rounding(MathTable& table, const Width& w, bool has_instruction) {
  if (has_instruction) {
    for (const char* name : {"floor", "ceil", "rint"}) {
      add(table, w, name,
          std::string("static inline $T bafe_") + name + "_$S($T x) { return __builtin_" + name +
              "$X(x); }\n");
    }
    return;
  }
  add(table, w, "rint", R"(static inline $T bafe_rint_$S($T x) {
  const $T a = __builtin_fabs$X(x), y = (a + $G) - $G;
  return a < $G ? __builtin_copysign$X(y, x) : x;
}
)");
  add(table, w, "floor", R"(static inline $T bafe_floor_$S($T x) {
  const $T y = bafe_rint_$S(x);
  return y > x ? y - 1 : y;
}
)");
  add(table, w, "ceil", R"(static inline $T bafe_ceil_$S($T x) {
  const $T y = bafe_rint_$S(x);
  return __builtin_copysign$X(y < x ? y + 1 : y, x);
}
)");
}

/// The exact remainder with the sign of x, by long division of the significands, 11 bits a step.
constexpr const char* kFmod = R"(static inline double bafe_fmod_f64(double x, double y) {
  unsigned long long a = bafe_bits_f64(x), b = bafe_bits_f64(y);
  const unsigned long long sign = a >> 63 << 63, point = 1ull << 52;
  a = a << 1 >> 1;
  b = b << 1 >> 1;
  if (a >= 0x7ff0000000000000ull || b > 0x7ff0000000000000ull || b == 0) return x * y / (x * y);
  if (a < b) return x;
  int ea = (int)(a >> 52), eb = (int)(b >> 52);
  a = ea ? (a & (point - 1ull)) | point : a;
  b = eb ? (b & (point - 1ull)) | point : b;
  ea += !ea;
  eb += !eb;
  a %= b;
  while (ea > eb && a) {
    const int step = ea - eb < 11 ? ea - eb : 11;
    a = (a << step) % b;
    ea -= step;
  }
  if (!a) return bafe_double_f64(sign);
  while (a < point && eb > 1) {
    a <<= 1;
    eb--;
  }
  a = a >= point ? (a - point) | (unsigned long long)eb << 52 : a;
  return bafe_double_f64(a | sign);
}
)";

void add_divisions(MathTable& table, const Width& w) {
  add(table, w, "mod", R"(static inline $T bafe_mod_$S($T a, $T b) {
  $T m = ($T)bafe_fmod_f64((double)a, (double)b);
  if (b == 0) return m;
  if (m == 0) return __builtin_copysign$X(0, b);
  return (b < 0) != (m < 0) ? m + b : m;
}
)");
  add(table, w, "floordiv", R"(static inline $T bafe_floordiv_$S($T a, $T b) {
  if (b == 0) return a / b;
  $T m = ($T)bafe_fmod_f64((double)a, (double)b), d = (a - m) / b;
  if (m != 0 && (b < 0) != (m < 0)) d = d - 1;
  if (d == 0) return __builtin_copysign$X(0, a / b);
  $T y = bafe_floor_$S(d);
  return d - y > $H ? y + 1 : y;
}
)");
  add(table, w, "sqrt", "static inline $T bafe_sqrt_$S($T x) { return __builtin_sqrt$X(x); }\n");
  add(table, w, "rsqrt",
      "static inline $T bafe_rsqrt_$S($T x) { return 1 / __builtin_sqrt$X(x); }\n");
}

}  // namespace

void add_bits_math(MathTable& table) {
  for (const Width& w : kWidths) add_bits(table, w);
}

void add_rounding_math(MathTable& table, const Target& target) {
  table["bafe_fmod_f64"] = kFmod;
  for (const Width& w : kWidths) {
    add_rounding(table, w, target.isa != Isa::kPlain);
    add_divisions(table, w);
  }
}

}  // namespace bafe

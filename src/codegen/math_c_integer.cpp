// Integers and conversions. Invariant: every operation is defined for every operand. Arithmetic
// that may overflow is done unsigned; a float outside an integer's range becomes what Scalar::cast
// gives: the lowest signed value's bits, except that values a 64-bit integer holds wrap into
// unsigned types.

#include "bafe/base/format.h"
#include "bafe/codegen/math_c.h"
#include "bafe/codegen/math_c_parts.h"

namespace bafe {
namespace {

constexpr DType kIntegers[] = {DType::kI8,  DType::kI16, DType::kI32, DType::kI64, DType::kU8,
                               DType::kU16, DType::kU32, DType::kU64, DType::kBool};

std::string unsigned_c(int bits) {
  return bits == 8    ? "unsigned char"
         : bits == 16 ? "unsigned short"
         : bits == 32 ? "unsigned"
                      : "unsigned long long";
}

void add(MathTable& table, std::string_view name, DType dtype, const char* arguments,
         const std::string& body) {
  const std::string symbol = math_symbol_c(name, dtype);
  const std::string type(dtype_info(dtype).c_text);
  std::string parameters = type + " a";
  if (std::string_view(arguments) == "ab") parameters += ", " + type + " b";
  table[symbol] = format("static inline {} {}({}) {{\n  {}\n}}\n", type, symbol, parameters, body);
}

void add_signed(MathTable& table, DType dtype) {
  const std::string t(dtype_info(dtype).c_text), u = unsigned_c(dtype_info(dtype).bits);
  const std::string negated = format("({0})(0u - ({1})a)", t, u);
  add(table, "abs", dtype, "a", format("return a < 0 ? {} : a;", negated));
  add(table, "floordiv", dtype, "ab",
      format("if (b == 0) return 0;\n  if (b == -1) return {0};\n  const {1} q = ({1})(a / b);\n"
             "  return ({1})(q - (a % b != 0 && (a ^ b) < 0));",
             negated, t));
  add(table, "mod", dtype, "ab",
      format("if (b == 0 || b == -1) return 0;\n  const {0} r = ({0})(a % b);\n"
             "  return ({0})(r != 0 && (r ^ b) < 0 ? r + b : r);",
             t));
  add(table, "shr", dtype, "ab",
      format("return ({0})(({1})b < {2}u ? a >> b : (a < 0 ? -1 : 0));", t, u,
             dtype_info(dtype).bits));
}

void add_unsigned(MathTable& table, DType dtype) {
  const std::string t(dtype_info(dtype).c_text);
  add(table, "abs", dtype, "a", "return a;");
  add(table, "floordiv", dtype, "ab", format("return b == 0 ? 0 : ({})(a / b);", t));
  add(table, "mod", dtype, "ab", format("return b == 0 ? 0 : ({})(a % b);", t));
  add(table, "shr", dtype, "ab",
      format("return ({0})(b < {1}u ? a >> b : 0);", t, dtype_info(dtype).bits));
}

void add_integer(MathTable& table, DType dtype) {
  const DTypeInfo& info = dtype_info(dtype);
  const std::string t(info.c_text), u = unsigned_c(info.bits);
  info.kind == kIntKind ? add_signed(table, dtype) : add_unsigned(table, dtype);
  add(table, "max", dtype, "ab", "return a > b ? a : b;");
  add(table, "min", dtype, "ab", "return a < b ? a : b;");
  add(table, "shl", dtype, "ab",
      format("return ({0})(({1})b < {2}u ? (1ull * ({1})a) << b : 0);", t, u, info.bits));
  add(table, "pow", dtype, "ab",
      format("{0}  unsigned long long base = ({1})a, y = 1, e = ({1})b;\n"
             "  for (; e; e >>= 1) {{\n    if (e & 1u) y *= base;\n    base *= base;\n  }}\n  "
             "return ({2})y;",
             info.kind == kIntKind ? "if (b < 0) return 0;\n" : "", u, t));
}

/// float | double -> integer.
void add_truncation(MathTable& table, DType from, DType to) {
  const DTypeInfo& info = dtype_info(to);
  const std::string symbol = conversion_symbol_c(from, to), t(info.c_text),
                    f(dtype_info(from).c_text);
  const std::string suffix = from == DType::kF32 ? "f" : "";
  const std::string lowest = format("({})(1ull << {})", t, info.bits - 1);
  std::string body;
  if (info.kind == kIntKind && info.bits <= 32) {
    // Truncation happens after the test: everything above low - 1 truncates to low or more.
    const double low = -static_cast<double>(1ull << (info.bits - 1));
    const bool exact = from == DType::kF64 || info.bits < 32;  // low - 1 is a float
    body = format("return x {} {:.1f}{} && x < {:.1f}{} ? ({})(int)x : {};",
                  exact ? ">" : ">=", exact ? low - 1 : low, suffix, -low, suffix, t, lowest);
  } else if (info.bits < 64) {
    body =
        format("return x >= -0x1p63{0} && x < {1:.1f}{0} ? ({2})(long long)x : {3};", suffix,
               info.kind == kUIntKind ? static_cast<double>(1ull << info.bits) : 0x1p63, t, lowest);
  } else if (info.kind == kIntKind) {
    body = format("return x >= -0x1p63{0} && x < 0x1p63{0} ? (long long)x : {1};", suffix, lowest);
  } else {
    body = format(
        "if (x >= 0x1p63{0} && x < 0x1p64{0}) return (unsigned long long)x;\n"
        "  return x >= -0x1p63{0} && x < 0x1p63{0} ? (unsigned long long)(long long)x : {1};",
        suffix, lowest);
  }
  table[symbol] = format("static inline {} {}({} x) {{\n  {}\n}}\n", t, symbol, f, body);
}

/// double -> a 16-bit float with FRACTION fraction bits and exponent bias BIAS, rounded once to
/// even. The value is added to a power of two whose last place is the result's, so the FPU rounds.
std::string narrow(const char* symbol, int fraction, int bias) {
  return format(R"(static inline unsigned short {0}(double x) {{
  const unsigned long long b = bafe_bits_f64(x), a = b & 0x7fffffffffffffffull, top = a >> 52;
  const unsigned long long low = {1}ull;
  const unsigned long long e = top < low ? low : top > 1200ull ? 1200ull : top;
  const double one = bafe_double_f64((e + {2}ull) << 52);
  const double r = (bafe_double_f64(a) + one) - one;
  const unsigned long long rb = bafe_bits_f64(r);
  const unsigned long long kept = r < {3} ? (unsigned long long)(r * {4})
                                           : (rb >> {5}) - ({6}ull << {7});
  const unsigned long long inf = {8}ull;
  unsigned long long y = kept < inf ? kept : inf;
  y = top >= 1200ull ? inf : y;
  y = a > 0x7ff0000000000000ull ? inf | {9}ull | (b >> {5} & {10}ull) : y;
  return (unsigned short)(b >> 63 << 15 | y);
}}
)",
                symbol, 1023 - bias + 1, 52 - fraction, format("0x1p-{}", bias - 1),
                format("0x1p{}", bias - 1 + fraction), 52 - fraction, 1023 - bias, fraction,
                ((1 << (15 - fraction)) - 1) << fraction, 1 << (fraction - 1), (1 << fraction) - 1);
}

void add_half_conversions(MathTable& table) {
  table["bafe_f64_to_f16"] = narrow("bafe_f64_to_f16", 10, 15);
  table["bafe_f64_to_bf16"] = narrow("bafe_f64_to_bf16", 7, 127);
  table["bafe_f32_to_f16"] =
      "static inline unsigned short bafe_f32_to_f16(float x) { return bafe_f64_to_f16((double)x); "
      "}\n";
  table["bafe_f32_to_bf16"] = R"(static inline unsigned short bafe_f32_to_bf16(float x) {
  const unsigned b = bafe_bits_f32(x), r = (b + 0x7fffu + (b >> 16 & 1u)) >> 16;
  return (unsigned short)(x != x ? b >> 16 | 0x40u : r);
}
)";
  table["bafe_bf16_to_f32"] =
      "static inline float bafe_bf16_to_f32(unsigned short h) { return bafe_float_f32((unsigned)h "
      "<< 16); }\n";
  // Exponent and fraction move to their places; the factor corrects the bias, for subnormals too.
  table["bafe_f16_to_f32"] = R"(static inline float bafe_f16_to_f32(unsigned short h) {
  const unsigned a = (unsigned)(h & 0x7fff) << 13;
  const float y = bafe_float_f32(a) * 0x1p112f;
  const unsigned b = a >= 0x0f800000u ? a | 0x7f800000u : bafe_bits_f32(y);
  return bafe_float_f32(b | (unsigned)(h & 0x8000) << 16);
}
)";
}

}  // namespace

void add_integer_math(MathTable& table) {
  for (DType dtype : kIntegers) {
    add_integer(table, dtype);
    if (dtype == DType::kBool) continue;
    add_truncation(table, DType::kF32, dtype);
    add_truncation(table, DType::kF64, dtype);
  }
  add_half_conversions(table);
}

}  // namespace bafe

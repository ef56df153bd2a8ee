// Products without vector types: integers, bool, and floats on a target that has none. C99 only. A
// unit is four rows; 64 columns of accumulators are a local array that compilers keep in registers
// or L1. Integers are computed unsigned, where overflow wraps by definition.

#include "bafe/base/format.h"
#include "bafe/codegen/gemm_text.h"

namespace bafe {
namespace {

/// The accumulator's C type: as wide as the element, unsigned for integers.
std::string accumulator_c(DType dtype) {
  const DTypeInfo& info = dtype_info(dtype);
  if (info.kind == kFloatKind) return std::string(info.c_text);
  switch (info.bits) {
    case 8:
      return "unsigned char";
    case 16:
      return "unsigned short";
    case 32:
      return "unsigned int";
    default:
      return "unsigned long long";
  }
}

std::string step_c(const GemmTiling& t, const Target& target, const std::string& acc) {
  const DType dtype = t.spec.dtype;
  if (dtype_info(dtype).kind == kBoolKind) return format("{0} |= (g_x & g_y);", acc);
  if (is_float(dtype) && target.fma) {
    return format("{0} = __builtin_fma{1}(g_x, g_y, {0});", acc, dtype == DType::kF32 ? "f" : "");
  }
  // The product of two unsigned shorts is an int that can overflow: 1u makes it unsigned.
  return format("{0} = ({1})({0} + {2}g_x * g_y);", acc, accumulator_c(dtype),
                is_float(dtype) ? "" : "1u * ");
}

std::string row_loop_c(const GemmTiling& t, const Target& target) {
  const std::string acc = accumulator_c(t.spec.dtype), type = element_c(t);
  std::string out;
  out += format("      for (long long k = 0; k < {}; k++) {{\n", t.spec.k);
  out += "#pragma GCC ivdep\n";
  out +=
      "        for (long long g_j = 0; g_j < g_wide; g_j++) {\n          const long long j = g_j0 "
      "+ g_j;\n";
  out += format("          g_b[g_j] = ({})({});\n        }}\n", acc,
                load_c(t.spec.b, "g_bm", "k", "j"));
  out +=
      "        for (long long g_r = 0; g_r < g_tall; g_r++) {\n          const long long i = g_i0 "
      "+ g_r;\n";
  out += format("          const {0} g_x = ({0})({1});\n", acc, load_c(t.spec.a, "g_am", "i", "k"));
  out += format(
      "          for (long long g_j = 0; g_j < 64; g_j++) {{ const {} g_y = g_b[g_j]; {} }}\n", acc,
      step_c(t, target, "g_acc[g_r][g_j]"));
  return out + "        }\n      }\n";
}

}  // namespace

std::string plain_nest_c(const GemmTiling& t, const Target& target) {
  const GemmSpec& s = t.spec;
  const std::string acc = accumulator_c(s.dtype), type = element_c(t);
  std::string out = finish_c(t, true) + kernel_head_c(t, s.name) + s.prelude;
  out += "  for (long long g_unit = begin; g_unit < end; g_unit++) {\n";
  out += batch_indices_c(t, format("g_unit / {}", t.row_blocks));
  out += format("    const long long g_t = g_unit % {};\n", t.row_blocks);
  out += format(
      "    const long long g_tall = g_t < {0} ? {1} : {2}, g_i0 = g_t < {0} ? g_t * {1} : {0} * "
      "{1} + "
      "(g_t - {0}) * {2};\n",
      t.rows.first, t.rows.big, t.rows.big - 1);
  if (!s.a.load) out += format("    const {} *g_am = {};\n", type, matrix_c(t, s.a));
  if (!s.b.load) out += format("    const {} *g_bm = {};\n", type, matrix_c(t, s.b));
  out += format(
      "    for (long long g_j0 = 0; g_j0 < {0}; g_j0 += 64) {{\n"
      "      const long long g_wide = {0} - g_j0 < 64 ? {0} - g_j0 : 64;\n"
      "      {1} g_acc[{2}][64], g_b[64];\n      memset(g_acc, 0, sizeof g_acc);\n"
      "      memset(g_b, 0, sizeof g_b);\n",
      s.n, acc, t.rows.big);
  out += row_loop_c(t, target);
  out += format(
      "      {}_out(slot, size, (const {} *)&g_acc[0][0], 64, g_i0, g_tall, g_j0, g_wide{});\n",
      s.name, type, batch_arguments_c(t));
  return out + "    }\n  }\n  return 0;\n}\n";
}

}  // namespace bafe

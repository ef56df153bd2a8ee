// Ranges and copies that structured products share. In comes a band, out go C expressions of the
// part of a line that may be non-zero, and the step that copies the lower half of a symmetric
// result. Invariant: ranges lie inside the matrix, and an empty one has equal ends.

#include <algorithm>

#include "bafe/base/format.h"
#include "bafe/codegen/gemm_text.h"
#include "bafe/codegen/vector_c.h"

namespace bafe {
namespace {

constexpr std::int64_t kMirrorRows = 64;

std::string larger(const std::string& a, const std::string& b) {
  return a == b ? a : format("bafe_larger({}, {})", a, b);
}
std::string smaller(const std::string& a, const std::string& b) {
  return a == b ? a : format("bafe_smaller({}, {})", a, b);
}

/// Blocks of lanes x lanes in registers, from below the diagonal to above it.
std::string mirror_rows_c(const GemmTiling& t) {
  const std::string p = vector_prefix(t.spec.dtype), type = element_c(t);
  const std::int64_t pitch = t.spec.c.row;
  std::string row;
  std::string out = format(
      "    long long i = g_i0;\n    for (; i + {0} <= g_i1; i += {0}) {{\n"
      "      long long j = 0;\n      for (; j + {0} <= i; j += {0}) {{\n"
      "        const {1} *g_read = C + i * {2}ll + j;\n        {1} *g_line = C + j * {2}ll + i;\n",
      t.lanes, type, pitch);
  out += transposed_rows_c(t, "g_read", pitch, row);
  for (int r = 0; r < t.lanes; ++r) {
    out += format("        {}_STORE(g_line + {}, {}{});\n", p, r * pitch, row, r);
  }
  return out +
         format(
             "      }}\n      for (long long g_i = i; g_i < i + {0}; g_i++)\n"
             "        for (long long g_j = j; g_j < g_i; g_j++) C[g_j * {1}ll + g_i] = C[g_i * "
             "{1}ll + g_j];\n    }}\n"
             "    for (; i < g_i1; i++)\n"
             "      for (long long j = 0; j < i; j++) C[j * {1}ll + i] = C[i * {1}ll + j];\n",
             t.lanes, pitch);
}

}  // namespace

std::string band_low_c(const Structure& band, bool along_row, const std::string& at,
                       const std::string& low) {
  // Row i: columns from i - below; column j: rows from j - above.
  const std::int64_t reach = along_row ? band.below : band.above;
  if (reach >= Structure::kUnbounded) return low;
  return larger(low, format("({}) - {}ll", at, reach));
}

std::string band_high_c(const Structure& band, bool along_row, const std::string& at,
                        const std::string& high) {
  const std::int64_t reach = along_row ? band.above : band.below;
  if (reach >= Structure::kUnbounded) return high;
  return smaller(high, format("({}) + {}ll", at, reach + 1));
}

std::string band_range_c(const GemmTiling& t, const std::string& prefix, const std::string& i,
                         const std::string& rows, const std::string& j,
                         const std::string& columns) {
  const GemmSpec& s = t.spec;
  const std::string k = format("{}ll", s.k);
  std::string low = band_low_c(s.a_band, true, i, "0ll");
  low = band_low_c(s.b_band, false, j, low);
  std::string high = band_high_c(s.a_band, true, format("{} + {} - 1", i, rows), k);
  high = band_high_c(s.b_band, false, format("{} + {} - 1", j, columns), high);
  // Both ends may lie outside [0, k) when the line has no element in the band.
  return format(
      "const long long {0}_from = bafe_smaller({1}, {2}), {0}_to = {3};\n"
      "    const long long {0}_lo = {0}_from, {0}_hi = bafe_larger({0}_to, {0}_from);\n",
      prefix, low, k, high);
}

std::int64_t mirror_units(const GemmTiling& t) {
  return t.batch_count() * ((t.spec.m + kMirrorRows - 1) / kMirrorRows);
}

std::string mirror_kernel_c(const GemmTiling& t) {
  const std::int64_t blocks = (t.spec.m + kMirrorRows - 1) / kMirrorRows;
  std::string out = kernel_head_c(t, t.spec.name + "_mirror");
  out += "  for (long long unit = begin; unit < end; unit++) {\n";
  out += batch_indices_c(t, format("unit / {}", blocks));
  out += format(
      "    const long long g_i0 = unit % {0} * {1}, g_i1 = g_i0 + {1} < {2} ? g_i0 + {1} : {2};\n",
      blocks, kMirrorRows, t.spec.m);
  out += format("    {} *C = {};\n", element_c(t), matrix_c(t, t.spec.c, true));
  if (t.spec.c.col == 1) {
    out += mirror_rows_c(t);
  } else {
    out += format(
        "    for (long long i = g_i0; i < g_i1; i++)\n"
        "      for (long long j = 0; j < i; j++) C[{}] = C[{}];\n",
        offset_c("j", t.spec.c.row, "i", t.spec.c.col),
        offset_c("i", t.spec.c.row, "j", t.spec.c.col));
  }
  return out + "  }\n  return 0;\n}\n";
}

}  // namespace bafe

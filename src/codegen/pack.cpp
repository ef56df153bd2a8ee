// Copies of operands. In comes a tiling, out go the pack step of B (panels of whole vectors, one
// after another along k, the last one padded with zeros) and the copy of a block of A into scratch.
// Packing moves values and never changes them; load callbacks are the one place where an element is
// computed.

#include "bafe/base/format.h"
#include "bafe/codegen/gemm_text.h"
#include "bafe/codegen/vector_c.h"

namespace bafe {
namespace {

/// Rows of B are contiguous: one memcpy a row, zeros behind the last column.
std::string pack_rows(const GemmTiling& t) {
  const int bytes = dtype_bytes(t.spec.dtype);
  std::string out = "    for (long long k = 0; k < " + format("{}", t.spec.k) + "; k++) {\n";
  auto copy = [&](std::int64_t vectors) {
    return format("memcpy(g_to + k * {0}, g_from + {1}, {2})", vectors * t.lanes,
                  offset_c("k", t.spec.b.row, "j", 1), vectors * t.lanes * bytes);
  };
  const std::int64_t big = t.columns.big;
  std::string line = copy(big) + ";\n";
  if (t.columns.first != t.columns.count) {
    line = format("if (g_width == {}) {}; else {};\n", big * t.lanes, copy(big), copy(big - 1));
  }
  if (t.spec.n % t.lanes == 0) return out + "      " + line + "    }\n";
  out += format(
      "      if (g_used == g_width) {{ {0}      }} else {{\n"
      "        memcpy(g_to + k * g_width, g_from + {1}, g_used * {2});\n"
      "        memset(g_to + k * g_width + g_used, 0, (g_width - g_used) * {2});\n      }}\n",
      line, offset_c("k", t.spec.b.row, "j", 1), bytes);
  return out + "    }\n";
}

/// One square block in registers.
std::string transpose_block_c(const GemmTiling& t) {
  const std::string p = vector_prefix(t.spec.dtype);
  std::string row, out = transposed_rows_c(t, "g_read", t.spec.b.col, row);
  for (int r = 0; r < t.lanes; ++r) {
    out += format("        {}_STORE(g_line + {} * g_width, {}{});\n", p, r, row, r);
  }
  return out;
}

/// Columns of B are contiguous: square blocks of whole vectors; what is left over goes element by
/// element.
std::string pack_columns(const GemmTiling& t) {
  const std::string type = element_c(t);
  const std::int64_t whole = t.spec.k / t.lanes * t.lanes;
  std::string out = format("    const long long g_whole = g_used / {0} * {0};\n", t.lanes);
  out += format("    for (long long g_c = 0; g_c < g_whole; g_c += {}) {{\n", t.lanes);
  out += format("      for (long long k = 0; k < {}; k += {}) {{\n", whole, t.lanes);
  out += format(
      "        const {} *g_read = g_from + {};\n        {} *g_line = g_to + k * g_width + g_c;\n",
      type, offset_c("k", 1, "j + g_c", t.spec.b.col), type);
  out += transpose_block_c(t) + "      }\n    }\n";
  out += format(
      "    for (long long k = 0; k < {}; k++) {{\n      for (long long g_c = k < {} ? g_whole : 0; "
      "g_c < "
      "g_width; g_c++) {{\n        const long long g_j = j + g_c;\n",
      t.spec.k, whole);
  out += format("        g_to[k * g_width + g_c] = g_c < g_used ? {} : 0;\n      }}\n    }}\n",
                load_c(t.spec.b, "g_from", "k", "g_j"));
  return out;
}

/// Any strides or a load callback.
std::string pack_elements(const GemmTiling& t) {
  std::string out =
      format("    for (long long k = 0; k < {}; k++) {{\n#pragma GCC ivdep\n", t.spec.k);
  out +=
      "      for (long long g_c = 0; g_c < g_used; g_c++) {\n        const long long g_j = j + "
      "g_c;\n";
  out += format("        g_to[k * g_width + g_c] = {};\n      }}\n",
                load_c(t.spec.b, "g_from", "k", "g_j"));
  out += "      for (long long g_c = g_used; g_c < g_width; g_c++) g_to[k * g_width + g_c] = 0;\n";
  return out + "    }\n";
}

/// As pack_elements, with k as the inner loop: the callback's operand is stored by columns.
std::string pack_elements_by_columns(const GemmTiling& t) {
  std::string out =
      "    for (long long g_c = 0; g_c < g_width; g_c++) {\n      const long long g_j = j + g_c;\n";
  out += format(
      "      if (g_c < g_used) for (long long k = 0; k < {}; k++) g_to[k * g_width + g_c] = {};\n",
      t.spec.k, load_c(t.spec.b, "g_from", "k", "g_j"));
  out += format("      else for (long long k = 0; k < {}; k++) g_to[k * g_width + g_c] = 0;\n",
                t.spec.k);
  return out + "    }\n";
}

/// Elements of rows [from, to) one by one.
std::string pack_some_c(const GemmTiling& t, const std::string& from, const std::string& to,
                        const std::string& column) {
  return format(
      "    for (long long k = {}; k < {}; k++) {{\n      for (long long g_c = {}; g_c < g_width; "
      "g_c++) {{\n        const long long g_j = j + g_c;\n"
      "        g_to[k * g_width + g_c] = g_c < g_used ? {} : 0;\n      }}\n    }}\n",
      from, to, column, load_c(t.spec.b, "g_from", "k", "g_j"));
}

/// A masked buffer: rows that the panel needs, those that lie in the band from end to end as they
/// are.
std::string pack_banded(const GemmTiling& t) {
  const GemmOperand& b = t.spec.b;
  const Structure& band = t.spec.b_band;
  const std::int64_t bytes = dtype_bytes(t.spec.dtype);
  const std::string k = format("{}ll", t.spec.k), last = "j + g_used - 1";
  std::string out =
      format("    const long long g_low = bafe_smaller({}, {}), g_high = bafe_larger({}, g_low);\n",
             band_low_c(band, false, "j", "0ll"), k, band_high_c(band, false, last, k));
  out += format("    const long long g_a = bafe_smaller({}, g_high), g_b = bafe_larger({}, g_a);\n",
                band_low_c(band, false, last, "g_low"), band_high_c(band, false, "j", "g_high"));
  out += pack_some_c(t, "g_low", "g_a", "0");
  if (b.col == 1) {
    out += format(
        "    for (long long k = g_a; k < g_b; k++) {{\n"
        "      memcpy(g_to + k * g_width, g_from + {1}, g_used * {0});\n"
        "      memset(g_to + k * g_width + g_used, 0, (g_width - g_used) * {0});\n    }}\n",
        bytes, offset_c("k", b.row, "j", 1));
  } else if (b.row == 1) {
    out += format(
        "    const long long g_whole = g_used / {0} * {0}, g_blocks = g_a + (g_b - g_a) / {0} * "
        "{0};\n"
        "    for (long long g_c = 0; g_c < g_whole; g_c += {0}) {{\n"
        "      for (long long k = g_a; k < g_blocks; k += {0}) {{\n"
        "        const {1} *g_read = g_from + {2};\n"
        "        {1} *g_line = g_to + k * g_width + g_c;\n{3}      }}\n    }}\n",
        t.lanes, element_c(t), offset_c("k", 1, "j + g_c", b.col), transpose_block_c(t));
    out += pack_some_c(t, "g_a", "g_blocks", "g_whole") + pack_some_c(t, "g_blocks", "g_b", "0");
  } else {
    out += pack_some_c(t, "g_a", "g_b", "0");
  }
  return out + pack_some_c(t, "g_b", "g_high", "0");
}

std::string pack_body(const GemmTiling& t) {
  const GemmOperand& b = t.spec.b;
  if (b.plain_inside) return pack_banded(t);
  if (b.load) return b.row == 1 && b.col != 1 ? pack_elements_by_columns(t) : pack_elements(t);
  if (b.col == 1) return pack_rows(t);
  if (b.row == 1) return pack_columns(t);
  return pack_elements(t);
}

/// Declares b0, b1, … of the packed matrix `g_matrix`; dimensions that B repeats along stay 0.
std::string packed_batch_c(const GemmTiling& t) {
  std::string out;
  std::int64_t below = 1;
  for (std::size_t d = t.spec.batch.size(); d-- > 0;) {
    const bool varies = t.spec.b.load || (d < t.spec.b.batch.size() && t.spec.b.batch[d] != 0);
    const std::string value =
        varies ? format("g_matrix / {} % {}", below, t.spec.batch[d]) : std::string("0");
    out += format("    const long long b{0} = {1}; (void)b{0};\n", d, value);
    if (varies) below *= t.spec.batch[d];
  }
  return out;
}

}  // namespace

std::string transposed_rows_c(const GemmTiling& t, const std::string& pointer, std::int64_t stride,
                              std::string& row) {
  const std::string p = vector_prefix(t.spec.dtype);
  const int lanes = t.lanes;
  std::string out;
  for (int r = 0; r < lanes; ++r) {
    out += format("        const {0} r0_{1} = {0}_LOAD({2} + {3});\n", p, r, pointer, r * stride);
  }
  int round = 0;
  for (int done = 1; done < lanes; done *= 2, ++round) {
    for (int r = 0; r < lanes; ++r) {
      out += format("        const {0} r{1}_{2} = {0}_{3}(r{4}_{5}, r{4}_{6});\n", p, round + 1, r,
                    r % 2 ? "HIGH" : "LOW", round, r / 2, r / 2 + lanes / 2);
    }
  }
  row = format("r{}_", round);
  return out;
}

std::int64_t pack_units(const GemmTiling& t) { return t.packed_batches() * t.columns.count; }

std::string pack_kernel_c(const GemmTiling& t) {
  const std::string type = element_c(t);
  const Cut& cut = t.columns;
  std::string out = kernel_head_c(t, t.spec.name + "_pack") + t.spec.prelude;
  out += "  for (long long g_unit = begin; g_unit < end; g_unit++) {\n";
  out +=
      format("    const long long g_panel = g_unit % {0}, g_matrix = g_unit / {0};\n", cut.count);
  out += packed_batch_c(t);
  out += format(
      "    const long long j = {0} * (g_panel < {1} ? g_panel * {2} : {1} * {2} + (g_panel - {1}) "
      "* {3});\n",
      t.lanes, cut.first, cut.big, cut.big - 1);
  out += format("    const long long g_width = {} * (g_panel < {} ? {} : {});\n", t.lanes,
                cut.first, cut.big, cut.big - 1);
  out +=
      format("    const long long g_used = {0} - j < g_width ? {0} - j : g_width; (void)g_used;\n",
             t.spec.n);
  if (!t.spec.b.load || t.spec.b.plain_inside)
    out += format("    const {} *g_from = {};\n", type, matrix_c(t, t.spec.b));
  out += format("    {0} *g_to = ({0} *)slot[{1}] + g_matrix * {2}ll + j * {3}ll;\n", type,
                t.spec.packed_slot, t.packed_elements(), t.spec.k);
  return out + pack_body(t) + "  }\n  return 0;\n}\n";
}

namespace {

/// Row i of a masked buffer: its band as it is, zeros around it.
std::string copy_masked_row_c(const GemmTiling& t) {
  const GemmSpec& s = t.spec;
  return format(
      "    const long long g_end = g_k0 + g_depth, g_a = bafe_smaller({0}, g_end), g_b = "
      "bafe_larger({1}, g_a);\n"
      "    memset(g_row, 0, (g_a - g_k0) * {2});\n"
      "    memcpy(g_row + (g_a - g_k0), g_from + {3}, (g_b - g_a) * {2});\n"
      "    memset(g_row + (g_b - g_k0), 0, (g_end - g_b) * {2});\n  }}\n",
      band_low_c(s.a_band, true, "i", "g_k0"), band_high_c(s.a_band, true, "i", "g_end"),
      dtype_bytes(s.dtype), offset_c("i", s.a.row, "g_a", 1));
}

/// Column k of one tile of a masked buffer stored by columns, where no row is masked.
std::string copy_inside_tile_c(const GemmTiling& t) {
  const GemmSpec& s = t.spec;
  return format(
      "      if ({0} <= g_i && g_i + g_tall <= {1}) {{ memcpy(g_to, g_from + {2}, g_tall * {3}); "
      "g_to += g_tall; continue; }}\n",
      band_low_c(s.a_band, false, "k", "0ll"),
      band_high_c(s.a_band, false, "k", format("{}ll", s.m)), offset_c("g_i", 1, "k", s.a.col),
      dtype_bytes(s.dtype));
}

}  // namespace

std::string copy_a_c(const GemmTiling& t) {
  const GemmSpec& s = t.spec;
  const std::string type = element_c(t);
  std::string out = format(
      "static __attribute__((noinline)) void {}_copy_a(void *const *slot, const long long *size, "
      "{} *g_to, "
      "long long g_i0, long long g_rows, long long g_t0, long long g_t1, long long g_k0, long long "
      "g_depth{}) "
      "{{\n  (void)slot; (void)size; (void)g_rows; (void)g_t0; (void)g_t1; (void)g_i0;\n",
      s.name, type, batch_parameters_c(t));
  for (std::size_t d = 0; d < s.batch.size(); ++d) out += format("  (void)b{};\n", d);
  out += s.prelude;
  if (!s.a.load || s.a.plain_inside)
    out += format("  const {} *g_from = {}; (void)g_from;\n", type, matrix_c(t, s.a));
  if (t.pack_a == PackA::kRows) {
    out += "  for (long long i = g_i0; i < g_i0 + g_rows; i++) {\n";
    out += format("    {} *g_row = g_to + (i - g_i0) * {};\n", type, t.row_pitch);
    if (!s.a.load && s.a.col == 1) {
      out += format("    memcpy(g_row, g_from + {}, g_depth * {});\n  }}\n",
                    offset_c("i", s.a.row, "g_k0", 1), dtype_bytes(s.dtype));
    } else if (s.a.plain_inside && s.a.col == 1) {
      out += copy_masked_row_c(t);
    } else {
      out +=
          "#pragma GCC ivdep\n    for (long long k = g_k0; k < g_k0 + g_depth; k++) g_row[k - "
          "g_k0] = ";
      out += load_c(s.a, "g_from", "i", "k") + ";\n  }\n";
    }
    return out + "}\n";
  }
  const Cut& cut = t.rows;
  out += "  for (long long g_t = g_t0; g_t < g_t1; g_t++) {\n";
  out += format(
      "    const long long g_tall = g_t < {0} ? {1} : {2}, g_i = g_t < {0} ? g_t * {1} : {0} * {1} "
      "+ "
      "(g_t - {0}) * {2};\n",
      cut.first, cut.big, cut.big - 1);
  out += "    for (long long k = g_k0; k < g_k0 + g_depth; k++) {\n";
  if (!s.a.load && s.a.row == 1) {
    auto copy = [&](std::int64_t rows) {
      return format("{{ memcpy(g_to, g_from + {}, {}); g_to += {}; }}\n",
                    offset_c("g_i", 1, "k", s.a.col), rows * dtype_bytes(s.dtype), rows);
    };
    out += cut.first == cut.count ? "      " + copy(cut.big)
                                  : format("      if (g_tall == {}) {}      else {}", cut.big,
                                           copy(cut.big), copy(cut.big - 1));
    return out + "    }\n  }\n}\n";
  }
  if (s.a.plain_inside && s.a.row == 1) out += copy_inside_tile_c(t);
  out +=
      "      for (long long g_r = 0; g_r < g_tall; g_r++) {\n        const long long i = g_i + "
      "g_r;\n";
  out += format("        *g_to++ = {};\n      }}\n    }}\n  }}\n}}\n",
                load_c(s.a, "g_from", "i", "k"));
  return out;
}

}  // namespace bafe

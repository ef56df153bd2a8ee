// Products with a narrow band, and vectors times banded matrices. In comes a tiling whose nest is
// kBandRows, kBandColumns, kVecMat or kDot; out go loops over exactly the elements of the band.
// Invariant: an element outside the band is never read, so the buffer may hold anything there.

#include <algorithm>

#include "bafe/base/format.h"
#include "bafe/codegen/gemm_text.h"
#include "bafe/codegen/vector_c.h"

namespace bafe {
namespace {

/// One element inside the band: the buffer where it holds the value, else the callback.
std::string inside_c(const GemmOperand& operand, const std::string& base, const std::string& row,
                     const std::string& col) {
  if (operand.load && !operand.plain_inside) return operand.load(row, col);
  return format("{}[{}]", base, offset_c(row, operand.row, col, operand.col));
}

std::int64_t pitch(const GemmTiling& t) {
  return (t.columns.big + t.lanes - 1) / t.lanes * t.lanes;
}

std::string band_head_c(const GemmTiling& t) {
  const std::string type = element_c(t);
  std::string out = kernel_head_c(t, t.spec.name);
  out += t.spec.prelude;
  out += "  for (long long unit = begin; unit < end; unit++) {\n";
  out += format("    const long long jb = unit % {0}, ib = unit / {0} % {1};\n", t.column_blocks,
                t.row_blocks);
  out += batch_indices_c(t, format("unit / {}", t.column_blocks * t.row_blocks));
  auto start = [](const Cut& cut, const std::string& at) {
    return format("({0} < {1} ? {0} * {2} : {1} * {2} + ({0} - {1}) * {3})", at, cut.first, cut.big,
                  cut.big - 1);
  };
  out += format("    const long long i0 = {}, i1 = {};\n", start(t.rows, "ib"),
                start(t.rows, "(ib + 1)"));
  out += format("    const long long j0 = {}, j1 = {};\n", start(t.columns, "jb"),
                start(t.columns, "(jb + 1)"));
  auto declare = [&](const char* name, const GemmOperand& operand) {
    if (operand.load && !operand.plain_inside) return std::string();
    return format("    const {} *{} = {}; (void){};\n", type, name, matrix_c(t, operand), name);
  };
  out += declare("A", t.spec.a) + declare("B", t.spec.b);
  if (t.direct_store) out += format("    {} *C = {};\n", type, matrix_c(t, t.spec.c, true));
  return out;
}

std::string row_target_c(const GemmTiling& t, const std::string& scratch) {
  return t.direct_store ? format("C + {}", offset_c("i", t.spec.c.row, "j0", 1))
                        : format("({} *)scratch + {}", element_c(t), scratch);
}

std::string row_end_c(const GemmTiling& t) {
  if (t.direct_store) return {};
  return format("      {}_out(slot, size, to, {}, i, 1, j0, columns{});\n", t.spec.name, pitch(t),
                batch_arguments_c(t));
}

std::string store_y_c(const GemmTiling& t, bool mask) {
  const std::string p = vector_prefix(t.spec.dtype);
  return mask ? format("{}_MSTORE(to + j, y, mask);", p) : format("{}_STORE(to + j, y);", p);
}

/// y over one vector of columns at `j`, masked or not; `terms` diagonals.
std::string scaled_rows_c(const GemmTiling& t, std::int64_t terms, const char* indent, bool mask) {
  const std::string p = vector_prefix(t.spec.dtype);
  auto load = [&](const std::string& at) {
    return mask ? format("{}_MLOAD({}, mask)", p, at) : format("{}_LOAD({})", p, at);
  };
  std::string out = format("{}{} y = {{0}};\n", indent, p);
  for (std::int64_t d = 0; d < terms; ++d) {
    out += format("{}y = {}_FMA(x{}, {}, y);\n", indent, p, d,
                  load(format("b + {}ll + j", d * t.spec.b.row)));
  }
  return out + format("{}{}\n", indent, store_y_c(t, mask));
}

/// A row whose diagonals all lie inside: the scales stay in registers.
std::string whole_row_c(const GemmTiling& t) {
  const std::string p = vector_prefix(t.spec.dtype);
  std::string out;
  for (std::int64_t d = 0; d < t.band_width(); ++d)
    out += format("        const {0} x{1} = {0}_SET(x[{1}]);\n", p, d);
  out += format(
      "        long long j = 0;\n        for (; j + {0} <= columns; j += {0}) {{\n{1}"
      "        }}\n        if (j < columns) {{\n{2}        }}\n",
      t.lanes, scaled_rows_c(t, t.band_width(), "          ", false),
      scaled_rows_c(t, t.band_width(), "          ", true));
  return out;
}

std::string part_row_c(const GemmTiling& t) {
  const std::string p = vector_prefix(t.spec.dtype);
  auto body = [&](bool mask) {
    const std::string at = format("b + d * {}ll + j", t.spec.b.row);
    const std::string load =
        mask ? format("{}_MLOAD({}, mask)", p, at) : format("{}_LOAD({})", p, at);
    return format(
        "          {0} y = {{0}};\n          for (long long d = 0; d < g_hi - g_lo; d++) "
        "y = {0}_FMA({0}_SET(x[d]), {1}, y);\n          {2}\n",
        p, load, store_y_c(t, mask));
  };
  return format(
      "        long long j = 0;\n        for (; j + {0} <= columns; j += {0}) {{\n{1}"
      "        }}\n        if (j < columns) {{\n{2}        }}\n",
      t.lanes, body(false), body(true));
}

std::string band_rows_c(const GemmTiling& t) {
  const std::string p = vector_prefix(t.spec.dtype), type = element_c(t);
  const Structure& band = t.spec.a_band;
  const std::int64_t width = t.band_width();
  std::string out = band_head_c(t);
  out += format(
      "    const long long columns = j1 - j0;\n"
      "    const {0}M mask = {0}_MASK(columns % {1}); (void)mask;\n"
      "    for (long long i = i0; i < i1; i++) {{\n      {2} *to = {3};\n",
      p, t.lanes, type, row_target_c(t, "0"));
  if (width <= 0) {
    out += format("      memset(to, 0, columns * {});\n", dtype_bytes(t.spec.dtype));
  } else {
    out += format(
        "      const long long g_lo = {};\n      const long long g_hi = {};\n",
        format("bafe_smaller({}, {}ll)", band_low_c(band, true, "i", "0ll"), t.spec.k),
        format("bafe_larger({}, g_lo)", band_high_c(band, true, "i", format("{}ll", t.spec.k))));
    out +=
        format("      {} x[{}];\n      for (long long k = g_lo; k < g_hi; k++) x[k - g_lo] = {};\n",
               type, width, inside_c(t.spec.a, "A", "i", "k"));
    out += format("      const {} *b = B + {};\n", type, offset_c("g_lo", t.spec.b.row, "j0", 1));
    out += format("      if (g_hi - g_lo == {}) {{\n{}      }} else {{\n{}      }}\n", width,
                  whole_row_c(t), part_row_c(t));
  }
  return out + row_end_c(t) + "    }\n  }\n  return 0;\n}\n";
}

/// Row i of A times the diagonals D of B, which lie in scratch, one after the other.
std::string band_columns_c(const GemmTiling& t) {
  const std::string p = vector_prefix(t.spec.dtype), type = element_c(t);
  const Structure& band = t.spec.b_band;
  const std::int64_t width = t.band_width(), k = t.spec.k;
  std::string out = band_head_c(t);
  out += format("    const long long columns = j1 - j0;\n    {0} *D = ({0} *)scratch;\n", type);
  // Columns whose whole band lies inside A's row are walked in vectors, the rest one by one.
  out += format("    const long long g_first = bafe_smaller(j1, bafe_larger(j0, {}ll));\n",
                band.zero() ? 0 : band.above);
  out += format("    const long long g_last = bafe_larger(g_first, bafe_smaller(j1, {}ll));\n",
                band.zero() ? k : k - band.below);
  if (width > 0) {
    out += format("    memset(D, 0, {} * {});\n", width * pitch(t), dtype_bytes(t.spec.dtype));
    // Row by row: the elements of a row that lie in the band are neighbours.
    out += format(
        "    for (long long k = bafe_larger(0, j0 - ({0}ll)); k < bafe_smaller({1}, j1 + ({2}ll)); "
        "k++) {{\n      const long long g_a = bafe_larger(j0, k - ({2}ll)), g_b = "
        "bafe_smaller(j1, k + ({0}ll) + 1);\n"
        "      for (long long j = g_a; j < g_b; j++) D[(k - j + ({0}ll)) * {3} + j - j0] = {4};\n"
        "    }}\n",
        band.above, k, band.below, pitch(t), inside_c(t.spec.b, "B", "k", "j"));
  }
  out += format("    for (long long i = i0; i < i1; i++) {{\n      {} *to = {};\n", type,
                row_target_c(t, format("{}", std::max<std::int64_t>(width, 0) * pitch(t))));
  out += format("      const {} *a = A + {};\n", type, offset_c("i", t.spec.a.row, "0", 0));
  const std::string one = format(
      "{{ {0} s = 0; for (long long d = 0; d < {1}; d++) {{ const long long k = j + d - ({2}ll); "
      "if "
      "(k >= 0 && k < {3}) s += a[k] * D[d * {4} + j - j0]; }} to[j - j0] = s; }}\n",
      type, std::max<std::int64_t>(width, 0), band.zero() ? 0 : band.above, k, pitch(t));
  out += "      long long j = j0;\n      for (; j < g_first; j++) " + one;
  out +=
      format("      for (; j + {0} <= g_last; j += {0}) {{\n        {1} y = {{0}};\n", t.lanes, p);
  for (std::int64_t d = 0; d < width; ++d) {
    out +=
        format("        y = {0}_FMA({0}_LOAD(a + j + ({1}ll)), {0}_LOAD(D + {2} + j - j0), y);\n",
               p, d - (band.zero() ? 0 : band.above), d * pitch(t));
  }
  out +=
      format("        {}_STORE(to + (j - j0), y);\n      }}\n      for (; j < j1; j++) {}", p, one);
  return out + row_end_c(t) + "    }\n  }\n  return 0;\n}\n";
}

/// c[0..count) += x * b[0..count), eight rows at a time where they overlap.
std::string scaled_sums_c(const GemmTiling& t, int rows) {
  const std::string p = vector_prefix(t.spec.dtype), type = element_c(t);
  std::string set, chain, masked;
  for (int r = 0; r < rows; ++r) {
    const std::int64_t at = r * t.spec.b.row;
    set += format("  const {0} x{1} = {0}_SET(x[{2}]);\n", p, r, r * t.spec.a.col);
    chain += format(" y = {0}_FMA(x{1}, {0}_LOAD(b + j + {2}), y);", p, r, at);
    masked += format(" y = {0}_FMA(x{1}, {0}_MLOAD(b + j + {2}, mask), y);", p, r, at);
  }
  return format(
      "static __attribute__((noinline)) void {0}_add{1}(const {2} *x, const {2} *b, {2} *c, long "
      "long count) {{\n{3}  long long j = 0;\n"
      "  for (; j + {4} <= count; j += {4}) {{ {5} y = {5}_LOAD(c + j);{6} {5}_STORE(c + j, y); "
      "}}\n"
      "  if (j < count) {{ const {5}M mask = {5}_MASK(count - j); {5} y = {5}_MLOAD(c + j, "
      "mask);{7} "
      "{5}_MSTORE(c + j, y, mask); }}\n}}\n",
      t.spec.name, rows, type, set, t.lanes, p, chain, masked);
}

/// B's rows are contiguous: scaled parts of rows are summed.
std::string summed_rows_c(const GemmTiling& t) {
  const std::string type = element_c(t);
  const Structure& band = t.spec.b_band;
  constexpr int kRows = 8;
  auto low = [&](const std::string& k) { return band_low_c(band, true, k, "j0"); };
  auto high = [&](const std::string& k) { return band_high_c(band, true, k, "j1"); };
  const std::string step = format("x + k * {}, b + k * {} - j0 + ", t.spec.a.col, t.spec.b.row);
  std::string out = scaled_sums_c(t, 1) + scaled_sums_c(t, kRows);
  out += format(
      "static __attribute__((noinline)) void {0}_row(const {1} *x, const {1} *b, {1} *c, long long "
      "columns, long long j0) {{\n  const long long j1 = j0 + columns;\n"
      "  memset(c, 0, columns * {2});\n"
      "  for (long long k0 = 0; k0 < {3}; k0 += {4}) {{\n"
      "    const long long k1 = k0 + {4} < {3} ? k0 + {4} : {3};\n",
      t.spec.name, type, dtype_bytes(t.spec.dtype), t.spec.k, kRows);
  out += format("    long long g_lo = {}, g_hi = {};\n", low("k1 - 1"), high("k0"));
  out += format("    if (k1 - k0 < {} || g_hi < g_lo) g_hi = g_lo = j1;\n", kRows);
  out += format(
      "    for (long long k = k0; k < k1; k++) {{\n      const long long f = {0}, l = "
      "bafe_smaller({1}, g_lo);\n      if (f < l) {2}_add1({3}f, c + f - j0, l - f);\n    }}\n",
      low("k"), high("k"), t.spec.name, step);
  out += format(
      "    if (g_lo < g_hi) {{ const long long k = k0; {}_add{}({}g_lo, c + g_lo - j0, "
      "g_hi - g_lo); }}\n",
      t.spec.name, kRows, step);
  return out +
         format(
             "    for (long long k = k0; k < k1; k++) {{\n      const long long f = "
             "bafe_larger({0}, g_hi), l = {1};\n      if (f < l) {2}_add1({3}f, c + f - j0, l - "
             "f);\n    }}\n  }}\n}}\n",
             low("k"), high("k"), t.spec.name, step);
}

/// B's columns are contiguous: a dot product over the band of each column.
std::string dotted_columns_c(const GemmTiling& t) {
  const std::string p = vector_prefix(t.spec.dtype), type = element_c(t);
  const Structure& band = t.spec.b_band;
  std::string out = format(
      "static __attribute__((noinline)) {0} {1}_dot(const {0} *x, const {0} *b, long long count) "
      "{{\n"
      "  {2} p = {{0}}, q = {{0}}, r = {{0}}, s = {{0}};\n  long long k = 0;\n"
      "  for (; k + {4} <= count; k += {4}) {{\n"
      "    p = {2}_FMA({2}_LOAD(x + k), {2}_LOAD(b + k), p);\n"
      "    q = {2}_FMA({2}_LOAD(x + k + {3}), {2}_LOAD(b + k + {3}), q);\n"
      "    r = {2}_FMA({2}_LOAD(x + k + 2 * {3}), {2}_LOAD(b + k + 2 * {3}), r);\n"
      "    s = {2}_FMA({2}_LOAD(x + k + 3 * {3}), {2}_LOAD(b + k + 3 * {3}), s);\n  }}\n"
      "  for (; k + {3} <= count; k += {3}) p = {2}_FMA({2}_LOAD(x + k), {2}_LOAD(b + k), p);\n"
      "  if (k < count) {{ const {2}M mask = {2}_MASK(count - k); q = {2}_FMA({2}_MLOAD(x + k, "
      "mask), {2}_MLOAD(b + k, mask), q); }}\n"
      "  {0} h[{3}];\n  {2}_STORE(h, (p + q) + (r + s));\n",
      type, t.spec.name, p, t.lanes, 4 * t.lanes);
  for (int half = t.lanes / 2; half >= 1; half /= 2)
    out += format("  for (int l = 0; l < {0}; l++) h[l] = h[l] + h[l + {0}];\n", half);
  out += "  return h[0];\n}\n";
  return out +
         format(
             "static __attribute__((noinline)) void {0}_row(const {1} *x, const {1} *b, {1} *c, "
             "long long columns, long long j0) {{\n"
             "  for (long long j = j0; j < j0 + columns; j++) {{\n"
             "    const long long f = {2}, l = {3};\n"
             "    c[j - j0] = f < l ? {0}_dot(x + f, b + (j - j0) * {4}ll + f, l - f) : 0;\n  "
             "}}\n}}\n",
             t.spec.name, type, band_low_c(band, false, "j", "0ll"),
             band_high_c(band, false, "j", format("{}ll", t.spec.k)), t.spec.b.col);
}

}  // namespace

std::string banded_row_c(const GemmTiling& t) {
  return t.nest == GemmNest::kVecMat ? summed_rows_c(t) : dotted_columns_c(t);
}

std::string band_nest_c(const GemmTiling& t) {
  std::string out = t.direct_store ? std::string() : finish_c(t, true);
  return out + (t.nest == GemmNest::kBandRows ? band_rows_c(t) : band_columns_c(t));
}

}  // namespace bafe

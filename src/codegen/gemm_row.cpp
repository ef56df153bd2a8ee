// Products with one row, or few: a vector times a matrix. If the matrix's rows are contiguous,
// eight of them at a time are added to a row of C that stays in L1; every element is still one
// ascending chain. If its columns are contiguous each element is a dot product: a chain of scalars
// here, where the order is strict, else sums in lanes (gemm_lanes.cpp).

#include <algorithm>

#include "bafe/base/format.h"
#include "bafe/codegen/gemm_text.h"
#include "bafe/codegen/vector_c.h"

namespace bafe {
namespace {

/// Elements between the elements of x.
std::int64_t x_step(const GemmTiling& t) { return t.pack_a == PackA::kRows ? 1 : t.spec.a.col; }

/// Elements between rows of finished dot products in scratch.
std::int64_t dot_pitch(const GemmTiling& t) { return t.columns.big; }

std::string rows_step_c(const GemmTiling& t, int rows) {
  const std::string p = vector_prefix(t.spec.dtype);
  std::string set, chain, masked;
  for (int r = 0; r < rows; ++r) {
    const std::int64_t at = r * t.spec.b.row;
    set += format("    const {0} x{1} = {0}_SET(x[{2}]);\n", p, r, r * x_step(t));
    if (rows > 1 && t.prefetch_b) {
      chain += format(" __builtin_prefetch(b + j + {}, 0, 2);", (r + rows) * t.spec.b.row);
    }
    chain += format(" y = {0}_FMA(x{1}, {0}_LOAD(b + j + {2}), y);", p, r, at);
    masked += format(" y = {0}_FMA(x{1}, {0}_MLOAD(b + j + {2}, mask), y);", p, r, at);
  }
  std::string out = set + "    long long j = 0;\n";
  out += format(
      "    for (; j + {0} <= columns; j += {0}) {{\n      {1} y = {1}_LOAD(c + j);\n     {2}\n"
      "      {1}_STORE(c + j, y);\n    }}\n",
      t.lanes, p, chain);
  out += format(
      "    if (j < columns) {{\n      {0} y = {0}_LOAD(c + j);\n     {1}\n      {0}_STORE(c + j, "
      "y);\n"
      "    }}\n",
      p, masked);
  return out + format("    x += {};\n    b += {};\n", rows * x_step(t), rows * t.spec.b.row);
}

std::string rows_c(const GemmTiling& t) {
  const std::string p = vector_prefix(t.spec.dtype), type = element_c(t);
  constexpr int kRows = 8;
  std::string out = format(
      "static __attribute__((noinline)) void {}_row(const {} *x, const {} *b, {} *c, long long "
      "columns) {{\n"
      "  const {}M mask = {}_MASK(columns % {}); (void)mask;\n  long long k = 0;\n",
      t.spec.name, type, type, type, p, p, t.lanes);
  out += format("  memset(c, 0, (columns + {} - 1) / {} * {} * {});\n", t.lanes, t.lanes, t.lanes,
                dtype_bytes(t.spec.dtype));
  out += format("  for (; k + {0} <= {1}; k += {0}) {{\n{2}  }}\n", kRows, t.spec.k,
                rows_step_c(t, kRows));
  return out + format("  for (; k < {}; k++) {{\n{}  }}\n}}\n", t.spec.k, rows_step_c(t, 1));
}

/// `columns` chains of scalar fused multiply-adds side by side.
std::string chains_c(const GemmTiling& t, int columns) {
  const std::string type = element_c(t);
  const char* fma = t.spec.dtype == DType::kF32 ? "__builtin_fmaf" : "__builtin_fma";
  std::string declare, step, store;
  for (int c = 0; c < columns; ++c) {
    declare += format("{}s{} = 0", c ? ", " : "", c);
    step += format(" s{0} = {1}(xk, b[k + {2}], s{0});", c, fma, c * t.spec.b.col);
    store += format(" c[j + {0}] = s{0};", c);
  }
  return format(
      "    {0} {1};\n    for (long long k = 0; k < {2}; k++) {{\n      const {0} xk = x[k * {3}];\n"
      "     {4}\n    }}\n   {5}\n",
      type, declare, t.spec.k, x_step(t), step, store);
}

/// `lanes` chains in the lanes of one vector: square blocks of B are transposed in registers.
std::string vector_chains_c(const GemmTiling& t) {
  const std::string p = vector_prefix(t.spec.dtype), type = element_c(t);
  const std::int64_t whole = t.spec.k / t.lanes * t.lanes;
  std::string row, block = transposed_rows_c(t, "b + k", t.spec.b.col, row), rest;
  for (int r = 0; r < t.lanes; ++r) {
    block += format("      y = {0}_FMA({0}_SET(x[(k + {1}) * {2}]), {3}{1}, y);\n", p, r, x_step(t),
                    row);
  }
  for (int l = 0; l < t.lanes; ++l) rest += format("{}b[k + {}]", l ? ", " : "", l * t.spec.b.col);
  return format("    {0} y = {{0}};\n    for (long long k = 0; k < {1}; k += {2}) {{\n{3}    }}\n",
                p, whole, t.lanes, block) +
         format(
             "    for (long long k = {0}; k < {1}; k++) y = {2}_FMA({2}_SET(x[k * {3}]), "
             "(({2}){{{4}}}), y);\n    {2}_STORE(c + j, y);\n",
             whole, t.spec.k, p, x_step(t), rest);
}

std::string dots_c(const GemmTiling& t) {
  const std::string type = element_c(t);
  const std::int64_t columns = t.lanes;
  std::string out = format(
      "static __attribute__((noinline)) void {}_row(const {} *x, const {} *b, {} *c, long long "
      "columns) {{\n"
      "  long long j = 0;\n",
      t.spec.name, type, type, type);
  out += format("  for (; j + {0} <= columns; j += {0}) {{\n{1}    b += {2};\n  }}\n", columns,
                vector_chains_c(t), columns * t.spec.b.col);
  return out + format("  for (; j < columns; j++) {{\n{}    b += {};\n  }}\n}}\n", chains_c(t, 1),
                      t.spec.b.col);
}

/// Neighbouring units that one thread computes at once: long rows of B are read best whole.
std::int64_t joined_units(const GemmTiling& t) {
  constexpr std::int64_t kColumns = 2048;  // a partial row of C stays in L1
  return t.nest == GemmNest::kVecMat && t.spec.m == 1
             ? std::max<std::int64_t>(1, kColumns / t.columns.big)
             : 1;
}

}  // namespace

std::string one_row_nest_c(const GemmTiling& t, const Target& target) {
  const std::string type = element_c(t);
  std::string out = t.banded                      ? banded_row_c(t)
                    : t.nest == GemmNest::kVecMat ? rows_c(t)
                    : t.uses_lanes()              ? lanes_row_c(t, target)
                                                  : dots_c(t);
  const bool copies = t.pack_a == PackA::kRows;
  if (copies) out += copy_a_c(t);
  out += finish_c(t, true) + kernel_head_c(t, t.spec.name);
  out += "  for (long long unit = begin; unit < end; unit++) {\n";
  out += format("    const long long p = unit % {};\n", t.column_blocks);
  out += batch_indices_c(t, format("unit / {}", t.column_blocks));
  out += format(
      "    long long g_last = p + {} < {} ? p + {} : {};\n"
      "    if (g_last > p + end - unit) g_last = p + end - unit;\n",
      joined_units(t), t.column_blocks, joined_units(t), t.column_blocks);
  auto first_of = [&](const char* at) {
    return format("({0} < {1} ? {0} * {2} : {1} * {2} + ({0} - {1}) * {3})", at, t.columns.first,
                  t.columns.big, t.columns.big - 1);
  };
  out +=
      format("    const long long j = {}, columns = {} - j;\n", first_of("p"), first_of("g_last"));
  out += format("    const {} *B = {};\n", type, matrix_c(t, t.spec.b));
  std::string x = matrix_c(t, t.spec.a);
  if (copies) {
    // The rows serve all units of one call and one matrix of the batch.
    x = format("({0} *)((char *)scratch + {1})", type, row_result_bytes(t));
    out += format(
        "    if (p == 0 || unit == begin) {}_copy_a(slot, size, {}, 0, {}, 0, 1, 0, {}{});\n",
        t.spec.name, x, t.spec.m, t.spec.k, batch_arguments_c(t));
  }
  out += format("    {0}_row({1}, B + {2}, ({3} *)scratch, columns{4});\n", t.spec.name, x,
                offset_c("j", t.spec.b.col, "0", 0), type, t.banded ? ", j" : "");
  out += format("    {}_out(slot, size, (const {} *)scratch, {}, 0, {}, j, columns{});\n",
                t.spec.name, type, dot_pitch(t), t.rows.big, batch_arguments_c(t));
  out += "    unit += g_last - p - 1;\n";
  return out + "  }\n  return 0;\n}\n";
}

std::int64_t row_result_bytes(const GemmTiling& t) {
  constexpr std::int64_t kLine = 64;
  const std::int64_t columns = std::min(t.spec.n, joined_units(t) * t.columns.big);
  const std::int64_t bytes = (t.rows.big * columns + t.lanes) * dtype_bytes(t.spec.dtype);
  return (bytes + kLine - 1) / kLine * kLine;
}

}  // namespace bafe

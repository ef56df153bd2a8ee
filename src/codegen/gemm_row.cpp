// Products with one row, or few: a vector times a matrix. If the matrix's rows are contiguous,
// eight of them at a time are added to a row of C that stays in L1; every element is still one
// ascending chain. If its columns are contiguous each element is a dot product: a chain of scalars
// when the order is strict, else two vectors of partial sums (elements k and k + lanes of every 2 *
// lanes), added, then folded in halves.

#include <algorithm>

#include "bafe/base/format.h"
#include "bafe/codegen/gemm_text.h"
#include "bafe/codegen/vector_c.h"

namespace bafe {
namespace {

/// Elements between rows of finished dot products in scratch.
std::int64_t dot_pitch(const GemmTiling& t) { return t.columns.big; }

std::string rows_step_c(const GemmTiling& t, int rows) {
  const std::string p = vector_prefix(t.spec.dtype);
  std::string set, chain, masked;
  for (int r = 0; r < rows; ++r) {
    const std::int64_t at = r * t.spec.b.row;
    set += format("    const {0} x{1} = {0}_SET(x[{2}]);\n", p, r, r * t.spec.a.col);
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
  return out + format("    x += {};\n    b += {};\n", rows * t.spec.a.col, rows * t.spec.b.row);
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
      type, declare, t.spec.k, t.spec.a.col, step, store);
}

/// `lanes` chains in the lanes of one vector: square blocks of B are transposed in registers.
std::string vector_chains_c(const GemmTiling& t) {
  const std::string p = vector_prefix(t.spec.dtype), type = element_c(t);
  const std::int64_t whole = t.spec.k / t.lanes * t.lanes;
  std::string row, block = transposed_rows_c(t, "b + k", t.spec.b.col, row), rest;
  for (int r = 0; r < t.lanes; ++r) {
    block += format("      y = {0}_FMA({0}_SET(x[(k + {1}) * {2}]), {3}{1}, y);\n", p, r,
                    t.spec.a.col, row);
  }
  for (int l = 0; l < t.lanes; ++l) rest += format("{}b[k + {}]", l ? ", " : "", l * t.spec.b.col);
  return format("    {0} y = {{0}};\n    for (long long k = 0; k < {1}; k += {2}) {{\n{3}    }}\n",
                p, whole, t.lanes, block) +
         format(
             "    for (long long k = {0}; k < {1}; k++) y = {2}_FMA({2}_SET(x[k * {3}]), "
             "(({2}){{{4}}}), y);\n    {2}_STORE(c + j, y);\n",
             whole, t.spec.k, p, t.spec.a.col, rest);
}

/// <name>_fold(p, q): the sum of all lanes of p + q, halves first.
std::string fold_c(const GemmTiling& t) {
  const std::string p = vector_prefix(t.spec.dtype), type = element_c(t);
  std::string out = format(
      "static inline {0} {1}_fold({2} p, {2} q) {{\n  {0} h[{3}];\n  "
      "{2}_STORE(h, p + q);\n",
      type, t.spec.name, p, t.lanes);
  for (int half = t.lanes / 2; half >= 1; half /= 2) {
    out += format("  for (int l = 0; l < {0}; l++) h[l] = h[l] + h[l + {0}];\n", half);
  }
  return out + "  return h[0];\n}\n";
}

/// `rows` x `columns` dot products in lanes.
std::string lanes_c(const GemmTiling& t, std::int64_t rows, std::int64_t columns) {
  const std::string p = vector_prefix(t.spec.dtype);
  const std::int64_t step = 2 * t.lanes, whole = t.spec.k / step * step, left = t.spec.k - whole;
  std::string declare, body, tail, store;
  // One vector of x and of b at `from` into the accumulators `acc`, masked to `count` elements.
  auto part = [&](const char* acc, const std::string& from, std::int64_t count, std::string& out) {
    if (count <= 0) return;
    const bool mask = count < t.lanes;
    auto load = [&](const char* base, std::int64_t at) {
      return mask ? format("{}_MLOAD({} + {} + {}, {}_MASK({}))", p, base, from, at, p, count)
                  : format("{}_LOAD({} + {} + {})", p, base, from, at);
    };
    out += "    {\n";
    for (std::int64_t r = 0; r < rows; ++r) {
      out += format("      const {} x{} = {};\n", p, r, load("x", r * t.spec.a.row));
    }
    for (std::int64_t c = 0; c < columns; ++c) {
      out += format("      const {} b{} = {};\n", p, c, load("b", c * t.spec.b.col));
      for (std::int64_t r = 0; r < rows; ++r) {
        out += format("      {0}{1}_{2} = {3}_FMA(x{1}, b{2}, {0}{1}_{2});\n", acc, r, c, p);
      }
    }
    out += "    }\n";
  };
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < columns; ++c) {
      declare += format("    {0} p{1}_{2} = {{0}}, q{1}_{2} = {{0}};\n", p, r, c);
      store += format("    c[j + {0}] = {1}_fold(p{2}_{3}, q{2}_{3});\n", r * dot_pitch(t) + c,
                      t.spec.name, r, c);
    }
  }
  part("p", "k", t.lanes, body);
  part("q", format("k + {}", t.lanes), t.lanes, body);
  part("p", format("{}", whole), std::min<std::int64_t>(left, t.lanes), tail);
  part("q", format("{}", whole + t.lanes), left - t.lanes, tail);
  return declare +
         format("    for (long long k = 0; k < {}; k += {}) {{\n{}    }}\n", whole, step, body) +
         tail + store;
}

std::string dots_c(const GemmTiling& t) {
  const std::string type = element_c(t);
  const std::int64_t rows = t.rows.big;
  const bool lanes = !t.spec.strict && t.spec.a.col == 1;
  const std::int64_t columns = !lanes ? t.lanes : rows == 1 ? 4 : rows == 2 ? 3 : 2;
  std::string out = lanes ? fold_c(t) : "";
  out += format(
      "static __attribute__((noinline)) void {}_row(const {} *x, const {} *b, {} *c, long long "
      "columns) {{\n"
      "  long long j = 0;\n",
      t.spec.name, type, type, type);
  out += format("  for (; j + {0} <= columns; j += {0}) {{\n{1}    b += {2};\n  }}\n", columns,
                lanes ? lanes_c(t, rows, columns) : vector_chains_c(t), columns * t.spec.b.col);
  return out + format("  for (; j < columns; j++) {{\n{}    b += {};\n  }}\n}}\n",
                      lanes ? lanes_c(t, rows, 1) : chains_c(t, 1), t.spec.b.col);
}

}  // namespace

std::string one_row_nest_c(const GemmTiling& t) {
  const std::string type = element_c(t);
  std::string out = t.banded                      ? banded_row_c(t)
                    : t.nest == GemmNest::kVecMat ? rows_c(t)
                                                  : dots_c(t);
  out += finish_c(t, true) + kernel_head_c(t, t.spec.name);
  out += "  for (long long unit = begin; unit < end; unit++) {\n";
  out += format("    const long long p = unit % {};\n", t.column_blocks);
  out += batch_indices_c(t, format("unit / {}", t.column_blocks));
  out += format("    const long long j = p < {0} ? p * {1} : {0} * {1} + (p - {0}) * {2};\n",
                t.columns.first, t.columns.big, t.columns.big - 1);
  out += format("    const long long columns = p < {} ? {} : {};\n", t.columns.first, t.columns.big,
                t.columns.big - 1);
  out += format("    const {} *B = {};\n", type, matrix_c(t, t.spec.b));
  out += format("    {0}_row({1}, B + {2}, ({3} *)scratch, columns{4});\n", t.spec.name,
                matrix_c(t, t.spec.a), offset_c("j", t.spec.b.col, "0", 0), type,
                t.banded ? ", j" : "");
  out += format("    {}_out(slot, size, (const {} *)scratch, {}, 0, {}, j, columns{});\n",
                t.spec.name, type, dot_pitch(t), t.rows.big, batch_arguments_c(t));
  return out + "  }\n  return 0;\n}\n";
}

}  // namespace bafe

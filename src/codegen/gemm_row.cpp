// Products with one row: a vector times a matrix. If the matrix's rows are contiguous, eight of
// them at a time are added to a row of C that stays in L1; every element is still one ascending
// chain. If its columns are contiguous each element is a dot product: a chain of scalars when the
// order is strict, else two vectors of partial sums (elements k and k + lanes of every 2 * lanes),
// added, then folded in halves.

#include "bafe/base/format.h"
#include "bafe/codegen/gemm_text.h"
#include "bafe/codegen/vector_c.h"

namespace bafe {
namespace {

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

/// `columns` dot products in lanes.
std::string lanes_c(const GemmTiling& t, int columns) {
  const std::string p = vector_prefix(t.spec.dtype), type = element_c(t);
  const std::int64_t step = 2 * t.lanes, whole = t.spec.k / step * step, left = t.spec.k - whole;
  std::string declare, body, tail, fold;
  for (int c = 0; c < columns; ++c) {
    const std::int64_t at = c * t.spec.b.col;
    declare += format("    {0} p{1} = {{0}}, q{1} = {{0}};\n", p, c);
    body += format(
        "      p{0} = {1}_FMA(x0, {1}_LOAD(b + k + {2}), p{0});"
        " q{0} = {1}_FMA(x1, {1}_LOAD(b + k + {3}), q{0});\n",
        c, p, at, at + t.lanes);
    auto last = [&](const char* acc, std::int64_t from, std::int64_t count) {
      if (count <= 0) return std::string();
      const std::string m = format("{}_MASK({})", p, count < t.lanes ? count : t.lanes);
      return format(
          "    {0}{1} = {2}_FMA({2}_MLOAD(x + {3}, {4}), {2}_MLOAD(b + {5}, {4}), {0}{1});\n", acc,
          c, p, from, m, at + from);
    };
    tail += last("p", whole, left) + last("q", whole + t.lanes, left - t.lanes);
    fold += format("    p{0} = p{0} + q{0};\n    {1}_STORE(h, p{0});\n", c, p);
    for (int half = t.lanes / 2; half >= 1; half /= 2) {
      fold += format("    for (int l = 0; l < {0}; l++) h[l] = h[l] + h[l + {0}];\n", half);
    }
    fold += format("    c[j + {}] = h[0];\n", c);
  }
  return format("    {} h[{}];\n{}", type, t.lanes, declare) +
         format(
             "    for (long long k = 0; k < {0}; k += {1}) {{\n      const {2} x0 = {2}_LOAD(x + "
             "k), x1 = "
             "{2}_LOAD(x + k + {3});\n{4}    }}\n",
             whole, step, p, t.lanes, body) +
         tail + fold;
}

std::string dots_c(const GemmTiling& t) {
  const std::string type = element_c(t);
  const bool lanes = !t.spec.strict && t.spec.a.col == 1;
  const int columns = lanes ? 4 : 8;
  auto body = [&](int count) { return lanes ? lanes_c(t, count) : chains_c(t, count); };
  std::string out = format(
      "static __attribute__((noinline)) void {}_row(const {} *x, const {} *b, {} *c, long long "
      "columns) {{\n"
      "  long long j = 0;\n",
      t.spec.name, type, type, type);
  out += format("  for (; j + {0} <= columns; j += {0}) {{\n{1}    b += {2};\n  }}\n", columns,
                body(columns), columns * t.spec.b.col);
  return out +
         format("  for (; j < columns; j++) {{\n{}    b += {};\n  }}\n}}\n", body(1), t.spec.b.col);
}

}  // namespace

std::string one_row_nest_c(const GemmTiling& t) {
  const std::string type = element_c(t);
  std::string out = t.nest == GemmNest::kVecMat ? rows_c(t) : dots_c(t);
  out += finish_c(t, true) + kernel_head_c(t, t.spec.name);
  out += "  for (long long unit = begin; unit < end; unit++) {\n";
  out += format("    const long long p = unit % {};\n", t.column_blocks);
  out += batch_indices_c(t, format("unit / {}", t.column_blocks));
  out += format("    const long long j = p < {0} ? p * {1} : {0} * {1} + (p - {0}) * {2};\n",
                t.columns.first, t.columns.big, t.columns.big - 1);
  out += format("    const long long columns = p < {} ? {} : {};\n", t.columns.first, t.columns.big,
                t.columns.big - 1);
  out += format("    const {} *B = {};\n", type, matrix_c(t, t.spec.b));
  out += format("    {0}_row({1}, B + {2}, ({3} *)scratch, columns);\n", t.spec.name,
                matrix_c(t, t.spec.a), offset_c("j", t.spec.b.col, "0", 0), type);
  out += format("    {}_out(slot, size, (const {} *)scratch, 0, 0, 1, j, columns{});\n",
                t.spec.name, type, batch_arguments_c(t));
  return out + "  }\n  return 0;\n}\n";
}

}  // namespace bafe

// Small C phrases that every nest of a product uses: addresses, batch indices, elements, and the
// last function an accumulator goes through. Names that callbacks could meet are slot, size, b0 …,
// i, j, k, acc; every other local name of these functions starts with g_.

#include "bafe/codegen/gemm_text.h"

#include "bafe/base/format.h"

namespace bafe {

std::string element_c(const GemmTiling& t) { return std::string(dtype_info(t.spec.dtype).c_text); }

std::string plus_c(const std::string& pointer, const std::string& offset) {
  return offset == "0" ? pointer : pointer + " + " + offset;
}

std::string offset_c(const std::string& row, std::int64_t row_stride, const std::string& col,
                     std::int64_t col_stride) {
  auto term = [](const std::string& index, std::int64_t stride) {
    if (stride == 0) return std::string();
    return stride == 1 ? "(" + index + ")" : format("({}) * {}ll", index, stride);
  };
  const std::string a = term(row, row_stride), b = term(col, col_stride);
  if (a.empty() && b.empty()) return "0";
  if (a.empty() || b.empty()) return a + b;
  return a + " + " + b;
}

std::string matrix_c(const GemmTiling& t, const GemmOperand& operand, bool writable) {
  const std::string type = element_c(t);
  std::string out = format("({}{} *)slot[{}]", writable ? "" : "const ", type, operand.slot);
  if (operand.offset) out += format(" + {}ll", operand.offset);
  for (std::size_t d = 0; d < operand.batch.size(); ++d) {
    if (operand.batch[d]) out += format(" + b{} * {}ll", d, operand.batch[d]);
  }
  return out;
}

std::string batch_indices_c(const GemmTiling& t, const std::string& index) {
  const auto& batch = t.spec.batch;
  if (batch.empty()) return {};
  std::string out = "    const long long g_batch = " + index + "; (void)g_batch;\n";
  std::int64_t below = 1;
  std::string declared;
  for (std::size_t d = batch.size(); d-- > 0;) {
    std::string value = below == 1 ? "g_batch" : format("g_batch / {}", below);
    if (d > 0) value = format("{} % {}", value, batch[d]);
    declared = format("    const long long b{0} = {1}; (void)b{0};\n", d, value) + declared;
    below *= batch[d];
  }
  return out + declared;
}

std::string batch_arguments_c(const GemmTiling& t) {
  std::string out;
  for (std::size_t d = 0; d < t.spec.batch.size(); ++d) out += format(", b{}", d);
  return out;
}

std::string batch_parameters_c(const GemmTiling& t) {
  std::string out;
  for (std::size_t d = 0; d < t.spec.batch.size(); ++d) out += format(", long long b{}", d);
  return out;
}

std::string load_c(const GemmOperand& operand, const std::string& base, const std::string& row,
                   const std::string& col) {
  if (operand.load) return operand.load(row, col);
  return format("{}[{}]", base, offset_c(row, operand.row, col, operand.col));
}

std::string kernel_head_c(const GemmTiling& t, const std::string& symbol) {
  (void)t;
  return format(
      "int {}(void *const *slot, const long long *size, void *scratch, long long begin, "
      "long long end) {{\n  (void)slot; (void)size; (void)scratch;\n",
      symbol);
}

std::string finish_c(const GemmTiling& t, bool apply_fast) {
  const GemmSpec& s = t.spec;
  const std::string type = element_c(t);
  std::string out = format(
      "static __attribute__((noinline)) void {}_out(void *const *slot, const long long *size, "
      "const {} "
      "*g_tile, long long g_pitch, long long g_i0, long long g_rows, long long g_j0, long long "
      "g_columns{}) "
      "{{\n  (void)slot; (void)size;\n",
      s.name, type, batch_parameters_c(t));
  for (std::size_t d = 0; d < s.batch.size(); ++d) out += format("  (void)b{};\n", d);
  out += s.prelude;
  if (!s.epilogue) out += format("  {} *g_c = {};\n", type, matrix_c(t, s.c, true));
  for (std::size_t e = 0; apply_fast && e < s.fast.size(); ++e) {
    if (s.fast[e].kind == GemmFastOp::Kind::kRelu) continue;
    out += format("  const {} *g_e{} = {};\n", type, e, matrix_c(t, s.fast[e].y));
  }
  out +=
      "  for (long long i = g_i0; i < g_i0 + g_rows; i++) {\n    const long long g_at = (i - g_i0) "
      "* g_pitch"
      " - g_j0;\n#pragma GCC ivdep\n    for (long long j = g_j0; j < g_j0 + g_columns; j++) {\n";
  out += format("      {} acc = g_tile[g_at + j];\n", type);
  for (std::size_t e = 0; apply_fast && e < s.fast.size(); ++e) {
    const GemmFastOp& op = s.fast[e];
    const std::string y = format("g_e{}[{}]", e, offset_c("i", op.y.row, "j", op.y.col));
    switch (op.kind) {
      case GemmFastOp::Kind::kAdd:
        out += format("      acc = acc + {};\n", y);
        break;
      case GemmFastOp::Kind::kSub:
        out += format("      acc = acc - {};\n", y);
        break;
      case GemmFastOp::Kind::kMul:
        out += format("      acc = acc * {};\n", y);
        break;
      case GemmFastOp::Kind::kRelu:
        out += "      acc = acc > 0 || acc != acc ? acc : 0;\n";
        break;
    }
  }
  out += "      ";
  out += s.epilogue ? s.epilogue("i", "j", "acc")
                    : format("g_c[{}] = acc;", offset_c("i", s.c.row, "j", s.c.col));
  return out + "\n    }\n  }\n}\n";
}

}  // namespace bafe

// Comes in: an attention as expressions and a tiling. Goes out: C text. A unit is one block of
// queries of one matrix of the batch: its queries are transposed into scratch, then blocks of keys
// pass by. Invariant after every block, for each query r of the unit: peak[r] is the maximum of the
// logits so far, shift[r] the same or 0 where that is -inf, own[r] the maximum that the program
// takes, sum[r] and ot[c][r] are the sums of exp(x - shift[r]) and of that times v.
//
//   kernel := scores tile, values tile, "int" symbol "(" abi ")" "{" units "}"
//   unit   := queries, {block of keys}, results
//   block  := scores, logits and their maxima, powers and their sums, values

#include <algorithm>

#include "attention.h"
#include "bafe/base/format.h"
#include "bafe/codegen/gemm_text.h"
#include "bafe/codegen/math_c.h"
#include "bafe/codegen/vector_c.h"

namespace bafe {
namespace {

constexpr std::int64_t kAlign = 16;  // elements: whole cache lines of f32

std::int64_t rounded(std::int64_t elements) { return (elements + kAlign - 1) / kAlign * kAlign; }

std::string loop_c(const std::string& var, const std::string& end, bool is_vector = false) {
  return format("{0}for (long long {1} = 0; {1} < {2}; ++{1}) ",
                is_vector ? "\n#pragma GCC ivdep\n" : "", var, end);
}

std::string smaller_c(const std::string& first, std::int64_t step, std::int64_t end) {
  return format("{0} + {1} <= {2} ? {1} : {2} - {0}", first, step, end);
}

}  // namespace

CExprWriter AttentionDraft::writer() const {
  CExprWriter writer(pool_, draft_.nest.buffers, functions_);
  for (int b : batch_) writer.define_var(b);
  for (int v : {i_, j_, t_, c_}) writer.define_var(v);
  for (int local = 0; local < kFirstStaged + static_cast<int>(staged_.size()); ++local)
    writer.define_local(local);
  return writer;
}

/// "{ lead, declarations, target = value; }".
std::string AttentionDraft::value_c(const std::string& lead, Ex value,
                                    const std::string& target) const {
  CExprWriter w = writer();
  w.count_uses({value});
  std::string declared = w.declarations({value}, true, "  ");
  return "{ " + lead + "\n" + declared + "  " + target + " = " + w.text(value) + "; }\n";
}

/// Scores: c[key][query] = sum over depth. Values: c[column][query] = c * scale + sum over keys.
std::string AttentionDraft::tile_c(const std::string& symbol, bool is_scores) const {
  const std::string p = vector_prefix(tiling_.dtype), e = compute_c(tiling_.dtype);
  const BroadcastOperand& from = is_scores ? key_ : value_;
  std::int64_t by_row = is_scores ? from.by_key : from.by_column;
  std::int64_t by_step = is_scores ? from.by_column : from.by_key;
  bool is_whole = (is_scores ? n_ : width_) % tiling_.tile == 0;
  std::string out = format(
      "static __attribute__((noinline)) void {0}_{1}(const {2} *b, const {2} *a, {2} *c, const {2} "
      "*scale, long long steps, long long left) {{\n  (void)left; (void)scale;\n",
      symbol, is_scores ? "s" : "o", e);
  std::string load, steps, store;
  for (std::int64_t r = 0; r < tiling_.tile; ++r) {
    std::string row = is_whole ? std::to_string(r * by_row)
                               : format("(left > {0} ? {0} : left - 1) * {1}", r, by_row);
    out += format("  const {} *a{} = a + {};\n", e, r, row);
    steps += format("    x = {}_SET(a{}[k * {}]);", p, r, by_step);
    for (std::int64_t v = 0; v < tiling_.vectors; ++v) {
      std::string at = format("c + {}", r * tiling_.queries + v * tiling_.lanes);
      load += is_scores ? format("  {} c{}_{} = {{0}};\n", p, r, v)
                        : format("  {0} c{1}_{2} = {0}_LOAD({3}) * {0}_LOAD(scale + {4});\n", p, r,
                                 v, at, v * tiling_.lanes);
      steps += format(" c{0}_{1} = {2}_FMA(x, b{1}, c{0}_{1});", r, v, p);
      store += format("  {}_STORE({}, c{}_{});\n", p, at, r, v);
    }
    steps += "\n";
  }
  out +=
      load + "#pragma GCC unroll 2\n  for (long long k = 0; k < steps; ++k) {\n    " + p + " x;\n";
  for (std::int64_t v = 0; v < tiling_.vectors; ++v)
    out += format("    const {0} b{1} = {0}_LOAD(b + {2});\n", p, v, v * tiling_.lanes);
  return out + steps + format("    b += {};\n  }}\n", tiling_.queries) + store + "}\n";
}

std::string AttentionDraft::head_c(const std::string& symbol) const {
  const std::string e = compute_c(tiling_.dtype);
  std::string out = format(
      "int {}(void *const *slot, const long long *size, void *scratch, long long begin, long long "
      "end) {{\n  (void)size;\n",
      symbol);
  for (std::size_t i = 0; i < draft_.nest.buffers.size(); ++i) {
    const Buffer& b = draft_.nest.buffers[i];
    out += format("  {0}{1} *p{2} = ({0}{1} *)slot[{3}]; (void)p{2};\n",
                  b.is_written ? "" : "const ", dtype_info(b.dtype).c_text.data(), i, b.slot);
  }
  std::int64_t at = 0;
  auto take = [&](const std::string& name, std::int64_t elements) {
    out += format("  {0} *const {1} = ({0} *)scratch + {2};\n", e, name, at);
    at += rounded(elements);
  };
  std::int64_t q = tiling_.queries;
  for (const char* name : {"peak", "own", "shift", "sum", "scale", "top"}) take(name, q);
  take("qt", depth_ * q);
  take("st", tiling_.keys * q);
  take("ot", result_rows() * q);
  take("tr", q * pitch());
  if (!key_.is_direct) take("kb", tiling_.keys * depth_);
  if (!value_.is_direct) take("vb", tiling_.keys * width_);
  for (const StagedValue& staged : staged_) {
    out += format("  {0} *const m{1} = ({0} *)(({2} *)scratch + {3});\n",
                  pool_.node(staged.value).dtype == DType::kBool
                      ? "int"
                      : compute_c(pool_.node(staged.value).dtype),
                  staged.local, e, at);
    at += rounded(tiling_.keys * q * 8 / dtype_bytes(tiling_.dtype));
  }
  return out;
}

std::int64_t AttentionDraft::scratch_bytes() const {
  std::int64_t q = tiling_.queries, bytes = dtype_bytes(tiling_.dtype);
  std::int64_t elements = 6 * rounded(q) + rounded(depth_ * q) + rounded(tiling_.keys * q) +
                          rounded(result_rows() * q) + rounded(q * pitch());
  if (!key_.is_direct) elements += rounded(tiling_.keys * depth_);
  if (!value_.is_direct) elements += rounded(tiling_.keys * width_);
  elements += static_cast<std::int64_t>(staged_.size()) * rounded(tiling_.keys * q * 8 / bytes);
  return elements * bytes;
}

std::string AttentionDraft::load_queries_c() const {
  std::string lead = format("const long long i{} = q0 + r, i{} = t;", i_, t_);
  std::string fill = value_c(lead, query_, format("qt[t * {} + r]", tiling_.queries));
  return format("    if (rows < {}) memset(qt, 0, {});\n", tiling_.queries,
                depth_ * tiling_.queries * dtype_bytes(tiling_.dtype)) +
         "    " + loop_c("r", "rows") + loop_c("t", std::to_string(depth_)) + fill;
}

std::string AttentionDraft::stage_operand_c(const BroadcastOperand& operand, const char* buffer,
                                            int column_var, std::int64_t columns) const {
  if (operand.is_direct) return {};
  std::string lead = format("const long long i{} = k0 + k, i{} = c;", j_, column_var);
  return "      " + loop_c("k", "count") + loop_c("c", std::to_string(columns)) +
         value_c(lead, operand.value, format("{}[k * {} + c]", buffer, columns));
}

/// Element (k0, 0) of an operand.
std::string AttentionDraft::pointer_c(const BroadcastOperand& operand, const char* buffer) const {
  if (!operand.is_direct) return buffer;
  CExprWriter w = writer();
  return format("p{} + ({}) + k0 * {}", operand.buffer, w.text(operand.base), operand.by_key);
}

std::string AttentionDraft::block_c(const std::string& symbol) const {
  const std::string e = compute_c(tiling_.dtype), q = std::to_string(tiling_.queries);
  const std::string low = literal_c(neutral_of(ReduceKind::kMax, tiling_.dtype));
  const std::string exp = math_symbol_c("exp", tiling_.dtype);
  functions_.insert(exp);
  std::string out = stage_operand_c(key_, "kb", t_, depth_);
  out += format("      const {} *const kp = {};\n", e, pointer_c(key_, "kb"));
  out += format(
      "      for (long long k = 0; k < count; k += {0}) {1}_s(qt, kp + k * {2}, st + k * {3}, "
      "scale, {4}, count - k);\n",
      tiling_.tile, symbol, key_.by_key, q, depth_);
  std::string locals = format("const {} v{} = st[k * {} + r];", e, int{kScore}, q);
  for (const StagedValue& staged : staged_) {
    DType dtype = pool_.node(staged.value).dtype;
    std::string type = dtype == DType::kBool ? "int" : compute_c(dtype);
    std::string lead = format("const long long i{} = q0 + r, i{} = k0 + k;", i_, j_);
    out += "      " + loop_c("r", "rows") + loop_c("k", "count") +
           value_c(lead, staged.value, format("m{}[k * {} + r]", staged.local, q));
    locals += format(" const {0} v{1} = m{1}[k * {2} + r];", type, staged.local, q);
  }
  bool has_own = peaked_.valid() && peaked_ != logits_;
  auto larger = [](const std::string& x, const std::string& top) {
    return format("({0} > {1}) | ({0} != {0}) ? {0} : {1}", x, top);
  };
  out += "      " + loop_c("r", q) + format("top[r] = {};\n", low);
  out += "      " + loop_c("k", "count") + format("{{ const long long i{} = k0 + k;", j_) +
         loop_c("r", q, true) + "{ " + format("const long long i{} = q0 + r; {} x; ", i_, e) +
         value_c(locals, logits_, "x");
  if (has_own) {
    out += format("  {} y; ", e) + value_c(locals, peaked_, "y") +
           "  own[r] = " + larger("y", "own[r]") + ";";
  }
  out += format("  st[k * {} + r] = x; top[r] = {}; }} }}\n", q, larger("x", "top[r]"));
  out += "     " + loop_c("r", q, true) +
         format(
             "{{ const {0} old = peak[r], now = {1}, s = now == {2} ? 0 : now; "
             "scale[r] = {3}(old - s); peak[r] = now; shift[r] = s; }}\n",
             e, larger("top[r]", "old"), low, exp);
  out += "      " + loop_c("r", q) + "top[r] = 0;\n";
  out += "      " + loop_c("k", "count") + loop_c("r", q, true) +
         format(
             "{{ const {0} x = {1}(st[k * {2} + r] - shift[r]); st[k * {2} + r] = x; "
             "top[r] += x; }}\n",
             e, exp, q);
  out += "      " + loop_c("r", q) + "sum[r] = sum[r] * scale[r] + top[r];\n";
  out += stage_operand_c(value_, "vb", c_, width_);
  out += format("      const {} *const vp = {};\n", e, pointer_c(value_, "vb"));
  return out + format(
                   "      for (long long c = 0; c < {0}; c += {1}) {2}_o(st, vp + c * {3}, ot + c "
                   "* {4}, scale, count, {0} - c);\n",
                   width_, tiling_.tile, symbol, value_.by_column, q);
}

/// Where nothing but -inf was met, exp(shift - peak) is what it is without blocks: inf, and the
/// row's sums 0 become NaN.
std::string AttentionDraft::finish_c() const {
  const std::string e = compute_c(tiling_.dtype), q = std::to_string(tiling_.queries);
  const char* own = peaked_.valid() && peaked_ != logits_ ? "own" : "peak";
  std::string row = format("const long long i{} = q0 + r; const {} v{} = {}[r]; (void)v{};", i_, e,
                           int{kPeak}, own, int{kPeak}),
              shift;
  if (shift_.valid()) shift = value_c("", shift_, "s");
  std::string out = "    " + loop_c("r", "rows") + "{ " + row + format(" {} s = 0; ", e) + shift +
                    format("  scale[r] = {}(shift[r] - s); sum[r] *= scale[r]; }}\n",
                           math_symbol_c("exp", tiling_.dtype));
  out += transpose_c();
  std::string place =
      format(" const long long i{0} = c; const {1} v{2} = sum[r]; (void)v{2}; {1} v{3};\n", c_, e,
             int{kTotal}, int{kProduct});
  std::string found = format("const {} v{} = tr[r * {} + c] * scale[r];", e, int{kPower}, pitch());
  CExprWriter w = writer();
  w.count_uses({store_.index, store_.value});
  out += "    " + loop_c("r", "rows") + loop_c("c", std::to_string(width_), true) + "{ " + row +
         place + value_c(found, weight_, format("v{}", int{kProduct})) +
         w.declarations({store_.index, store_.value}, true, "  ");
  DType dtype = graph_.type(output_).dtype;
  return out + format("  {}[{}] = {}; }}\n", w.buffer_name(store_.buffer), w.text(store_.index),
                      w.stored(store_.value, dtype));
}

std::int64_t AttentionDraft::pitch() const {
  return (width_ + tiling_.lanes - 1) / tiling_.lanes * tiling_.lanes;
}
std::int64_t AttentionDraft::result_rows() const { return std::max(pitch(), padded(width_)); }

/// ot[column][query] to tr[query][column], one square of registers at a time.
std::string AttentionDraft::transpose_c() const {
  GemmTiling square;
  square.spec.dtype = tiling_.dtype;
  square.lanes = tiling_.lanes;
  std::string row, stores;
  std::string rounds =
      transposed_rows_c(square, format("ot + c * {} + r", tiling_.queries), tiling_.queries, row);
  for (int i = 0; i < tiling_.lanes; ++i) {
    stores += format("  {}_STORE(tr + (r + {}) * {} + c, {}{});\n", vector_prefix(tiling_.dtype), i,
                     pitch(), row, i);
  }
  return format(
             "    for (long long r = 0; r < {0}; r += {2}) for (long long c = 0; c < {1}; c += "
             "{2}) "
             "{{\n",
             tiling_.queries, pitch(), tiling_.lanes) +
         rounds + stores + "}\n";
}

std::string AttentionDraft::unit_c(const std::string& symbol) const {
  const std::string e = compute_c(tiling_.dtype), q = std::to_string(tiling_.queries);
  std::string out = format(
      "  for (long long unit = begin; unit < end; ++unit) {{\n"
      "    const long long flat = unit / {0}, q0 = unit % {0} * {1}, rows = {2};\n    "
      "(void)flat;\n",
      blocks(), q, smaller_c("q0", tiling_.queries, m_));
  std::int64_t stride = batch();
  for (int b : batch_) {
    stride /= pool_.extent(b);
    out += format("    const long long i{} = flat / {} % {};\n", b, stride, pool_.extent(b));
  }
  out += load_queries_c();
  out += "    " + loop_c("r", q) +
         format("{{ peak[r] = own[r] = {}; sum[r] = 0; }}\n",
                literal_c(neutral_of(ReduceKind::kMax, tiling_.dtype)));
  out += format("    memset(ot, 0, {});\n",
                result_rows() * tiling_.queries * dtype_bytes(tiling_.dtype));
  out += format(
      "    for (long long k0 = 0; k0 < {0}; k0 += {1}) {{\n      const long long count = {2};\n",
      n_, tiling_.keys, smaller_c("k0", tiling_.keys, n_));
  return out + block_c(symbol) + "    }\n" + finish_c() + "  }\n  return 0;\n}\n";
}

std::string AttentionDraft::text(const std::string& symbol) {
  return tile_c(symbol, true) + tile_c(symbol, false) + head_c(symbol) + unit_c(symbol);
}

}  // namespace bafe

// Register tiles. In comes a tile's rows and vectors, out goes one C function with one named vector
// variable per accumulator. Invariant: along k every accumulator sees one fused multiply-add a
// step, in ascending k, so a tile's shape never shows in the result's bits.

#include "bafe/base/format.h"
#include "bafe/codegen/gemm_text.h"
#include "bafe/codegen/vector_c.h"

namespace bafe {
namespace {

struct Micro {
  const GemmTiling& t;
  std::int64_t rows, vectors;
  std::string p;  // VF or VD
  bool masked;    // n leaves a partial last vector
  bool fast;      // fast operations run here

  std::int64_t a_row() const {
    switch (t.pack_a) {
      case PackA::kRows:
        return t.row_pitch;
      case PackA::kTiles:
        return 1;
      case PackA::kNone:
        return t.spec.a.row;
    }
    return 0;
  }
  std::int64_t a_step() const {
    switch (t.pack_a) {
      case PackA::kRows:
        return 1;
      case PackA::kTiles:
        return rows;
      case PackA::kNone:
        return t.spec.a.col;
    }
    return 0;
  }
  std::int64_t b_step() const { return t.pack_b ? vectors * t.lanes : t.spec.b.row; }
  std::int64_t c_pitch() const {
    if (t.direct_store) return t.spec.c.row;
    return t.k_blocks > 1 ? t.unit_columns() : t.columns.big * t.lanes;
  }
  /// Accumulators, a row of B and one broadcast need every register there is.
  bool is_tight() const {
    const std::int64_t registers = t.lanes * dtype_bytes(t.spec.dtype) == 64 ? 32 : 16;
    return rows * vectors + vectors + 1 >= registers;
  }
  bool mask_at(std::int64_t v) const { return masked && v + 1 == vectors; }
};

std::string at(const std::string& pointer, std::int64_t offset) {
  return offset ? format("{} + {}", pointer, offset) : pointer;
}

std::string load(const Micro& m, const std::string& address, bool mask) {
  return mask ? format("{}_MLOAD({}, mask)", m.p, address) : format("{}_LOAD({})", m.p, address);
}

std::string head(const Micro& m) {
  const std::string element = element_c(m.t);
  std::string out = format(
      "static __attribute__((noinline)) void {}_t{}x{}(const {} *a, const {} *b, {} *c, long long "
      "depth, "
      "int first, int last, {}M mask",
      m.t.spec.name, m.rows, m.vectors, element, element, element, m.p);
  for (std::size_t e = 0; m.fast && e < m.t.spec.fast.size(); ++e) {
    out += format(", const {} *e{}", element, e);
  }
  out += ") {\n";
  if (!m.masked) out += "  (void)mask;\n";
  if (!m.fast) out += "  (void)last;\n";
  return out;
}

std::string start(const Micro& m) {
  std::string declare = format("  {} ", m.p), zero, reload;
  for (std::int64_t r = 0; r < m.rows; ++r) {
    for (std::int64_t v = 0; v < m.vectors; ++v) {
      declare += format("{}c{}_{}", r + v ? ", " : "", r, v);
      zero += format("c{}_{} = ", r, v);
      const std::string address = at("c", r * m.c_pitch() + v * m.t.lanes);
      reload +=
          format("    c{}_{} = {};\n", r, v, load(m, address, m.t.direct_store && m.mask_at(v)));
    }
  }
  std::string out = declare + ";\n";
  if (m.t.k_blocks <= 1) return out + format("  (void)first;\n  {}({}){{0}};\n", zero, m.p);
  return out +
         format("  if (first) {{\n    {}({}){{0}};\n  }} else {{\n{}  }}\n", zero, m.p, reload);
}

/// This row of the next panel, to its last line: arrays are rarely aligned to lines.
std::string ask_ahead(const Micro& m) {
  const std::int64_t width = m.vectors * m.t.lanes;
  const std::string next = format("b + {}", width);
  std::string out;
  for (std::int64_t v = 0; v < m.vectors; ++v) {
    out += format("    __builtin_prefetch({} + {}, 0, 2);\n", next, v * m.t.lanes);
  }
  return out + format("    __builtin_prefetch({} + {}, 0, 2);\n", next, width - 1);
}

std::string loop(const Micro& m) {
  std::string body;
  std::vector<std::string> row_of_b;
  for (std::int64_t v = 0; v < m.vectors; ++v) {
    const std::string from = load(m, at("b", v * m.t.lanes), !m.t.pack_b && m.mask_at(v));
    row_of_b.push_back(m.is_tight() && v == 0 ? from : format("b{}", v));
    if (row_of_b.back() != from) body += format("    const {} b{} = {};\n", m.p, v, from);
  }
  if (m.t.prefetch_b) body += ask_ahead(m);
  for (std::int64_t r = 0; r < m.rows; ++r) {
    // Nothing of the next row may be loaded ahead, and one vector of B is read from memory.
    if (m.is_tight()) body += "    __asm__ volatile(\"\" ::: \"memory\");\n";
    body += format("    x = {}_SET(a[{}]);", m.p, r * m.a_row());
    for (std::int64_t v = 0; v < m.vectors; ++v) {
      body += format(" c{0}_{1} = {2}_FMA(x, {3}, c{0}_{1});", r, v, m.p,
                     row_of_b[static_cast<std::size_t>(v)]);
    }
    body += "\n";
  }
  const int unroll = m.rows * m.vectors >= 12 ? 2 : 4;
  return format(
      "#pragma GCC unroll {}\n  for (long long k = 0; k < depth; k++) {{\n    {} x;\n{}"
      "    a += {};\n    b += {};\n  }}\n",
      unroll, m.p, body, m.a_step(), m.b_step());
}

std::string fast_op(const Micro& m, std::size_t e, std::int64_t r, std::int64_t v) {
  const GemmFastOp& op = m.t.spec.fast[e];
  const std::string c = format("c{}_{}", r, v), pointer = format("e{}", e);
  if (op.kind == GemmFastOp::Kind::kRelu) return format(" {0} = {1}_RELU({0});", c, m.p);
  const std::string y = op.y.col == 1
                            ? load(m, at(pointer, r * op.y.row + v * m.t.lanes), m.mask_at(v))
                            : format("{}_SET({}[{}])", m.p, pointer, r * op.y.row);
  const char* sign = op.kind == GemmFastOp::Kind::kAdd   ? "+"
                     : op.kind == GemmFastOp::Kind::kSub ? "-"
                                                         : "*";
  return format(" {0} = {0} {1} {2};", c, sign, y);
}

std::string finish(const Micro& m) {
  std::string out;
  if (m.fast) {
    if (m.t.k_blocks > 1) out += "  if (last) {\n";
    if (m.t.k_blocks <= 1) out += "  (void)last;\n";
    for (std::int64_t r = 0; r < m.rows; ++r) {
      for (std::int64_t v = 0; v < m.vectors; ++v) {
        out += "   ";
        for (std::size_t e = 0; e < m.t.spec.fast.size(); ++e) out += fast_op(m, e, r, v);
        out += "\n";
      }
    }
    if (m.t.k_blocks > 1) out += "  }\n";
  }
  if (m.t.stream_c) {  // rows are whole lines apart, so that one address tells for all
    out += "  if (((unsigned long)c & 63) == 0) {\n";
    for (std::int64_t r = 0; r < m.rows; ++r) {
      for (std::int64_t v = 0; v < m.vectors; ++v) {
        out += format("    {}_STREAM({}, c{}_{});\n", m.p, at("c", r * m.c_pitch() + v * m.t.lanes),
                      r, v);
      }
    }
    out += "    return;\n  }\n";
  }
  for (std::int64_t r = 0; r < m.rows; ++r) {
    for (std::int64_t v = 0; v < m.vectors; ++v) {
      const std::string address = at("c", r * m.c_pitch() + v * m.t.lanes);
      const bool mask = m.t.direct_store && m.mask_at(v);
      out += mask ? format("  {}_MSTORE({}, c{}_{}, mask);\n", m.p, address, r, v)
                  : format("  {}_STORE({}, c{}_{});\n", m.p, address, r, v);
    }
  }
  return out + "}\n";
}

}  // namespace

bool fast_in_registers(const GemmTiling& t) {
  if (t.nest != GemmNest::kTiles || t.spec.fast.empty()) return false;
  for (const GemmFastOp& op : t.spec.fast) {
    if (op.kind != GemmFastOp::Kind::kRelu && op.y.col != 0 && op.y.col != 1) return false;
  }
  return true;
}

std::string micro_kernel_c(const GemmTiling& t, std::int64_t rows, std::int64_t vectors) {
  const Micro m{
      t, rows, vectors, vector_prefix(t.spec.dtype), t.spec.n % t.lanes != 0, fast_in_registers(t)};
  return head(m) + start(m) + loop(m) + finish(m);
}

}  // namespace bafe

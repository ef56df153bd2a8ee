// The driver of a product: chooses the nest, prints the functions it calls in order of use, and
// sums up scratch and units. A unit is a block of rows times a block of columns of one batch item,
// so units write disjoint parts of C and share nothing but inputs and the packed B.

#include "bafe/codegen/gemm.h"

#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/codegen/amx.h"
#include "bafe/codegen/gemm_text.h"
#include "bafe/codegen/vector_c.h"
#include "sizes.h"

namespace bafe {
namespace {

bool is_empty(const GemmTiling& t) {
  return t.spec.m == 0 || t.spec.n == 0 || t.batch_count() == 0;
}

std::int64_t packed_bytes(const GemmTiling& t) {
  if (t.nest == GemmNest::kPairs && !is_empty(t)) return pairs_packed_bytes(t);
  if (!t.pack_b || is_empty(t)) return 0;
  return t.packed_batches() * t.packed_elements() * dtype_bytes(t.spec.dtype);
}

/// The panel of B that panel `p` of columns reads, at depth k0.
std::string panel_c(const GemmTiling& t) {
  const char* k0 = t.banded ? "ks" : "k0";
  if (t.pack_b) {
    return format("B + j * {}ll + {} * (tw * {})", t.spec.k, k0, t.lanes);
  }
  return "B + " + offset_c(k0, t.spec.b.row, "j", t.spec.b.col);
}

std::string tile_of_a_c(const GemmTiling& t) {
  switch (t.pack_a) {
    case PackA::kRows:
      return format("A + (i - i0) * {}{}", t.row_pitch, t.banded ? " + (ks - k0)" : "");
    case PackA::kTiles:
      return t.banded ? "A + (i - i0) * depth + (ks - k0) * tr" : "A + (i - i0) * depth";
    case PackA::kNone:
      return "A + " + offset_c("i", t.spec.a.row, t.banded ? "ks" : "k0", t.spec.a.col);
  }
  return {};
}

std::string tile_of_c_c(const GemmTiling& t) {
  if (t.direct_store) return "C + " + offset_c("i", t.spec.c.row, "j", t.spec.c.col);
  if (t.k_blocks > 1) return format("C + (i - i0) * {} + (j - j0)", t.unit_columns());
  return "C";
}

std::string call_c(const GemmTiling& t, std::int64_t rows, std::int64_t vectors) {
  const std::string part = t.banded ? std::string("ke - ks, ks == g_t_lo, ke == g_t_hi")
                                    : format("depth, k0 == 0, k0 + depth == {}", t.spec.k);
  std::string out = format("{}_t{}x{}({}, {}, {}, {}, mask", t.spec.name, rows, vectors,
                           tile_of_a_c(t), panel_c(t), tile_of_c_c(t), part);
  for (std::size_t e = 0; fast_in_registers(t) && e < t.spec.fast.size(); ++e) {
    const GemmFastOp& op = t.spec.fast[e];
    out += op.kind == GemmFastOp::Kind::kRelu
               ? std::string(", 0")
               : format(", E{} + {}", e, offset_c("i", op.y.row, "j", op.y.col));
  }
  return out + ");\n";
}

/// Pieces of a cut that occur: {big} or {big, big - 1}.
std::vector<std::int64_t> sizes_of(const Cut& cut) {
  if (cut.first == cut.count) return {cut.big};
  return {cut.big, cut.big - 1};
}

std::string start_c(const Cut& cut, const std::string& piece) {
  if (cut.first == cut.count) return format("{} * {}", piece, cut.big);
  return format("({0} < {1} ? {0} * {2} : {0} * {3} + {1})", piece, cut.first, cut.big,
                cut.big - 1);
}

std::string calls_c(const GemmTiling& t) {
  const bool tall = t.rows.first != t.rows.count, wide = t.columns.first != t.columns.count;
  std::string out;
  for (std::int64_t rows : sizes_of(t.rows)) {
    for (std::int64_t vectors : sizes_of(t.columns)) {
      std::string test;
      if (tall) test += format("tr == {}", rows);
      if (wide) test += format("{}tw == {}", tall ? " && " : "", vectors);
      out += "          ";
      out += test.empty() ? call_c(t, rows, vectors)
                          : format("if ({}) {}", test, call_c(t, rows, vectors));
    }
  }
  return out;
}

std::string unit_head_c(const GemmTiling& t) {
  const std::string type = element_c(t);
  std::string out = "  for (long long unit = begin; unit < end; unit++) {\n";
  out += format("    const long long jb = unit % {0}, ib = unit / {0} % {1};\n", t.column_blocks,
                t.row_blocks);
  out += batch_indices_c(t, format("unit / {}", t.column_blocks * t.row_blocks));
  out += format("    const long long t0 = ib * {0}, t1 = t0 + {0} < {1} ? t0 + {0} : {1};\n",
                t.tiles_per_unit, t.rows.count);
  out += format("    const long long p0 = jb * {0}, p1 = p0 + {0} < {1} ? p0 + {0} : {1};\n",
                t.panels_per_unit, t.columns.count);
  out += format("    const long long i0 = {}, j0 = {} * {}; (void)i0; (void)j0;\n",
                start_c(t.rows, "t0"), start_c(t.columns, "p0"), t.lanes);
  if (t.pack_b) {
    GemmOperand packed{t.spec.packed_slot, 0, 0, {}, 0, {}};
    std::int64_t stride = t.packed_elements();
    packed.batch.assign(t.spec.batch.size(), 0);
    for (std::size_t d = t.spec.batch.size(); d-- > 0;) {
      const bool varies = t.spec.b.load || (d < t.spec.b.batch.size() && t.spec.b.batch[d] != 0);
      if (!varies) continue;
      packed.batch[d] = stride;
      stride *= t.spec.batch[d];
    }
    out += format("    const {} *B = {};\n", type, matrix_c(t, packed));
  } else {
    out += format("    const {} *B = {};\n", type, matrix_c(t, t.spec.b));
  }
  for (std::size_t e = 0; fast_in_registers(t) && e < t.spec.fast.size(); ++e) {
    if (t.spec.fast[e].kind == GemmFastOp::Kind::kRelu) continue;
    out += format("    const {} *E{} = {};\n", type, e, matrix_c(t, t.spec.fast[e].y));
  }
  return out;
}

/// Columns of C that the unit covers.
std::string unit_width_c(const GemmTiling& t) {
  return format("(bafe_smaller({} * {}, {}) - j0)", start_c(t.columns, "p1"), t.lanes, t.spec.n);
}

/// The part [ks, ke) of this K block that the tile needs; a tile that needs nothing is set to zero
/// by the first block.
std::string tile_part_c(const GemmTiling& t) {
  std::string out;
  if (t.spec.half) out += "          if (i + tr <= j) continue;\n";
  if (!t.banded) return out;
  out += "          " + band_range_c(t, "g_r", "i", "tr", "j",
                                     format("bafe_smaller(tw * {}, {} - j)", t.lanes, t.spec.n));
  out +=
      "          const int g_none = g_r_lo == g_r_hi;\n"
      "          const long long g_t_lo = g_none ? g_u_lo : g_r_lo, g_t_hi = g_none ? g_u_lo : "
      "g_r_hi;\n"
      "          const long long ks = bafe_larger(k0, g_t_lo), ke = bafe_smaller(k0 + depth, "
      "g_t_hi);\n"
      "          if (g_none ? k0 != g_u_lo : ks >= ke) continue;\n";
  return out;
}

std::string depth_loop_c(const GemmTiling& t) {
  const std::string type = element_c(t);
  std::string out;
  const std::string copied = format("({} *)scratch", type);
  if (t.pack_a == PackA::kNone)
    out += format("    const {} *A = {};\n", type, matrix_c(t, t.spec.a));
  if (t.pack_a != PackA::kNone) out += format("    {} *A = {};\n", type, copied);
  out += t.direct_store ? format("    {} *C = {};\n", type, matrix_c(t, t.spec.c, true))
                        : format("    {} *C = ({} *)((char *)scratch + {});\n", type, type,
                                 whole_lines(t.a_pack_elements() * dtype_bytes(t.spec.dtype)));
  if (t.spec.half) out += format("    if ({} <= j0) continue;\n", start_c(t.rows, "t1"));
  if (t.banded) {
    out += "    " + band_range_c(t, "g_u", "i0", format("({} - i0)", start_c(t.rows, "t1")), "j0",
                                 unit_width_c(t));
    out += format(
        "    for (long long k0 = g_u_lo; k0 == g_u_lo || k0 < g_u_hi; k0 += {0}) {{\n"
        "      const long long depth = k0 + {0} < g_u_hi ? {0} : g_u_hi - k0;\n",
        t.kc);
  } else if (t.k_blocks <= 1) {
    out += format("    {{ const long long k0 = 0, depth = {};\n", t.spec.k);
  } else {
    out += format(
        "    for (long long k0 = 0; k0 < {0}; k0 += {1}) {{\n"
        "      const long long depth = k0 + {1} < {0} ? {1} : {0} - k0;\n",
        t.spec.k, t.kc);
  }
  if (t.pack_a != PackA::kNone) {
    out += format("      {}_copy_a(slot, size, A, i0, {} - i0, t0, t1, k0, depth{});\n",
                  t.spec.name, start_c(t.rows, "t1"), batch_arguments_c(t));
  }
  return out;
}

std::string panel_loop_c(const GemmTiling& t) {
  const std::string p = vector_prefix(t.spec.dtype);
  const std::int64_t tail = t.spec.n % t.lanes;
  std::string out = "      for (long long p = p0; p < p1; p++) {\n";
  out += format("        const long long tw = {}, j = {} * {}; (void)tw;\n",
                t.columns.first == t.columns.count
                    ? format("{}", t.columns.big)
                    : format("p < {} ? {} : {}", t.columns.first, t.columns.big, t.columns.big - 1),
                start_c(t.columns, "p"), t.lanes);
  out += tail ? format("        const {}M mask = {}_MASK(p + 1 == {} ? {} : {});\n", p, p,
                       t.columns.count, tail, t.lanes)
              : format("        const {}M mask = {}_MASK({});\n", p, p, t.lanes);
  out += "        for (long long t = t0; t < t1; t++) {\n";
  out += format("          const long long tr = {}, i = {}; (void)tr;\n",
                t.rows.first == t.rows.count
                    ? format("{}", t.rows.big)
                    : format("t < {} ? {} : {}", t.rows.first, t.rows.big, t.rows.big - 1),
                start_c(t.rows, "t"));
  out += tile_part_c(t) + calls_c(t);
  if (!t.direct_store) {
    const std::string tile = tile_of_c_c(t);
    const std::int64_t pitch = t.k_blocks > 1 ? t.unit_columns() : t.columns.big * t.lanes;
    const std::string width =
        tail ? format("(p + 1 == {} ? {} - j : tw * {})", t.columns.count, t.spec.n, t.lanes)
             : format("tw * {}", t.lanes);
    const std::string done = t.banded         ? "if (ke == g_t_hi) "
                             : t.k_blocks > 1 ? format("if (k0 + depth == {}) ", t.spec.k)
                                              : "";
    out += format("          {}{}_out(slot, size, {}, {}, i, tr, j, {}{});\n", done, t.spec.name,
                  tile, pitch, width, batch_arguments_c(t));
  }
  // Streamed stores are seen by other threads only after a fence.
  const char* fence = t.stream_c ? "  __builtin_ia32_sfence();\n" : "";
  return out + "        }\n      }\n    }\n  }\n" + fence + "  return 0;\n}\n";
}

}  // namespace

std::string tiles_nest_c(const GemmTiling& t) {
  std::string out;
  for (std::int64_t rows : sizes_of(t.rows)) {
    for (std::int64_t vectors : sizes_of(t.columns)) out += micro_kernel_c(t, rows, vectors);
  }
  if (t.pack_a != PackA::kNone) out += copy_a_c(t);
  if (!t.direct_store) out += finish_c(t, !fast_in_registers(t));
  return out + kernel_head_c(t, t.spec.name) + unit_head_c(t) + depth_loop_c(t) + panel_loop_c(t);
}

std::int64_t nest_scratch_bytes(const GemmTiling& t) {
  const std::int64_t bytes = dtype_bytes(t.spec.dtype);
  switch (t.nest) {
    case GemmNest::kTiles:
      return whole_lines(t.a_pack_elements() * bytes) + whole_lines(t.partial_elements() * bytes);
    case GemmNest::kVecMat:
    case GemmNest::kDot:
      return row_result_bytes(t) + whole_lines(t.a_pack_elements() * bytes);
    case GemmNest::kBandRows:
    case GemmNest::kBandColumns: {
      const std::int64_t lines = t.nest == GemmNest::kBandRows ? 1 : t.band_width() + 1;
      return whole_lines(std::max<std::int64_t>(lines, 1) * (t.columns.big + 2 * t.lanes) * bytes);
    }
    case GemmNest::kPairs:
    case GemmNest::kPlain:
      return 0;
  }
  return 0;
}

std::int64_t gemm_packed_bytes(const GemmSpec& spec, const Target& target) {
  return packed_bytes(tile_gemm(spec, target));
}

int gemm_choices(const GemmSpec& spec, const Target& target) {
  const GemmTiling t = tile_gemm(spec, target);
  if (t.nest != GemmNest::kTiles || is_empty(t)) return 1;
  return static_cast<int>(tile_choices(t, target).size());
}

GemmSource emit_gemm(const GemmSpec& spec, const Target& target) {
  return emit_tiled(tile_gemm(spec, target), target);
}

GemmSource emit_tiled(const GemmTiling& t, const Target& target) {
  const GemmSpec& spec = t.spec;
  GemmSource out;
  out.symbol = spec.name;
  out.label = t.label();
  out.order = t.uses_lanes() ? "lanes" : "chain";
  if (is_empty(t)) {
    out.text = kernel_head_c(t, spec.name) + "  (void)begin; (void)end;\n  return 0;\n}\n";
    return out;
  }
  if (t.nest == GemmNest::kPairs) return emit_pairs(t);
  out.units = t.units();
  out.scratch_bytes = nest_scratch_bytes(t);
  if (t.pack_b) {
    BAFE_CHECK(spec.packed_slot >= 0, "a product that packs needs a slot for the packed operand");
    out.text += pack_kernel_c(t);
    out.pack_symbol = spec.name + "_pack";
    out.pack_units = pack_units(t);
    out.packed_bytes = packed_bytes(t);
    out.packs_a = t.swapped;
    out.layout = t.layout();
  }
  switch (t.nest) {
    case GemmNest::kTiles:
      out.text += tiles_nest_c(t);
      break;
    case GemmNest::kVecMat:
    case GemmNest::kDot:
      out.text += one_row_nest_c(t, target);
      break;
    case GemmNest::kBandRows:
    case GemmNest::kBandColumns:
      out.text += band_nest_c(t);
      break;
    case GemmNest::kPairs:
      break;
    case GemmNest::kPlain:
      out.text += plain_nest_c(t, target);
      break;
  }
  if (t.spec.half && t.nest == GemmNest::kTiles) {
    out.text += mirror_kernel_c(t);
    out.mirror_symbol = spec.name + "_mirror";
    out.mirror_units = mirror_units(t);
  }
  return out;
}

}  // namespace bafe

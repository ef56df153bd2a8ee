// Products over windows. In: how the indices walk the smaller array. Out: C text. Invariant: lanes
// beyond the last place of a vector are masked, so nothing outside the array is read; every
// accumulator is one chain of fused multiply-adds in ascending k, whatever the tiles.
//
// Where the windows are B, vectors run along places and the other operand is broadcast: a tile is
// rows of A by vectors of places. Neighbouring rows of places become one where they are evenly
// spaced in memory and little lies between them; what lies between is computed and not stored.
// Where the windows are A, vectors run along the columns of B and places are broadcast.

#include "window_product.h"

#include <algorithm>

#include "bafe/base/format.h"
#include "bafe/codegen/gemm_text.h"
#include "bafe/codegen/vector_c.h"
#include "window_parts.h"

namespace bafe {
namespace {

class WindowKernel {
 public:
  WindowKernel(const WindowSpec& spec, const Target& target)
      : s_(spec), f_(spec.form), g_(spec.gemm) {
    p_ = vector_prefix(g_.dtype);
    type_ = dtype_info(g_.dtype).c_text;
    lanes_ = vector_lanes(g_.dtype, target);
    registers_ = target.isa == Isa::kAvx512 ? 32 : 16;
    batches_ = 1;
    for (std::int64_t b : g_.batch) batches_ *= b;
    choose_grid();
    choose_tile();
  }

  /// Bytes of A with the rows of each tile next to each other.
  std::int64_t packed_bytes() const {
    return packed_matrices() * g_.m * g_.k * dtype_bytes(g_.dtype);
  }

  GemmSource emit() {
    GemmSource out;
    out.symbol = g_.name;
    out.units = batches_ * talls_ * wide_.count;
    out.order = "chain";
    out.layout = "row";
    out.label = format("windows {}x{} of {}", tall_.big, wide_.big * lanes_, vectors_ * lanes_);
    out.text = table("taps", f_.taps) + table("rows", f_.rows) + f_even();
    for (std::int64_t rows : sizes(tall_)) {
      for (std::int64_t vectors : sizes(wide_)) out.text += tile_function(rows, vectors);
    }
    out.text += main_function();
    if (!is_packed()) return out;
    out.packs_a = true;
    out.pack_symbol = g_.name + "_pack";
    out.pack_units = packed_matrices() * tall_.count;
    out.packed_bytes = packed_bytes();
    out.layout = format("rows({})", tall_.big);
    out.text += pack_function();
    return out;
  }

 private:
  bool is_packed() const { return f_.is_b && g_.packed_slot >= 0; }
  bool varies(std::size_t d) const { return d < g_.a.batch.size() && g_.a.batch[d] != 0; }

  std::int64_t packed_matrices() const {
    std::int64_t count = 1;
    for (std::size_t d = 0; d < g_.batch.size(); ++d) count *= varies(d) ? g_.batch[d] : 1;
    return count;
  }

  std::vector<std::int64_t> packed_batch() const {
    std::vector<std::int64_t> strides(g_.batch.size(), 0);
    std::int64_t run = g_.m * g_.k;
    for (std::size_t d = g_.batch.size(); d-- > 0;) {
      if (!varies(d)) continue;
      strides[d] = run;
      run *= g_.batch[d];
    }
    return strides;
  }

  /// Rows of a tile beside each other, k after k.
  std::string pack_function() const {
    std::string out = format(
        "int {}_pack(void *const *slot, const long long *size, void *scratch, long long begin, "
        "long long end) {{\n  (void)size; (void)scratch;\n"
        "  for (long long g_unit = begin; g_unit < end; g_unit++) {{\n"
        "    const long long g_i = g_unit % {}, g_first = {}, g_tall = {};\n",
        g_.name, tall_.count, tall_.start("g_i"), tall_.size("g_i"));
    std::int64_t below = tall_.count;
    for (std::size_t d = g_.batch.size(); d-- > 0;) {
      if (!varies(d)) continue;
      out += format("    const long long b{} = g_unit / {}ll % {};\n", d, below, g_.batch[d]);
      below *= g_.batch[d];
    }
    out += pointer("w", g_.a.slot, g_.a.offset, g_.a.batch);
    out += format("    {0} *g_to = ({0} *)slot[{1}] + g_unit / {2} * {3}ll + g_first * {4}ll;\n",
                  type_, g_.packed_slot, tall_.count, g_.m * g_.k, g_.k);
    return out + format(
                     "    for (long long k = 0; k < {}; k++)\n"
                     "      for (long long g_r = 0; g_r < g_tall; g_r++)\n"
                     "        *g_to++ = w[(g_first + g_r) * {}ll + k * {}ll];\n  }}\n"
                     "  return 0;\n}}\n",
                     g_.k, g_.a.row, g_.a.col);
  }

  static std::vector<std::int64_t> sizes(const Parts& p) {
    if (p.first == p.count) return {p.big};
    return {p.big, p.big - 1};
  }

  /// Vectors are over places in a grid `pitch_` wide where the windows are B, else over columns.
  void choose_grid() {
    if (!f_.is_b) {
      vectors_ = ceil_div(g_.n, lanes_);
      return;
    }
    const auto rows = static_cast<std::int64_t>(f_.rows.size());
    const std::int64_t gap = rows > 1 ? f_.rows[1] - f_.rows[0] : f_.width;
    bool even = f_.stride == 1 && gap >= f_.width;
    for (std::int64_t r = 1; r < rows; ++r) even = even && f_.rows[r] - f_.rows[r - 1] == gap;
    const std::int64_t apart = rows * ceil_div(f_.width, lanes_);
    places_ = (rows - 1) * gap + f_.width;
    joined_ = even && ceil_div(places_, lanes_) <= apart;
    pitch_ = joined_ ? gap : ceil_div(f_.width, lanes_) * lanes_;
    vectors_ = joined_ ? ceil_div(places_, lanes_) : apart;
  }

  /// The tile with the fewest instructions over all, where accumulators hide their latency.
  void choose_tile() {
    double least = 0;
    const std::int64_t tall = f_.is_b ? g_.m : f_.width;
    for (std::int64_t v = 1; v <= 4; ++v) {
      const std::int64_t most = std::min<std::int64_t>((registers_ - 2 - v) / v, 16);
      const Parts rows = Parts::of(tall, std::max<std::int64_t>(most, 1));
      const Parts columns = Parts::of(vectors_, v);
      double total = 0;
      for (std::int64_t r = 0; r < rows.count; ++r) {
        for (std::int64_t c = 0; c < columns.count; ++c) {
          const auto h = static_cast<double>(r < rows.first ? rows.big : rows.big - 1);
          const auto w = static_cast<double>(c < columns.first ? columns.big : columns.big - 1);
          total += std::max(h * w, 8.0) + 0.4 * h + w;
        }
      }
      if (v > 1 && total >= least) continue;
      least = total;
      tall_ = rows;
      wide_ = columns;
    }
    talls_ = tall_.count * (f_.is_b ? 1 : static_cast<std::int64_t>(f_.rows.size()));
  }

  std::string table(const std::string& name, const std::vector<std::int64_t>& values) const {
    std::string list;
    for (std::int64_t v : values) list += (list.empty() ? "" : ", ") + format("{}", v);
    return format("static const int {}_{}[{}] = {{{}}};\n", g_.name, name, values.size(), list);
  }

  /// Every second element of two vectors.
  std::string f_even() const {
    if (!f_.is_b || f_.stride != 2) return {};
    std::string order;
    for (int i = 0; i < lanes_; ++i) order += format("{}{}", i ? ", " : "", 2 * i);
    return format(
        "#ifdef __clang__\n#define {0}_EVEN(a, b) __builtin_shufflevector((a), (b), {1})\n#else\n"
        "#define {0}_EVEN(a, b) __builtin_shuffle((a), (b), ({2}I){{{1}}})\n#endif\n",
        g_.name, order, p_);
  }

  std::string vector_load(std::int64_t v, bool last) const {
    if (!f_.is_b && !last) return format("{}_LOAD(w + {})", p_, v * lanes_);
    if (!f_.is_b) return format("{}_MLOAD(w + {}, m{})", p_, v * lanes_, v);
    if (f_.stride == 1) return format("{0}_MLOAD(p + a{1}, m{1})", p_, v);
    return format("{0}_EVEN({1}_MLOAD(p + a{2}, m{2}), {1}_MLOAD(p + a{2} + {3}, h{2}))", g_.name,
                  p_, v, lanes_);
  }

  /// Sums of one tile, written to `c` row by row.
  std::string tile_function(std::int64_t rows, std::int64_t vectors) const {
    std::string head = format(
        "static __attribute__((noinline)) void {0}_t{1}x{2}(const {3} *x, const {3} *w, {3} *c",
        g_.name, rows, vectors, type_);
    std::string zero, fma, store, loads;
    for (std::int64_t v = 0; v < vectors; ++v) {
      if (f_.is_b) head += format(", long long a{}", v);
      if (f_.is_b || v + 1 == vectors) head += format(", {}M m{}", p_, v);
      if (f_.is_b && f_.stride == 2) head += format(", {}M h{}", p_, v);
      loads += format("      const {} b{} = {};\n", p_, v, vector_load(v, v + 1 == vectors));
    }
    for (std::int64_t r = 0; r < rows; ++r) {
      fma += format("      y = {}_SET({});", p_,
                    f_.is_b ? format("w[{}]", is_packed() ? r : r * g_.a.row)
                            : format("p[{}]", r * f_.stride));
      for (std::int64_t v = 0; v < vectors; ++v) {
        zero += format("  {0} c{1}_{2} = ({0}){{0}};\n", p_, r, v);
        fma += format(" c{0}_{1} = {2}_FMA(y, b{1}, c{0}_{1});", r, v, p_);
        store += format("  {}_STORE(c + {}, c{}_{});\n", p_, (r * vectors + v) * lanes_, r, v);
      }
      fma += "\n";
    }
    const std::string body = loads + format("      {} y;\n", p_) + fma;
    const auto taps = f_.taps.size();
    std::string loop;
    if (f_.is_b) {
      loop = format(
          "  for (long long g_c = 0; g_c < {0}; g_c++) {{\n"
          "    for (int g_t = 0; g_t < {1}; g_t++) {{\n      const {2} *p = x + {3}_taps[g_t];\n"
          "{4}      w += {5};\n    }}\n    x += {6};\n  }}\n",
          f_.channels, taps, type_, g_.name, body, is_packed() ? rows : g_.a.col, f_.step);
    } else {
      loop = format(
          "  for (int g_t = 0; g_t < {0}; g_t++) {{\n    const {1} *p = x + {2}_taps[g_t];\n"
          "    for (long long g_c = 0; g_c < {3}; g_c++) {{\n{4}      w += {5};\n      p++;\n"
          "    }}\n  }}\n",
          taps, type_, g_.name, f_.channels, body, g_.b.row);
    }
    return head + ") {\n" + zero + loop + store + "}\n";
  }

  std::string batch_text() const {
    std::string out =
        format("    long long g_b = g_unit / {}ll; (void)g_b;\n", talls_ * wide_.count);
    for (std::size_t d = g_.batch.size(); d-- > 0;) {
      out +=
          format("    const long long b{0} = g_b % {1}; (void)b{0}; g_b /= {1};\n", d, g_.batch[d]);
    }
    return out;
  }

  std::string pointer(const std::string& name, int slot, std::int64_t offset,
                      const std::vector<std::int64_t>& batch) const {
    std::string at = format("{}ll", offset);
    for (std::size_t d = 0; d < batch.size(); ++d) {
      if (batch[d] != 0) at += format(" + b{} * {}ll", d, batch[d]);
    }
    return format("    const {0} *{1} = (const {0} *)slot[{2}] + {3};\n", type_, name, slot, at);
  }

  /// Units walk the larger operand once: it is the outer one.
  std::string unit_text() const {
    const double windows = static_cast<double>(f_.channels) * static_cast<double>(f_.rows.size()) *
                           static_cast<double>(f_.width) * static_cast<double>(f_.stride) *
                           static_cast<double>(f_.stride);
    const double other = static_cast<double>(g_.k) * static_cast<double>(f_.is_b ? g_.m : g_.n);
    const bool other_outer = other > windows;
    const bool tall_outer = f_.is_b == other_outer;
    return format(
        "    const long long g_place = g_unit % {0}ll;\n"
        "    const long long g_i = g_place {1} {2}, g_q = g_place {3} {2};\n",
        talls_ * wide_.count, tall_outer ? "/" : "%", tall_outer ? wide_.count : talls_,
        tall_outer ? "%" : "/");
  }

  /// Places and masks of the vectors of a tile.
  std::string vectors_text() const {
    std::string out = format("    const long long g_v = {}, g_many = {};\n", wide_.start("g_q"),
                             wide_.size("g_q"));
    if (!f_.is_b) {
      return out + format(
                       "    const long long g_rest = {} - (g_v + g_many - 1) * {};\n"
                       "    const {}M m = {}_MASK(g_rest < {} ? g_rest : {});\n",
                       g_.n, lanes_, p_, p_, lanes_, lanes_);
    }
    out += format(
        "    long long g_at[{0}], g_row[{0}], g_column[{0}]; {1}M g_low[{0}], g_high[{0}];\n",
        wide_.big, p_);
    out += "    (void)g_high;\n    for (long long v = 0; v < g_many; v++) {\n";
    out += format("      const long long g_first = (g_v + v) * {};\n", lanes_);
    out += format("      g_row[v] = g_first / {0}; g_column[v] = g_first % {0};\n", pitch_);
    if (joined_) {
      out += format("      const long long g_left = {} - g_first;\n      g_at[v] = g_first;\n",
                    places_);
    } else {
      out += format(
          "      const long long g_left = {} - g_column[v];\n"
          "      g_at[v] = {}_rows[g_row[v]] - {}_rows[0] + g_column[v] * {};\n",
          f_.width, g_.name, g_.name, f_.stride);
    }
    out += format("      const long long g_count = g_left < {0} ? g_left : {0};\n", lanes_);
    if (f_.stride == 1) return out + format("      g_low[v] = {}_MASK(g_count);\n    }}\n", p_);
    out += format(
        "      const long long g_span = 2 * g_count - 1;\n"
        "      g_low[v] = {0}_MASK(g_span < {1} ? g_span : {1});\n"
        "      g_high[v] = {0}_MASK(g_span > {1} ? g_span - {1} : 0);\n    }}\n",
        p_, lanes_);
    return out;
  }

  std::string call_text(std::int64_t rows, std::int64_t vectors) const {
    std::string out = format("{}_t{}x{}(x, w, g_tile", g_.name, rows, vectors);
    for (std::int64_t v = 0; v < vectors; ++v) {
      if (f_.is_b) {
        out += format(", g_at[{0}], g_low[{0}]", v);
        if (f_.stride == 2) out += format(", g_high[{}]", v);
      } else if (v + 1 == vectors) {
        out += ", m";
      }
    }
    return out + ");\n";
  }

  std::string calls_text() const {
    std::string out;
    for (std::int64_t rows : sizes(tall_)) {
      for (std::int64_t vectors : sizes(wide_)) {
        out += format("    if (g_tall == {} && g_many == {}) ", rows, vectors) +
               call_text(rows, vectors);
      }
    }
    return out;
  }

  /// Elements of the tile that are places, row by row.
  std::string store_text() const {
    if (!f_.is_b) {
      return format(
                 "    const long long g_used = {} - g_v * {} < g_many * {} ? {} - g_v * {} : "
                 "g_many * {};\n",
                 g_.n, lanes_, lanes_, g_.n, lanes_, lanes_) +
             format(
                 "    for (long long g_r = 0; g_r < g_tall; g_r++) {{\n#pragma GCC ivdep\n"
                 "      for (long long g_u = 0; g_u < g_used; g_u++) {}    }}\n",
                 s_.store("g_first + g_r", format("g_v * {} + g_u", lanes_),
                          format("g_tile[g_r * g_many * {} + g_u]", lanes_)));
    }
    return format(
        "    for (long long g_r = 0; g_r < g_tall; g_r++) {{\n"
        "      for (long long v = 0; v < g_many; v++) {{\n"
        "        const {0} *g_from = g_tile + (g_r * g_many + v) * {1};\n"
        "        long long g_y = g_row[v], g_z = g_column[v];\n"
        "        for (long long g_l = 0; g_l < {1} && g_y < {2};) {{\n"
        "          const long long g_end = {3} - g_z < {1} - g_l ? {3} - g_z : {1} - g_l;\n"
        "#pragma GCC ivdep\n          for (long long g_u = 0; g_u < g_end; g_u++) {4}"
        "          g_l += {5} - g_z; g_y++; g_z = 0;\n        }}\n      }}\n    }}\n",
        type_, lanes_, f_.rows.size(), f_.width,
        s_.store("g_first + g_r", format("g_y * {} + g_z + g_u", f_.width), "g_from[g_l + g_u]"),
        pitch_);
  }

  std::string main_function() const {
    std::string out = format(
        "int {}(void *const *slot, const long long *size, void *scratch, long long begin, long "
        "long end) {{\n  (void)size; (void)scratch;\n",
        g_.name);
    out += g_.prelude;
    out += "  for (long long g_unit = begin; g_unit < end; g_unit++) {\n" + batch_text();
    out += unit_text() + vectors_text();
    const std::int64_t first = f_.is_b && !f_.rows.empty() ? f_.rows[0] : 0;
    out += pointer("x", f_.slot, f_.offset + first, f_.batch);
    const GemmOperand& other = f_.is_b ? g_.a : g_.b;
    out += is_packed() ? pointer("w", g_.packed_slot, 0, packed_batch())
                       : pointer("w", other.slot, other.offset, other.batch);
    if (f_.is_b) {
      out += format("    const long long g_first = {}, g_tall = {};\n", tall_.start("g_i"),
                    tall_.size("g_i"));
      out += format("    w += g_first * {}ll;\n", is_packed() ? g_.k : g_.a.row);
    } else {
      const Parts& row = tall_;
      out += format("    const long long g_y = g_i / {0}, g_part = g_i % {0};\n", row.count);
      out += format("    const long long g_z = {}, g_tall = {};\n", row.start("g_part"),
                    row.size("g_part"));
      out += format("    const long long g_first = g_y * {} + g_z;\n", f_.width);
      out += format("    x += {}_rows[g_y] + g_z * {};\n    w += g_v * {};\n", g_.name, f_.stride,
                    lanes_);
    }
    out += format("    {} g_tile[{}] __attribute__((aligned(64)));\n", type_,
                  tall_.big * wide_.big * lanes_);
    return out + calls_text() + store_text() + "  }\n  return 0;\n}\n";
  }

  const WindowSpec& s_;
  const WindowForm& f_;
  const GemmSpec& g_;
  std::string p_, type_;
  int lanes_ = 1;
  std::int64_t registers_ = 16, batches_ = 1, vectors_ = 1, places_ = 0, pitch_ = 1, talls_ = 1;
  bool joined_ = false;
  Parts tall_, wide_;  ///< of rows of A, or of each row of places; of vectors
};

}  // namespace

bool is_window_form(const WindowForm& form, const Target& target) {
  if (target.isa == Isa::kPlain) return false;
  return !form.is_b || form.stride <= 2;
}

std::int64_t window_packed_bytes(const WindowSpec& spec, const Target& target, bool is_constant) {
  constexpr std::int64_t kWorth = 256;  // places that read each packed element
  const bool pays = is_constant || spec.gemm.n >= kWorth;
  return spec.form.is_b && pays ? WindowKernel(spec, target).packed_bytes() : 0;
}

GemmSource emit_windows(const WindowSpec& spec, const Target& target) {
  return WindowKernel(spec, target).emit();
}

}  // namespace bafe

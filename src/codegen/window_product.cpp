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

namespace bafe {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// `total` in `count` parts of `big`, the last ones of `big - 1`.
struct Parts {
  std::int64_t total = 0, count = 1, big = 1, first = 1;
  static Parts of(std::int64_t total, std::int64_t most) {
    Parts p;
    p.total = total;
    p.count = ceil_div(total, most);
    p.big = ceil_div(total, p.count);
    p.first = p.count - (p.big * p.count - total);
    return p;
  }
  std::string start(const std::string& i) const {
    if (first == count) return format("{} * {}", i, big);
    return format("({0} < {1} ? {0} * {2} : {1} * {2} + ({0} - {1}) * {3})", i, first, big,
                  big - 1);
  }
  std::string size(const std::string& i) const {
    if (first == count) return format("{}", big);
    return format("({} < {} ? {} : {})", i, first, big, big - 1);
  }
};

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

  GemmSource emit() {
    GemmSource out;
    out.symbol = g_.name;
    out.units = batches_ * talls_ * wide_.count;
    out.order = "chain";
    out.layout = "row";
    out.label = format("windows {}x{} of {}", tall_.big, wide_.big * lanes_, vectors_ * lanes_);
    out.text = tables() + f_even();
    for (std::int64_t rows : sizes(tall_)) {
      for (std::int64_t vectors : sizes(wide_)) out.text += tile_function(rows, vectors);
    }
    out.text += main_function();
    return out;
  }

 private:
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

  std::string tables() const { return table("taps", f_.taps) + table("rows", f_.rows); }

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

  std::string vector_load(std::int64_t v) const {
    if (!f_.is_b) {
      return v + 1 < wide_.big ? format("{}_LOAD(w + {})", p_, v * lanes_)
                               : format("{}_MLOAD(w + {}, m{})", p_, v * lanes_, v);
    }
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
      const bool whole = !f_.is_b && v + 1 < vectors;
      loads += format("      const {} b{} = {};\n", p_, v,
                      whole     ? format("{}_LOAD(w + {})", p_, v * lanes_)
                      : f_.is_b ? vector_load(v)
                                : format("{}_MLOAD(w + {}, m{})", p_, v * lanes_, v));
    }
    for (std::int64_t r = 0; r < rows; ++r) {
      fma += format("      y = {}_SET({});", p_,
                    f_.is_b ? format("w[{}]", r * g_.a.row) : format("p[{}]", r * f_.stride));
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
          f_.channels, taps, type_, g_.name, body, g_.a.col, f_.step);
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
    out += pointer("w", other.slot, other.offset, other.batch);
    if (f_.is_b) {
      out += format("    const long long g_first = {}, g_tall = {};\n", tall_.start("g_i"),
                    tall_.size("g_i"));
      out += format("    w += g_first * {}ll;\n", g_.a.row);
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

GemmSource emit_windows(const WindowSpec& spec, const Target& target) {
  return WindowKernel(spec, target).emit();
}

}  // namespace bafe

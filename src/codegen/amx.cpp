// The driver of a product by pairs of bf16. In comes a product, out goes how it is cut and its
// kernels: a step that packs B by panels, then units of rows by panels that pack their own rows of
// A. Invariant: tiles are configured when a call begins and released before it returns.

#include "bafe/codegen/amx.h"

#include <algorithm>

#include "bafe/base/format.h"
#include "bafe/codegen/gemm_text.h"
#include "bafe/cost/product_cost.h"
#include "sizes.h"

namespace bafe {
namespace {

constexpr std::int64_t kRows = 32;    // two tiles
constexpr std::int64_t kDeep = 32;    // k of a tile
constexpr std::int64_t kTile = 1024;  // bytes
constexpr std::int64_t kRange = 64;   // bytes kept for a panel's magnitudes

// What labels of steps say, and what is looked for in them.
constexpr const char* kOnTiles = "amx 32x32, ";
constexpr const char* kOnVectors = "vdpbf16ps 8x48, ";
constexpr const char* kRounded =
    "operands rounded to bf16 (approx), |error| <= (2^-7 + 2^-15 + k*2^-23) * sum |a||b|";

std::int64_t panel_columns(const GemmTiling& t) { return 16 * t.pairs.wide; }
std::int64_t panel_bytes(const GemmTiling& t) {
  return t.pairs.terms * t.pairs.steps * t.pairs.wide * kTile + kRange;
}
std::int64_t matrix_bytes(const GemmTiling& t) { return t.pairs.panels * panel_bytes(t); }
std::int64_t k_blocks(const GemmTiling& t) {
  return ceil_div(t.pairs.steps, t.pairs.steps_per_block);
}
std::int64_t row_blocks(const GemmTiling& t) { return ceil_div(t.spec.m, t.pairs.unit_rows); }
std::int64_t column_blocks(const GemmTiling& t) {
  return ceil_div(t.pairs.panels, t.pairs.unit_panels);
}

/// Bytes of 32 packed rows of A, all terms, over one block of k.
std::int64_t row_pair_bytes(const GemmTiling& t) {
  if (!t.pairs.tiles) return kRows * pairs_row_bytes(t);
  return t.pairs.terms * t.pairs.steps_per_block * 2 * kTile;
}

struct Scratch {
  std::int64_t results, ranges, bytes;  // offsets behind the rows of A
};
Scratch scratch_of(const GemmTiling& t) {
  const PairTiling& p = t.pairs;
  Scratch s{};
  s.results = p.unit_rows / kRows * row_pair_bytes(t);
  const std::int64_t rows = k_blocks(t) > 1 ? p.unit_rows : kRows;
  const std::int64_t columns = panel_columns(t) * (k_blocks(t) > 1 ? p.unit_panels : 1);
  s.ranges = s.results + rows * columns * 4;
  s.bytes = whole_lines(s.ranges + p.unit_rows / kRows * 8);
  return s;
}

bool is_narrow(const GemmOperand& operand) { return operand.stored == DType::kBF16; }

/// Do matrices B differ along this axis of the batch?
bool varies(const GemmTiling& t, std::size_t d) {
  const GemmOperand& b = t.spec.b;
  return (b.load && !pairs_narrow(b)) || (d < b.batch.size() && b.batch[d] != 0);
}

std::int64_t packed_matrices(const GemmTiling& t) {
  std::int64_t count = 1;
  for (std::size_t d = 0; d < t.spec.batch.size(); ++d) count *= varies(t, d) ? t.spec.batch[d] : 1;
  return count;
}

/// Index of B's packed matrix among those that differ.
std::string packed_matrix_c(const GemmTiling& t) {
  std::string out;
  std::int64_t stride = 1;
  for (std::size_t d = t.spec.batch.size(); d-- > 0;) {
    if (!varies(t, d)) continue;
    out += format(" + b{} * {}ll", d, stride);
    stride *= t.spec.batch[d];
  }
  return "(0ll" + out + ")";
}

std::string pack_step_c(const GemmTiling& t) {
  const PairTiling& p = t.pairs;
  std::string out = pair_loader_c(t, false) + kernel_head_c(t, t.spec.name + "_pack");
  out += format(
      "  for (long long g_unit = begin; g_unit < end; g_unit++) {{\n"
      "    const long long g_panel = g_unit % {0}, g_matrix = g_unit / {0}, g_j0 = g_panel * {1};\n"
      "    (void)g_matrix;\n",
      p.panels, panel_columns(t));
  std::int64_t below = 1;
  for (std::size_t d = t.spec.batch.size(); d-- > 0;) {
    out += format(
        "    const long long b{} = {};\n", d,
        varies(t, d) ? format("g_matrix / {} % {}", below, t.spec.batch[d]) : std::string("0"));
    if (varies(t, d)) below *= t.spec.batch[d];
  }
  out += format(
      "    char *g_to = (char *)slot[{0}] + g_unit * {1}ll;\n"
      "    BafeRange g_range = {{~(BafeW){{0}}, {{0}}}};\n"
      "    for (long long g_s = 0; g_s < {2}; g_s++) {{\n"
      "      const long long k0 = g_s * 32, g_ks = {3} - k0 < 32 ? {3} - k0 : 32;\n"
      "      for (long long g_v = 0; g_v < {4}; g_v++) {{\n"
      "        const long long j0 = g_j0 + g_v * 16, g_left = {5} - j0, g_os = g_left < 0 ? 0 : "
      "g_left < 16 ? g_left : 16;\n"
      "        {6}_load_b(slot, size, j0, g_os, k0, g_ks, g_to + g_s * {4} * 1024 + g_v * {9}, "
      "{7}ll, "
      "&g_range{8});\n      }}\n    }}\n",
      t.spec.packed_slot, panel_bytes(t), p.steps, t.spec.k, p.wide, t.spec.n, t.spec.name,
      p.steps * p.wide * kTile, batch_arguments_c(t), p.tiles ? kTile : 64);
  out += format(
      "    bafe_word *g_kept = (bafe_word *)(g_to + {}ll);\n    memset(g_kept, 0, 64);\n"
      "    g_kept[0] = 0xffffffffu;\n    bafe_keep(&g_range, {}, g_kept);\n  }}\n  return 0;\n}}\n",
      panel_bytes(t) - kRange, pairs_narrow(t.spec.b) ? 1 : 0);
  return out;
}

std::string unit_head_c(const GemmTiling& t) {
  const PairTiling& p = t.pairs;
  const Scratch s = scratch_of(t);
  std::string out = kernel_head_c(t, t.spec.name);
  if (p.tiles) out += "  __asm__ volatile(\"ldtilecfg %0\" : : \"m\"(bafe_tiles));\n";
  out += format(
      "  char *g_a = (char *)scratch;\n  float *g_c = (float *)(g_a + {}ll);\n"
      "  bafe_word *g_ranges = (bafe_word *)(g_a + {}ll);\n",
      s.results, s.ranges);
  out += "  for (long long g_unit = begin; g_unit < end; g_unit++) {\n";
  out += format("    const long long g_jb = g_unit % {0}, g_ib = g_unit / {0} % {1};\n",
                column_blocks(t), row_blocks(t));
  out += batch_indices_c(t, format("g_unit / {}", column_blocks(t) * row_blocks(t)));
  out += format(
      "    const long long g_i0 = g_ib * {0}, g_i1 = g_i0 + {0} < {1} ? g_i0 + {0} : {1};\n"
      "    const long long g_p0 = g_jb * {2}, g_p1 = g_p0 + {2} < {3} ? g_p0 + {2} : {3};\n",
      p.unit_rows, t.spec.m, p.unit_panels, p.panels);
  out += format("    const char *g_b = (const char *)slot[{}] + {} * {}ll;\n", t.spec.packed_slot,
                packed_matrix_c(t), matrix_bytes(t));
  out += format(
      "    for (int g_x = 0; g_x < {}; g_x++) {{ g_ranges[2 * g_x] = 0xffffffffu; "
      "g_ranges[2 * g_x + 1] = 0; }}\n",
      p.unit_rows / kRows);
  return out;
}

/// Rows of A of this K block, two tiles after two tiles.
std::string rows_c(const GemmTiling& t) {
  const PairTiling& p = t.pairs;
  return format(
      "      for (long long g_i = g_i0; g_i < g_i1; g_i += 32) {{\n"
      "        char *g_to = g_a + (g_i - g_i0) / 32 * {0}ll;\n"
      "        BafeRange g_range = {{~(BafeW){{0}}, {{0}}}};\n"
      "        for (long long g_s = 0; g_s < g_steps; g_s++) {{\n"
      "          const long long k0 = (g_s0 + g_s) * 32, g_ks = {1} - k0 < 32 ? {1} - k0 : 32;\n"
      "          for (long long g_h = 0; g_h < 2; g_h++) {{\n"
      "            const long long i0 = g_i + g_h * 16, g_left = {2} - i0, g_os = g_left < 0 ? 0 : "
      "g_left < 16 ? g_left : 16;\n"
      "            {3}_load_a(slot, size, i0, g_os, k0, g_ks, g_to + g_s * {7} + g_h * {8}, "
      "{4}ll, &g_range{5});\n          }}\n        }}\n"
      "        bafe_keep(&g_range, {6}, g_ranges + (g_i - g_i0) / 16);\n      }}\n",
      row_pair_bytes(t), t.spec.k, t.spec.m, t.spec.name, p.steps_per_block * 2 * kTile,
      batch_arguments_c(t), pairs_narrow(t.spec.a) ? 1 : 0, p.tiles ? 2 * kTile : 64,
      p.tiles ? kTile : 16 * pairs_row_bytes(t));
}

std::string unit_body_c(const GemmTiling& t) {
  const PairTiling& p = t.pairs;
  const bool blocks = k_blocks(t) > 1;
  std::string out = format(
      "    for (long long g_s0 = 0; g_s0 < {0}; g_s0 += {1}) {{\n"
      "      const long long g_steps = {0} - g_s0 < {1} ? {0} - g_s0 : {1};\n",
      p.steps, p.steps_per_block);
  out += rows_c(t);
  const std::int64_t width = panel_columns(t), pitch = blocks ? width * p.unit_panels : width;
  out += format(
      "      for (long long g_p = g_p0; g_p < g_p1; g_p++) {{\n"
      "        const char *g_panel = g_b + g_p * {0}ll;\n"
      "        const long long g_j = g_p * {1}, g_wide = {2} - g_j < {1} ? {2} - g_j : {1};\n"
      "        for (long long g_i = g_i0; g_i < g_i1; g_i += 32) {{\n"
      "          const long long g_tall = g_i1 - g_i < 32 ? g_i1 - g_i : 32;\n"
      "          float *g_tile = {3};\n",
      panel_bytes(t), width, t.spec.n,
      blocks ? format("g_c + (g_i - g_i0) * {} + (g_p - g_p0) * {}", pitch, width)
             : std::string("g_c"));
  out += format(
      "          {0}_micro(g_a + (g_i - g_i0) / 32 * {1}ll, g_panel + g_s0 * {2}, g_tile, {3}, "
      "g_steps, {4}ll, {5}ll, g_s0 == 0, g_tall);\n",
      t.spec.name, row_pair_bytes(t), p.wide * kTile, pitch, p.steps_per_block * 2 * kTile,
      p.steps * p.wide * kTile);
  out += format(
      "          if (g_s0 + g_steps == {0}) {1}_done(slot, size, g_tile, {2}, g_i, g_tall, g_j, "
      "g_wide, g_ranges + (g_i - g_i0) / 16, (const bafe_word *)(g_panel + {3}ll){4});\n",
      p.steps, t.spec.name, pitch, panel_bytes(t) - kRange, batch_arguments_c(t));
  out += "        }\n      }\n    }\n  }\n";
  if (p.tiles) out += "  __asm__ volatile(\"tilerelease\" : : : \"memory\");\n";
  return out + "  return 0;\n}\n";
}

}  // namespace

bool pairs_narrow(const GemmOperand& operand) {
  return is_narrow(operand) && (operand.row == 1 || operand.col == 1);
}

std::optional<PairTiling> tile_pairs(const GemmSpec& s, const Target& target) {
  const bool stored = is_narrow(s.a) && is_narrow(s.b);
  const bool can = target.isa == Isa::kAvx512 && target.avx512_bf16 && s.dtype == DType::kF32 &&
                   !s.strict && !s.half && !s.a_band.limits(s.m, s.k) && !s.b_band.limits(s.k, s.n);
  if (!can || (!stored && (!s.pairs || (!target.amx && !s.rounds)))) return std::nullopt;
  PairTiling p;
  p.tiles = target.amx;
  const PairForm form = stored ? PairForm::kStored : f32_pair_form(s.rounds);
  if (!pairs_fit(p.tiles, form, s.m, s.n, s.k)) return std::nullopt;
  p.terms = form == PairForm::kThreeTerms ? 3 : 1;
  p.wide = p.tiles ? 2 : 3;
  p.steps = ceil_div(s.k, kDeep);
  const std::int64_t most = p.terms == 3 ? 32 : 64;  // rows of A by k stay in L2
  p.steps_per_block = ceil_div(p.steps, ceil_div(p.steps, most));
  p.panels = ceil_div(s.n, 16 * p.wide);
  p.unit_rows = s.m <= 256 ? kRows : s.m <= 512 ? 2 * kRows : 4 * kRows;
  const std::int64_t widest = 1024 / (16 * p.wide);
  p.unit_panels = ceil_div(p.panels, ceil_div(p.panels, widest));
  return p;
}

std::int64_t pairs_row_bytes(const GemmTiling& t) {
  return (t.pairs.steps_per_block + 1) * 64;  // rows of whole pages would meet in few cache sets
}

std::int64_t pairs_packed_bytes(const GemmTiling& t) {
  return packed_matrices(t) * matrix_bytes(t);
}

std::string pairs_layout(const GemmTiling& t) {
  return format("tc({}x{})", t.pairs.terms, panel_columns(t));
}

std::string pairs_label(const GemmTiling& t) {
  const bool stored = is_narrow(t.spec.a) && is_narrow(t.spec.b);
  const char* how = t.pairs.terms == 3 ? "f32 as three bf16 terms, six products (reals)"
                    : stored           ? "stored bf16, exact products (reals)"
                                       : kRounded;
  const std::int64_t m = t.swapped ? t.spec.n : t.spec.m, n = t.swapped ? t.spec.m : t.spec.n;
  return format("[{}, {}] x [{}, {}] on {}{}{}", m, t.spec.k, t.spec.k, n,
                t.pairs.tiles ? kOnTiles : kOnVectors, how, t.swapped ? ", transposed" : "");
}

std::vector<std::string> pair_notes(const Plan& plan) {
  std::vector<std::string> notes;
  for (const Step& step : plan.steps) {
    if (step.label.find(kOnTiles) != std::string::npos ||
        step.label.find(kOnVectors) != std::string::npos)
      notes.push_back(step.label);
  }
  return notes;
}

bool rounds_products(const Plan& plan) {
  return std::any_of(plan.steps.begin(), plan.steps.end(), [](const Step& step) {
    return step.label.find(kRounded) != std::string::npos;
  });
}

GemmSource emit_pairs(const GemmTiling& t) {
  GemmSource out;
  out.symbol = t.spec.name;
  out.label = pairs_label(t);
  out.order = "blocks";
  out.units = t.batch_count() * row_blocks(t) * column_blocks(t);
  out.scratch_bytes = scratch_of(t).bytes;
  out.pack_symbol = t.spec.name + "_pack";
  out.pack_units = packed_matrices(t) * t.pairs.panels;
  out.packed_bytes = pairs_packed_bytes(t);
  out.packs_a = t.swapped;
  out.layout = pairs_layout(t);
  out.text = pairs_prelude_c() + pack_step_c(t) + pair_loader_c(t, true) + pair_micro_c(t) +
             pair_finish_c(t) + unit_head_c(t) + unit_body_c(t);
  return out;
}

}  // namespace bafe

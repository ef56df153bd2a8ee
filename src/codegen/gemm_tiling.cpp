// In comes a product with its strides, out goes how it is cut. Everything is a function of sizes,
// strides and target: no clock, no thread count. The estimate counts fused multiply-adds a tile
// issues, padded lanes included, against the loads that feed them.

#include "bafe/codegen/gemm_tiling.h"

#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/codegen/vector_c.h"
#include "bafe/cost/product_cost.h"

namespace bafe {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

GemmSpec transposed(const GemmSpec& spec) {
  GemmSpec out = spec;
  auto flip = [](GemmOperand operand) {
    std::swap(operand.row, operand.col);
    if (operand.load) {
      operand.load = [load = operand.load](const std::string& r, const std::string& c) {
        return load(c, r);
      };
    }
    return operand;
  };
  out.m = spec.n;
  out.n = spec.m;
  out.a = flip(spec.b);
  out.b = flip(spec.a);
  out.c = flip(spec.c);
  out.a_band = spec.b_band.transposed();
  out.b_band = spec.a_band.transposed();
  for (GemmFastOp& op : out.fast) op.y = flip(op.y);
  if (spec.epilogue) {
    out.epilogue = [inner = spec.epilogue](const std::string& r, const std::string& c,
                                           const std::string& acc) { return inner(c, r, acc); };
  }
  return out;
}

/// Vectors run along columns of C: transposed pays when C is stored by columns, and for A times a
/// vector.
bool should_swap(const GemmSpec& spec) {
  if (spec.n == 1 && spec.m > 1) return true;
  if (!spec.strict && spec.n <= 4 && spec.m >= 16 && spec.k >= 64 && spec.a.col == 1 &&
      spec.b.row == 1) {
    return true;  // few dot products with each contiguous row of A
  }
  if (spec.m == 1) return false;
  return spec.c.col != 1 && spec.c.row == 1;
}

struct TileShape {
  int rows, vectors;
};

/// The tallest tiles that leave registers for B's vectors and one broadcast.
std::vector<TileShape> tallest_tiles(Isa isa) {
  if (isa == Isa::kAvx512) return {{14, 2}, {8, 3}, {6, 4}, {28, 1}};
  return {{6, 2}, {4, 3}, {12, 1}};
}

/// Estimated cycles of one k step over the whole of C. B's vectors weigh more than A's scalars,
/// because a panel of B streams from L2 when the K block is deep.
double step_cycles(const Cut& rows, const Cut& columns) {
  double total = 0;
  for (int tall = 0; tall < 2; ++tall) {
    for (int wide = 0; wide < 2; ++wide) {
      const double r = static_cast<double>(rows.big - !tall);
      const double v = static_cast<double>(columns.big - !wide);
      const double count =
          static_cast<double>((tall ? rows.first : rows.count - rows.first) *
                              (wide ? columns.first : columns.count - columns.first));
      if (count == 0) continue;
      constexpr double kLatency = 8, kLoop = 0.3;
      total += count * (std::max({r * v, r + v, kLatency}) + 0.04 * r + 0.2 * v + kLoop);
    }
  }
  return total;
}

/// Every different tile is a function to compile: a size that divides evenly is worth a few
/// percent.
double with_kinds(double cycles, const Cut& rows, const Cut& columns) {
  constexpr double kPerFunction = 0.03;
  const int kinds = (rows.first == rows.count ? 1 : 2) * (columns.first == columns.count ? 1 : 2);
  return cycles * (1 + kPerFunction * (kinds - 1));
}

/// `panel` > 0: only tiles of so many columns.
bool choose_tile(GemmTiling& t, Isa isa, int panel) {
  const std::int64_t vectors = ceil_div(t.spec.n, t.lanes);
  double best = -1;
  for (const TileShape& tallest : tallest_tiles(isa)) {
    const Cut columns = Cut::of(vectors, tallest.vectors);
    if (panel > 0 && columns.big * t.lanes != panel) continue;
    for (int limit = tallest.rows; limit >= (tallest.rows + 1) / 2; --limit) {
      const Cut rows = Cut::of(t.spec.m, limit);
      const double cycles = with_kinds(step_cycles(rows, columns), rows, columns);
      if (best >= 0 && cycles >= best * 0.995) continue;
      best = cycles;
      t.rows = rows;
      t.columns = columns;
    }
  }
  return best >= 0;
}

/// Rows whose starts fall into few cache sets evict each other while a tile walks along k.
bool rows_collide(std::int64_t stride_bytes) {
  return stride_bytes % 2048 == 0 && stride_bytes != 0;
}

/// Few rows of A by a large B in place: deep columns of B would touch a page a row, so that shallow
/// blocks of k are taken across all columns of a unit.
bool streams_b(const GemmTiling& t) {
  constexpr std::int64_t kPage = 4096, kLarge = std::int64_t{1} << 20;
  const GemmSpec& s = t.spec;
  const std::int64_t bytes = dtype_bytes(s.dtype);
  return t.rows.count < 3 && s.b.col == 1 && s.b.panel == 0 && !s.b.load &&
         s.b.row * bytes >= kPage / 2 && s.k * s.n * bytes >= kLarge && !t.banded;
}

void choose_packing(GemmTiling& t) {
  const GemmSpec& s = t.spec;
  const std::int64_t bytes = dtype_bytes(s.dtype);
  const double work =
      static_cast<double>(s.m) * static_cast<double>(s.n) * static_cast<double>(s.k);
  constexpr double kSmallWork = 1.0e6;
  const bool reused = t.rows.count >= 3 && work > kSmallWork;
  t.pack_b =
      s.k > 0 && (s.b.panel > 0 || s.b.load || s.b.col != 1 || (reused && t.columns.count > 1) ||
                  (reused && rows_collide(s.b.row * bytes)));
  const bool by_tiles = s.a.col != 1 && s.a.row == 1;
  if (s.k == 0) {
    t.pack_a = PackA::kNone;
  } else if (s.a.load || (s.a.col != 1 && s.a.row != 1)) {
    t.pack_a = by_tiles ? PackA::kTiles : PackA::kRows;
  } else if (t.columns.count >= 3 && work > kSmallWork) {
    if (by_tiles) t.pack_a = PackA::kTiles;
    if (!by_tiles && rows_collide(s.a.row * bytes)) t.pack_a = PackA::kRows;
  }
}

/// Units of about equal work: enough of them for a few threads, each large enough to reuse B's
/// panels.
void choose_units(GemmTiling& t) {
  constexpr std::int64_t kWantedUnits = 16, kMostRows = 128;
  constexpr double kSmallUnit = 64.0 * 64 * 64;
  const double batch = static_cast<double>(t.batch_count());
  const double work = batch * static_cast<double>(t.spec.m) * static_cast<double>(t.spec.n) *
                      static_cast<double>(std::max<std::int64_t>(t.spec.k, 1));
  const double wanted = std::clamp(work / kSmallUnit / batch, 1.0, kWantedUnits / batch + 1);
  const std::int64_t most_tiles =
      std::max<std::int64_t>(1, kMostRows / std::max<std::int64_t>(t.rows.big, 1));
  t.row_blocks = std::max(ceil_div(t.rows.count, most_tiles),
                          std::min(static_cast<std::int64_t>(wanted), ceil_div(t.rows.count, 3)));
  t.row_blocks = std::max<std::int64_t>(t.row_blocks, 1);
  t.tiles_per_unit = std::max<std::int64_t>(1, ceil_div(t.rows.count, t.row_blocks));
  t.row_blocks = std::max<std::int64_t>(1, ceil_div(t.rows.count, t.tiles_per_unit));
  const std::int64_t widest = std::max<std::int64_t>(1, 4096 / (t.columns.big * t.lanes));
  const std::int64_t share = static_cast<std::int64_t>(wanted) / t.row_blocks;
  t.column_blocks = std::max({ceil_div(t.columns.count, widest),
                              std::min(share, ceil_div(t.columns.count, 4)), std::int64_t{1}});
  t.panels_per_unit = ceil_div(t.columns.count, t.column_blocks);
  t.column_blocks = ceil_div(t.columns.count, t.panels_per_unit);
}

/// One row, or few rows times contiguous columns where the order of the sum is free.
bool fits_row_nests(const GemmSpec& s, bool banded) {
  if (s.a.load || s.a.col != 1 || s.k == 0 || s.n == 0) return false;
  if (s.b.load && !(banded && s.b.plain_inside)) return false;
  if (s.m == 1) return s.b.col == 1 || s.b.row == 1;
  return !s.strict && !banded && s.m >= 2 && s.m <= 4 && s.b.row == 1 && s.b.col != 1 &&
         s.k >= 64 && s.n >= 16;
}

void tile_rows(GemmTiling& t) {
  const bool by_rows = t.spec.b.row != 1 || (t.spec.b.col == 1 && t.spec.n > 1);
  t.nest = by_rows ? GemmNest::kVecMat : GemmNest::kDot;
  constexpr std::int64_t kColumns = 2048;  // a partial row of C stays in L1
  const std::int64_t width = t.nest == GemmNest::kDot ? 256 : kColumns;
  t.rows = Cut::of(t.spec.m, t.spec.m);
  t.columns = Cut::of(t.spec.n, width);
  t.panels_per_unit = 1;
  t.row_blocks = 1;
  t.column_blocks = t.columns.count;
  t.kc = t.spec.k;
  t.k_blocks = 1;
}

bool fits_band_rows(const GemmSpec& s) {
  return s.a_band.limits(s.m, s.k) && is_narrow_band(s.a_band) && !s.b.load && s.b.col == 1 &&
         s.k > 0 && s.m > 1;
}

bool fits_band_columns(const GemmSpec& s) {
  return s.b_band.limits(s.k, s.n) && is_narrow_band(s.b_band) && !s.a.load && s.a.col == 1 &&
         s.k > 0 && s.n > 1;
}

void tile_band(GemmTiling& t, GemmNest nest) {
  t.nest = nest;
  constexpr std::int64_t kColumns = 2048;
  // The diagonals of a band of columns are copied once a unit.
  const std::int64_t kRows = nest == GemmNest::kBandRows ? 64 : 256;
  t.rows = Cut::of(t.spec.m, kRows);
  t.columns = Cut::of(t.spec.n, kColumns);
  t.row_blocks = t.rows.count;
  t.column_blocks = t.columns.count;
  t.kc = t.spec.k;
  t.k_blocks = 1;
  t.direct_store = t.direct_store && t.spec.fast.empty();
}

}  // namespace

Cut Cut::of(std::int64_t length, std::int64_t limit) {
  Cut cut;
  cut.length = length;
  cut.count = ceil_div(length, limit);
  cut.big = cut.count ? ceil_div(length, cut.count) : 0;
  cut.first = cut.count ? length - cut.count * (cut.big - 1) : 0;
  return cut;
}

std::int64_t GemmTiling::batch_count() const {
  std::int64_t count = 1;
  for (std::int64_t dim : spec.batch) count *= dim;
  return count;
}

std::int64_t GemmTiling::packed_batches() const {
  std::int64_t count = 1;
  for (std::size_t d = 0; d < spec.batch.size(); ++d) {
    const bool varies = spec.b.load || (d < spec.b.batch.size() && spec.b.batch[d] != 0);
    if (varies) count *= spec.batch[d];
  }
  return count;
}

std::int64_t GemmTiling::packed_elements() const { return columns.length * lanes * spec.k; }

std::int64_t GemmTiling::band_width() const {
  const Structure& band = nest == GemmNest::kBandRows ? spec.a_band : spec.b_band;
  return band.zero() ? 0 : std::int64_t{band.below} + band.above + 1;
}

std::int64_t GemmTiling::unit_rows() const { return std::min(spec.m, tiles_per_unit * rows.big); }

std::int64_t GemmTiling::unit_columns() const {
  return std::min(columns.length, panels_per_unit * columns.big) * lanes;
}

std::int64_t GemmTiling::a_pack_elements() const {
  if (pack_a == PackA::kNone) return 0;
  return unit_rows() * (pack_a == PackA::kRows ? row_pitch : kc);
}

std::int64_t GemmTiling::partial_elements() const {
  if (direct_store) return 0;
  if (k_blocks <= 1) return rows.big * columns.big * lanes;
  return unit_rows() * unit_columns();
}

std::string GemmTiling::layout() const {
  std::string text = format("blocked({})", columns.big * lanes);
  if (columns.first != columns.count) {
    text = format("blocked({}x{},{}x{})", columns.big * lanes, columns.first,
                  (columns.big - 1) * lanes, columns.count - columns.first);
  }
  return text;
}

std::string GemmTiling::label() const {
  switch (nest) {
    case GemmNest::kVecMat:
      return "vector x matrix";
    case GemmNest::kDot:
      return "dot products";
    case GemmNest::kBandRows:
      return "band x rows";
    case GemmNest::kBandColumns:
      return "rows x band";
    case GemmNest::kPlain:
      return "plain loops";
    case GemmNest::kTiles:
      break;
  }
  return format("{}x{} kc={}{}{}{}{}{}", rows.big, columns.big * lanes, kc,
                pack_a != PackA::kNone ? " copied A" : "", pack_b ? " packed B" : "",
                swapped ? " transposed" : "", banded ? " banded" : "", spec.half ? " half" : "");
}

GemmTiling tile_gemm(const GemmSpec& spec, const Target& target) {
  GemmTiling t;
  t.swapped = should_swap(spec);
  t.spec = t.swapped ? transposed(spec) : spec;
  const GemmSpec& s = t.spec;
  const bool vector_type = s.dtype == DType::kF32 || s.dtype == DType::kF64;
  t.direct_store = !s.epilogue && s.c.col == 1;
  if (!vector_type || target.isa == Isa::kPlain) {
    t.nest = GemmNest::kPlain;
    t.lanes = 1;
    t.rows = Cut::of(s.m, 4);
    t.columns = Cut::of(s.n, 64);
    t.row_blocks = std::max<std::int64_t>(1, t.rows.count);
    t.panels_per_unit = std::max<std::int64_t>(1, t.columns.count);
    t.kc = s.k;
    t.k_blocks = 1;
    return t;
  }
  t.lanes = vector_lanes(s.dtype, target);
  t.banded = s.a_band.limits(s.m, s.k) || s.b_band.limits(s.k, s.n);
  if (s.m > 0 && s.n > 0 && !s.half && fits_band_rows(s)) {
    tile_band(t, GemmNest::kBandRows);
    return t;
  }
  if (s.m > 0 && s.n > 0 && !s.half && fits_band_columns(s)) {
    tile_band(t, GemmNest::kBandColumns);
    return t;
  }
  if (!s.half && fits_row_nests(s, t.banded)) {
    tile_rows(t);
    return t;
  }
  if (!choose_tile(t, target.isa, s.b.panel)) choose_tile(t, target.isa, 0);
  const std::int64_t deep = dtype_bytes(s.dtype) == 8 ? 256 : 512;
  const std::int64_t k_limit = !streams_b(t) ? deep : t.rows.count == 1 ? 16 : 32;
  const Cut depth = Cut::of(s.k, k_limit);
  t.k_blocks = std::max<std::int64_t>(1, depth.count);
  t.kc = depth.count > 1 ? (depth.big + 7) / 8 * 8 : s.k;
  if (t.kc > 0) t.k_blocks = std::max<std::int64_t>(1, ceil_div(s.k, t.kc));
  choose_packing(t);
  if (s.m > 0 && s.n > 0) choose_units(t);
  constexpr std::int64_t kLine = 64;
  t.row_pitch = (t.kc + 15) / 16 * 16 + kLine / dtype_bytes(s.dtype);
  return t;
}

}  // namespace bafe

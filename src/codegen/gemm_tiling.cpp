// In comes a product with its strides, out goes how it is cut. Everything is a function of sizes,
// strides and target: no clock, no thread count. The estimate counts fused multiply-adds a tile
// issues, padded lanes included, against the loads that feed them.

#include "bafe/codegen/gemm_tiling.h"

#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/codegen/amx.h"
#include "bafe/codegen/vector_c.h"
#include "bafe/cost/product_cost.h"
#include "sizes.h"

namespace bafe {
namespace {

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

// Bytes of an operand that L1 and L2 will not keep, and L3 hardly.
constexpr std::int64_t kStreamed = 512 << 10, kInMemory = 16 << 20;

/// Few rows times contiguous columns, where the order of the sum is free: sums in lanes along k.
bool fits_lanes(const GemmSpec& s) {
  if (s.strict || s.b.load || s.b.row != 1 || s.b.col == 1 || s.n < 16) return false;
  return s.m >= 2 && (s.m <= 4 ? s.k >= 64 : s.m <= 16 && s.k >= 256);
}

/// Vectors run along columns of C: transposed pays when C is stored by columns, for A times a
/// vector, and for A times a few columns.
bool should_swap(const GemmSpec& spec) {
  if (spec.n == 1 && spec.m > 1) return true;
  if (spec.m > spec.n && fits_lanes(transposed(spec))) return true;
  if (spec.m == 1) return false;
  return spec.c.col != 1 && spec.c.row == 1;
}

/// One row, or few.
bool fits_row_nests(const GemmSpec& s, bool banded) {
  if (s.k == 0 || s.n == 0) return false;
  if (banded && (s.a.load || s.a.col != 1)) return false;
  if (s.b.load && !(banded && s.b.plain_inside)) return false;
  if (s.m == 1) return s.b.col == 1 || s.b.row == 1;
  return !banded && fits_lanes(s);
}

void tile_rows(GemmTiling& t) {
  const bool by_rows = t.spec.b.row != 1 || (t.spec.b.col == 1 && t.spec.n > 1);
  t.nest = by_rows ? GemmNest::kVecMat : GemmNest::kDot;
  constexpr std::int64_t kColumns = 2048;  // a partial row of C stays in L1
  // Two units at least of a matrix that two threads read faster than one.
  const bool is_large = t.spec.k * t.spec.n * dtype_bytes(t.spec.dtype) >= (1 << 20);
  const std::int64_t half = std::max<std::int64_t>(256, (t.spec.n + 1) / 2);
  const std::int64_t width = t.nest == GemmNest::kDot ? 256
                             : is_large               ? std::min(kColumns, half)
                                                      : kColumns;
  t.rows = Cut::of(t.spec.m, t.spec.m);
  t.columns = Cut::of(t.spec.n, width);
  t.panels_per_unit = 1;
  t.row_blocks = 1;
  t.column_blocks = t.columns.count;
  t.kc = t.spec.k;
  t.k_blocks = 1;
  if (t.spec.a.load || t.spec.a.col != 1) t.pack_a = PackA::kRows;
  // Rows of a matrix in L3 come fast enough by themselves.
  t.prefetch_b = t.spec.k * t.spec.n * dtype_bytes(t.spec.dtype) >
                 (t.nest == GemmNest::kDot ? kStreamed : kInMemory);
  t.row_pitch = padded_row(t);
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

std::int64_t padded_row(const GemmTiling& t) {
  constexpr std::int64_t kLine = 64;
  return (t.kc + 15) / 16 * 16 + kLine / dtype_bytes(t.spec.dtype);
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
    case GemmNest::kPairs:
      return pairs_label(*this);
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
  if (std::optional<PairTiling> pairs = tile_pairs(s, target)) {
    t.nest = GemmNest::kPairs;
    t.pairs = *pairs;
    return t;
  }
  if (!s.half && fits_row_nests(s, t.banded)) {
    tile_rows(t);
    return t;
  }
  const std::vector<TileChoice> choices = tile_choices(t, target);
  cut_tiles(
      t, choices[std::min<std::size_t>(static_cast<std::size_t>(spec.choice), choices.size() - 1)],
      target);
  return t;
}

}  // namespace bafe

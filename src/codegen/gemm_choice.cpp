// In comes a product that register tiles compute, out go the few ways to cut it that may be best,
// the most likely first. Everything is a function of sizes, strides and target: no clock, no thread
// count. The estimate counts fused multiply-adds a tile issues, padded lanes included, against the
// loads that feed them.

#include <algorithm>
#include <functional>

#include "bafe/codegen/gemm_tiling.h"
#include "sizes.h"

namespace bafe {
namespace {

constexpr std::int64_t kPage = 4096, kLine = 64;

/// Rows whose starts fall into few cache sets evict each other while a tile walks along k.
bool rows_collide(std::int64_t stride_bytes) {
  return stride_bytes % 2048 == 0 && stride_bytes != 0;
}

struct TileShape {
  int rows, vectors;
};

/// The tallest tiles that leave registers for B's vectors and one broadcast.
std::vector<TileShape> tallest_tiles(Isa isa) {
  if (isa == Isa::kAvx512) return {{14, 2}, {8, 3}, {6, 4}, {28, 1}};
  return {{6, 2}, {4, 3}, {12, 1}};
}

/// Estimated cycles of one k step over the whole of C. A's scalars come from many short streams,
/// which costs by the byte; B's vectors from one long stream.
double step_cycles(const Cut& rows, const Cut& columns, int bytes) {
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
      total += count * (std::max({r * v, r + v, kLatency}) + 0.02 * bytes * r + 0.05 * v + kLoop);
    }
  }
  return total;
}

/// Every different tile is a function to compile: a size that divides evenly is worth a percent.
double with_kinds(double cycles, const Cut& rows, const Cut& columns) {
  constexpr double kPerFunction = 0.01;
  const int kinds = (rows.first == rows.count ? 1 : 2) * (columns.first == columns.count ? 1 : 2);
  return cycles * (1 + kPerFunction * (kinds - 1));
}

/// A large B with long rows, in place: it is read once by few rows of A, and each panel asks for
/// the next one ahead. Copying it would cost more than it saves.
bool streams_b(const GemmTiling& t) {
  constexpr std::int64_t kLarge = std::int64_t{1} << 20, kFewRows = 384;
  const GemmSpec& s = t.spec;
  const std::int64_t bytes = dtype_bytes(s.dtype);
  return s.m <= kFewRows && s.b.col == 1 && s.b.panel == 0 && !s.b.load &&
         s.b.row * bytes >= kPage / 2 && s.k * s.n * bytes >= kLarge && !t.banded;
}

void choose_packing(GemmTiling& t) {
  const GemmSpec& s = t.spec;
  const std::int64_t bytes = dtype_bytes(s.dtype);
  const double work =
      static_cast<double>(s.m) * static_cast<double>(s.n) * static_cast<double>(s.k);
  constexpr double kSmallWork = 1.0e6;
  const bool reused = t.rows.count >= 3 && work > kSmallWork;
  t.prefetch_b = streams_b(t);
  t.pack_b = s.k > 0 && !t.prefetch_b &&
             (s.b.panel > 0 || s.b.load || s.b.col != 1 || (reused && t.columns.count > 1) ||
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
  const std::int64_t share_rows = t.prefetch_b ? 1 : ceil_div(t.rows.count, 3);
  t.row_blocks = std::max(ceil_div(t.rows.count, most_tiles),
                          std::min(static_cast<std::int64_t>(wanted), share_rows));
  t.row_blocks = std::max<std::int64_t>(t.row_blocks, 1);
  t.tiles_per_unit = std::max<std::int64_t>(1, ceil_div(t.rows.count, t.row_blocks));
  t.row_blocks = std::max<std::int64_t>(1, ceil_div(t.rows.count, t.tiles_per_unit));
  const std::int64_t widest = std::max<std::int64_t>(1, 4096 / (t.columns.big * t.lanes));
  const std::int64_t share = static_cast<std::int64_t>(wanted) / t.row_blocks;
  // A streamed B is read in rows of at least a page.
  const std::int64_t longest = kPage / (t.columns.big * t.lanes * dtype_bytes(t.spec.dtype));
  const std::int64_t least = t.prefetch_b ? std::max<std::int64_t>(4, longest) : 4;
  t.column_blocks = std::max({ceil_div(t.columns.count, widest),
                              std::min(share, ceil_div(t.columns.count, least)), std::int64_t{1}});
  // Rows too short to share by pages are shared all the same: a second thread gains more than that
  // costs the first.
  if (t.prefetch_b && t.batch_count() * t.row_blocks * t.column_blocks == 1 && wanted >= 2)
    t.column_blocks = std::min<std::int64_t>(2, t.columns.count);
  t.panels_per_unit = ceil_div(t.columns.count, t.column_blocks);
  t.column_blocks = ceil_div(t.columns.count, t.panels_per_unit);
}

/// The K block of a product whose tiles are cut.
std::int64_t usual_depth(const GemmTiling& t, const Target& target) {
  const std::int64_t bytes = dtype_bytes(t.spec.dtype);
  if (streams_b(t) && t.rows.count < 4) return t.rows.count == 1 ? 32 : 64;
  // A unit's part of A fills half of L2; the fewer blocks, the less often C is read again. Many
  // long rows of a streamed B would evict each other before they are used.
  if (streams_b(t) && t.spec.k * bytes > 3072) return 2048 / bytes;
  return (target.l2_bytes >= (1 << 20) ? 4096 : 2048) / bytes;
}

}  // namespace

std::vector<TileChoice> tile_choices(const GemmTiling& t, const Target& target) {
  struct Ranked {
    TileChoice choice;
    double cycles;
  };
  std::vector<Ranked> ranked;
  // More colliding rows than L1 has ways would evict each other.
  const int ways = t.spec.a.row * dtype_bytes(t.spec.dtype) % kPage == 0 ? 8 : 16;
  const bool collide =
      !t.spec.a.load && t.spec.a.col == 1 && rows_collide(t.spec.a.row * dtype_bytes(t.spec.dtype));
  const std::int64_t vectors = ceil_div(t.spec.n, t.lanes);
  for (const TileShape& tallest : tallest_tiles(target.isa)) {
    const Cut columns = Cut::of(vectors, tallest.vectors);
    Ranked best{{}, -1};
    const int most = collide ? std::min(tallest.rows, ways) : tallest.rows;
    for (int limit = most; limit >= (most + 1) / 2; --limit) {
      const Cut rows = Cut::of(t.spec.m, limit);
      const double cycles =
          with_kinds(step_cycles(rows, columns, dtype_bytes(t.spec.dtype)), rows, columns);
      if (best.cycles < 0 || cycles < best.cycles * 0.995) best = {{rows, columns}, cycles};
    }
    ranked.push_back(best);
  }
  const std::int64_t panel = t.spec.b.panel;
  auto fits = [&](const Ranked& r) { return r.choice.columns.big * t.lanes == panel; };
  if (panel > 0 && std::any_of(ranked.begin(), ranked.end(), fits))
    std::erase_if(ranked, std::not_fn(fits));
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const Ranked& a, const Ranked& b) { return a.cycles < b.cycles; });
  std::vector<TileChoice> out;
  for (const Ranked& r : ranked) {
    auto is_same = [&](const TileChoice& c) {
      return c.rows.big == r.choice.rows.big && c.columns.big == r.choice.columns.big;
    };
    if (std::none_of(out.begin(), out.end(), is_same)) out.push_back(r.choice);
  }
  return out;
}

void cut_tiles(GemmTiling& t, const TileChoice& choice, const Target& target) {
  const GemmSpec& s = t.spec;
  t.rows = choice.rows;
  t.columns = choice.columns;
  const Cut depth = Cut::of(s.k, usual_depth(t, target));
  t.k_blocks = std::max<std::int64_t>(1, depth.count);
  t.kc = depth.count > 1 ? (depth.big + 7) / 8 * 8 : s.k;
  if (t.kc > 0) t.k_blocks = std::max<std::int64_t>(1, ceil_div(s.k, t.kc));
  choose_packing(t);
  if (s.m > 0 && s.n > 0) choose_units(t);
  t.row_pitch = padded_row(t);
  const std::int64_t line = s.c.row * dtype_bytes(s.dtype);
  t.stream_c = t.direct_store && t.k_blocks <= 1 && !t.banded && s.n % t.lanes == 0 &&
               line % kLine == 0 &&
               t.batch_count() * s.m * line > std::min(target.l3_bytes, 16 << 20);
}

}  // namespace bafe

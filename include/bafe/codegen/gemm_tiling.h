#pragma once
/// How a matrix product is cut: register tiles, K blocks, packing, units. Decided from sizes,
/// strides and target alone, so equal shapes are summed in equal order everywhere.

#include <cstdint>
#include <string>
#include <vector>

#include "bafe/codegen/gemm.h"

namespace bafe {

enum class GemmNest : std::uint8_t {
  kTiles,        ///< register tiles of rows x vectors
  kVecMat,       ///< m == 1, B's rows are contiguous: y += x[k] * B[k, :]
  kDot,          ///< few rows, B's columns are contiguous: dot products
  kBandRows,     ///< A is a narrow band: each row of C is a few scaled rows of B
  kBandColumns,  ///< B is a narrow band: rows of A times its diagonals
  kPairs,        ///< pairs of bf16, through AMX tiles or vdpbf16ps (amx.h)
  kPlain,        ///< C99 loops: integers, bool, targets without vectors
};

enum class PackA : std::uint8_t { kNone, kRows, kTiles };

/// A length cut into `count` pieces of `big` (the first `first`) or `big - 1`.
struct Cut {
  std::int64_t length = 0, count = 0, big = 0, first = 0;
  static Cut of(std::int64_t length, std::int64_t limit);
  std::int64_t start(std::int64_t piece) const {
    return piece <= first ? piece * big : first * big + (piece - first) * (big - 1);
  }
};

/// A product by pairs of bf16: tiles of 16 x 16 results, 32 steps of k at once.
struct PairTiling {
  bool tiles = false;                           ///< AMX tiles, else vectors
  int terms = 1;                                ///< bf16 terms of an operand: 1 or 3
  int wide = 2;                                 ///< tiles of 16 columns side by side in a panel
  std::int64_t steps = 0, steps_per_block = 0;  ///< of 32 along k
  std::int64_t unit_rows = 0, unit_panels = 0, panels = 0;
};

struct GemmTiling {
  GemmSpec spec;         ///< as emitted: transposed when `swapped`
  bool swapped = false;  ///< computes C^T = B^T A^T
  GemmNest nest = GemmNest::kTiles;
  int lanes = 1;  ///< elements of a vector
  Cut rows;       ///< m into register tiles
  Cut columns;    ///< vectors of n into panels
  std::int64_t kc = 0, k_blocks = 0;
  std::int64_t tiles_per_unit = 1, panels_per_unit = 1;
  std::int64_t row_blocks = 1, column_blocks = 1;
  PackA pack_a = PackA::kNone;
  bool pack_b = false;
  bool prefetch_b = false;     ///< B in place: the next panel or columns are asked for, to L2
  bool stream_c = false;       ///< C outgrows the caches: stored past them where lines are whole
  bool direct_store = true;    ///< C takes vectors; else finished tiles go through an L1 buffer
  std::int64_t row_pitch = 0;  ///< elements between packed rows of A (kRows)
  PairTiling pairs;            ///< of GemmNest::kPairs
  bool banded = false;         ///< tiles and rows skip what a_band and b_band exclude

  std::int64_t batch_count() const;
  std::int64_t units() const { return batch_count() * row_blocks * column_blocks; }
  std::int64_t packed_batches() const;   ///< distinct matrices B along the batch
  std::int64_t packed_elements() const;  ///< of one matrix B
  std::int64_t column_of(std::int64_t panel) const { return columns.start(panel) * lanes; }
  bool uses_lanes() const { return nest == GemmNest::kDot && !spec.strict && !banded; }
  std::int64_t band_width() const;    ///< diagonals of the narrow operand (kBandRows, kBandColumns)
  std::int64_t unit_rows() const;     ///< most rows of one unit
  std::int64_t unit_columns() const;  ///< most columns of one unit, whole vectors
  std::int64_t a_pack_elements() const;
  std::int64_t partial_elements() const;  ///< buffer of unfinished or unstored tiles
  std::string layout() const;
  std::string label() const;
};

/// Elements between copied rows of A: whole lines and one more, so that rows fall into other sets.
std::int64_t padded_row(const GemmTiling& t);

/// One way to cut C into register tiles.
struct TileChoice {
  Cut rows, columns;
};
/// At most kMostChoices, the one the model prefers first; the product's nest is kTiles.
inline constexpr int kMostChoices = 4;
std::vector<TileChoice> tile_choices(const GemmTiling& t, const Target& target);
/// Cuts tiles, K blocks, units and chooses packing.
void cut_tiles(GemmTiling& t, const TileChoice& choice, const Target& target);

GemmTiling tile_gemm(const GemmSpec& spec, const Target& target);

}  // namespace bafe

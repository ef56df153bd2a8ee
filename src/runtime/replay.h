#pragma once
/// One run of a binary on drawn inputs, compared with the meaning. Private to src/runtime.

#include <string>
#include <vector>

#include "bafe/runtime/part_program.h"
#include "bafe/runtime/samples.h"

namespace bafe {

struct ReplaySubject {
  const Graph& traced;  ///< flatten_named
  const Graph* chosen;  ///< nullptr: as traced
  const Executable& executable;
  const ConstantTable& constants;
  bool rounds = false;
  bool is_small = false;  ///< may be computed as a whole
};

struct ReplayDraw {
  int magnitude = 0;  ///< > 0: floats are integers of at most this magnitude, and all is exact
  Floats floats = Floats::kSigned;
  Integers integers = Integers::kBits;
  std::uint64_t seed = 0;
};

struct ReplayResult {
  std::string difference;     ///< empty: the results agree
  std::int64_t compared = 0;  ///< elements
  std::int64_t elements = 0;  ///< of all results
  int checked_products = 0;   ///< results of which every row was checked
  bool is_bounded = true;     ///< by derived bounds; else by the coarse tolerance
};

/// Errors: ShapeError when the program refuses the draw.
ReplayResult replay(const ReplaySubject& subject, const ReplayDraw& draw);

/// Which elements of results of `types` to compare: few rows at many columns, or the reverse.
/// `level` 0 picks most, kPickLevels - 1 least.
inline constexpr int kPickLevels = 5;
std::vector<Picks> sample_picks(std::span<const Type> types, int level, bool many_columns,
                                std::uint64_t seed);

}  // namespace bafe

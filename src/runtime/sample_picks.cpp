// In: types of results. Out: the positions that a replay compares. Borders come first: mistakes of
// tails and masks show there.

#include <algorithm>
#include <set>

#include "replay.h"

namespace bafe {
namespace {

constexpr std::int64_t kTiles[] = {64, 48, 32, 16, 8, 6};

struct Counts {
  int many, few, leading;
};
constexpr Counts kCounts[kPickLevels] = {
    {512, 12, 3}, {256, 6, 2}, {96, 3, 2}, {24, 2, 1}, {4, 1, 1}};

/// At most `count` of `size` positions: ends, borders of tiles, then drawn ones.
std::vector<std::int64_t> some_of(std::int64_t size, int count, SampleSource& random) {
  std::set<std::int64_t> out;
  if (size <= count) {
    for (std::int64_t i = 0; i < size; ++i) out.insert(i);
    return {out.begin(), out.end()};
  }
  std::vector<std::int64_t> borders = {size - 1, 0};
  for (std::int64_t tile : kTiles) {
    const std::int64_t tail = size / tile * tile;
    for (std::int64_t at : {tail, tail - 1, tile - 1, tile, tile + 1}) borders.push_back(at);
  }
  const auto most_borders = static_cast<std::size_t>(std::max(1, 2 * count / 3));
  for (std::int64_t at : borders) {
    if (at >= 0 && at < size && out.size() < most_borders) out.insert(at);
  }
  while (out.size() < static_cast<std::size_t>(count))
    out.insert(static_cast<std::int64_t>(random.next() % static_cast<std::uint64_t>(size)));
  return {out.begin(), out.end()};
}

}  // namespace

std::vector<Picks> sample_picks(std::span<const Type> types, int level, bool many_columns,
                                std::uint64_t seed) {
  const Counts counts = kCounts[level];
  std::vector<Picks> out;
  SampleSource random(seed);
  for (const Type& type : types) {
    const std::vector<std::int64_t> sizes = concrete(type.shape);
    Picks picks;
    for (std::size_t axis = 0; axis < sizes.size(); ++axis) {
      const std::size_t from_end = sizes.size() - axis;
      int count = counts.leading;
      if (from_end == 1) count = many_columns ? counts.many : counts.few;
      if (from_end == 2) count = many_columns ? counts.few : counts.many;
      picks.push_back(some_of(sizes[axis], count, random));
    }
    out.push_back(std::move(picks));
  }
  return out;
}

}  // namespace bafe

// Zero regions of arrays. In: a matrix in memory and a band, or blocks. Out: is all outside zero?
// Elements are compared as bits without the sign, so that NaN counts as a value and nothing traps.
// Lines run along the smaller stride: a matrix stored by columns is scanned as its transpose.

#include "bafe/runtime/band_scan.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "bafe/cost/roofline.h"

namespace bafe {
namespace {

MatrixView by_lines(const MatrixView& m, Structure& band) {
  if (m.col_stride <= m.row_stride) return m;
  band = band.transposed();
  return {m.data, m.dtype, m.cols, m.rows, m.col_stride, m.row_stride};
}

template <class Bits>
Bits magnitude(const unsigned char* at) {
  Bits bits;
  std::memcpy(&bits, at, sizeof bits);
  return static_cast<Bits>(bits << 1);
}

using Words = std::uint64_t __attribute__((vector_size(16)));

/// Some bit besides signs is set in `bytes` (a multiple of 16 x 8) bytes.
template <class Bits>
bool any_in_blocks(const unsigned char* at, std::int64_t bytes) {
  constexpr std::uint64_t kNoSigns =
      sizeof(Bits) == 8 ? 0x7fffffffffffffffull : 0x7fffffff7fffffffull;
  constexpr std::int64_t kStep = 8 * sizeof(Words), kCheck = 16;  // a test every 2 KiB
  constexpr std::int64_t kAhead = 4096;  // bytes; a prefetch past the end is harmless
  for (std::int64_t from = 0; from < bytes; from += kCheck * kStep) {
    const std::int64_t end = std::min(bytes, from + kCheck * kStep);
    Words any = {0, 0};
    for (std::int64_t block = from; block < end; block += kStep) {
      __builtin_prefetch(at + block + kAhead);
      __builtin_prefetch(at + block + kAhead + 64);
      for (std::int64_t i = 0; i < 8; ++i) {
        Words words;
        std::memcpy(&words, at + block + i * static_cast<std::int64_t>(sizeof words), sizeof words);
        any |= words;
      }
    }
    if (((any[0] | any[1]) & kNoSigns) != 0) return true;
  }
  return false;
}

/// All of `count` elements are zero.
template <class Bits>
bool is_zero_run(const unsigned char* at, std::int64_t count, std::int64_t stride) {
  std::int64_t i = 0;
  if (stride == static_cast<std::int64_t>(sizeof(Bits))) {
    constexpr std::int64_t kElements = 8 * sizeof(Words) / sizeof(Bits);
    i = count / kElements * kElements;
    if (any_in_blocks<Bits>(at, i * stride)) return false;
  }
  Bits any = 0;
  for (; i < count; ++i) any |= magnitude<Bits>(at + i * stride);
  return any == 0;
}

/// Columns [first, last) of line i that may hold anything.
struct Kept {
  std::int64_t first, last;
};

Kept kept_by_band(const Structure& band, std::int64_t i, std::int64_t columns) {
  return {std::clamp<std::int64_t>(i - band.below, 0, columns),
          std::clamp<std::int64_t>(i + band.above + 1, 0, columns)};
}

Kept kept_by_blocks(std::int64_t size, std::int64_t i, std::int64_t columns) {
  const std::int64_t first = i / size * size;
  return {first, std::min(first + size, columns)};
}

template <class Bits, class KeptOf>
bool holds(const MatrixView& m, KeptOf kept_of) {
  const auto* data = static_cast<const unsigned char*>(m.data);
  // Dense data fails within the first two lines, whichever side is claimed; what holds is read in
  // the order of memory.
  for (std::int64_t i = 0; i < m.rows; ++i) {
    const unsigned char* line = data + i * m.row_stride;
    auto [first, last] = kept_of(i);
    if (!is_zero_run<Bits>(line, first, m.col_stride)) return false;
    last = std::max(first, last);
    if (!is_zero_run<Bits>(line + last * m.col_stride, m.cols - last, m.col_stride)) return false;
  }
  return true;
}

/// Largest j - i (`right`) or i - j of an element that is not zero; lowest() for a zero matrix.
/// Each line is walked from its far end, only as far as it could still raise the answer.
template <class Bits>
std::int64_t reach(const MatrixView& m, bool right, std::int64_t enough) {
  const auto* data = static_cast<const unsigned char*>(m.data);
  std::int64_t most = -m.rows - m.cols;
  for (std::int64_t i = 0; i < m.rows && most < enough; ++i) {
    std::int64_t row = right ? i : m.rows - 1 - i;
    const unsigned char* line = data + row * m.row_stride;
    if (right) {
      std::int64_t j = m.cols - 1;
      while (j - row > most && j >= 0 && !magnitude<Bits>(line + j * m.col_stride)) --j;
      if (j >= 0) most = std::max(most, j - row);
    } else {
      std::int64_t j = 0;
      while (row - j > most && j < m.cols && !magnitude<Bits>(line + j * m.col_stride)) ++j;
      if (j < m.cols) most = std::max(most, row - j);
    }
  }
  return most;
}

template <class Bits>
Structure find(const MatrixView& m) {
  Structure band;
  // A side whose zeros are fewer than a quarter of their triangle saves too little.
  auto side = [](std::int64_t most, std::int64_t length) {
    bool useful = 2 * most < length;
    return useful ? static_cast<std::int32_t>(std::max<std::int64_t>(most, -Structure::kUnbounded))
                  : Structure::kUnbounded;
  };
  band.above = side(reach<Bits>(m, true, (m.cols + 1) / 2), m.cols);
  band.below = side(reach<Bits>(m, false, (m.rows + 1) / 2), m.rows);
  if (band.zero()) band.below = band.above = 0;  // a zero matrix is diagonal, too
  return band;
}

/// Rows at which a block may end: nothing before reaches beyond, nothing from here on reaches back.
template <class Bits>
std::vector<std::int64_t> block_ends(const MatrixView& m) {
  const auto* data = static_cast<const unsigned char*>(m.data);
  const std::int64_t n = m.rows;
  std::vector<std::int64_t> reaches_back(static_cast<std::size_t>(n) + 1, n), ends;
  std::vector<std::int64_t> beyond(static_cast<std::size_t>(n), 0);
  for (std::int64_t i = 0; i < n; ++i) {
    const unsigned char* line = data + i * m.row_stride;
    std::int64_t first = 0, last = n;
    while (last > 0 && !magnitude<Bits>(line + (last - 1) * m.col_stride)) --last;
    while (first < last && !magnitude<Bits>(line + first * m.col_stride)) ++first;
    if (i == 0 && last > (n + 1) / 2 + 1) return ends;
    const auto at = static_cast<std::size_t>(i);
    beyond[at] = std::max(last, i > 0 ? beyond[at - 1] : 0);
    reaches_back[at] = first < last ? first : n;
  }
  for (auto i = static_cast<std::size_t>(n); i-- > 0;) {
    reaches_back[i] = std::min(reaches_back[i], reaches_back[i + 1]);
  }
  for (std::int64_t i = 1; i < n; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (beyond[at - 1] <= i && reaches_back[at] >= i) ends.push_back(i);
  }
  return ends;
}

/// Elements that are not kept.
template <class KeptOf>
double outside(const MatrixView& m, KeptOf kept_of) {
  double count = 0;
  for (std::int64_t i = 0; i < m.rows; ++i) {
    auto [first, last] = kept_of(i);
    count += static_cast<double>(m.cols - (std::max(first, last) - first));
  }
  return count;
}

template <class KeptOf>
bool holds_any(const MatrixView& m, KeptOf kept_of) {
  return m.dtype == DType::kF64 ? holds<std::uint64_t>(m, kept_of)
                                : holds<std::uint32_t>(m, kept_of);
}

double scan_ns(const Machine& machine, const MatrixView& matrix, double elements) {
  double bytes = elements * dtype_bytes(matrix.dtype);
  return bytes / bandwidth_gbs(machine, bytes) + static_cast<double>(matrix.rows);
}

}  // namespace

Structure find_band(const MatrixView& matrix) {
  Structure none;
  MatrixView m = by_lines(matrix, none);
  Structure band = m.dtype == DType::kF64 ? find<std::uint64_t>(m) : find<std::uint32_t>(m);
  return matrix.col_stride <= matrix.row_stride ? band : band.transposed();
}

bool holds_band(const MatrixView& matrix, const Structure& band) {
  Structure turned = band;
  MatrixView m = by_lines(matrix, turned);
  return holds_any(m, [&](std::int64_t i) { return kept_by_band(turned, i, m.cols); });
}

double band_scan_ns(const Machine& machine, const MatrixView& matrix, const Structure& band) {
  auto kept = [&](std::int64_t i) { return kept_by_band(band, i, matrix.cols); };
  return scan_ns(machine, matrix, outside(matrix, kept));
}

std::int64_t find_blocks(const MatrixView& matrix) {
  if (matrix.rows != matrix.cols) return 0;
  Structure none;
  MatrixView m = by_lines(matrix, none);
  const std::vector<std::int64_t> ends =
      m.dtype == DType::kF64 ? block_ends<std::uint64_t>(m) : block_ends<std::uint32_t>(m);
  for (std::int64_t size : ends) {
    bool all = true;
    for (std::int64_t end = size; end < m.rows && all; end += size) {
      all = std::binary_search(ends.begin(), ends.end(), end);
    }
    if (all) return size;
  }
  return 0;
}

bool holds_blocks(const MatrixView& matrix, std::int64_t size) {
  Structure none;
  MatrixView m = by_lines(matrix, none);
  return holds_any(m, [&](std::int64_t i) { return kept_by_blocks(size, i, m.cols); });
}

double block_scan_ns(const Machine& machine, const MatrixView& matrix, std::int64_t size) {
  auto kept = [&](std::int64_t i) { return kept_by_blocks(size, i, matrix.cols); };
  return scan_ns(machine, matrix, outside(matrix, kept));
}

}  // namespace bafe

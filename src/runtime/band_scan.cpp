// Zero regions of arrays. In: a matrix in memory and a band. Out: whether all outside is zero.
// Elements are compared as bits without the sign, so that NaN counts as a value and nothing traps.
// Lines run along the smaller stride: a matrix stored by columns is scanned as its transpose.

#include "bafe/runtime/band_scan.h"

#include <algorithm>
#include <cstring>
#include <limits>

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

template <class Bits>
bool holds(const MatrixView& m, const Structure& band) {
  const auto* data = static_cast<const unsigned char*>(m.data);
  // Dense data fails within the first two lines, whichever side is claimed; what holds is read in
  // the order of memory.
  for (std::int64_t i = 0; i < m.rows; ++i) {
    const unsigned char* line = data + i * m.row_stride;
    std::int64_t first = std::clamp<std::int64_t>(i - band.below, 0, m.cols);
    std::int64_t last = std::clamp<std::int64_t>(i + band.above + 1, 0, m.cols);
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

/// Elements outside the band.
double outside(const MatrixView& m, const Structure& band) {
  double count = 0;
  for (std::int64_t i = 0; i < m.rows; ++i) {
    std::int64_t first = std::clamp<std::int64_t>(i - band.below, 0, m.cols);
    std::int64_t last = std::clamp<std::int64_t>(i + band.above + 1, first, m.cols);
    count += static_cast<double>(m.cols - (last - first));
  }
  return count;
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
  return m.dtype == DType::kF64 ? holds<std::uint64_t>(m, turned) : holds<std::uint32_t>(m, turned);
}

double band_scan_ns(const Machine& machine, const MatrixView& matrix, const Structure& band) {
  double bytes = outside(matrix, band) * dtype_bytes(matrix.dtype);
  return bytes / bandwidth_gbs(machine, bytes) + static_cast<double>(matrix.rows);
}

}  // namespace bafe

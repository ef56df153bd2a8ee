#pragma once
/// Zeros of arrays, found once and tested again at every call.

#include <cstdint>

#include "bafe/cost/cost_model.h"
#include "bafe/ir/structure.h"

namespace bafe {

/// A float matrix in memory; strides in bytes.
struct MatrixView {
  const void* data = nullptr;
  DType dtype = DType::kF32;  ///< f32 or f64
  std::int64_t rows = 0, cols = 0, row_stride = 0, col_stride = 0;
};

/// The narrowest band that holds every element that is not 0 (either sign); a side that saves
/// little is left unbounded. Reads of dense data end within the first lines.
Structure find_band(const MatrixView& matrix);
/// Is every element outside the band 0? NaN is not 0. Ends at the first that is not.
bool holds_band(const MatrixView& matrix, const Structure& band);
/// Predicted nanoseconds of holds_band() when it holds.
double band_scan_ns(const Machine& machine, const MatrixView& matrix, const Structure& band);

/// Size of the equal blocks on the diagonal of a square matrix outside which all is 0 (the last may
/// be smaller); 0 when there are no two such blocks. Reads of dense data end within the first line.
std::int64_t find_blocks(const MatrixView& matrix);
/// Is every element outside the blocks 0?
bool holds_blocks(const MatrixView& matrix, std::int64_t size);
/// Predicted nanoseconds of holds_blocks() when it holds.
double block_scan_ns(const Machine& machine, const MatrixView& matrix, std::int64_t size);

}  // namespace bafe

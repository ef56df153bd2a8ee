#pragma once
/// What the sizes of prebuilt steps mean: written by the planner, read by the drivers. Private to
/// src/codegen/prebuilt*.cpp. All strides and offsets are in elements.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bafe {

/// A run of pointwise operators over a box of elements, walked in row-major order in blocks.
///
///   sizes := elements rank loads ops stores values block per_unit
///            {dim} {load} {op} {store} {register}
///   load  := slot bytes value offset bits {stride}     slot -1: the value is `bits` everywhere
///   op    := kernel value a b c                        kernel: position in the table
///   store := slot bytes value                          dense in the order of the box
///   register := byte offset in scratch of a value's block
namespace pointwise_sizes {
enum Field { kElements, kRank, kLoads, kOps, kStores, kValues, kBlock, kPerUnit, kHead };
inline constexpr int kLoadHead = 5, kOpWords = 5, kStoreWords = 3, kMostValues = 192;
}  // namespace pointwise_sizes

/// One strided copy: slot 0 is read, slot 1 written.
///   sizes := bytes rank from_offset to_offset {dim} {from stride} {to stride}
/// The last axis is the fastest of the written side. Units are those of copy_units().
namespace copy_sizes {
enum Field { kBytes, kRank, kFrom, kTo, kHead };
}
std::int64_t copy_units(const std::vector<std::int64_t>& sizes);

/// C = A B, C dense row-major. Slots: A, B, C.
///   sizes := bytes m n k a a_row a_col b b_row b_col row_blocks column_blocks rank
///            {batch dim} {a stride} {b stride}
/// A unit is one batch element's block of kProductRows x kProductColumns results.
namespace product_sizes {
enum Field {
  kBytes,
  kM,
  kN,
  kK,
  kA,
  kARow,
  kACol,
  kB,
  kBRow,
  kBCol,
  kRowBlocks,
  kColumnBlocks,
  kRank,
  kHead
};
}
inline constexpr std::int64_t kProductRows = 512, kProductColumns = 1008;
std::int64_t product_scratch_bytes(std::int64_t n, std::int64_t k);

/// Places of the elements of a box in row-major order.
class Odometer {
 public:
  static constexpr int kMostAxes = 32;
  Odometer(const std::int64_t* dims, std::int64_t rank, std::int64_t flat)
      : dims_(dims), rank_(rank) {
    for (std::int64_t d = rank; d-- > 0; flat /= dims[d]) at_[d] = flat % dims[d];
  }
  std::int64_t at(std::int64_t axis) const { return at_[axis]; }
  std::int64_t dot(const std::int64_t* strides) const {
    std::int64_t sum = 0;
    for (std::int64_t d = 0; d < rank_; ++d) sum += at_[d] * strides[d];
    return sum;
  }
  /// On by `count` <= what is left of the last axis.
  void advance(std::int64_t count) {
    if (rank_ == 0) return;
    at_[rank_ - 1] += count;
    for (std::int64_t d = rank_ - 1; d > 0 && at_[d] == dims_[d]; --d) {
      at_[d] = 0;
      ++at_[d - 1];
    }
  }

 private:
  const std::int64_t* dims_;
  std::int64_t rank_;
  std::int64_t at_[kMostAxes];
};

}  // namespace bafe

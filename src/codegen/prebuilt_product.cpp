// The driver of matrix products. In: two strided stacks of matrices. Out: a dense one. A unit packs
// its part of B in panels of three vectors, block by block of k, copies a few rows of A, and runs
// register tiles over them. Invariant: an element of C is one chain of fused multiply-adds in
// ascending k, whatever the blocks are.

#include <algorithm>
#include <cstring>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/codegen/vector_c.h"
#include "prebuilt_steps.h"
#include "prebuilt_table.h"
#include "sizes.h"

namespace bafe {
namespace {

using namespace product_sizes;

constexpr std::int64_t kMostRows = 8;       // of a register tile
constexpr std::int64_t kMostElements = 48;  // of a panel: three vectors of f32
constexpr std::int64_t kFewRows = 2;

/// Tiles by rows (1, 2, 4, 8) and vectors.
struct Tiles {
  KernelFn tile[4][kPrebuiltVectors] = {};
  KernelFn row = nullptr;  // one row times a matrix that is contiguous along its rows
  std::int64_t rows = 0;   // most of one tile
  int lanes = 1;
};

Tiles tiles_of(Isa isa, DType dtype) {
  Tiles out;
  Target target;
  target.isa = isa;
  out.lanes = vector_lanes(dtype, target);
  const int row = find_prebuilt(isa, format("row {}", dtype_info(dtype).name));
  if (row >= 0) out.row = prebuilt_table(isa)[static_cast<std::size_t>(row)].kernel;
  for (int r = 0; r < 4; ++r) {
    for (int v = 0; v < kPrebuiltVectors; ++v) {
      const int at =
          find_prebuilt(isa, format("tile {} {}x{}", dtype_info(dtype).name, 1 << r, v + 1));
      if (at < 0) continue;
      out.tile[r][v] = prebuilt_table(isa)[static_cast<std::size_t>(at)].kernel;
      out.rows = std::int64_t{1} << r;
    }
  }
  return out;
}

template <class T>
class Product {
 public:
  Product(void* const* slot, const std::int64_t* size, void* scratch, const Tiles& tiles)
      : a_(static_cast<const T*>(slot[0]) + size[kA]),
        b_(static_cast<const T*>(slot[1]) + size[kB]),
        c_(static_cast<T*>(slot[2])),
        size_(size),
        tiles_(tiles),
        wide_(kPrebuiltVectors * tiles.lanes),
        rows_(static_cast<T*>(scratch)),
        part_(rows_ + kMostRows * kPrebuiltPitch),
        panels_(part_ + kMostRows * kMostElements) {}

  void run(std::int64_t begin, std::int64_t end) {
    const std::int64_t columns = size_[kColumnBlocks], blocks = size_[kRowBlocks] * columns;
    const std::int64_t rank = size_[kRank];
    const std::int64_t *dims = size_ + kHead, *a_steps = dims + rank, *b_steps = a_steps + rank;
    for (std::int64_t u = begin; u < end; ++u) {
      const Odometer batch(dims, rank, u / blocks);
      const std::int64_t block = u % blocks;
      unit(a_ + batch.dot(a_steps), b_ + batch.dot(b_steps),
           c_ + u / blocks * size_[kM] * size_[kN], block / columns * kProductRows,
           block % columns * kProductColumns);
    }
  }

 private:
  void unit(const T* a, const T* b, T* c, std::int64_t i0, std::int64_t j0) {
    const std::int64_t height = std::min(kProductRows, size_[kM] - i0);
    const std::int64_t width = std::min(kProductColumns, size_[kN] - j0);
    if (height <= kFewRows && size_[kBCol] == 1) {  // packing would cost more than the product
      for (std::int64_t i = i0; i < i0 + height; ++i) {
        void* slots[] = {const_cast<T*>(a + i * size_[kARow]), const_cast<T*>(b + j0),
                         c + i * size_[kN] + j0};
        const std::int64_t sizes[] = {size_[kK], size_[kBRow], width, size_[kACol]};
        tiles_.row(slots, sizes, nullptr, 0, 1);
      }
      return;
    }
    for (std::int64_t k0 = 0; k0 < size_[kK]; k0 += kPrebuiltDepth) {
      const std::int64_t depth = std::min(kPrebuiltDepth, size_[kK] - k0);
      pack(b + k0 * size_[kBRow] + j0 * size_[kBCol], depth, width);
      for (std::int64_t i = 0; i < height;) {
        std::int64_t rows = tiles_.rows, kind = 3;
        while (rows > height - i) rows /= 2;
        while ((std::int64_t{1} << kind) > rows) --kind;
        const T* from = a + (i0 + i) * size_[kARow] + k0 * size_[kACol];
        for (std::int64_t r = 0; r < rows; ++r)
          copy_row(rows_ + r * kPrebuiltPitch, from, r, depth);
        for (std::int64_t j = 0; j < width; j += wide_) {
          T* to = c + (i0 + i) * size_[kN] + j0 + j;
          tile(to, rows, kind, panels_ + j * depth, std::min(wide_, width - j), depth, k0 == 0);
        }
        i += rows;
      }
    }
  }

  void copy_row(T* to, const T* from, std::int64_t row, std::int64_t depth) const {
    from += row * size_[kARow];
    if (size_[kACol] == 1) {
      std::memcpy(to, from, static_cast<std::size_t>(depth) * sizeof(T));
      return;
    }
    for (std::int64_t k = 0; k < depth; ++k) to[k] = from[k * size_[kACol]];
  }

  /// Panel p holds columns [p wide_, …) of this block, row by row, in whole vectors.
  void pack(const T* b, std::int64_t depth, std::int64_t width) {
    for (std::int64_t j = 0; j < width; j += wide_) {
      const std::int64_t count = std::min(wide_, width - j);
      const std::int64_t whole = ceil_div(count, tiles_.lanes) * tiles_.lanes;
      T* to = panels_ + j * depth;
      const T* from = b + j * size_[kBCol];
      if (size_[kBCol] == 1) {
        for (std::int64_t k = 0; k < depth; ++k) {
          std::memcpy(to + k * whole, from + k * size_[kBRow],
                      static_cast<std::size_t>(count) * sizeof(T));
          for (std::int64_t x = count; x < whole; ++x) to[k * whole + x] = 0;
        }
        continue;
      }
      for (std::int64_t x = 0; x < whole; ++x) {
        for (std::int64_t k = 0; k < depth; ++k)
          to[k * whole + x] = x < count ? from[x * size_[kBCol] + k * size_[kBRow]] : T{0};
      }
    }
  }

  void tile(T* c, std::int64_t rows, std::int64_t kind, const T* panel, std::int64_t count,
            std::int64_t depth, bool is_first) {
    const std::int64_t vectors = ceil_div(count, tiles_.lanes);
    const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
    if (!is_first) {
      for (std::int64_t r = 0; r < rows; ++r)
        std::memcpy(part_ + r * wide_, c + r * size_[kN], bytes);
    }
    void* slots[] = {rows_, const_cast<T*>(panel), part_};
    const std::int64_t sizes[] = {depth, is_first ? 1 : 0};
    tiles_.tile[kind][vectors - 1](slots, sizes, nullptr, 0, 1);
    for (std::int64_t r = 0; r < rows; ++r)
      std::memcpy(c + r * size_[kN], part_ + r * wide_, bytes);
  }

  const T *a_, *b_;
  T* c_;
  const std::int64_t* size_;
  const Tiles& tiles_;
  std::int64_t wide_;
  T *rows_, *part_, *panels_;
};

template <Isa isa>
int product(void* const* slot, const std::int64_t* size, void* scratch, std::int64_t begin,
            std::int64_t end) {
  if (size[kBytes] == 4) {
    static const Tiles tiles = tiles_of(isa, DType::kF32);
    Product<float>(slot, size, scratch, tiles).run(begin, end);
  } else {
    static const Tiles tiles = tiles_of(isa, DType::kF64);
    Product<double>(slot, size, scratch, tiles).run(begin, end);
  }
  return kKernelOk;
}

}  // namespace

std::int64_t product_scratch_bytes(std::int64_t n, std::int64_t k) {
  const std::int64_t width = std::min(n, kProductColumns) + kMostElements;
  const std::int64_t panels = std::min(k, kPrebuiltDepth) * width;
  return (kMostRows * (kPrebuiltPitch + kMostElements) + panels) *
         static_cast<std::int64_t>(sizeof(double));
}

KernelFn product_driver(Isa isa) {
  return isa == Isa::kAvx512 ? product<Isa::kAvx512>
         : isa == Isa::kAvx2 ? product<Isa::kAvx2>
                             : nullptr;
}

}  // namespace bafe

// The driver of copies. In: one array by strides. Out: the same elements by other strides.
// Invariant: every element of the box is copied once; bytes are never interpreted. Where the two
// sides are contiguous along different axes, squares go through a private tile, so that every cache
// line is used whole.

#include <algorithm>
#include <cstring>

#include "kernel.h"
#include "prebuilt_steps.h"
#include "prebuilt_table.h"
#include "sizes.h"

namespace bafe {
namespace {

using namespace copy_sizes;

constexpr std::int64_t kChunk = 32768;  // elements of a row that one unit copies

struct CopyBox {
  std::int64_t bytes, rank;
  const std::int64_t *dims, *from, *to;
  std::int64_t across =
      -1;  // axis along which the read side is contiguous, where it jumps along the last
  explicit CopyBox(const std::int64_t* size)
      : bytes(size[kBytes]),
        rank(size[kRank]),
        dims(size + kHead),
        from(dims + rank),
        to(from + rank) {
    if (rank < 2 || from[rank - 1] == 1 || to[rank - 1] != 1 || dims[rank - 1] < 4) return;
    for (std::int64_t d = 0; d + 1 < rank; ++d) {
      if (from[d] == 1 && dims[d] >= 4) across = d;
    }
  }
  std::int64_t last() const { return dims[rank - 1]; }
  /// Boxes of the axes that units count, then pieces of one more axis.
  std::int64_t outer() const {
    std::int64_t n = 1;
    for (std::int64_t d = 0; d + 1 < rank; ++d) n *= d == across ? 1 : dims[d];
    return n;
  }
  std::int64_t pieces() const {
    return across >= 0 ? ceil_div(dims[across], kTilePitch) : ceil_div(last(), kChunk);
  }
};

template <class T>
void copy_run(T* to, std::int64_t to_step, const T* from, std::int64_t step, std::int64_t count) {
  if (to_step == 1 && step == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(T));
  } else if (to_step == 1 && step == 0) {
    std::fill_n(to, count, *from);
  } else {
    for (std::int64_t i = 0; i < count; ++i) to[i * to_step] = from[i * step];
  }
}

template <class T>
class Copy {
 public:
  Copy(void* const* slot, const std::int64_t* size, Isa isa)
      : box_(size),
        from_(static_cast<const T*>(slot[0]) + size[kFrom]),
        to_(static_cast<T*>(slot[1]) + size[kTo]) {
    static const int squares[] = {
        -1, find_prebuilt(Isa::kAvx2, sizeof(T) == 4 ? "turn 4" : "turn 8"),
        find_prebuilt(Isa::kAvx512, sizeof(T) == 4 ? "turn 4" : "turn 8")};
    const int at = sizeof(T) >= 4 ? squares[static_cast<std::size_t>(isa)] : -1;
    if (at >= 0) turn_ = prebuilt_table(isa)[static_cast<std::size_t>(at)].kernel;
  }

  void run(std::int64_t begin, std::int64_t end) {
    const std::int64_t pieces = box_.pieces();
    for (std::int64_t u = begin; u < end; ++u) {
      std::int64_t flat = u / pieces, from = 0, to = 0;
      for (std::int64_t d = box_.rank - 1; d-- > 0;) {
        if (d == box_.across) continue;
        from += flat % box_.dims[d] * box_.from[d];
        to += flat % box_.dims[d] * box_.to[d];
        flat /= box_.dims[d];
      }
      if (box_.across >= 0)
        strip(from_ + from, to_ + to, u % pieces * kTilePitch);
      else
        row(from_ + from, to_ + to, u % pieces * kChunk);
    }
  }

 private:
  void row(const T* from, T* to, std::int64_t first) {
    const std::int64_t axis = box_.rank - 1, count = std::min(kChunk, box_.last() - first);
    copy_run(to + first * box_.to[axis], box_.to[axis], from + first * box_.from[axis],
             box_.from[axis], count);
  }

  /// 32 rows of the written side.
  void strip(const T* from, T* to, std::int64_t first) {
    const std::int64_t axis = box_.rank - 1;
    const std::int64_t lines = std::min<std::int64_t>(kTilePitch, box_.dims[box_.across] - first);
    const std::int64_t step = box_.from[axis], pitch = box_.to[box_.across];
    alignas(64) T tile[kTilePitch * kTilePitch];
    for (std::int64_t i = 0; i < box_.last(); i += kTilePitch) {
      const std::int64_t count = std::min<std::int64_t>(kTilePitch, box_.last() - i);
      const T* source = from + i * step + first;
      if (turn_) {
        void* slots[] = {tile, const_cast<T*>(source)};
        const std::int64_t sizes[] = {step, count, lines};
        turn_(slots, sizes, nullptr, 0, 1);
      } else {
        for (std::int64_t r = 0; r < count; ++r) {
          for (std::int64_t c = 0; c < lines; ++c) tile[c * kTilePitch + r] = source[r * step + c];
        }
      }
      for (std::int64_t c = 0; c < lines; ++c) {
        std::memcpy(to + (first + c) * pitch + i, tile + c * kTilePitch,
                    static_cast<std::size_t>(count) * sizeof(T));
      }
    }
  }

  CopyBox box_;
  const T* from_;
  T* to_;
  KernelFn turn_ = nullptr;
};

template <Isa isa>
int copy(void* const* slot, const std::int64_t* size, void*, std::int64_t begin, std::int64_t end) {
  switch (size[kBytes]) {
    case 1:
      Copy<std::uint8_t>(slot, size, isa).run(begin, end);
      break;
    case 2:
      Copy<std::uint16_t>(slot, size, isa).run(begin, end);
      break;
    case 4:
      Copy<std::uint32_t>(slot, size, isa).run(begin, end);
      break;
    default:
      Copy<std::uint64_t>(slot, size, isa).run(begin, end);
  }
  return kKernelOk;
}

}  // namespace

std::int64_t copy_units(const std::vector<std::int64_t>& sizes) {
  const CopyBox box(sizes.data());
  return box.outer() * box.pieces();
}

KernelFn copy_driver(Isa isa) {
  return isa == Isa::kAvx512 ? copy<Isa::kAvx512>
         : isa == Isa::kAvx2 ? copy<Isa::kAvx2>
                             : copy<Isa::kPlain>;
}

}  // namespace bafe

// The driver of pointwise steps. In: arrays and the bytecode of prebuilt_steps.h. Out: arrays.
// Invariant: a kernel sees buffers that are whole multiples of kPrebuiltStep elements: an array
// where the block is whole and contiguous there, else a register in scratch; an element of an array
// is read and written only if it is one of the step's.

#include <algorithm>
#include <cstring>

#include "prebuilt_steps.h"
#include "prebuilt_table.h"

namespace bafe {
namespace {

using namespace pointwise_sizes;

template <class T>
void gather(T* to, const T* from, std::int64_t stride, std::int64_t count) {
  if (stride == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(T));
  } else if (stride == 0) {
    std::fill_n(to, count, *from);
  } else {
    for (std::int64_t i = 0; i < count; ++i) to[i] = from[i * stride];
  }
}

void gather_bytes(char* to, const char* from, std::int64_t bytes, std::int64_t stride,
                  std::int64_t count) {
  switch (bytes) {
    case 1:
      return gather(reinterpret_cast<std::uint8_t*>(to),
                    reinterpret_cast<const std::uint8_t*>(from), stride, count);
    case 2:
      return gather(reinterpret_cast<std::uint16_t*>(to),
                    reinterpret_cast<const std::uint16_t*>(from), stride, count);
    case 4:
      return gather(reinterpret_cast<std::uint32_t*>(to),
                    reinterpret_cast<const std::uint32_t*>(from), stride, count);
    default:
      return gather(reinterpret_cast<std::uint64_t*>(to),
                    reinterpret_cast<const std::uint64_t*>(from), stride, count);
  }
}

struct Load {
  std::int64_t slot, bytes, value, offset, bits;
  const std::int64_t* strides;
};

class PointwiseRun {
 public:
  PointwiseRun(void* const* slot, const std::int64_t* size, void* scratch,
               std::span<const PrebuiltKernel> table)
      : slot_(slot),
        size_(size),
        scratch_(static_cast<char*>(scratch)),
        table_(table),
        rank_(size[kRank]),
        dims_(size + kHead),
        loads_(dims_ + rank_),
        ops_(loads_ + size[kLoads] * (kLoadHead + rank_)),
        stores_(ops_ + size[kOps] * kOpWords),
        registers_(stores_ + size[kStores] * kStoreWords) {
    fill_constants();
  }

  int run(std::int64_t first, std::int64_t last) {
    int status = kKernelOk;
    Odometer place(dims_, rank_, first);
    for (std::int64_t at = first; at < last && status == kKernelOk; at += size_[kBlock]) {
      const std::int64_t count = std::min(size_[kBlock], last - at);
      for (std::int64_t i = 0; i < size_[kLoads]; ++i) take(load_at(i), at, count, place);
      status = compute(at, count);
      put(at, count);
      for (std::int64_t left = count; left > 0 && rank_ > 0;) {
        const std::int64_t step = std::min(left, dims_[rank_ - 1] - place.at(rank_ - 1));
        place.advance(step);
        left -= step;
      }
    }
    return status;
  }

 private:
  Load load_at(std::int64_t i) const {
    const std::int64_t* p = loads_ + i * (kLoadHead + rank_);
    return {p[0], p[1], p[2], p[3], p[4], p + kLoadHead};
  }
  char* own(std::int64_t value) const { return scratch_ + registers_[value]; }

  /// Values that are the same for every element keep their blocks.
  void fill_constants() {
    for (std::int64_t i = 0; i < size_[kLoads]; ++i) {
      const Load load = load_at(i);
      const bool is_fixed =
          std::all_of(load.strides, load.strides + rank_, [](std::int64_t s) { return s == 0; });
      if (!is_fixed) continue;
      const char* from = reinterpret_cast<const char*>(&load.bits);
      if (load.slot >= 0)
        from = static_cast<const char*>(slot_[load.slot]) + load.offset * load.bytes;
      gather_bytes(own(load.value), from, load.bytes, 0, size_[kBlock]);
      values_[load.value] = own(load.value);
      is_fixed_[i] = true;
    }
  }

  void take(const Load& load, std::int64_t at, std::int64_t count, Odometer place) {
    const std::int64_t index = (load.strides - kLoadHead - loads_) / (kLoadHead + rank_);
    if (is_fixed_[index]) return;
    const char* base = static_cast<const char*>(slot_[load.slot]) + load.offset * load.bytes;
    const std::int64_t inner = load.strides[rank_ - 1], width = dims_[rank_ - 1];
    const std::int64_t left = width - place.at(rank_ - 1);
    (void)at;
    const char* from = base + place.dot(load.strides) * load.bytes;
    if (inner == 1 && count <= left && count % kPrebuiltStep == 0) {
      values_[load.value] = const_cast<char*>(from);
      return;
    }
    char* to = own(load.value);
    values_[load.value] = to;
    for (std::int64_t done = 0; done < count;) {
      const std::int64_t run = std::min(count - done, width - place.at(rank_ - 1));
      from = base + place.dot(load.strides) * load.bytes;
      gather_bytes(to + done * load.bytes, from, load.bytes, inner, run);
      done += run;
      place.advance(run);
    }
  }

  int compute(std::int64_t at, std::int64_t count) {
    const std::int64_t steps = (count + kPrebuiltStep - 1) / kPrebuiltStep;
    const bool is_whole = count % kPrebuiltStep == 0;
    if (is_whole) {  // results that are stored are computed where they belong
      for (std::int64_t i = 0; i < size_[kStores]; ++i) {
        const std::int64_t* store = stores_ + i * kStoreWords;
        targets_[store[2]] = static_cast<char*>(slot_[store[0]]) + at * store[1];
      }
    }
    int status = kKernelOk;
    const std::int64_t sizes[1] = {steps};
    for (std::int64_t i = 0; i < size_[kOps]; ++i) {
      const std::int64_t* op = ops_ + i * kOpWords;
      const PrebuiltKernel& kernel = table_[static_cast<std::size_t>(op[0])];
      char* out = is_whole && targets_[op[1]] ? targets_[op[1]] : own(op[1]);
      values_[op[1]] = out;
      void* slots[4] = {out, values_[op[2]], values_[op[3]], values_[op[4]]};
      const int code =
          kernel.kernel(slots, sizes, nullptr, 0, kernel.elements == 1 ? count : steps);
      status = status == kKernelOk ? code : status;
    }
    return status;
  }

  void put(std::int64_t at, std::int64_t count) {
    for (std::int64_t i = 0; i < size_[kStores]; ++i) {
      const std::int64_t* store = stores_ + i * kStoreWords;
      char* to = static_cast<char*>(slot_[store[0]]) + at * store[1];
      if (values_[store[2]] != to)
        std::memcpy(to, values_[store[2]], static_cast<std::size_t>(count * store[1]));
    }
  }

  void* const* slot_;
  const std::int64_t* size_;
  char* scratch_;
  std::span<const PrebuiltKernel> table_;
  std::int64_t rank_;
  const std::int64_t *dims_, *loads_, *ops_, *stores_, *registers_;
  char* values_[kMostValues] = {};
  char* targets_[kMostValues] = {};
  bool is_fixed_[kMostValues] = {};
};

template <Isa isa>
int pointwise(void* const* slot, const std::int64_t* size, void* scratch, std::int64_t begin,
              std::int64_t end) {
  PointwiseRun run(slot, size, scratch, prebuilt_table(isa));
  const std::int64_t last = std::min(end * size[kPerUnit], size[kElements]);
  return run.run(begin * size[kPerUnit], last);
}

}  // namespace

KernelFn pointwise_driver(Isa isa) {
  return isa == Isa::kAvx512 ? pointwise<Isa::kAvx512>
         : isa == Isa::kAvx2 ? pointwise<Isa::kAvx2>
                             : pointwise<Isa::kPlain>;
}

}  // namespace bafe

// In: a dense array and the order of its axes in memory. Out: the same elements in the other order.

#include <cstring>

#include "bafe/runtime/validate.h"

namespace bafe {
namespace {

template <class Copy>
void for_each_element(const BufferSpec& spec, Copy copy) {
  std::vector<std::int64_t> sizes = concrete(spec.type.shape);
  std::size_t rank = sizes.size();
  std::vector<std::int64_t> stride(rank, 1);  // of the dense buffer in `order`, by axis
  std::int64_t step = 1, count = 1;
  for (std::size_t i = rank; i-- > 0;) {
    std::size_t axis = static_cast<std::size_t>(spec.order[i]);
    stride[axis] = step;
    step *= sizes[axis];
  }
  for (std::int64_t size : sizes) count *= size;
  std::vector<std::int64_t> at(rank, 0);
  for (std::int64_t row = 0, place = 0; row < count; ++row) {
    copy(row, place);
    for (std::size_t axis = rank; axis-- > 0;) {
      place += stride[axis];
      if (++at[axis] < sizes[axis]) break;
      place -= stride[axis] * sizes[axis];
      at[axis] = 0;
    }
  }
}

}  // namespace

void store_in_order(const BufferSpec& spec, const void* row_major, void* out) {
  std::size_t width = static_cast<std::size_t>(dtype_bytes(spec.type.dtype));
  for_each_element(spec, [&](std::int64_t row, std::int64_t place) {
    std::memcpy(static_cast<char*>(out) + place * static_cast<std::int64_t>(width),
                static_cast<const char*>(row_major) + row * static_cast<std::int64_t>(width),
                width);
  });
}

void load_from_order(const BufferSpec& spec, const void* in, void* row_major) {
  std::size_t width = static_cast<std::size_t>(dtype_bytes(spec.type.dtype));
  for_each_element(spec, [&](std::int64_t row, std::int64_t place) {
    std::memcpy(static_cast<char*>(row_major) + row * static_cast<std::int64_t>(width),
                static_cast<const char*>(in) + place * static_cast<std::int64_t>(width), width);
  });
}

}  // namespace bafe

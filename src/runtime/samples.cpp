// In: a type and which numbers are wanted. Out: elements. Every element costs a few nanoseconds,
// because the arguments of a race may be large.

#include "bafe/runtime/samples.h"

#include <algorithm>
#include <cstring>

namespace bafe {
namespace {

constexpr std::int64_t kLineBytes = 64;

std::int64_t integer(DType dtype, Integers integers, SampleSource& draw) {
  const auto some = static_cast<std::int64_t>(draw.next() >> 8);
  switch (integers) {
    case Integers::kBits:
      return some & 1;
    case Integers::kSmall:
      return some % 7;
    case Integers::kNonZero:
      return (some % 3 + 1) * (dtype_info(dtype).kind == kIntKind && (some & 1024) != 0 ? -1 : 1);
    case Integers::kOnes:
      return 1;
  }
  return 1;
}

template <class T>
void put(void* out, std::int64_t i, T value) {
  std::memcpy(static_cast<char*>(out) + i * static_cast<std::int64_t>(sizeof(T)), &value,
              sizeof(T));
}

}  // namespace

void draw_elements(const Type& type, Floats floats, Integers integers, SampleSource& draw,
                   void* out) {
  const DType dtype = type.dtype;
  const std::int64_t width = dtype_bytes(dtype), count = type_bytes(type) / width;
  for (std::int64_t i = 0; i < count; ++i) {
    if (!is_float(dtype)) {
      std::int64_t value = integer(dtype, integers, draw);
      if (dtype == DType::kBool) value = value != 0;
      std::memcpy(static_cast<char*>(out) + i * width, &value, static_cast<std::size_t>(width));
      continue;
    }
    const double unit = draw.unit();
    const double value = floats == Floats::kPositive ? 0.25 + unit : 2 * unit - 1;
    if (dtype == DType::kF64) {
      put(out, i, value);
    } else if (dtype == DType::kF32) {
      put(out, i, static_cast<float>(value));
    } else if (dtype == DType::kF16) {
      put(out, i, f32_to_f16(static_cast<float>(value)));
    } else {
      put(out, i, f32_to_bf16(static_cast<float>(value)));
    }
  }
}

Buffers::Buffers(std::span<const BufferSpec> specs) {
  for (const BufferSpec& spec : specs) {
    blocks.emplace_back(type_bytes(spec.type) + kLineBytes);
    pointers.push_back(blocks.back().data());
  }
}

void Buffers::copy_in(std::size_t i, const void* source, std::int64_t bytes) {
  if (bytes == 0) return;
  std::byte* begin = blocks[i].data() + reinterpret_cast<std::uintptr_t>(source) % kLineBytes;
  std::memcpy(begin, source, static_cast<std::size_t>(bytes));
  pointers[i] = begin;
}

}  // namespace bafe

// Dense arrays of the interpreter. In: a concrete type, or memory that the caller owns. Out:
// 64-byte aligned zeroed memory shared by copies of the Tensor. Invariant: data_ holds count_
// elements in row-major order.
#include "bafe/ir/tensor.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "bafe/base/error.h"

namespace bafe {
namespace {

constexpr std::int64_t kAlignment = 64;

std::int64_t checked_count(const Type& type) {
  BAFE_CHECK(is_concrete(type.shape), "a tensor has a concrete shape");
  std::int64_t count = num_elements(type.shape).value();
  if (count > (std::int64_t{1} << 62) / dtype_bytes(type.dtype)) {
    throw ShapeError({}, "tensor", "the array " + type.text() + " is larger than any memory")
        .fix("give it smaller sizes");
  }
  return count;
}

}  // namespace

Tensor::Tensor(Type type) : type_(std::move(type)), count_(checked_count(type_)) {
  std::int64_t bytes = count_ * dtype_bytes(type_.dtype);
  std::size_t room = static_cast<std::size_t>((bytes / kAlignment + 1) * kAlignment);
  void* memory = std::aligned_alloc(kAlignment, room);
  if (memory == nullptr) throw std::bad_alloc();
  std::memset(memory, 0, room);
  owner_ = std::shared_ptr<std::byte>(static_cast<std::byte*>(memory), std::free);
  data_ = owner_.get();
}

Tensor Tensor::borrow(Type type, void* data) {
  Tensor out;
  out.type_ = std::move(type);
  out.count_ = checked_count(out.type_);
  out.data_ = static_cast<std::byte*>(data);
  return out;
}

Tensor Tensor::scalar(Scalar value) {
  Tensor out(Type{value.dtype, {}});
  out.set(0, value);
  return out;
}

Scalar Tensor::at(std::int64_t flat) const {
  Scalar out{type_.dtype, 0};
  int bytes = dtype_bytes(type_.dtype);
  std::memcpy(&out.bits, data_ + flat * bytes, static_cast<std::size_t>(bytes));
  return out;
}

void Tensor::set(std::int64_t flat, Scalar value) {
  Scalar stored = value.dtype == type_.dtype ? value : value.cast(type_.dtype);
  int bytes = dtype_bytes(type_.dtype);
  std::memcpy(data_ + flat * bytes, &stored.bits, static_cast<std::size_t>(bytes));
}

}  // namespace bafe

#pragma once
/// A dense row-major array in memory: what the interpreter reads and writes.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "bafe/ir/type.h"

namespace bafe {

class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(
      Type type);  ///< zeroed; 64-byte aligned; concrete shape; ShapeError beyond 2^62 bytes
  /// Borrows memory the caller keeps alive.
  static Tensor borrow(Type type, void* data);
  static Tensor scalar(Scalar value);

  const Type& type() const { return type_; }
  std::int64_t count() const { return count_; }
  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  template <class T>
  T* as() {
    return reinterpret_cast<T*>(data_);
  }
  template <class T>
  const T* as() const {
    return reinterpret_cast<const T*>(data_);
  }
  Scalar at(std::int64_t flat) const;
  void set(std::int64_t flat, Scalar value);  ///< casts to the dtype

 private:
  Type type_;
  std::int64_t count_ = 0;
  std::shared_ptr<std::byte> owner_;
  std::byte* data_ = nullptr;
};

}  // namespace bafe

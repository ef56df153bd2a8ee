#pragma once
/// Arrays of plain values that grow by little without being copied: the graph's memory stays nearly
/// full, and pages of a large array are moved, not read.

#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

namespace bafe {

/// Memory of `new_bytes` that begins with what `block` held; `block` is given up. Large blocks are
/// whole pages from the system. Null is a block of 0 bytes. The alignment of a block never changes.
void* resize_block(void* block, std::size_t old_bytes, std::size_t new_bytes,
                   std::size_t alignment);

template <class T>
class FlatArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  FlatArray() = default;
  FlatArray(const FlatArray&) = delete;
  FlatArray& operator=(const FlatArray&) = delete;
  FlatArray(FlatArray&& other) noexcept { swap(other); }
  FlatArray& operator=(FlatArray&& other) noexcept {
    swap(other);
    return *this;
  }
  ~FlatArray() { resize(0); }

  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T& back() { return data_[size_ - 1]; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t memory_bytes() const { return capacity_ * sizeof(T); }

  /// `value` may lie in this array.
  void push_back(T value) {
    if (size_ == capacity_) grow(size_ + 1);
    data_[size_++] = value;
  }
  void append(const T* items, std::size_t count) {
    if (count == 0) return;
    T* end = extend(count);
    std::memcpy(static_cast<void*>(end), items, count * sizeof(T));
  }
  /// `count` more items, not initialised.
  T* extend(std::size_t count) {
    if (size_ + count > capacity_) grow(size_ + count);
    size_ += count;
    return data_ + size_ - count;
  }
  void reserve(std::size_t room) {
    if (room > capacity_) resize(room);
  }
  /// Gives back what growth kept ready.
  void trim() {
    if (capacity_ > size_) resize(size_);
  }
  std::size_t capacity() const { return capacity_; }
  void pop_back() { --size_; }
  /// Needs size <= size().
  void truncate(std::size_t size) { size_ = size; }
  void clear() { size_ = 0; }
  void swap(FlatArray& other) {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }
  /// Exactly `size` items, all bytes zero.
  void reset(std::size_t size) {
    resize(0);
    resize(size);
    size_ = size;
    if (size > 0) std::memset(static_cast<void*>(data_), 0, size * sizeof(T));
  }

 private:
  void grow(std::size_t needed) {
    // small arrays are copied when they grow, large ones only get further pages
    std::size_t bytes = needed * sizeof(T);
    std::size_t step = bytes < (std::size_t{1} << 17)   ? needed / 2
                       : bytes < (std::size_t{1} << 19) ? needed / 4
                                                        : needed / 8;
    resize(needed + step + 16);
  }
  void resize(std::size_t room) {
    data_ =
        static_cast<T*>(resize_block(data_, capacity_ * sizeof(T), room * sizeof(T), alignof(T)));
    capacity_ = room;
  }

  T* data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace bafe

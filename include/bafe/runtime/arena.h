#pragma once
/// Memory for calls: aligned blocks, and a bounded list of blocks that calls borrow without a lock.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace bafe {

/// 64-byte aligned memory; from 2 MiB on it begins at a 2 MiB border and asks for huge pages. Not
/// zeroed.
class Block {
 public:
  Block() = default;
  explicit Block(std::int64_t bytes);  ///< std::bad_alloc when there is no memory
  std::byte* data() const { return data_.get(); }
  std::int64_t bytes() const { return bytes_; }

 private:
  struct Free {
    void operator()(std::byte* data) const;
  };
  std::unique_ptr<std::byte, Free> data_;
  std::int64_t bytes_ = 0;
};

/// Keeps at most kSlots idle objects. take() and give() never block and never wait for each other;
/// an object beyond the bound is freed. Every object is held by one thread at a time.
template <class T>
class IdleList {
 public:
  static constexpr int kSlots = 16;

  IdleList() = default;
  ~IdleList() {
    for (std::atomic<T*>& slot : slots_) delete slot.load();
  }
  IdleList(const IdleList&) = delete;
  IdleList& operator=(const IdleList&) = delete;

  /// nullptr when none is idle.
  std::unique_ptr<T> take() {
    for (std::atomic<T*>& slot : slots_) {
      if (!slot.load(std::memory_order_relaxed)) continue;
      if (T* idle = slot.exchange(nullptr, std::memory_order_acquire))
        return std::unique_ptr<T>(idle);
    }
    return nullptr;
  }

  void give(std::unique_ptr<T> idle) {
    for (std::atomic<T*>& slot : slots_) {
      T* empty = nullptr;
      if (slot.load(std::memory_order_relaxed)) continue;
      if (slot.compare_exchange_strong(empty, idle.get(), std::memory_order_release,
                                       std::memory_order_relaxed)) {
        idle.release();
        return;
      }
    }
  }

 private:
  std::array<std::atomic<T*>, kSlots> slots_{};
};

/// Private memory of the calling thread, at least `bytes` long, 64-byte aligned; it stays until the
/// thread asks for more. Two kernels on one thread never run at the same time, so they may share
/// it.
void* thread_scratch(std::int64_t bytes);

}  // namespace bafe

// In: sizes. Out: aligned memory of the pool.

#include "bafe/runtime/arena.h"

#include <new>

#include "bafe/runtime/memory_pool.h"

namespace bafe {

Block::Block(std::int64_t bytes) : bytes_(bytes) {
  if (bytes <= 0) return;
  void* data = take_memory(bytes);
  if (!data) throw std::bad_alloc();
  data_.reset(static_cast<std::byte*>(data));
}

void Block::Free::operator()(std::byte* data) const { give_memory(data); }

void* thread_scratch(std::int64_t bytes) {
  thread_local Block scratch;
  if (bytes > scratch.bytes()) {
    scratch = Block();  // the old one goes first: both need not fit at once
    scratch = Block(bytes);
  }
  return scratch.data();
}

}  // namespace bafe

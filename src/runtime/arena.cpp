// In: sizes. Out: aligned memory. A block of 2 MiB or more is a multiple of the huge page, so that
// no other block shares its last page.

#include "bafe/runtime/arena.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace bafe {
namespace {

constexpr std::int64_t kLine = 64;
constexpr std::int64_t kHugePage = 2 << 20;

}  // namespace

Block::Block(std::int64_t bytes) : bytes_(bytes) {
  if (bytes <= 0) return;
  if (bytes > INT64_MAX - kHugePage) throw std::bad_alloc();
  std::int64_t align = bytes >= kHugePage ? kHugePage : kLine;
  std::size_t rounded = static_cast<std::size_t>((bytes + align - 1) / align * align);
  void* data = std::aligned_alloc(static_cast<std::size_t>(align), rounded);
  if (!data) throw std::bad_alloc();
  if (align == kHugePage) madvise(data, rounded, MADV_HUGEPAGE);
  data_.reset(static_cast<std::byte*>(data));
}

void Block::Free::operator()(std::byte* data) const { std::free(data); }

void* thread_scratch(std::int64_t bytes) {
  thread_local Block scratch;
  if (bytes > scratch.bytes()) {
    scratch = Block();  // the old one goes first: both need not fit at once
    scratch = Block(bytes);
  }
  return scratch.data();
}

}  // namespace bafe

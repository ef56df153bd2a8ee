// Blocks of memory come in and go out, resized. A block of kPages or more bytes is mapped by
// itself, a smaller one lies on the heap; size and alignment say which.
#include "bafe/egraph/flat_array.h"

#include <cstdlib>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace bafe {
namespace {

constexpr std::size_t kPages = std::size_t{1} << 19;

#ifdef __linux__
constexpr std::size_t kHuge = std::size_t{1} << 23, kPage = 4096;

bool is_mapped(std::size_t bytes) { return bytes >= kPages; }

void* map_block(void* block, std::size_t old_bytes, std::size_t new_bytes) {
  void* fresh =
      block ? mremap(block, old_bytes, new_bytes, MREMAP_MAYMOVE)
            : mmap(nullptr, new_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (fresh == MAP_FAILED) throw std::bad_alloc();
  if (new_bytes >= kHuge) madvise(fresh, new_bytes, MADV_HUGEPAGE);
#ifdef MADV_POPULATE_WRITE
  // one call maps all new pages, which costs less than a fault each; older systems refuse
  std::size_t first = block ? old_bytes / kPage * kPage : 0;
  if (new_bytes > first) {
    madvise(static_cast<char*>(fresh) + first, new_bytes - first, MADV_POPULATE_WRITE);
  }
#endif
  return fresh;
}

void unmap_block(void* block, std::size_t bytes) { munmap(block, bytes); }
#else
bool is_mapped(std::size_t) { return false; }
void* map_block(void*, std::size_t, std::size_t) { return nullptr; }
void unmap_block(void*, std::size_t) {}
#endif

void release(void* block, std::size_t bytes) {
  if (!block) return;
  if (is_mapped(bytes)) {
    unmap_block(block, bytes);
  } else {
    std::free(block);
  }
}

}  // namespace

void* resize_block(void* block, std::size_t old_bytes, std::size_t new_bytes,
                   std::size_t alignment) {
  if (new_bytes == 0) {
    release(block, old_bytes);
    return nullptr;
  }
  bool was_mapped = block && is_mapped(old_bytes), maps = is_mapped(new_bytes);
  if (maps && (was_mapped || !block)) return map_block(block, old_bytes, new_bytes);
  bool plain = alignment <= alignof(std::max_align_t);
  std::size_t rounded = (new_bytes + alignment - 1) / alignment * alignment;
  void* fresh = maps                   ? map_block(nullptr, 0, new_bytes)
                : plain && !was_mapped ? std::realloc(block, new_bytes)
                : plain                ? std::malloc(new_bytes)
                                       : std::aligned_alloc(alignment, rounded);
  if (!fresh) throw std::bad_alloc();
  if (plain && !maps && !was_mapped) return fresh;
  if (block) std::memcpy(fresh, block, old_bytes < new_bytes ? old_bytes : new_bytes);
  release(block, old_bytes);
  return fresh;
}

}  // namespace bafe

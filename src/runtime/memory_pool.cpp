// In: sizes. Out: blocks. A block is a head of 64 bytes and what follows; sizes are rounded to
// eighths of a power of two, on to whole huge pages where that wastes no more than an eighth, and
// an idle block serves any request of its own size. Invariant: a
// block is either in one idle list or with one caller, and the pool itself is never destroyed,
// since arrays may die after everything else.

#include "bafe/runtime/memory_pool.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <mutex>

#include "bafe/base/cgroup.h"
#include "bafe/base/options.h"

namespace bafe {
namespace {

constexpr std::int64_t kLine = 64;
constexpr std::int64_t kPage = 4096;
constexpr std::int64_t kHugePage = 2 << 20;
constexpr std::int64_t kMostBytes = std::int64_t{1} << 46;

struct Head {
  std::int64_t bytes = 0;                   ///< that the caller may use
  void* start = nullptr;                    ///< of the mapping or the heap block
  std::size_t mapped = 0;                   ///< 0: from the heap
  Head *older = nullptr, *newer = nullptr;  ///< all idle blocks by age
  Head *next = nullptr, *before = nullptr;  ///< idle blocks of the same size, newest first
};
static_assert(sizeof(Head) <= kLine);

Head* head_of(const void* data) {
  return reinterpret_cast<Head*>(const_cast<char*>(static_cast<const char*>(data)) - kLine);
}
void* data_of(Head* head) { return reinterpret_cast<char*>(head) + kLine; }

std::int64_t rounded(std::int64_t bytes) {
  if (bytes <= 1024) return 1024;
  auto top = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(bytes - 1)));
  std::int64_t step = std::max(top / 8, kLine);
  std::int64_t fit = (bytes + step - 1) / step * step;
  std::int64_t whole = (fit + kHugePage - 1) / kHugePage * kHugePage;
  return whole - bytes <= bytes / 8 ? whole : fit;
}

/// The head lies in a page of its own before the first huge page.
Head* map_block(std::int64_t bytes) {
  std::size_t length = static_cast<std::size_t>(bytes + kHugePage + kPage);
  void* start = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return nullptr;
  auto first = reinterpret_cast<std::uintptr_t>(start);
  std::uintptr_t data = (first + kPage + kHugePage - 1) / kHugePage * kHugePage;
  std::uintptr_t begin = data - kPage, end = data + static_cast<std::uintptr_t>(bytes);
  if (begin > first) munmap(start, begin - first);
  if (first + length > end) munmap(reinterpret_cast<void*>(end), first + length - end);
  madvise(reinterpret_cast<void*>(data), static_cast<std::size_t>(bytes), MADV_HUGEPAGE);
  auto* head = new (reinterpret_cast<void*>(data - kLine)) Head;
  head->start = reinterpret_cast<void*>(begin);
  head->mapped = static_cast<std::size_t>(bytes + kPage);
  return head;
}

Head* new_block(std::int64_t bytes) {
  Head* head = nullptr;
  if (bytes >= kHugePage) {
    head = map_block(bytes);
  } else if (void* start = std::aligned_alloc(kLine, static_cast<std::size_t>(bytes + kLine))) {
    head = new (start) Head;
    head->start = start;
  }
  if (head) head->bytes = bytes;
  return head;
}

void free_block(Head* head) {
  if (head->mapped)
    munmap(head->start, head->mapped);
  else
    std::free(head->start);
}

class Pool {
 public:
  Pool() {
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGE_SIZE);
    limit_ = std::max(0LL, std::atoll(option("BAFE_MEMORY_BYTES").c_str()));
    if (pages > 0 && page > 0) limit_ = std::min<std::int64_t>(limit_, pages / 4 * page);
    if (std::int64_t most = cgroup_memory_limit(); most > 0) limit_ = std::min(limit_, most / 4);
  }

  void* take(std::int64_t bytes) {
    if (bytes > kMostBytes) return nullptr;
    bytes = rounded(bytes);
    {
      std::lock_guard lock(mutex_);
      auto found = idle_.find(bytes);
      if (found != idle_.end()) {
        Head* head = found->second;
        unlink(head);
        use_.used_bytes += bytes;
        ++use_.reused;
        return data_of(head);
      }
    }
    Head* head = new_block(bytes);
    if (!head) {
      trim(0);  // what lies idle may be what is missing
      head = new_block(bytes);
    }
    if (!head) return nullptr;
    std::lock_guard lock(mutex_);
    use_.used_bytes += bytes;
    return data_of(head);
  }

  void give(Head* head) {
    std::unique_lock lock(mutex_);
    use_.used_bytes -= head->bytes;
    if (head->bytes > limit_) {
      lock.unlock();
      free_block(head);
      return;
    }
    Head*& first = idle_[head->bytes];
    head->next = first;
    head->before = nullptr;
    if (first) first->before = head;
    first = head;
    head->older = newest_;
    head->newer = nullptr;
    (newest_ ? newest_->newer : oldest_) = head;
    newest_ = head;
    use_.idle_bytes += head->bytes;
    shrink(limit_);
  }

  void trim(std::int64_t keep) {
    std::lock_guard lock(mutex_);
    shrink(keep);
  }

  MemoryUse use() {
    std::lock_guard lock(mutex_);
    return use_;
  }

  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }

 private:
  void shrink(std::int64_t keep) {
    while (use_.idle_bytes > keep && oldest_) {
      Head* head = oldest_;
      unlink(head);
      free_block(head);
    }
  }

  void unlink(Head* head) {
    (head->older ? head->older->newer : oldest_) = head->newer;
    (head->newer ? head->newer->older : newest_) = head->older;
    if (head->next) head->next->before = head->before;
    if (head->before)
      head->before->next = head->next;
    else if (head->next)
      idle_[head->bytes] = head->next;
    else
      idle_.erase(head->bytes);
    use_.idle_bytes -= head->bytes;
  }

  std::mutex mutex_;
  std::map<std::int64_t, Head*> idle_;  ///< by size; the newest, whose lines may be in a cache
  Head *oldest_ = nullptr, *newest_ = nullptr;
  std::int64_t limit_ = 0;
  MemoryUse use_;
};

Pool& pool() {
  static Pool* made = [] {
    auto* pool = new Pool;
    pthread_atfork([] { bafe::pool().lock(); }, [] { bafe::pool().unlock(); },
                   [] { bafe::pool().unlock(); });
    return pool;
  }();
  return *made;
}

}  // namespace

void* take_memory(std::int64_t bytes) { return pool().take(std::max<std::int64_t>(bytes, 1)); }

void give_memory(void* data) {
  if (data) pool().give(head_of(data));
}

std::int64_t memory_bytes(const void* data) { return data ? head_of(data)->bytes : 0; }

MemoryUse memory_use() { return pool().use(); }

void trim_memory(std::int64_t keep) { pool().trim(keep); }

}  // namespace bafe

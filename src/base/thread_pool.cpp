// In: a number of units and a function over ranges of them. Out: every unit computed once. One call
// owns the pool at a time (`busy`); another caller computes on its own thread instead of waiting. A
// worker takes part in a job only through a ticket, which it draws after the job is published and
// before the owner collects the tickets that are left; so no worker touches a job that has ended.
// Workers are never joined and the pool is never destroyed: they sleep on a futex until the process
// ends. A forked child starts with an empty pool, because its parent's workers do not exist there.

#include "bafe/base/thread_pool.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstdlib>
#include <new>

#include "bafe/base/cgroup.h"
#include "bafe/base/options.h"
#include "bafe/base/quiet_thread.h"

namespace bafe {
namespace {

constexpr int kMostThreads = 256;
constexpr int kChunksPerThread = 4;  // evens out cores that are slowed by other processes
constexpr std::int64_t kSpinNs =
    30'000;  // about one futex wake: sleeping at once would double short calls
constexpr std::size_t kStackBytes = 1 << 20;

void pause_cpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

std::int64_t clock_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000ll + now.tv_nsec;
}

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected) {
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAIT_PRIVATE, expected, nullptr,
          nullptr, 0);
}

void futex_wake(std::atomic<std::uint32_t>& word, int count) {
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAKE_PRIVATE, count, nullptr,
          nullptr, 0);
}

/// Spins for a while, then sleeps, until `word` differs from `old`; returns the new value.
std::uint32_t await_change(std::atomic<std::uint32_t>& word, std::uint32_t old,
                           std::atomic<std::uint32_t>& sleepers) {
  std::int64_t start = clock_ns();
  while (clock_ns() - start < kSpinNs) {
    for (int i = 0; i < 32; ++i) {
      std::uint32_t now = word.load(std::memory_order_acquire);
      if (now != old) return now;
      pause_cpu();
    }
  }
  sleepers.fetch_add(1);
  std::uint32_t now;
  while ((now = word.load()) == old) futex_wait(word, old);
  sleepers.fetch_sub(1);
  return now;
}

thread_local bool borrows_pool = false;  // never_grow_pool()

class Pool {
 public:
  int run(std::int64_t units, int threads,
          const std::function<int(std::int64_t, std::int64_t)>& work);

 private:
  static void* worker_main(void* pool);
  void grow(int workers);
  void work_off();

  std::atomic<bool> busy_{false};
  int workers_ = 0;  // owner only

  // The job. Written by the owner before tickets_ is set, read by workers that drew a ticket.
  const std::function<int(std::int64_t, std::int64_t)>* work_ = nullptr;
  std::int64_t units_ = 0, chunk_ = 1;
  alignas(64) std::atomic<std::int64_t> next_{0};
  std::atomic<int> code_{0};
  alignas(64) std::atomic<int> tickets_{0};
  alignas(64) std::atomic<std::uint32_t> epoch_{0};
  std::atomic<std::uint32_t> sleeping_workers_{0};
  alignas(64) std::atomic<std::uint32_t> finished_{0};
  std::atomic<std::uint32_t> sleeping_owner_{0};
};

void Pool::work_off() {
  while (true) {
    std::int64_t begin = next_.fetch_add(chunk_, std::memory_order_relaxed);
    if (begin >= units_) return;
    int code = (*work_)(begin, std::min(begin + chunk_, units_));
    int none = 0;
    if (code != 0) code_.compare_exchange_strong(none, code);
  }
}

void* Pool::worker_main(void* argument) {
  Pool& pool = *static_cast<Pool*>(argument);
  std::uint32_t epoch = 0;
  while (true) {
    epoch = await_change(pool.epoch_, epoch, pool.sleeping_workers_);
    int tickets = pool.tickets_.load(std::memory_order_acquire);
    while (tickets > 0 && !pool.tickets_.compare_exchange_weak(tickets, tickets - 1)) {
    }
    if (tickets <= 0) continue;
    pool.work_off();
    pool.finished_.fetch_add(1);
    if (pool.sleeping_owner_.load() > 0) futex_wake(pool.finished_, 1);
  }
  return nullptr;
}

void Pool::grow(int workers) {
  if (borrows_pool) return;
  while (workers_ < workers && start_quiet_thread(worker_main, this, kStackBytes)) ++workers_;
}

std::atomic<Pool*> current_pool{nullptr};
std::atomic<int> chosen_threads{0};  // set_usable_threads(); 0: nothing was chosen

/// Runs in the child of fork(): the parent's pool and its vanished workers are left behind.
void forget_pool() { current_pool.store(nullptr); }

Pool& pool() {
  Pool* known = current_pool.load(std::memory_order_acquire);
  if (known) return *known;
  static const int registered = pthread_atfork(nullptr, nullptr, forget_pool);
  (void)registered;
  Pool* fresh = new Pool;
  if (current_pool.compare_exchange_strong(known, fresh)) return *fresh;
  delete fresh;
  return *known;
}

int Pool::run(std::int64_t units, int threads,
              const std::function<int(std::int64_t, std::int64_t)>& work) {
  if (busy_.exchange(true, std::memory_order_acquire)) return work(0, units);
  grow(threads - 1);
  int helpers = std::min(threads - 1, workers_);
  work_ = &work;
  units_ = units;
  chunk_ =
      std::max<std::int64_t>(1, units / (static_cast<std::int64_t>(threads) * kChunksPerThread));
  code_.store(0, std::memory_order_relaxed);
  finished_.store(0, std::memory_order_relaxed);
  next_.store(0, std::memory_order_relaxed);
  tickets_.store(helpers, std::memory_order_release);
  epoch_.fetch_add(1);
  if (sleeping_workers_.load() > 0) futex_wake(epoch_, helpers);
  work_off();
  std::uint32_t joined = static_cast<std::uint32_t>(helpers - tickets_.exchange(0));
  std::uint32_t finished = finished_.load();
  while (finished != joined &&
         current_pool.load() == this) {  // a fork inside `work` has no helpers left
    finished = await_change(finished_, finished, sleeping_owner_);
  }
  int code = code_.load();
  busy_.store(false, std::memory_order_release);
  return code;
}

}  // namespace

void never_grow_pool() { borrows_pool = true; }

void set_usable_threads(int count) { chosen_threads = std::clamp(count, 0, kMostThreads); }

int usable_threads() {
  if (int chosen = chosen_threads; chosen > 0) return chosen;
  for (const char* name : {"BAFE_NUM_THREADS", "BAFE_THREADS"}) {
    if (int count = std::atoi(option(name).c_str()); count > 0) {
      return std::min(count, kMostThreads);
    }
  }
  int cores = 0;
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) cores = CPU_COUNT(&mask);
  if (cores <= 0) cores = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  if (int quota = cgroup_cpu_limit(); quota > 0) cores = std::min(cores, quota);
  // A list ("4,2") is for nested regions: the first number counts, which is where atoi stops.
  int others = std::atoi(system_variable("OMP_NUM_THREADS").value_or("").c_str());
  if (others > 0) cores = std::min(cores, others);
  return std::clamp(cores, 1, kMostThreads);
}

int parallel_units(std::int64_t units, int threads,
                   const std::function<int(std::int64_t, std::int64_t)>& work) {
  if (units <= 0) return 0;
  threads = static_cast<int>(std::min<std::int64_t>({threads, units, kMostThreads}));
  if (threads <= 1) return work(0, units);
  return pool().run(units, threads, work);
}

}  // namespace bafe

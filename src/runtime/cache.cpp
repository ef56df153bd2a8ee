// In: keys and entries. Out: entries that are bit for bit what some process of this user stored
// under that key. Several processes write one folder without locks: an entry appears by rename and
// goes by unlink, and any process's entry for a key is right, because the key holds every premise.

#include "bafe/runtime/cache.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <new>

#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/base/options.h"
#include "bafe/base/trace.h"
#include "bafe/runtime/background.h"
#include "bafe/runtime/cache_folder.h"
#include "bafe/runtime/engine_key.h"

namespace bafe {
namespace {

constexpr std::int64_t kMostMemoryBytes = 64ll << 20;

std::string default_folder() {
  if (std::string folder = option("BAFE_CACHE_DIR"); !folder.empty()) return folder;
  if (auto base = system_variable("XDG_CACHE_HOME"); base && !base->empty()) return *base + "/bafe";
  if (auto home = system_variable("HOME"); home && !home->empty()) return *home + "/.cache/bafe";
  return {};
}

/// Guards the process's cache. A fork() waits for it, so that no child finds it held by a thread
/// that it does not have.
std::mutex& mutex_across_forks() {
  static std::mutex* mutex = [] {
    auto* made = new std::mutex;
    pthread_atfork([] { mutex_across_forks().lock(); }, [] { mutex_across_forks().unlock(); },
                   [] { mutex_across_forks().unlock(); });
    return made;
  }();
  return *mutex;
}

}  // namespace

KernelCache::KernelCache(std::string folder, std::int64_t most_bytes)
    : folder_(std::move(folder)), most_bytes_(most_bytes) {
  if (folder_.empty()) return;
  while (folder_.size() > 1 && folder_.back() == '/') folder_.pop_back();
  if (std::string reason = prepare_cache_folder(folder_); !reason.empty()) {
    warn_once("cache:" + folder_,
              format("bafe: the cache directory {} {}; compiled kernels are kept in memory "
                     "only\n  fix: set BAFE_CACHE_DIR to a directory of yours",
                     folder_, reason));
    folder_.clear();
  }
}

std::shared_ptr<KernelCache> KernelCache::shared() {
  static std::mutex& mutex = mutex_across_forks();
  // Never destroyed: the background thread may use it to the end.
  static std::string& named_folder = *new std::string;
  static auto& cache = *new std::shared_ptr<KernelCache>;
  std::string folder = default_folder();
  std::lock_guard lock(mutex);
  if (!cache || folder != named_folder) {
    std::int64_t most_bytes = std::atoll(option("BAFE_CACHE_BYTES").c_str());
    cache = std::make_shared<KernelCache>(folder, std::max<std::int64_t>(most_bytes, 0));
    named_folder = folder;
    static const bool is_registered = std::atexit([] {
                                        std::lock_guard last(mutex);
                                        if (cache) cache->flush();
                                      }) == 0;
    (void)is_registered;
  }
  return cache;
}

std::string KernelCache::path_of(const Digest& key) const {
  return format("{}/{}{}", folder_, key.hex(), kEntrySuffix);
}

std::shared_ptr<const CacheEntry> KernelCache::in_memory(const Digest& key) {
  std::lock_guard lock(memory_mutex_);
  auto found = by_key_.find(key.hex());
  if (found == by_key_.end()) return nullptr;
  memory_.splice(memory_.begin(), memory_, found->second);
  return found->second->second;
}

std::shared_ptr<const CacheEntry> KernelCache::load(const Digest& key, std::string_view premises) {
  TraceSpan span("cache load");
  std::shared_ptr<const CacheEntry> entry = in_memory(key);
  if (!entry && !folder_.empty()) {
    entry = load_file(key);
    if (entry) remember(key, entry);
  }
  if (entry && !premises.empty() && entry->premises != premises) {
    log("cache", format("{} is the key of two programs", key.hex()));
    entry = nullptr;
  }
  ++(entry ? hits_ : misses_);
  if (log_enabled("cache"))
    log("cache", format("{} {}", entry ? "hit" : "miss", key.hex().substr(0, 16)));
  return entry;
}

std::shared_ptr<const CacheEntry> KernelCache::load_file(const Digest& key) {
  std::string path = path_of(key);
  FileRead file = read_and_touch(path, kMostEntryBytes);
  if (file.end == FileRead::kMissing) return nullptr;
  auto entry = std::make_shared<CacheEntry>();
  if (file.end == FileRead::kRead && decode_entry(file.bytes, key, *entry, file.reason))
    return entry;
  remove_file(path, file.reason);
  return nullptr;
}

void KernelCache::remove_file(const std::string& path, std::string_view reason) {
  unlink(path.c_str());
  ++removed_;
  log("cache", format("removed {}: it {}", path, reason));
}

void KernelCache::remember(const Digest& key, std::shared_ptr<const CacheEntry> entry) {
  std::lock_guard lock(memory_mutex_);
  std::string name = key.hex();
  if (auto found = by_key_.find(name); found != by_key_.end()) {
    memory_bytes_ -= found->second->second->bytes();
    memory_.erase(found->second);
    by_key_.erase(found);
  }
  memory_bytes_ += entry->bytes();
  memory_.emplace_front(key, std::move(entry));
  by_key_[name] = memory_.begin();
  std::int64_t most = folder_.empty() ? std::max(most_bytes_, kMostMemoryBytes) : kMostMemoryBytes;
  while (memory_bytes_ > most && memory_.size() > 1) {
    memory_bytes_ -= memory_.back().second->bytes();
    by_key_.erase(memory_.back().first.hex());
    memory_.pop_back();
  }
}

void KernelCache::store(const Digest& key, CacheEntry entry) {
  auto shared = std::make_shared<const CacheEntry>(std::move(entry));
  remember(key, shared);
  if (folder_.empty() || !may_be_shared(shared->premises)) return;
  {
    std::lock_guard lock(memory_mutex_);
    unwritten_.emplace_back(key, std::move(shared));
  }
  std::shared_ptr<KernelCache> self = weak_from_this().lock();
  bool is_later =
      self && Background::shared().submit(std::make_shared<Job>([self](Job&) { self->flush(); }));
  if (!is_later) flush();
}

std::optional<KernelCache::Entry> KernelCache::take_unwritten() {
  std::lock_guard lock(memory_mutex_);
  if (writer_process_ != getpid()) writers_ = 0;  // a fork() left them in the parent
  writer_process_ = getpid();
  if (unwritten_.empty()) return std::nullopt;
  Entry next = std::move(unwritten_.front());
  unwritten_.pop_front();
  ++writers_;
  return next;
}

void KernelCache::flush() {
  while (std::optional<Entry> next = take_unwritten()) {
    try {
      write_or_warn(next->first, *next->second);
    } catch (const std::bad_alloc&) {  // it stays in memory only
    }
    std::lock_guard lock(memory_mutex_);
    --writers_;
  }
  auto is_written = [&] {
    std::lock_guard lock(memory_mutex_);
    return writers_ == 0;
  };
  while (!is_written()) usleep(200);  // another thread writes: rare, and as short as a file
}

void KernelCache::write_or_warn(const Digest& key, const CacheEntry& entry) {
  TraceSpan span("cache store");
  if (publish(key, encode_entry(key, entry))) return;
  warn_once("cache-write:" + folder_,
            format("bafe: cannot write to the cache directory {}; compiled kernels are kept in "
                   "memory only\n"
                   "  fix: free some space, or set BAFE_CACHE_DIR to another directory",
                   folder_));
}

bool KernelCache::publish(const Digest& key, std::string_view bytes) {
  std::string path = path_of(key);
  bool is_written = publish_file(path, bytes);
  if (!is_written && errno == ENOENT && prepare_cache_folder(folder_).empty()) {
    is_written = publish_file(path, bytes);  // the folder was removed while we ran
  }
  if (!is_written) return false;
  std::int64_t size = static_cast<std::int64_t>(bytes.size());
  bool is_measured = bytes_since_trim_.load() >= 0;
  if (!is_measured || bytes_since_trim_.fetch_add(size) + size > most_bytes_) trim();
  return true;
}

void KernelCache::trim() {
  std::vector<FolderFile> files = list_folder(folder_, kEntrySuffix);
  std::int64_t total = 0;
  for (const FolderFile& file : files) total += file.bytes;
  if (total > most_bytes_) {
    std::sort(files.begin(), files.end(),
              [](const FolderFile& a, const FolderFile& b) { return a.used_ns < b.used_ns; });
    std::int64_t goal = most_bytes_ - most_bytes_ / 10;  // room, so that not every store trims
    for (const FolderFile& file : files) {
      if (total <= goal) break;
      if (unlink(file.path.c_str()) == 0) total -= file.bytes;
    }
  }
  bytes_since_trim_.store(total);
}

void KernelCache::note_compile(bool succeeded) {
  ++compiles_;
  if (!succeeded) ++failures_;
}

CacheInfo KernelCache::info() {
  flush();
  CacheInfo out{hits_, misses_, compiles_, failures_, removed_, 0, 0, folder_};
  if (!folder_.empty()) {
    for (const FolderFile& file : list_folder(folder_, kEntrySuffix)) {
      ++out.entries;
      out.bytes += file.bytes;
    }
  } else {
    std::lock_guard lock(memory_mutex_);
    out.entries = static_cast<std::int64_t>(memory_.size());
    out.bytes = memory_bytes_;
  }
  return out;
}

void KernelCache::clear() {
  {
    std::lock_guard lock(memory_mutex_);
    unwritten_.clear();
  }
  flush();
  if (!folder_.empty()) {
    for (const FolderFile& file : list_folder(folder_, kEntrySuffix)) unlink(file.path.c_str());
  }
  bytes_since_trim_.store(-1);
  std::lock_guard lock(memory_mutex_);
  memory_.clear();
  by_key_.clear();
  memory_bytes_ = 0;
}

}  // namespace bafe

#pragma once
/// The kernel cache: everything a compiled program needs, under the SHA-256 of what was known
/// before search. Two levels: this process's memory, and one file an entry in a directory that
/// several processes share.

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "bafe/base/digest.h"

namespace bafe {

/// One compiled program. Texts may be empty; `code` is empty when no step is generated.
struct CacheEntry {
  std::string traced, chosen;  ///< program text before and after search
  std::string plan;            ///< Plan::to_json
  std::string certificate;
  std::string validation;  ///< what was compared before the code was trusted
  std::string report;      ///< what explain and search_stats say, as JSON
  std::string c_text;
  std::string compiler;  ///< id and flags
  std::string code;      ///< shared object
  std::int64_t bytes() const;
};

struct CacheInfo {
  std::int64_t hits = 0, misses = 0, compiles = 0, compile_failures = 0;
  std::int64_t removed = 0;  ///< damaged or foreign entries taken away
  std::int64_t entries = 0, bytes = 0;
  std::string dir;  ///< empty: memory only
};

class KernelCache {
 public:
  /// `folder` empty: memory only. Otherwise it is made with mode 0700 when missing; a folder that
  /// cannot be written, belongs to another user or is writable by others is not used, with one
  /// warning.
  KernelCache(std::string folder, std::int64_t most_bytes);

  /// The process's cache: BAFE_CACHE_DIR, else $XDG_CACHE_HOME/bafe, else ~/.cache/bafe. Another
  /// folder in the environment gives another cache; the former stays valid for those who hold it.
  static std::shared_ptr<KernelCache> shared();

  /// nullptr when absent. An entry whose size, version, key or hash is wrong is removed, counted,
  /// and absent.
  std::shared_ptr<const CacheEntry> load(const Digest& key);
  /// Publishes by rename: a reader sees the old entry, the new one or none, never a part. Any
  /// failure to write leaves the entry in memory only.
  void store(const Digest& key, CacheEntry entry);
  void note_compile(bool succeeded);

  CacheInfo info() const;
  void clear();
  struct Verdict {
    std::int64_t good = 0, removed = 0;
  };
  Verdict verify();  ///< reads every entry, removes the damaged

  const std::string& folder() const { return folder_; }

 private:
  std::string path_of(const Digest& key) const;
  std::shared_ptr<const CacheEntry> load_file(const Digest& key);
  void remove_file(const std::string& path, std::string_view reason);
  void remember(const Digest& key, std::shared_ptr<const CacheEntry> entry);
  bool write_file(const Digest& key, const CacheEntry& entry);
  void trim();

  std::string folder_;
  std::int64_t most_bytes_;
  std::atomic<std::int64_t> hits_{0}, misses_{0}, compiles_{0}, failures_{0}, removed_{0};
  std::atomic<std::int64_t> bytes_since_trim_{-1};  ///< -1: the folder was not measured yet

  using Entry = std::pair<Digest, std::shared_ptr<const CacheEntry>>;
  mutable std::mutex memory_mutex_;  ///< guards the three below; never held while a file is touched
  std::list<Entry> memory_;          ///< latest used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
  std::int64_t memory_bytes_ = 0;
};

/// The file form, for tests and tools: serialise and check.
std::string encode_entry(const Digest& key, const CacheEntry& entry);
/// False, with a reason, when `bytes` is no whole, unchanged entry of `key`.
bool decode_entry(std::string_view bytes, const Digest& key, CacheEntry& entry,
                  std::string& reason);

}  // namespace bafe

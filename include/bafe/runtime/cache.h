#pragma once
/// The kernel cache: everything a compiled program needs, under the SHA-256 of what was known
/// before search. Two levels: this process's memory, and one file an entry in a directory that
/// several processes share.

#include <atomic>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "bafe/base/digest.h"

namespace bafe {

/// One compiled program. Texts may be empty; `code` is empty when no step is generated.
struct CacheEntry {
  std::string premises;        ///< cache_premises: what the key is the digest of
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

inline constexpr std::string_view kEntrySuffix = ".bafe";
inline constexpr std::int64_t kMostEntryBytes = 256ll << 20;

class KernelCache : public std::enable_shared_from_this<KernelCache> {
 public:
  /// `folder` empty: memory only. Otherwise it is made with mode 0700 when missing; a folder that
  /// cannot be written, belongs to another user or is writable by others is not used, with one
  /// warning.
  KernelCache(std::string folder, std::int64_t most_bytes);

  /// The process's cache: BAFE_CACHE_DIR, else $XDG_CACHE_HOME/bafe, else ~/.cache/bafe. Another
  /// folder in the environment gives another cache; the former stays valid for those who hold it.
  static std::shared_ptr<KernelCache> shared();

  /// nullptr when absent. An entry whose size, version, key or hash is wrong is removed, counted,
  /// and absent. One with other premises than these is another program's and absent; empty ones
  /// are not compared.
  std::shared_ptr<const CacheEntry> load(const Digest& key, std::string_view premises = {});
  /// In memory at once; the file is written behind the caller when a shared_ptr holds this cache,
  /// else here. It is published by rename: a reader sees the old entry, the new one or none, never
  /// a part. Any failure to write leaves the entry in memory only; so do premises that
  /// may_be_shared() refuses.
  void store(const Digest& key, CacheEntry entry);
  /// Ends when every entry stored so far is a file, or could not be written.
  void flush();
  void note_compile(bool succeeded);

  CacheInfo info();  ///< after flush()
  void clear();
  struct Verdict {
    std::int64_t good = 0, removed = 0;
  };
  Verdict verify();  ///< reads every entry, removes the damaged

  /// Writes the good entries, or those made for `target`, to one file. The number of them. Errors:
  /// std::system_error when the file cannot be written.
  std::int64_t export_to(const std::string& path, std::string_view target = {});
  struct Imported {
    std::int64_t added = 0, known = 0;
    std::int64_t other_build = 0;  ///< of another BAFE, which would never be asked for
    std::int64_t refused = 0;      ///< damaged or foreign
  };
  /// Publishes the entries of such a file, each one after it has been checked; one that is here
  /// already stays. Nothing in the file names a path. Errors: std::system_error when the file
  /// cannot be read, ParseError when it is no such file.
  Imported import_from(const std::string& path);

  const std::string& folder() const { return folder_; }

 private:
  std::string path_of(const Digest& key) const;
  std::shared_ptr<const CacheEntry> load_file(const Digest& key);
  std::shared_ptr<const CacheEntry> in_memory(const Digest& key);
  std::optional<std::pair<Digest, std::shared_ptr<const CacheEntry>>> take_unwritten();
  bool has(const Digest& key);
  void remove_file(const std::string& path, std::string_view reason);
  void remember(const Digest& key, std::shared_ptr<const CacheEntry> entry);
  void write_or_warn(const Digest& key, const CacheEntry& entry);
  bool publish(const Digest& key, std::string_view bytes);
  void trim();

  std::string folder_;
  std::int64_t most_bytes_;
  std::atomic<std::int64_t> hits_{0}, misses_{0}, compiles_{0}, failures_{0}, removed_{0};
  std::atomic<std::int64_t> bytes_since_trim_{-1};  ///< -1: the folder was not measured yet

  using Entry = std::pair<Digest, std::shared_ptr<const CacheEntry>>;
  mutable std::mutex memory_mutex_;  ///< guards what is below; never held while a file is touched
  std::list<Entry> memory_;          ///< latest used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
  std::int64_t memory_bytes_ = 0;
  std::deque<Entry> unwritten_;  ///< first stored first
  int writers_ = 0;              ///< threads of `writer_process_` that write one of them now
  std::int64_t writer_process_ = 0;
};

/// The file form, for tests and tools: serialise and check.
std::string encode_entry(const Digest& key, const CacheEntry& entry);
/// False, with a reason, when `bytes` is no whole, unchanged entry of `key`.
bool decode_entry(std::string_view bytes, const Digest& key, CacheEntry& entry,
                  std::string& reason);
/// The key that an entry's bytes claim to be of; nothing when they are no entry.
std::optional<Digest> key_of_entry(std::string_view bytes);

}  // namespace bafe

// In: a cache, and files that hold many of its entries. Out: the one from the other; every entry is
// checked on both ways. The file:
//
//   pack  := magic (length:u64 entry)*
//   magic := "BAFEPACK" version:u32
//
// An entry has the bytes of its own file with its own hash, see cache_entry.cpp. No length is
// believed beyond the end of the file or kMostEntryBytes, and no name is taken from it: an entry is
// published under the digest of its premises.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/runtime/cache.h"
#include "bafe/runtime/cache_folder.h"
#include "bafe/runtime/engine_key.h"
#include "bafe/runtime/fields.h"
#include "bafe/runtime/uninterrupted.h"

namespace bafe {
namespace {

constexpr std::string_view kMagic = "BAFEPACK";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeadBytes = 12;

[[noreturn]] void fail(const std::string& path, int error) {
  throw std::system_error(error, std::generic_category(), path);
}

/// A file under a name of its own beside `path` that takes its place when it is whole.
class PackWriter {
 public:
  explicit PackWriter(const std::string& path) : path_(path) {
    fd_ = uninterrupted([&] {
      temporary_ = path + ".XXXXXX";
      return mkostemp(temporary_.data(), O_CLOEXEC);
    });
    if (fd_ < 0) fail(path, errno);
    put(FieldWriter().raw(kMagic).number(kVersion).bytes());
  }
  ~PackWriter() {
    if (fd_ < 0) return;
    close(fd_);
    unlink(temporary_.c_str());
  }
  PackWriter(const PackWriter&) = delete;
  PackWriter& operator=(const PackWriter&) = delete;

  void add(std::string_view entry) {
    put(FieldWriter().number<std::uint64_t>(entry.size()).bytes());
    put(entry);
  }
  void finish() {
    int fd = std::exchange(fd_, -1);
    bool is_kept = is_closed_whole(fd) &&
                   uninterrupted([&] { return rename(temporary_.c_str(), path_.c_str()); }) == 0;
    if (is_kept) return;
    int error = errno;
    unlink(temporary_.c_str());
    fail(path_, error);
  }

 private:
  void put(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t wrote = write(fd_, bytes.data(), bytes.size());
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) fail(path_, wrote < 0 ? errno : EIO);
      bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
  }
  std::string path_, temporary_;
  int fd_ = -1;
};

/// Reads a regular file from its front and counts what is left.
class PackReader {
 public:
  explicit PackReader(const std::string& path) : path_(path) {
    fd_ = uninterrupted([&] { return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); });
    if (fd_ < 0) fail(path, errno);
    struct stat info;
    int error = uninterrupted([&] { return fstat(fd_, &info); }) != 0 ? errno
                : S_ISREG(info.st_mode)                               ? 0
                                                                      : EINVAL;
    if (error == 0) {
      left_ = static_cast<std::uint64_t>(info.st_size);
      return;
    }
    close(fd_);
    fail(path, error);
  }
  ~PackReader() { close(fd_); }
  PackReader(const PackReader&) = delete;
  PackReader& operator=(const PackReader&) = delete;

  std::uint64_t left() const { return left_; }
  /// False at the end of the file.
  bool take(std::size_t size, std::string& bytes) {
    if (size > left_) return false;
    bytes.resize(size);
    for (std::size_t done = 0; done < size;) {
      ssize_t got = read(fd_, bytes.data() + done, size - done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail(path_, errno);
      if (got == 0) return false;  // it became shorter
      done += static_cast<std::size_t>(got);
    }
    left_ -= size;
    return true;
  }
  /// More than any entry has when the file ends within it.
  std::uint64_t length() {
    std::string bytes;
    return take(sizeof(std::uint64_t), bytes) ? FieldReader(bytes).number<std::uint64_t>() : ~0ull;
  }

 private:
  std::string path_;
  int fd_;
  std::uint64_t left_ = 0;
};

void check_head(PackReader& in, const std::string& path) {
  std::string head;
  bool is_pack = in.take(kHeadBytes, head) && head.compare(0, kMagic.size(), kMagic) == 0;
  if (!is_pack) {
    throw ParseError({}, "cache.import_", format("{} is no exported kernel cache", path))
        .fix("give a file that bafe.cache.export wrote");
  }
  FieldReader version(std::string_view(head).substr(kMagic.size()));
  if (version.number<std::uint32_t>() == kVersion) return;
  throw ParseError({}, "cache.import_", format("{} has another version", path))
      .fix("export the cache with this version of BAFE");
}

}  // namespace

KernelCache::Verdict KernelCache::verify() {
  flush();
  Verdict verdict;
  if (folder_.empty()) {
    verdict.good = info().entries;
    return verdict;
  }
  for (const FolderFile& file : list_folder(folder_, kEntrySuffix)) {
    FileRead read = read_own_file(file.path, kMostEntryBytes);
    if (read.end == FileRead::kMissing) continue;
    std::string name = file.path.substr(file.path.rfind('/') + 1);
    CacheEntry entry;
    std::optional<Digest> key = Digest::from_hex(name.substr(0, name.rfind('.')));
    bool is_good =
        read.end == FileRead::kRead && key && decode_entry(read.bytes, *key, entry, read.reason);
    if (is_good) {
      ++verdict.good;
    } else {
      remove_file(file.path, key ? read.reason : "has no key as its name");
      ++verdict.removed;
    }
  }
  return verdict;
}

std::int64_t KernelCache::export_to(const std::string& path, std::string_view target) {
  flush();
  PackWriter out(path);
  std::int64_t count = 0;
  auto add = [&](std::string_view bytes, const CacheEntry& entry) {
    if (!target.empty() && target_of_premises(entry.premises) != target) return;
    out.add(bytes);
    ++count;
  };
  if (folder_.empty()) {
    std::list<Entry> entries;
    {
      std::lock_guard lock(memory_mutex_);
      entries = memory_;
    }
    for (const auto& [key, entry] : entries) add(encode_entry(key, *entry), *entry);
  } else {
    for (const FolderFile& file : list_folder(folder_, kEntrySuffix)) {
      FileRead read = read_own_file(file.path, kMostEntryBytes);
      std::optional<Digest> key = key_of_entry(read.bytes);
      CacheEntry entry;
      if (key && decode_entry(read.bytes, *key, entry, read.reason)) add(read.bytes, entry);
    }
  }
  out.finish();
  return count;
}

KernelCache::Imported KernelCache::import_from(const std::string& path) {
  PackReader in(path);
  check_head(in, path);
  Imported counts;
  std::string bytes;
  while (in.left() > 0) {
    std::uint64_t length = in.length();
    if (length > static_cast<std::uint64_t>(kMostEntryBytes) || !in.take(length, bytes)) {
      ++counts.refused;  // nothing behind it can be found
      break;
    }
    CacheEntry entry;
    std::string reason;
    std::optional<Digest> key = key_of_entry(bytes);
    bool is_good = key && decode_entry(bytes, *key, entry, reason) &&
                   sha256(entry.premises) == *key && !target_of_premises(entry.premises).empty();
    if (!is_good) {
      ++counts.refused;
    } else if (build_of_premises(entry.premises) != build_identity()) {
      ++counts.other_build;
    } else if (has(*key)) {
      ++counts.known;
    } else {
      if (folder_.empty()) {
        remember(*key, std::make_shared<const CacheEntry>(std::move(entry)));
      } else if (!publish(*key, bytes)) {
        fail(path_of(*key), errno);
      }
      ++counts.added;
    }
  }
  return counts;
}

/// Is there a good entry of this key?
bool KernelCache::has(const Digest& key) {
  if (in_memory(key)) return true;
  return !folder_.empty() && load_file(key) != nullptr;
}

}  // namespace bafe

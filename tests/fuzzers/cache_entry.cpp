// In: any bytes as a cache entry's file, as what lies under its hash, and as an exported pack. An
// entry that is taken has exactly the bytes that writing it gives.

#include "bafe/runtime/cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <system_error>

#include "bafe/base/format.h"
#include "bafe/codegen/plan.h"
#include "bafe/runtime/engine_key.h"
#include "bafe/runtime/executables.h"
#include "targets.h"

namespace bafe::fuzz {
namespace {

void decode(std::string_view bytes, const Digest& key, bool is_hashed) {
  CacheEntry entry;
  std::string reason;
  if (!decode_entry(bytes, key, entry, reason)) {
    promise(!reason.empty(), "a refused entry has a reason");
    return;
  }
  promise(is_hashed, "no entry is taken without its hash");
  promise_equal(encode_entry(key, entry), std::string(bytes), "an entry is written as it is read");
  Provenance provenance;
  provenance_of(entry, provenance);
  accepts([&] { Plan::from_json(entry.plan); });
  build_of_premises(entry.premises);
  target_of_premises(entry.premises);
}

/// A file without a name. The pack reader opens its path.
class Unnamed {
 public:
  explicit Unnamed(std::string_view bytes) : fd_(memfd_create("pack", MFD_CLOEXEC)) {
    bool is_written = write(fd_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
    promise(is_written, "memory for the file");
  }
  ~Unnamed() { close(fd_); }
  Unnamed(const Unnamed&) = delete;
  Unnamed& operator=(const Unnamed&) = delete;
  std::string path() const { return format("/proc/self/fd/{}", fd_); }

 private:
  int fd_;
};

}  // namespace

void cache_entry(std::string_view bytes) {
  const Digest key = key_of_entry(bytes).value_or(Digest{});
  const Digest whole = sha256(bytes);
  std::string hashed(bytes);
  hashed.append(reinterpret_cast<const char*>(whole.bytes.data()), whole.bytes.size());
  decode(bytes, key, true);
  decode(bytes, whole, bytes.size() > 32);
  decode(hashed, key, true);

  KernelCache cache("", 1 << 20);
  Unnamed pack(bytes);
  accepts([&] {
    const KernelCache::Imported counts = cache.import_from(pack.path());
    promise(counts.added == cache.info().entries, "what was added is there");
  });
}

}  // namespace bafe::fuzz

// In: an entry and its key. Out: one file's bytes, and back. The file:
//
//   file   := magic version count field* sha256
//   magic  := "BAFEKRNL" (8 bytes);  version, count := u32;  field := length:u64 bytes
//   sha256 := 32 bytes over everything before them
//
// Numbers are little-endian. Field 0 is the key in hex, then the members of CacheEntry in order. A
// reader trusts nothing before the hash has been compared.

#include <array>
#include <cstring>

#include "bafe/runtime/cache.h"
#include "bafe/runtime/fields.h"

namespace bafe {
namespace {

constexpr char kMagic[8] = {'B', 'A', 'F', 'E', 'K', 'R', 'N', 'L'};
constexpr std::uint32_t kVersion = 2;
constexpr std::size_t kHashBytes = 32;

template <class Entry>
auto fields_of(Entry& entry) {
  return std::array{&entry.premises,    &entry.traced,     &entry.chosen, &entry.plan,
                    &entry.certificate, &entry.validation, &entry.report, &entry.c_text,
                    &entry.compiler,    &entry.code};
}

}  // namespace

std::int64_t CacheEntry::bytes() const {
  std::size_t total = 0;
  for (const std::string* field : fields_of(*this)) total += field->size();
  return static_cast<std::int64_t>(total);
}

std::string encode_entry(const Digest& key, const CacheEntry& entry) {
  auto fields = fields_of(entry);
  FieldWriter out;
  out.raw(std::string_view(kMagic, sizeof kMagic)).number(kVersion);
  out.number(static_cast<std::uint32_t>(fields.size() + 1)).text(key.hex());
  for (const std::string* field : fields) out.text(*field);
  Digest hash = sha256(out.bytes());
  out.raw(std::string_view(reinterpret_cast<const char*>(hash.bytes.data()), kHashBytes));
  return out.take();
}

std::optional<Digest> key_of_entry(std::string_view bytes) {
  constexpr std::size_t kBefore = sizeof kMagic + 2 * sizeof(std::uint32_t);
  if (bytes.size() < kBefore || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) return {};
  FieldReader reader(bytes.substr(kBefore));
  return Digest::from_hex(reader.text());
}

bool decode_entry(std::string_view bytes, const Digest& key, CacheEntry& entry,
                  std::string& reason) {
  if (bytes.size() < sizeof kMagic + kHashBytes ||
      std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) {
    reason = "is not a kernel entry";
    return false;
  }
  std::string_view body = bytes.substr(0, bytes.size() - kHashBytes);
  Digest hash = sha256(body);
  if (std::memcmp(hash.bytes.data(), bytes.data() + body.size(), kHashBytes) != 0) {
    reason = "does not have the bytes it was written with";
    return false;
  }
  FieldReader reader(body.substr(sizeof kMagic));
  auto fields = fields_of(entry);
  if (reader.number<std::uint32_t>() != kVersion ||
      reader.number<std::uint32_t>() != fields.size() + 1) {
    reason = "has another version";
    return false;
  }
  if (reader.text() != key.hex()) {
    reason = "holds another key";
    return false;
  }
  for (std::string* field : fields) field->assign(reader.text());
  if (!reader.is_done()) {
    reason = "has fields that do not fit";
    return false;
  }
  return true;
}

}  // namespace bafe

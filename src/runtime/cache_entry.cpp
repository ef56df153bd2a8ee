#include <array>
#include <cstring>

#include "bafe/base/format.h"
#include "bafe/runtime/cache.h"

// In: an entry and its key. Out: one file's bytes, and back. The file:
//
//   file   := magic version count field* sha256
//   magic  := "BAFEKRNL" (8 bytes);  version, count := u32;  field := length:u64 bytes
//   sha256 := 32 bytes over everything before them
//
// Numbers are little-endian. Field 0 is the key in hex, then the members of CacheEntry in order. A
// reader trusts nothing before the hash has been compared.

namespace bafe {
namespace {

constexpr char kMagic[8] = {'B', 'A', 'F', 'E', 'K', 'R', 'N', 'L'};
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHashBytes = 32;

template <class Entry>
auto fields_of(Entry& entry) {
  return std::array{&entry.traced,      &entry.chosen,     &entry.plan,
                    &entry.certificate, &entry.validation, &entry.report,
                    &entry.c_text,      &entry.compiler,   &entry.code};
}

template <class Number>
void put_number(std::string& out, Number value) {
  for (std::size_t i = 0; i < sizeof value; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

void put_field(std::string& out, std::string_view field) {
  put_number(out, static_cast<std::uint64_t>(field.size()));
  out.append(field);
}

/// Takes numbers and fields off the front; any request beyond the end fails for good.
class Reader {
 public:
  explicit Reader(std::string_view rest) : rest_(rest) {}
  template <class Number>
  Number number() {
    Number value = 0;
    std::string_view bytes = take(sizeof value);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      value |= static_cast<Number>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return value;
  }
  std::string_view field() { return take(number<std::uint64_t>()); }
  bool is_done() const { return is_good_ && rest_.empty(); }

 private:
  std::string_view take(std::uint64_t size) {
    if (!is_good_ || size > rest_.size()) {
      is_good_ = false;
      return {};
    }
    std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }
  std::string_view rest_;
  bool is_good_ = true;
};

}  // namespace

std::int64_t CacheEntry::bytes() const {
  std::size_t total = 0;
  for (const std::string* field : fields_of(*this)) total += field->size();
  return static_cast<std::int64_t>(total);
}

std::string encode_entry(const Digest& key, const CacheEntry& entry) {
  auto fields = fields_of(entry);
  std::string out(kMagic, sizeof kMagic);
  out.reserve(static_cast<std::size_t>(entry.bytes()) + 512);
  put_number(out, kVersion);
  put_number(out, static_cast<std::uint32_t>(fields.size() + 1));
  put_field(out, key.hex());
  for (const std::string* field : fields) put_field(out, *field);
  Digest hash = sha256(out);
  out.append(reinterpret_cast<const char*>(hash.bytes.data()), kHashBytes);
  return out;
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
  Reader reader(body.substr(sizeof kMagic));
  auto fields = fields_of(entry);
  if (reader.number<std::uint32_t>() != kVersion ||
      reader.number<std::uint32_t>() != fields.size() + 1) {
    reason = "has another version";
    return false;
  }
  if (reader.field() != key.hex()) {
    reason = "holds another key";
    return false;
  }
  for (std::string* field : fields) field->assign(reader.field());
  if (!reader.is_done()) {
    reason = "has fields that do not fit";
    return false;
  }
  return true;
}

}  // namespace bafe

// In: bytes. Out: their SHA-256. The direct functions of OpenSSL are used: EVP would read the
// system's configuration and set up its providers, 0.7 ms in every process.

#define OPENSSL_API_COMPAT 0x10100000L

#include "bafe/base/digest.h"

#include <openssl/sha.h>

namespace bafe {

struct DigestBuilder::State {
  SHA256_CTX context;
};

DigestBuilder::DigestBuilder() : state_(std::make_unique<State>()) {
  SHA256_Init(&state_->context);
}

DigestBuilder::~DigestBuilder() = default;

DigestBuilder& DigestBuilder::add(std::string_view field) {
  std::uint64_t size = field.size();
  SHA256_Update(&state_->context, &size, sizeof size);
  SHA256_Update(&state_->context, field.data(), field.size());
  return *this;
}

DigestBuilder& DigestBuilder::add(std::int64_t field) {
  return add(std::string_view(reinterpret_cast<const char*>(&field), sizeof field));
}

Digest DigestBuilder::finish() {
  Digest out;
  SHA256_Final(out.bytes.data(), &state_->context);
  return out;
}

Digest sha256(std::string_view data) {
  Digest out;
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, data.data(), data.size());
  SHA256_Final(out.bytes.data(), &context);
  return out;
}

namespace {
constexpr std::string_view kDigits = "0123456789abcdef";
}

std::optional<Digest> Digest::from_hex(std::string_view text) {
  Digest out;
  if (text.size() != 2 * out.bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < out.bytes.size(); ++i) {
    std::size_t high = kDigits.find(text[2 * i]), low = kDigits.find(text[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    out.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return out;
}

std::string Digest::hex() const {
  std::string out;
  for (std::uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

}  // namespace bafe

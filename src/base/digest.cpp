#include "bafe/base/digest.h"

#include <openssl/evp.h>

#include "bafe/base/error.h"

namespace bafe {

struct DigestBuilder::State {
  EVP_MD_CTX* ctx = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(ctx); }
};

DigestBuilder::DigestBuilder() : state_(std::make_unique<State>()) {
  BAFE_CHECK(state_->ctx && EVP_DigestInit_ex(state_->ctx, EVP_sha256(), nullptr) == 1,
             "OpenSSL offers SHA-256");
}

DigestBuilder::~DigestBuilder() = default;

DigestBuilder& DigestBuilder::add(std::string_view field) {
  std::uint64_t size = field.size();
  EVP_DigestUpdate(state_->ctx, &size, sizeof size);
  EVP_DigestUpdate(state_->ctx, field.data(), field.size());
  return *this;
}

DigestBuilder& DigestBuilder::add(std::int64_t field) {
  return add(std::string_view(reinterpret_cast<const char*>(&field), sizeof field));
}

Digest DigestBuilder::finish() {
  Digest out;
  unsigned size = 0;
  EVP_DigestFinal_ex(state_->ctx, out.bytes.data(), &size);
  return out;
}

Digest sha256(std::string_view data) {
  Digest out;
  unsigned size = 0;
  EVP_Digest(data.data(), data.size(), out.bytes.data(), &size, EVP_sha256(), nullptr);
  return out;
}

std::string Digest::hex() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (std::uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

}  // namespace bafe

#pragma once
/// SHA-256, for every name on disk and every key that outlives the process.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace bafe {

struct Digest {
  std::array<std::uint8_t, 32> bytes{};
  std::string hex() const;                                       ///< 64 lower-case digits
  static std::optional<Digest> from_hex(std::string_view text);  ///< nothing but those
  friend auto operator<=>(const Digest&, const Digest&) = default;
};

Digest sha256(std::string_view data);

/// Feeds fields one by one. Each field is length-prefixed, so no two field lists share a digest.
class DigestBuilder {
 public:
  DigestBuilder();
  ~DigestBuilder();
  DigestBuilder(const DigestBuilder&) = delete;
  DigestBuilder& operator=(const DigestBuilder&) = delete;
  DigestBuilder& add(std::string_view field);
  DigestBuilder& add(std::int64_t field);
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bafe

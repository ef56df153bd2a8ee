#pragma once
/// Laws of elementary functions by name: what a proof cites and what the tests check numerically.

#include <cstdint>
#include <span>

namespace bafe {

enum class Lemma : std::uint8_t {
#define BAFE_LEMMA(name, text, statement, domains) k##name,
#include "lemmas.def"
#undef BAFE_LEMMA
};

struct LemmaInfo {
  const char* name;
  const char* statement;  ///< "(= left right)" in the terms of lemmas.def
  const char* domains;    ///< "a low high b low high"
};

std::span<const LemmaInfo> lemma_table();
inline const LemmaInfo& lemma_info(Lemma lemma) {
  return lemma_table()[static_cast<std::size_t>(lemma)];
}

}  // namespace bafe

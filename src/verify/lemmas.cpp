// Out: the table of lemmas.def.
#include "lemmas.h"

namespace bafe {

std::span<const LemmaInfo> lemma_table() {
  static constexpr LemmaInfo table[] = {
#define BAFE_LEMMA(name, text, statement, domains) {text, statement, domains},
#include "lemmas.def"
#undef BAFE_LEMMA
  };
  return table;
}

}  // namespace bafe

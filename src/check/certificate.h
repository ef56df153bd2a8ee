#pragma once
/// The certificate as text, line by line.

#include <charconv>
#include <memory>

#include "bafe/check/check.h"

namespace bafe {

/// A sentence that does not hold or cannot be read.
struct CertificateFault {
  int line;
  std::string reason, rule = {};
};

using CertificateLine = std::vector<std::string_view>;  ///< its words

/// A whole number below `limit`. Errors: CertificateFault.
std::size_t number_below(std::string_view word, std::size_t limit, int line);

struct ProofBlock {
  Graph graph;
  std::vector<ValueId> terms;  ///< by number
  std::vector<ValueId> written, chosen;
  std::size_t inputs = 0;
  void add_term(const CertificateLine& words, int line);
  ValueId term(std::string_view word, int line) const {
    return terms[number_below(word, terms.size(), line)];
  }
};

}  // namespace bafe

#pragma once
/// Decides by numbers alone whether a rule keeps its promise: the referee of the verifier. It
/// shares the reader, the interpreter and the maker of matches with the verifier; sizes, data,
/// comparison and the number of tries are its own.

#include <cstdint>
#include <string>

#include "bafe/rules/rule.h"

namespace bafe::verifier {

struct Verdict {
  int matches = 0;         ///< that were evaluated
  std::string difference;  ///< empty: none was found
};

Verdict judge(const Rule& rule, std::uint64_t seed);

}  // namespace bafe::verifier

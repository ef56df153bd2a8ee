#pragma once
/// What shows the numeric class that a rule claims, beyond equality over the reals.

#include <string>

#include "bafe/verify/proof.h"

namespace bafe {

struct ClassEvidence {
  bool shown = false;          ///< bits and signs: for floats, ints and bools that the rule covers
  std::string text;            ///< "same operations; i8 exhaustive …"
  std::string counterexample;  ///< not empty: the class, or the rule, is refuted
  bool integers_open = false;  ///< equal numbers do not show equal integers, which wrap around
};

/// One direction. Floats of class bits and signs: the same scalar operations on the same elements,
/// else all values of f16 (one input) or of an 8-bit or 6-bit format (two, three), rounded after
/// every operator. Ints: the same operations, a commutative ring, an order, or all values of i8 and
/// u8. Bools: all values. Patterns with other than pointwise operators: the same operations on
/// small sizes.
ClassEvidence find_class_evidence(const Rewrite& rewrite, const ProofOptions& options);

}  // namespace bafe

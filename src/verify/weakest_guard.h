#pragma once
/// Is a rule's condition the weakest one?

#include <string>

#include "bafe/verify/proof.h"

namespace bafe {

/// Conditions of :when without which no counterexample was found: they keep the rule from where it
/// does not pay, or it could be stronger. "" when every one is needed.
std::string unneeded_conditions(const Rule& rule, const ProofOptions& options);

}  // namespace bafe

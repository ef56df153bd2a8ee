#pragma once
/// Proof of one direction by normal forms, helped by the child where they differ.

#include <string>
#include <vector>

#include "bafe/verify/proof.h"

namespace bafe {

struct SymbolicProof {
  ProofStatus status = ProofStatus::kTested;
  std::string engine, detail, counterexample;
  std::vector<std::string> lemmas;  ///< laws of functions that the argument uses
  bool exact = false;  ///< the same operators on the same elements, for all sizes and ranks
};

/// Pointwise rules are proven for all sizes at once; others on small sizes, element by element.
SymbolicProof prove_symbolically(const Rewrite& rewrite, const std::string& smt_program,
                                 const ProofOptions& options);

/// Do the types of both sides agree for all sizes of the ranks that :types allows? Sizes are
/// symbols. "" when :types does not fix the sizes of every variable.
std::string types_for_all_sizes(const Rewrite& rewrite, const ProofOptions& options);

}  // namespace bafe

#pragma once
/// Rules with reductions, contractions and structured matrices, as sums of products.

#include "rule_context.h"

namespace bafe::generic {

/// Are both sides equal, types included, for all sizes and ranks? Over the reals; a fact of :when
/// is a promise about elements. Never throws.
GenericProof prove_sums(const Rewrite& rewrite, const std::string& smt_program,
                        const ProofOptions& options);

}  // namespace bafe::generic

#pragma once
/// Rules whose elements are scalar functions of a few reads, for all sizes and ranks.

#include "rule_context.h"

namespace bafe::generic {

struct ScalarRuleProof {
  GenericProof proof;
  std::vector<std::string> lemmas;  ///< laws of functions that it uses
};

/// Equal by the algebra of scalar terms, where reads of the same element are one symbol? Types
/// included. Never throws.
ScalarRuleProof prove_scalars(const Rewrite& rewrite, const std::string& smt_program,
                              const ProofOptions& options);

}  // namespace bafe::generic

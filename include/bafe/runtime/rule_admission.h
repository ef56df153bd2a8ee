#pragma once
/// Rules of the user's own: taken when proven, so that no unproven rule is used unasked.

#include <string>
#include <string_view>

#include "bafe/rules/rule_set.h"

namespace bafe {

struct AdmissionOptions {
  /// Takes rules without a proof; what they make is never published to the cache on disk.
  bool allow_unproven = false;
  std::string smt_program;  ///< as ProofOptions::smt_program
  std::string folder;       ///< where stamps are kept, so that a proof costs once; empty: nowhere
};

/// `known` with the rules of `text`; all or none.
///
/// Errors: ParseError and RuleError of the reader; RuleError when a rule is refuted, with the
/// counterexample, or when it is neither proven nor bounded. Time: of the proofs, once a text.
RuleSet admit_rules(const RuleSet& known, std::string_view text, std::string_view file,
                    const AdmissionOptions& options = {});

}  // namespace bafe

#pragma once
/// Proofs turned into rules.lock.

#include <span>
#include <string>
#include <vector>

#include "bafe/rules/rule_lock.h"
#include "bafe/rules/rule_set.h"
#include "bafe/verify/proof.h"

namespace bafe {

/// The stamp of a proof that is not a refutation; BAFE_CHECKs that.
RuleStamp stamp_of(const Rule& rule, const RuleProof& proof);

/// A lock of all rules that have a proof and are not refuted. A time of `before` is kept where the
/// new one is within a factor of four of it, so that a proof repeated elsewhere changes no line.
RuleLock make_rule_lock(const RuleSet& rules, std::span<const RuleProof> proofs,
                        std::string solvers, const RuleLock* before = nullptr);

/// Rules that may not be in the default set, with the reason: refuted, or neither proven nor
/// bounded.
std::vector<std::string> unworthy(std::span<const RuleProof> proofs);

}  // namespace bafe

// In: rules and what was proven about them. Out: the lock of those that are not refuted, by name.
#include "bafe/verify/make_lock.h"

#include <algorithm>
#include <cmath>

#include "bafe/base/error.h"
#include "bafe/base/format.h"

namespace bafe {
namespace {

/// 1, 2, 5, 10, 20, 50 …: proofs of one rule take about the same time, seldom the same.
int rounded_ms(double ms) {
  for (int decade = 1; decade <= 100'000'000; decade *= 10) {
    for (int step : {1, 2, 5}) {
      if (ms <= step * decade * 1.4) return step * decade;
    }
  }
  return 1'000'000'000;
}

std::string one_word(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == ' ' || c == '\n' || c == '\t'; }, '-');
  return text.empty() ? "none" : text;
}

}  // namespace

RuleStamp stamp_of(const Rule& rule, const RuleProof& proof) {
  BAFE_CHECK(proof.status != ProofStatus::kRefuted, "a refuted rule has no stamp");
  return {rule.name, rule_hash(rule), proof_status_text(proof.status), one_word(proof.engine),
          rounded_ms(proof.ms)};
}

RuleLock make_rule_lock(const RuleSet& rules, std::span<const RuleProof> proofs,
                        std::string solvers, const RuleLock* before) {
  RuleLock lock;
  lock.operators = operator_spec_hash();
  lock.solvers = std::move(solvers);
  for (const RuleProof& proof : proofs) {
    const Rule* rule = rules.find(proof.name);
    if (rule == nullptr || proof.status == ProofStatus::kRefuted) continue;
    RuleStamp stamp = stamp_of(*rule, proof);
    const RuleStamp* old = before == nullptr ? nullptr : before->find(rule->name);
    if (old != nullptr && stamp.ms <= 4 * old->ms && old->ms <= 4 * stamp.ms) stamp.ms = old->ms;
    lock.stamps.push_back(std::move(stamp));
  }
  std::sort(lock.stamps.begin(), lock.stamps.end(),
            [](const RuleStamp& a, const RuleStamp& b) { return a.name < b.name; });
  return lock;
}

std::vector<std::string> unworthy(std::span<const RuleProof> proofs) {
  std::vector<std::string> out;
  for (const RuleProof& proof : proofs) {
    if (proof.status == ProofStatus::kProven || proof.status == ProofStatus::kBounded) continue;
    out.push_back(format("{}: {}: {}", proof.name, proof_status_text(proof.status), proof.detail));
  }
  return out;
}

}  // namespace bafe

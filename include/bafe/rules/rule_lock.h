#pragma once
/// rules.lock: what was proven about each rule, and against which text, operators and prover. A
/// rule whose stamp does not fit any more counts as unproven.

#include <string>
#include <string_view>
#include <vector>

#include "bafe/rules/rule.h"

namespace bafe {

/// Raised by hand whenever the prover answers differently from before on some rule: stamps of
/// another version are not believed.
inline constexpr int kProverVersion = 2;

/// What is known about one rule.
struct RuleStamp {
  std::string name;
  std::string rule;    ///< rule_hash() of the text that was proven
  std::string status;  ///< "proven", "bounded", "tested"
  std::string engine;  ///< by which argument; no blanks
  int ms = 0;          ///< of the proof, to one digit
  /// For all sizes, or for all values of small sizes: enough to be used unasked.
  bool admits() const { return status == "proven" || status == "bounded"; }
};

struct RuleLock {
  int prover = kProverVersion;
  std::string operators;          ///< operator_spec_hash() of the operators it was proven over
  std::string solvers;            ///< names and versions, for the reader
  std::vector<RuleStamp> stamps;  ///< by name, ascending

  const RuleStamp* find(std::string_view name) const;
};

/// Errors: ParseError with line and column for a broken text, and for one of another version.
RuleLock read_rule_lock(std::string_view text, std::string_view file);
/// The text that read_rule_lock() reads. Equal locks give equal texts.
std::string rule_lock_text(const RuleLock& lock);

/// 32 hex digits of the SHA-256 of the canonical text.
std::string rule_hash(const Rule& rule);
/// 32 hex digits over the sources that say what operators and conditions mean.
std::string_view operator_spec_hash();

/// Why the lock does not vouch for the rule; empty when it does.
std::string stamp_refusal(const RuleLock& lock, const Rule& rule);

/// The lock that was built in; empty stamps when its text is missing or broken, and then `why`.
struct BuiltinLock {
  RuleLock lock;
  std::string why;
};
const BuiltinLock& builtin_rule_lock();

}  // namespace bafe

#pragma once
/// What is known about a rule, and by which argument.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bafe/rules/rule_set.h"

namespace bafe {

enum class ProofStatus : std::uint8_t {
  kProven,   ///< for all sizes and values the rule speaks about
  kBounded,  ///< for all values of some small sizes
  kTested,   ///< on many instances; no proof
  kRefuted,  ///< a counterexample is at hand
};
const char* proof_status_text(ProofStatus status);

struct RuleProof {
  std::string name;
  ProofStatus status = ProofStatus::kTested;
  std::string engine;          ///< "structure", "normal form", "z3", "small sizes", "interpreter"
  std::string detail;          ///< what was shown, or why no more could be
  std::string counterexample;  ///< refuted: inputs and both sides in numbers
  /// What shows the numeric class that the rule claims: same operations, an exhaustive run, a ring.
  std::string class_evidence;
  std::string notes;  ///< conditions that seem superfluous, overflow that class `domain` covers
  std::string smt;    ///< every question that the child answered "unsat", as SMT-LIB 2
  std::vector<std::string> lemmas;  ///< laws of functions that the proof uses
  double ms = 0;
};

struct ProofOptions {
  std::string smt_program;  ///< path of bafe-smt; empty: the one beside this library or in BAFE_SMT
  unsigned rlimit = 2'000'000;  ///< of one query: deterministic, about a second
  int wall_ms = 60'000;         ///< the child is killed after it; far above what rlimit takes
  std::uint64_t seed = 1;
  int instances = 1;           ///< of the interpreter's refutation, per dtype and palette
  bool weakest_guard = false;  ///< look for conditions that no check needs; verify_rule_text does
  int workers = 2;             ///< threads of verify_rules; results do not depend on it
};

/// Runs the engines in order: types, stress and refutation by the interpreter;
/// then normal forms and the child. Never throws for a rule that loads; a missing child only
/// weakens the status.
RuleProof verify_rule(const Rule& rule, const ProofOptions& options = {});
/// Every rule of a text. Errors: ParseError, RuleError of the reader.
std::vector<RuleProof> verify_rule_text(std::string_view text, const ProofOptions& options = {});
/// All rules of a set in order. `progress` is called after each, in order; false stops.
std::vector<RuleProof> verify_rules(const RuleSet& rules, const ProofOptions& options = {},
                                    const std::function<bool(const RuleProof&)>& progress = {});

}  // namespace bafe

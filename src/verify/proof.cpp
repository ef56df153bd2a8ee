// In: rules. Out: what is known about each. The interpreter comes first: a wrong rule is refuted by
// numbers before any proof is tried, and a proof over the reals never hides a failure on floats or
// wrapping integers.
#include "bafe/verify/proof.h"

#include "bafe/base/format.h"
#include "bafe/base/trace.h"
#include "bafe/verify/check.h"
#include "smt_child.h"
#include "symbolic_proof.h"

namespace bafe {
namespace {

void refute(RuleProof& proof, const CheckResult& check) {
  proof.engine = check.failure == "stability" ? "stress test" : "interpreter";
  proof.counterexample = check.counterexample;
  if (check.failure == "vacuous") {
    proof.detail = "the left side was never matched, so nothing is known";
    return;
  }
  proof.status = ProofStatus::kRefuted;
  proof.detail = check.failure == "types"       ? "the sides have different types"
                 : check.failure == "stability" ? "the right side loses accuracy or overflows"
                                                : "the sides differ";
}

std::string tested_text(const CheckResult& check) {
  std::string dtypes;
  for (DType dtype : check.dtypes)
    dtypes += (dtypes.empty() ? "" : " ") + std::string(dtype_info(dtype).name);
  return format("tested on {} instances of {}", check.instances, dtypes);
}

void prove_rewrites(const Rule& rule, const ProofOptions& options, RuleProof& proof) {
  std::string program = options.smt_program.empty() ? find_smt_program() : options.smt_program;
  proof.status = ProofStatus::kProven;
  for (const Rewrite& rewrite : rule.rewrites) {
    SymbolicProof side = prove_symbolically(rewrite, program, options);
    if (side.status >= proof.status) {
      proof.status = side.status;
      proof.engine = side.engine;
      proof.detail = side.detail;
      proof.counterexample = side.counterexample;
    }
  }
  if (proof.status == ProofStatus::kRefuted) return;
  std::string types = types_for_all_sizes(rule.rewrites[0], options);
  if (!types.empty()) proof.detail += "; " + types;
}

}  // namespace

const char* proof_status_text(ProofStatus status) {
  static constexpr const char* names[] = {"proven", "bounded", "tested", "refuted"};
  return names[static_cast<std::size_t>(status)];
}

RuleProof verify_rule(const Rule& rule, const ProofOptions& options) {
  RuleProof proof;
  proof.name = rule.name;
  std::int64_t begin = now_ns();
  CheckOptions check_options;
  check_options.seed = options.seed;
  check_options.instances = options.instances;
  CheckResult check = check_rule(rule, check_options);
  if (!check.passed) {
    refute(proof, check);
  } else if (rule.move) {
    proof.status = ProofStatus::kBounded;
    proof.engine = "interpreter";
    proof.detail = format("the same bytes on {} sizes", check.instances);
  } else {
    prove_rewrites(rule, options, proof);
    if (proof.status != ProofStatus::kRefuted) proof.detail += "; " + tested_text(check);
  }
  proof.ms = static_cast<double>(now_ns() - begin) / 1e6;
  return proof;
}

std::vector<RuleProof> verify_rule_text(std::string_view text, const ProofOptions& options) {
  RuleSet rules;
  rules.add(text);
  return verify_rules(rules, options);
}

std::vector<RuleProof> verify_rules(const RuleSet& rules, const ProofOptions& options,
                                    const std::function<bool(const RuleProof&)>& progress) {
  std::vector<RuleProof> proofs;
  for (std::uint32_t i = 0; i < rules.size(); ++i) {
    proofs.push_back(verify_rule(rules.rule(RuleId(i)), options));
    if (progress && !progress(proofs.back())) break;
  }
  return proofs;
}

}  // namespace bafe

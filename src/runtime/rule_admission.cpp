// In: a text of rules. Out: the rules in force with those of the text, each with a stamp of this
// process or of an earlier one. A stamp is a file of the user's cache folder, named by what was
// proven and by whom; one that is damaged or foreign is not believed, and the rule is proven again.
#include "bafe/runtime/rule_admission.h"

#include "bafe/base/digest.h"
#include "bafe/base/format.h"
#include "bafe/rules/rule_lock.h"
#include "bafe/runtime/cache_folder.h"
#include "bafe/runtime/engine_key.h"
#include "bafe/verify/make_lock.h"
#include "bafe/verify/proof.h"

namespace bafe {
namespace {

constexpr std::int64_t kMostStampBytes = 1 << 16;
constexpr std::string_view kStampSuffix = ".stamp";

std::string stamp_path(const Rule& rule, const std::string& folder) {
  DigestBuilder builder;
  builder.add(rule_hash(rule)).add(operator_spec_hash()).add(std::int64_t{kProverVersion});
  return format("{}/{}{}", folder, builder.add(build_identity()).finish().hex(), kStampSuffix);
}

bool has_stamp(const Rule& rule, const std::string& folder) {
  if (folder.empty()) return false;
  FileRead file = read_own_file(stamp_path(rule, folder), kMostStampBytes);
  if (file.end != FileRead::kRead) return false;
  try {
    return stamp_refusal(read_rule_lock(file.bytes, "stamp"), rule).empty();
  } catch (const ParseError&) {
    return false;  // damaged: proven again, and written anew
  }
}

void keep_stamp(const Rule& rule, const RuleProof& proof, const std::string& folder) {
  if (folder.empty() || !prepare_cache_folder(folder).empty()) return;
  RuleLock lock;
  lock.operators = operator_spec_hash();
  lock.stamps.push_back(stamp_of(rule, proof));
  publish_file(stamp_path(rule, folder), rule_lock_text(lock));  // else it is proven again
}

std::string indented(const std::string& text) {
  std::string out;
  for (char c : text) {
    out += c;
    if (c == '\n') out += "  ";
  }
  return out;
}

void require_proof(const Rule& rule, const AdmissionOptions& options) {
  if (has_stamp(rule, options.folder)) return;
  ProofOptions proving;
  proving.smt_program = options.smt_program;
  RuleProof proof = verify_rule(rule, proving);
  if (proof.status == ProofStatus::kRefuted) {
    throw RuleError(rule.loc, "rule " + rule.name, "it is wrong: " + proof.detail)
        .detail(indented(proof.counterexample))
        .fix("change a side, a condition or :class until bafe.verify.rule(text) proves it");
  }
  if (!stamp_of(rule, proof).admits()) {
    throw RuleError(rule.loc, "rule " + rule.name, "it is not proven: " + indented(proof.detail))
        .fix("restate it, or take it unproven: bafe.rules.add(text, allow_unproven=True)");
  }
  keep_stamp(rule, proof, options.folder);
}

}  // namespace

RuleSet admit_rules(const RuleSet& known, std::string_view text, std::string_view file,
                    const AdmissionOptions& options) {
  RuleSet out = known;
  std::vector<Rule> rules = read_rules(text, file, known.table());
  for (const Rule& rule : rules) out.add(rule);  // a name that is taken is found before any proof
  out = known;
  for (Rule& rule : rules) {
    if (!options.allow_unproven) {
      require_proof(rule, options);
      rule.is_stamped = true;
    }
    out.add(std::move(rule));
  }
  return out;
}

}  // namespace bafe

// Rules from elsewhere: identities that were published although they are wrong, and the rewrites of
// XLA's algebraic simplifier. Their verdicts are frozen in tests/golden/verify/.
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <map>
#include <sstream>

#include "bafe/base/format.h"
#include "bafe/verify/proof.h"
#include "golden.h"

namespace bafe {
namespace {

std::string corpus(const std::string& name) {
  std::ifstream file(std::string(BAFE_TEST_SOURCE_DIR) + "/tests/golden/verify/" + name);
  EXPECT_TRUE(file.good()) << name;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<RuleProof> proofs_of(const RuleSet& rules) { return verify_rules(rules); }

/// The strongest class below the claimed one in which the rule is not refuted.
std::string survives_as(const Rule& rule) {
  static constexpr std::array classes = {"signs", "finite", "reals", "domain"};
  std::string claimed = numeric_class_text(rule.rewrites[0].numeric);
  bool below = claimed == "bits";
  for (const char* weaker : classes) {
    if (!below) {
      below = claimed == weaker;
      continue;
    }
    std::string text = rule.text;
    text.replace(text.find(":class " + claimed), 7 + claimed.size(),
                 std::string(":class ") + weaker);
    if (verify_rule_text(text).at(0).status != ProofStatus::kRefuted) return weaker;
  }
  return "no class";
}

TEST(KnownBadRules, AreAllRefutedInTheClassTheyClaim) {
  RuleSet rules;
  rules.add(corpus("known_bad.rules"), "known_bad.rules");
  ASSERT_GE(rules.size(), 40u);
  std::string table;
  for (const RuleProof& proof : proofs_of(rules)) {
    const Rule& rule = *rules.find(proof.name);
    EXPECT_EQ(proof.status, ProofStatus::kRefuted) << proof.name << ": " << proof.detail;
    EXPECT_NE(proof.counterexample, "") << proof.name;
    table += format("{:<34} {:<7} {:<8} survives as {}\n", proof.name,
                    numeric_class_text(rule.rewrites[0].numeric), proof_status_text(proof.status),
                    survives_as(rule));
  }
  testing::expect_golden(table, "verify/known_bad.txt");
}

TEST(XlaRules, AreDecidedAsFrozenAndNearlyAllAreProven) {
  RuleSet rules;
  rules.add(corpus("xla.rules"), "xla.rules");
  ASSERT_GE(rules.size(), 60u);
  std::string table;
  std::map<ProofStatus, int> count;
  for (const RuleProof& proof : proofs_of(rules)) {
    const Rule& rule = *rules.find(proof.name);
    ++count[proof.status];
    table += format("{:<48} {:<7} {}\n", proof.name, numeric_class_text(rule.rewrites[0].numeric),
                    proof_status_text(proof.status));
    EXPECT_NE(proof.status, ProofStatus::kRefuted) << proof.name << "\n" << proof.counterexample;
  }
  table += format("{} rules: {} proven, {} bounded, {} tested, {} refuted\n", rules.size(),
                  count[ProofStatus::kProven], count[ProofStatus::kBounded],
                  count[ProofStatus::kTested], count[ProofStatus::kRefuted]);
  testing::expect_golden(table, "verify/xla.txt");
}

}  // namespace
}  // namespace bafe

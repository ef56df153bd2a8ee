// The verifier against rules that were made wrong on purpose. A referee that knows nothing of
// proofs says which mutants differ. BAFE_MUTANTS=<count>[,<part>/<parts>] takes more than the
// slice, and BAFE_MUTANTS_OUT names a file that gets a line for each.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/ir/op.h"
#include "bafe/rules/rule_set.h"
#include "bafe/verify/instance.h"
#include "bafe/verify/proof.h"
#include "mutator.h"
#include "oracle.h"

namespace bafe::verifier {
namespace {

struct Slice {
  std::size_t count = 60;
  std::size_t part = 0, parts = 1;
};

Slice slice_of_environment() {
  Slice out;
  const char* text = std::getenv("BAFE_MUTANTS");
  if (text != nullptr) std::sscanf(text, "%zu,%zu/%zu", &out.count, &out.part, &out.parts);
  return out;
}

/// Mutants of all default rules that are rules themselves, in an order that only the seed decides.
std::vector<Mutant> all_mutants(std::uint64_t seed) {
  std::vector<Mutant> out;
  const RuleSet& rules = RuleSet::written();
  for (std::uint32_t i = 0; i < rules.size(); ++i) {
    if (rules.rule(RuleId(i)).move) continue;
    for (Mutant& mutant : mutants_of(rules.rule(RuleId(i)).text)) out.push_back(std::move(mutant));
  }
  Dice dice(seed);
  for (std::size_t i = out.size(); i > 1; --i) {
    std::swap(out[i - 1], out[static_cast<std::size_t>(dice.below(static_cast<int>(i)))]);
  }
  return out;
}

struct Score {
  int mutants = 0, no_rules = 0, vacuous = 0;
  int wrong = 0, wrong_refuted = 0, wrong_admitted = 0;
  int right = 0, right_refuted = 0, right_admitted = 0, unstable = 0;
  std::map<std::string, int> kinds;
  std::string holes, false_alarms, missed, crashes, unjudged;
};

void count(const Mutant& mutant, const RuleProof& proof, const Verdict& verdict, Score& score) {
  bool refuted = proof.status == ProofStatus::kRefuted;
  bool admitted = proof.status == ProofStatus::kProven || proof.status == ProofStatus::kBounded;
  std::string line = format("{} [{}, {}]\n  {}\n  {}{}\n", mutant.text, mutant.kind,
                            proof_status_text(proof.status), verdict.difference, proof.detail,
                            refuted ? "\n  " + proof.counterexample : "");
  if (verdict.matches == 0 && verdict.difference.empty()) {
    ++score.vacuous;  // the referee met no match, so it has no say
    if (admitted) score.unjudged += line;
    return;
  }
  if (!verdict.difference.empty()) {
    ++score.wrong;
    score.wrong_refuted += refuted;
    score.wrong_admitted += admitted;
    if (admitted) score.holes += line;
    if (!admitted && !refuted) score.missed += line;
    return;
  }
  bool unstable = refuted && proof.engine == "stress test";  // exact numbers cannot show that
  score.unstable += unstable;
  ++score.right;
  score.right_admitted += admitted;
  score.right_refuted += refuted && !unstable;
  if (refuted && !unstable) score.false_alarms += line;
}

Score run(const Slice& slice) {
  Score score;
  std::vector<Mutant> mutants = all_mutants(20261122);
  std::ofstream out;
  if (const char* path = std::getenv("BAFE_MUTANTS_OUT")) out.open(path);
  for (std::size_t i = 0; i < mutants.size() && i / slice.parts < slice.count; ++i) {
    if (i % slice.parts != slice.part) continue;
    Rule rule;
    try {
      rule = read_rules(mutants[i].text, "mutant", tensor_ops()).at(0);
    } catch (const Error&) {
      ++score.no_rules;
      continue;
    }
    ++score.mutants;
    ++score.kinds[mutants[i].kind];
    RuleProof proof;
    Verdict verdict;
    try {
      proof = verify_rule(rule);
      verdict = judge(rule, 7);
    } catch (const std::exception& error) {
      score.crashes += mutants[i].text + "\n  " + error.what() + "\n";
      if (out) out << "crash\t?\t-\t" << mutants[i].kind << '\t' << mutants[i].text << std::endl;
      continue;
    }
    count(mutants[i], proof, verdict, score);
    if (out) {
      out << proof_status_text(proof.status) << '\t' << (verdict.difference.empty() ? "=" : "!")
          << '\t' << proof.engine << '\t' << mutants[i].kind << '\t' << mutants[i].text
          << std::endl;
    }
  }
  return score;
}

TEST(Verifier, TellsWrongMutantsOfTheDefaultRulesFromRightOnes) {
  Score score = run(slice_of_environment());
  std::printf(
      "%d mutants (%d texts were no rules): %d wrong, of which %d refuted and %d admitted; "
      "%d right, of which %d refuted, %d unstable and %d admitted; %d without a match\n",
      score.mutants, score.no_rules, score.wrong, score.wrong_refuted, score.wrong_admitted,
      score.right, score.right_refuted, score.unstable, score.right_admitted, score.vacuous);
  for (const auto& [kind, n] : score.kinds) std::printf("  %-18s %d\n", kind.c_str(), n);
  if (!score.missed.empty()) std::printf("neither refuted nor admitted:\n%s", score.missed.c_str());
  if (!score.unjudged.empty())
    std::printf("admitted, but never matched by the referee:\n%s", score.unjudged.c_str());
  EXPECT_EQ(score.wrong_admitted, 0) << score.holes;
  EXPECT_EQ(score.holes, "");
  EXPECT_EQ(score.crashes, "");
  EXPECT_EQ(score.right_refuted, 0) << score.false_alarms;
  EXPECT_GE(score.wrong_refuted, 0.98 * score.wrong) << score.missed;
  EXPECT_GE(score.wrong, 20);
}

TEST(Mutator, ChangesOneThingAndNeverGivesTheRuleItself) {
  std::string rule = "(rule r (sub ?a ?b) => (sub ?a ?b) :when (is-float ?a) :class reals)";
  std::vector<Mutant> mutants = mutants_of(rule);
  EXPECT_GE(mutants.size(), 8u);
  for (const Mutant& mutant : mutants) EXPECT_NE(mutant.text, rule);
  EXPECT_TRUE(std::any_of(mutants.begin(), mutants.end(),
                          [](const Mutant& m) { return m.kind == "drop condition"; }));
}

TEST(Referee, FindsWhatIsWrongAndAgreesWithWhatIsRight) {
  auto verdict = [](const std::string& text) {
    return judge(read_rules(text, "rule", tensor_ops()).at(0), 1);
  };
  EXPECT_NE(verdict("(rule r (sub ?a ?b) => (sub ?b ?a) :class reals)").difference, "");
  EXPECT_EQ(verdict("(rule r (add ?a ?b) => (add ?b ?a) :class bits)").difference, "");
  EXPECT_NE(verdict("(rule r (add ?a 0) => ?a :class bits)").difference, "");
  EXPECT_EQ(verdict("(rule r (add ?a 0) => ?a :class signs)").difference, "");
  EXPECT_GT(verdict("(rule r (add ?a 0) => ?a :class signs)").matches, 50);
}

}  // namespace
}  // namespace bafe::verifier

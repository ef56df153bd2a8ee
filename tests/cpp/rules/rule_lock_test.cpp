#include "bafe/rules/rule_lock.h"

#include <gtest/gtest.h>

#include "bafe/ir/op.h"
#include "bafe/rules/rule_set.h"
#include "golden.h"

namespace bafe {
namespace {

constexpr const char* kRule = "(rule r (neg (neg ?x)) => ?x :class bits)";

Rule read_one(const std::string& text) {
  return read_rules(text, "mine.rules", tensor_ops()).at(0);
}

RuleLock lock_of(const Rule& rule) {
  RuleLock lock;
  lock.operators = operator_spec_hash();
  lock.solvers = "z3 4.8.12";
  lock.stamps.push_back({rule.name, rule_hash(rule), "proven", "normal-form", 5});
  return lock;
}

TEST(RuleLock, ReadsWhatItWrites) {
  RuleLock lock = lock_of(read_one(kRule));
  lock.stamps.push_back({"s", lock.stamps[0].rule, "bounded", "z3", 20});
  std::string text = rule_lock_text(lock);
  EXPECT_EQ(rule_lock_text(read_rule_lock(text, "a.lock")), text);
  EXPECT_EQ(read_rule_lock(text, "a.lock").stamps.size(), 2u);
  EXPECT_EQ(read_rule_lock(text, "a.lock").solvers, "z3 4.8.12");
}

TEST(RuleLock, VouchesForTheTextThatWasProvenOnly) {
  Rule rule = read_one(kRule);
  RuleLock lock = lock_of(rule);
  EXPECT_EQ(stamp_refusal(lock, rule), "");
  Rule edited = read_one("(rule r (neg (neg ?x)) => ?x :class signs)");
  EXPECT_EQ(stamp_refusal(lock, edited), "the rule has changed since");
  EXPECT_EQ(stamp_refusal(lock, read_one("(rule s (neg (neg ?x)) => ?x)")), "no stamp");
}

TEST(RuleLock, VouchesForNothingOverOtherOperatorsOrProvers) {
  Rule rule = read_one(kRule);
  RuleLock lock = lock_of(rule);
  lock.operators = std::string(32, '0');
  EXPECT_EQ(stamp_refusal(lock, rule), "the operators have changed since");
  lock = lock_of(rule);
  lock.prover = kProverVersion + 1;
  EXPECT_EQ(stamp_refusal(lock, rule), "another version of the prover");
}

TEST(RuleLock, VouchesForNoRuleThatWasOnlyTested) {
  Rule rule = read_one(kRule);
  RuleLock lock = lock_of(rule);
  lock.stamps[0].status = "tested";
  EXPECT_EQ(stamp_refusal(lock, rule), "tested, not proven");
  lock.stamps[0].status = "bounded";
  EXPECT_EQ(stamp_refusal(lock, rule), "");
}

TEST(RuleLock, OfTheBuildCanBeReadAndNamesTheWrittenRules) {
  EXPECT_EQ(builtin_rule_lock().why, "");
  EXPECT_GE(builtin_rule_lock().lock.stamps.size(), 500u);
}

struct BadLock {
  const char* golden;
  std::string text;
};

class BrokenLock : public ::testing::TestWithParam<BadLock> {};

TEST_P(BrokenLock, SaysPlaceFactAndFix) {
  EXPECT_ERROR(ParseError, read_rule_lock(GetParam().text, "rules.lock"),
               "rules/lock_" + std::string(GetParam().golden) + ".txt");
}

const std::string kHead =
    "bafe-rules-lock 1\nprover 1\noperators 0123456789abcdef0123456789abcdef\nsolvers z3\n";
const std::string kHash = "0123456789abcdef0123456789abcdef";

INSTANTIATE_TEST_SUITE_P(
    Texts, BrokenLock,
    ::testing::Values(
        BadLock{"empty", ""}, BadLock{"other_file", "{\"rules\": []}"},
        BadLock{"other_form", "bafe-rules-lock 7\n"},
        BadLock{"no_prover", "bafe-rules-lock 1\n; a comment\nsolvers z3\n"},
        BadLock{"operators_no_hash", "bafe-rules-lock 1\nprover 1\noperators 12\nsolvers z3\n"},
        BadLock{"short_line", kHead + "a " + kHash + " proven\n"},
        BadLock{"unknown_status", kHead + "a " + kHash + " believed z3 5\n"},
        BadLock{"name_twice", kHead + "a " + kHash + " proven z3 5\na " + kHash + " proven z3 5\n"},
        BadLock{"long_line", kHead + "a " + kHash + " proven z3 5 and more\n"},
        BadLock{"time_no_number", kHead + "a " + kHash + " proven z3 99999999999999999999\n"},
        BadLock{"nul_byte", kHead + std::string("a\0b", 3) + " 12 proven z3 5\n"}));

}  // namespace
}  // namespace bafe

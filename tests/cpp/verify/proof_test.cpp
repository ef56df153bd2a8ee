#include "bafe/verify/proof.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace bafe {
namespace {

// Two ways to the middle of three: orders that cannot be need linear arithmetic.
const char* const kMedians =
    "(rule r (maximum (minimum ?x ?y) (minimum (maximum ?x ?y) ?z))"
    " => (minimum (maximum ?x ?y) (maximum (minimum ?x ?y) ?z)) :class finite)";

RuleProof prove(const std::string& text) { return verify_rule_text(text).at(0); }

TEST(RuleProof, ProvesThatSumsCommute) {
  RuleProof proof = prove("(rule r (add ?a ?b) => (add ?b ?a))");
  EXPECT_EQ(proof.status, ProofStatus::kProven) << proof.detail << proof.counterexample;
  EXPECT_GT(proof.ms, 0);
}

TEST(RuleProof, RefutesThatDifferencesCommuteWithNumbers) {
  RuleProof proof = prove("(rule r (sub ?a ?b) => (sub ?b ?a))");
  EXPECT_EQ(proof.status, ProofStatus::kRefuted);
  EXPECT_NE(proof.counterexample.find("?a = f32"), std::string::npos) << proof.counterexample;
  EXPECT_NE(proof.counterexample.find("left  ="), std::string::npos) << proof.counterexample;
}

TEST(RuleProof, AsksTheChildWhereNormalFormsDiffer) {
  RuleProof proof = prove(kMedians);
  EXPECT_EQ(proof.status, ProofStatus::kProven) << proof.detail;
  EXPECT_EQ(proof.engine, "z3");
}

TEST(RuleProof, ProvesAbsorptionAndRefutesItsTwin) {
  EXPECT_EQ(prove("(rule r (maximum ?x (minimum ?x ?y)) => ?x :class finite)").status,
            ProofStatus::kProven);
  EXPECT_EQ(prove("(rule r (maximum ?x (minimum ?x ?y)) => ?y :class finite)").status,
            ProofStatus::kRefuted);
}

const char* const kRegrouped =
    "(rule r (matmul (matmul ?a ?b) ?c) => (matmul ?a (matmul ?b ?c))"
    " :types (?a [m k]) (?b [k n]) (?c [n p]) :set explosive)";

TEST(RuleProof, ProvesProductsForAllSizes) {
  RuleProof proof = prove(kRegrouped);
  EXPECT_EQ(proof.status, ProofStatus::kProven) << proof.detail;
  EXPECT_NE(proof.detail.find("types agree for all sizes"), std::string::npos) << proof.detail;
}

TEST(RuleProof, KeepsTheQuestionsThatTheChildAnswered) {
  RuleProof proof = prove(kMedians);
  EXPECT_NE(proof.smt.find("(set-logic QF_UFLRA)"), std::string::npos) << proof.smt;
  EXPECT_NE(proof.smt.find("(check-sat)\n(reset)"), std::string::npos) << proof.smt;
}

TEST(RuleProof, RefutesARightSideThatIsIllTypedOnFewMatches) {
  RuleProof proof = prove(
      "(rule r (reduce_sum (mul ?x (broadcast_to ?s :shape ?h)) :axes ?a) => (let ?r (reduce_sum ?x"
      " :axes ?a) (mul ?x (broadcast_to ?s :shape (shape ?r)))) :class reals"
      " :when (= (prod (gather (shape ?s) ?a)) 1) (is-float ?x))");
  EXPECT_EQ(proof.status, ProofStatus::kRefuted);
  EXPECT_EQ(proof.detail, "the sides have different types");
}

TEST(RuleProof, OnlyTestsWithoutTheChild) {
  ProofOptions options;
  options.smt_program = "/nonexistent/bafe-smt";
  RuleSet rules;
  rules.add(kMedians);
  RuleProof proof = verify_rule(rules.rule(RuleId(0)), options);
  EXPECT_EQ(proof.status, ProofStatus::kTested);
  EXPECT_NE(proof.detail.find("bafe-smt"), std::string::npos) << proof.detail;
}

TEST(RuleProof, SurvivesAChildThatHangsOrDies) {
  RuleSet rules;
  rules.add(kMedians);
  std::string silent = ::testing::TempDir() + "silent_smt";
  std::ofstream(silent) << "#!/bin/sh\nexec sleep 1000\n";
  std::filesystem::permissions(silent, std::filesystem::perms::owner_all);
  for (const std::string& program : {silent, std::string("/bin/false")}) {
    ProofOptions options;
    options.smt_program = program;
    options.wall_ms = 200;
    RuleProof proof = verify_rule(rules.rule(RuleId(0)), options);
    EXPECT_EQ(proof.status, ProofStatus::kTested) << program;
    EXPECT_NE(proof.detail.find("no answer"), std::string::npos) << proof.detail;
  }
}

TEST(RuleProof, CallsARuleThatNeverMatchesVacuous) {
  RuleProof proof = prove("(rule r (relu ?x) => ?x :when (= (rank ?x) 1) (= (rank ?x) 2))");
  EXPECT_EQ(proof.status, ProofStatus::kRefuted);
  EXPECT_EQ(proof.engine, "vacuity");
  EXPECT_NE(proof.detail.find("vacuous"), std::string::npos);
}

/// Questions share a child, threads share nothing: who asks first must not matter.
TEST(RuleProof, DoesNotDependOnTheNumberOfWorkers) {
  int at = 0;
  RuleSet some = RuleSet::written().filter([&](const Rule&) { return at++ % 60 == 7; });
  std::vector<std::string> tables;
  for (int workers : {1, 2}) {
    ProofOptions options;
    options.workers = workers;
    tables.emplace_back();
    for (const RuleProof& proof : verify_rules(some, options)) {
      tables.back() += proof.name + " " + proof_status_text(proof.status) + " " + proof.engine +
                       " " + proof.detail + " " + proof.class_evidence + " " + proof.smt + "\n";
    }
  }
  EXPECT_EQ(tables[0], tables[1]);
  EXPECT_GT(some.size(), 5u);
}

TEST(RuleProof, RefutesNoBuiltinRuleAndProvesMost) {
  ProofOptions options;
  options.instances = 1;
  std::map<ProofStatus, int> count;
  verify_rules(RuleSet::builtin(), options, [&](const RuleProof& proof) {
    ++count[proof.status];
    EXPECT_NE(proof.status, ProofStatus::kRefuted) << proof.name << "\n" << proof.counterexample;
    if (std::getenv("BAFE_PRINT_PROOFS") != nullptr) {
      std::printf("%-40s %-8s %-12s %6.1f ms  %s\n", proof.name.c_str(),
                  proof_status_text(proof.status), proof.engine.c_str(), proof.ms,
                  proof.detail.c_str());
    }
    return true;
  });
  EXPECT_GE(count[ProofStatus::kProven], 540);
  EXPECT_LE(count[ProofStatus::kTested], 5);
}

}  // namespace
}  // namespace bafe

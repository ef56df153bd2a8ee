// Rules of single elements: which are proven, by which laws, and which are not.
#include <gtest/gtest.h>

#include <algorithm>

#include "bafe/verify/proof.h"

namespace bafe {
namespace {

RuleProof prove(const std::string& body) { return verify_rule_text("(rule r " + body + ")").at(0); }

void expect_proven(const std::string& body) {
  RuleProof proof = prove(body);
  EXPECT_EQ(proof.status, ProofStatus::kProven) << body << "\n"
                                                << proof.detail << "\n"
                                                << proof.counterexample;
}

void expect_refuted(const std::string& body) {
  RuleProof proof = prove(body);
  EXPECT_EQ(proof.status, ProofStatus::kRefuted) << body << "\n" << proof.detail;
  EXPECT_FALSE(proof.counterexample.empty()) << body;
}

TEST(ScalarLaws, ProveExponentialsAndLogarithmsOnTheirDomains) {
  expect_proven(
      "(mul (exp ?x) (exp ?y)) => (exp (add ?x ?y))"
      " :when (in ?x -8 8) (in ?y -8 8) :class domain");
  expect_proven(
      "(add (log ?x) (log ?y)) => (log (mul ?x ?y))"
      " :when (in ?x 0.02 50) (in ?y 0.02 50) :class domain");
  expect_proven("(expm1 (log1p ?x)) => ?x :when (in ?x -0.5 1e30) :class domain");
  expect_proven(
      "(pow (mul ?x ?y) ?z) => (mul (pow ?x ?z) (pow ?y ?z))"
      " :when (in ?x 0.5 2) (in ?y 0.5 2) (in ?z -2 2) (is-float ?x) :class domain");
}

TEST(ScalarLaws, ProveSigmoidTanhAndMonotoneFunctions) {
  expect_proven("(sub 1 (sigmoid ?x)) => (sigmoid (neg ?x))");
  expect_proven("(sub (mul (sigmoid (mul ?x 2)) 2) 1) => (tanh ?x)");
  expect_proven("(maximum (tanh ?x) (tanh ?y)) => (tanh (maximum ?x ?y))");
  expect_proven("(minimum (exp ?x) (exp ?y)) => (exp (minimum ?x ?y))");
  expect_refuted("(maximum (sin ?x) (sin ?y)) => (sin (maximum ?x ?y))");
  expect_refuted("(maximum (exp (neg ?x)) (exp (neg ?y))) => (exp (neg (maximum ?x ?y)))");
}

TEST(ScalarLaws, ProveChoicesSignByCase) {
  expect_proven("(mul (sign ?x) (abs ?x)) => ?x :when (is-float ?x) :class finite");
  expect_proven(
      "(maximum (mul ?x ?z) (mul ?y ?z)) => (mul (maximum ?x ?y) ?z)"
      " :when (in ?z 0 100) (is-float ?x) :class domain");
  expect_refuted(
      "(maximum (mul ?x ?z) (mul ?y ?z)) => (mul (maximum ?x ?y) ?z)"
      " :when (in ?z -1 100) (is-float ?x) :class domain");
}

TEST(ScalarLaws, HoldAcrossMovementsForAllSizesAndRanks) {
  expect_proven(
      "(log (div (exp ?z) (broadcast_to ?s :shape ?h)))"
      " => (sub ?z (broadcast_to (log ?s) :shape ?h))"
      " :when (in ?z -80 80) (in ?s 1e-30 1e30) :class domain");
  RuleProof wrong = prove(
      "(sub 1 (transpose (sigmoid ?x) :perm ?p))"
      " => (transpose (sigmoid (neg ?x)) :perm (inverse ?p)) :when (= (shape ?x) (list 2 2 2))");
  EXPECT_EQ(wrong.status, ProofStatus::kRefuted);
}

TEST(ScalarLaws, HoldForAllPairsOfElementTypes) {
  expect_proven("(cast (cast ?x :dtype ?d) :dtype ?d) => (cast ?x :dtype ?d) :class bits");
  expect_refuted("(cast (cast ?x :dtype ?d) :dtype ?e) => (cast ?x :dtype ?e)");
}

TEST(ScalarLaws, AreCitedByProofs) {
  RuleProof proof = prove("(sub 1 (sigmoid ?x)) => (sigmoid (neg ?x))");
  auto cites = [&](const char* name) {
    return std::count(proof.lemmas.begin(), proof.lemmas.end(), name) == 1;
  };
  EXPECT_TRUE(cites("sigmoid"));
  EXPECT_TRUE(cites("inverse-of-exp") || cites("product-by-inverse"));
}

TEST(ScalarLaws, RefuteWhatHasAPole) {
  for (const char* body :
       {"(div ?x ?x) => 1 :when (is-float ?x)", "(mul ?x (div 1 ?x)) => 1 :when (is-float ?x)",
        "(exp (log ?x)) => ?x", "(square (sqrt ?x)) => ?x",
        "(add (log ?x) (log ?y)) => (log (mul ?x ?y))", "(div ?x ?x) => 1 :when (in ?x -1 1)",
        "(div (mul ?x ?y) ?y) => ?x :when (is-float ?x)"}) {
    expect_refuted(body);
  }
  expect_refuted("(div ?x ?x) => 1 :when (is-float ?x) :class domain");
  expect_refuted("(div ?x ?x) => 1 :when (is-float ?x) :class finite");
}

TEST(ScalarLaws, SendWhatOverflowsToClassDomain) {
  for (const char* body :
       {"(log (exp ?x)) => ?x", "(mul (exp ?x) (exp ?y)) => (exp (add ?x ?y))"}) {
    RuleProof proof = prove(body);
    EXPECT_EQ(proof.status, ProofStatus::kRefuted) << body;
    EXPECT_NE(proof.detail.find("domain"), std::string::npos) << proof.detail;
  }
  RuleProof said = prove("(log (exp ?x)) => ?x :class domain");
  EXPECT_EQ(said.status, ProofStatus::kProven) << said.counterexample;
  EXPECT_NE(said.notes.find("overflows"), std::string::npos) << said.notes;
}

TEST(ScalarLaws, RefuteRulesPublishedAsWrong) {
  expect_refuted("(pow (mul ?x ?y) ?z) => (mul (pow ?x ?z) (pow ?y ?z)) :when (is-float ?x)");
  expect_refuted("(silu ?x) => (mul ?x (exp ?x))");
  expect_refuted("(clip ?x 0 1) => (clip ?x -5 5)");
  expect_refuted("(sqrt (mul ?x ?y)) => (mul (sqrt ?x) (sqrt ?y))");
  expect_refuted("(sqrt (square ?x)) => ?x");
  expect_refuted("(abs ?x) => ?x :when (in ?x -1 5) (is-float ?x) :class domain");
}

TEST(ScalarLaws, RefuteAFactorThatToleranceHides) {
  expect_refuted("(mul ?x 3) => (add (mul ?x 2) (mul ?x 1.0000002)) :when (is-float ?x)");
}

TEST(ClassEvidence, RefutesAClassOnEveryValueOfASmallType) {
  RuleProof proof = prove("(maximum ?x (neg ?x)) => (abs ?x) :when (is-float ?x) :class bits");
  EXPECT_EQ(proof.status, ProofStatus::kProven) << "max orders zeros: +0 wins\n"
                                                << proof.counterexample;
  expect_refuted("(neg (sub ?x ?y)) => (sub ?y ?x) :when (is-float ?x) :class bits");
  expect_refuted("(add ?x 0) => ?x :class bits");
  expect_refuted("(sub (add ?x ?y) ?y) => ?x :when (is-float ?x) :class signs");
  expect_refuted("(abs (neg ?x)) => (abs ?x) :class bits");  // unsigned integers
}

TEST(ClassEvidence, NamesWhatShowsBits) {
  RuleProof unary = prove("(abs (neg ?x)) => (abs ?x) :when (is-float ?x) :class bits");
  EXPECT_NE(unary.class_evidence.find("f16: all 65536"), std::string::npos) << unary.class_evidence;
  RuleProof choice =
      prove("(where ?c (mul ?x ?y) (mul ?x ?z)) => (mul ?x (where ?c ?y ?z)) :class bits");
  EXPECT_NE(choice.class_evidence.find("the same operations"), std::string::npos)
      << choice.class_evidence;
  RuleProof ints = prove(
      "(mul ?x (add ?y ?z)) => (add (mul ?x ?y) (mul ?x ?z))"
      " :when (not (is-float ?x)) (not (= (dtype ?x) bool)) :class bits");
  EXPECT_NE(ints.class_evidence.find("commutative ring"), std::string::npos)
      << ints.class_evidence << ints.counterexample;
}

TEST(WeakestGuard, NamesAConditionThatNothingNeeds) {
  RuleProof loose = prove("(neg (neg ?x)) => ?x :when (is-float ?x) (= (rank ?x) 2)");
  EXPECT_NE(loose.notes.find("(is-float ?x) (= (rank ?x) 2)"), std::string::npos) << loose.notes;
  RuleProof tight = prove("(log (exp ?x)) => ?x :when (in ?x -80 80) :class domain");
  EXPECT_EQ(tight.notes, "");
  RuleProof ints = prove("(abs (neg ?x)) => (abs ?x) :when (is-float ?x) :class bits");
  EXPECT_EQ(ints.notes, "") << "unsigned integers need it";
}

TEST(ClassEvidence, TriesEveryPairOfBytes) {
  expect_refuted(
      "(maximum (add ?x ?y) ?x) => (add ?x (maximum ?y 0))"
      " :when (not (is-float ?x)) (not (= (dtype ?x) bool)) :class bits");
}

}  // namespace
}  // namespace bafe

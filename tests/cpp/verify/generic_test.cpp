// The generic-axis calculus: what it proves, and wrong variants that it must not.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

#include "../../../src/verify/generic/sum_rule.h"
#include "../../../src/verify/smt_child.h"
#include "bafe/rules/rule_set.h"

namespace bafe {
namespace {

generic::GenericProof prove(const Rewrite& rewrite, unsigned rlimit = ProofOptions().rlimit) {
  ProofOptions options;
  options.rlimit = rlimit;
  generic::GenericProof proof = generic::prove_generic(rewrite, find_smt_program(), options);
  if (!proof.proven) {
    std::string why = proof.detail;
    proof = generic::prove_sums(rewrite, find_smt_program(), options);
    if (!proof.proven) proof.detail = why + " | " + proof.detail;
  }
  return proof;
}

bool proves(const std::string& text, unsigned rlimit = ProofOptions().rlimit) {
  RuleSet rules;
  rules.add(text);
  for (const Rewrite& rewrite : rules.rule(RuleId(0)).rewrites) {
    if (!prove(rewrite, rlimit).proven) return false;
  }
  return true;
}

std::string rule(const std::string& body) { return "(rule r " + body + ")"; }

TEST(GenericAxis, ProvesMovementsForAllRanks) {
  for (const char* right : {
           "(transpose (transpose ?x :perm ?p) :perm ?q) => (transpose ?x :perm (gather ?p ?q))",
           "(transpose (neg ?x) :perm ?p) => (neg (transpose ?x :perm ?p))",
           "(broadcast_to (broadcast_to ?x :shape ?s) :shape ?t) => (broadcast_to ?x :shape ?t)",
           "(expand_dims (squeeze ?x :axes ?a) :axes ?a) => ?x",
           "(reshape (reshape ?x :shape ?s) :shape ?t) => (reshape ?x :shape ?t)",
           "(take (add ?x ?y) ?i :axis ?k) => (add (take ?x ?i :axis ?k) (take ?y ?i :axis ?k))",
           "(slice (transpose ?x :perm ?p) :start ?b :size ?n :step ?s) => (transpose (slice ?x "
           ":start (gather ?b ?q) :size (gather ?n ?q) :step (gather ?s ?q)) :perm ?p) "
           ":let ((?q (inverse ?p)))",
       }) {
    EXPECT_TRUE(proves(rule(right))) << right;
  }
}

/// Each is one of the rules of the library with one thing wrong.
const char* const kWrong[] = {
    // the right side looks up what the left side never asks for: it may lie outside
    "(take ?x (slice ?i :start ?b :size ?n :step ?s) :axis 0) => (slice (take ?x ?i :axis 0) "
    ":start ?b :size ?n :step ?s) :types (?x [m])",
    // transpositions
    "(transpose (transpose ?x :perm ?p) :perm ?q) => (transpose ?x :perm (gather ?q ?p))",
    "(transpose (transpose ?x :perm ?p) :perm ?q) => (transpose ?x :perm ?q)",
    "(transpose (transpose ?x :perm ?p) :perm ?p) => ?x",
    "(transpose ?x :perm ?p) => ?x",
    "(transpose (add ?x ?y) :perm ?p) => (add (transpose ?x :perm ?p) ?y)",
    "(transpose (add ?x ?y) :perm ?p) => (add (transpose ?x :perm ?p) (transpose ?y :perm "
    "(inverse ?p)))",
    "(add (transpose ?x :perm ?p) (transpose ?y :perm ?q)) => (transpose (add ?x ?y) :perm ?p)",
    "(transpose (broadcast_to ?x :shape ?s) :perm ?p) => (broadcast_to (transpose ?x :perm ?p) "
    ":shape ?s)",
    "(transpose (broadcast_to ?x :shape ?s) :perm ?p) => (broadcast_to (transpose ?x :perm ?p) "
    ":shape (gather ?s (inverse ?p)))",
    "(transpose (concat ?x ?y :axis ?k) :perm ?p) => (concat (transpose ?x :perm ?p) (transpose "
    "?y :perm ?p) :axis (at ?p ?k))",
    "(transpose (concat ?x ?y :axis ?k) :perm ?p) => (concat (transpose ?y :perm ?p) (transpose "
    "?x :perm ?p) :axis (at (inverse ?p) ?k))",
    "(transpose (expand_dims ?x :axes ?a) :perm ?p) => (expand_dims ?x :axes ?a) :types (?x [n]) "
    ":when (= (len ?a) 1) (= ?p (list 1 0))",
    "(transpose (sub ?x ?y) :perm ?p) => (sub (transpose ?y :perm ?p) (transpose ?x :perm ?p))",
    "(transpose (less ?x ?y) :perm ?p) => (less_equal (transpose ?x :perm ?p) (transpose ?y :perm "
    "?p))",
    // reshapes
    "(reshape ?x :shape ?s) => ?x",
    "(reshape (transpose ?x :perm ?p) :shape ?s) => (reshape ?x :shape ?s)",
    "(reshape ?x :shape ?s) => ?x :when (= (prod ?s) (prod (shape ?x)))",
    "(add (reshape ?x :shape ?s) (reshape ?y :shape ?s)) => (reshape (add ?x ?y) :shape ?s)",
    "(reshape (broadcast_to ?x :shape ?s) :shape ?t) => (broadcast_to ?x :shape ?t)",
    "(add (reshape ?x :shape ?s) (reshape ?y :shape ?s)) => (reshape (add ?x ?y) :shape ?s) "
    ":when (= (prod (shape ?x)) (prod (shape ?y)))",
    "(squeeze (reshape ?x :shape ?s) :axes ?a) => (reshape ?x :shape ?s)",
    // axes of size 1
    "(squeeze (expand_dims ?x :axes ?a) :axes ?b) => ?x",
    "(expand_dims (squeeze ?x :axes ?a) :axes ?b) => ?x",
    "(add (squeeze ?x :axes ?a) (squeeze ?y :axes ?b)) => (squeeze (add ?x ?y) :axes ?a)",
    "(expand_dims (expand_dims ?x :axes ?a) :axes ?a) => (expand_dims ?x :axes ?a)",
    "(add (expand_dims ?x :axes ?a) ?y) => (expand_dims (add ?x ?y) :axes ?a)",
    // broadcasts
    "(add (broadcast_to ?x :shape ?s) (broadcast_to ?y :shape ?s)) => (broadcast_to (add ?x ?y) "
    ":shape ?s)",
    "(broadcast_to ?x :shape ?s) => ?x",
    "(broadcast_to ?x :shape ?s) => ?x :when (= (len ?s) (rank ?x))",
    "(broadcast_to (broadcast_to ?x :shape ?s) :shape ?t) => (broadcast_to ?x :shape ?s)",
    "(add (broadcast_to ?x :shape ?s) (broadcast_to ?y :shape ?s)) => (broadcast_to (add "
    "(broadcast_to ?x :shape (max (shape ?x) (shape ?y))) (broadcast_to ?y :shape (max (shape ?x) "
    "(shape ?y)))) :shape ?s)",  // wrong where a size is 0
    "(broadcast_to ?x :shape ?s) => (broadcast_to ?x :shape (max ?s 1))",  // another type at size 0
    // slices
    "(slice (slice ?x :start ?a :size ?m :step ?s) :start ?b :size ?n :step ?t) => (slice ?x "
    ":start (+ ?a ?b) :size ?n :step (* ?s ?t)) :when (< 0 (prod ?n))",
    "(slice ?x :start ?b :size ?n :step ?s) => ?x :when (= ?n (shape ?x)) (= ?s ?s)",
    "(slice (add ?x ?y) :start ?b :size ?n :step ?s) => (add (slice ?x :start ?b :size ?n :step "
    "?s) (slice ?y :start ?b :size ?n :step (* ?s ?s)))",
    "(slice (transpose ?x :perm ?p) :start ?b :size ?n :step ?s) => (transpose (slice ?x :start "
    "(gather ?b ?p) :size (gather ?n ?p) :step (gather ?s ?p)) :perm ?p)",
    "(slice (concat ?x ?y :axis ?k) :start ?b :size ?n :step ?s) => (slice ?x :start ?b :size ?n "
    ":step ?s) :when (< 0 (at ?s ?k)) (< 0 (at ?n ?k)) (< (+ (at ?b ?k) (* (- (at ?n ?k) 2) (at "
    "?s ?k))) (dim ?x ?k))",
    "(slice (reshape ?x :shape ?h) :start ?b :size ?n :step ?s) => (reshape ?x :shape ?n)",
    "(slice (concat ?x ?y :axis ?k) :start ?b :size ?n :step ?s) => (slice ?y :start ?b :size ?n "
    ":step ?s) :when (< 0 (at ?s ?k)) (< 0 (at ?n ?k)) (<= (dim ?x ?k) (at ?b ?k))",
    "(concat (slice ?x :start ?b :size ?n :step ?s) (slice ?x :start ?c :size ?m :step ?s) :axis "
    "?k) => (slice ?x :start ?b :size (put ?n ?k (+ (at ?n ?k) (at ?m ?k))) :step ?s) :when (= ?c "
    "(put ?b ?k (+ (at ?b ?k) (at ?n ?k)))) (< 0 (prod ?n)) (< 0 (prod ?m))",
    "(slice (broadcast_to ?x :shape ?h) :start ?b :size ?n :step ?s) => (broadcast_to ?x :shape "
    "?n)",
    // concatenations
    "(concat ?x ?y :axis ?k) => (concat ?y ?x :axis ?k)",
    "(concat (neg ?x) ?y :axis ?k) => (neg (concat ?x ?y :axis ?k))",
    "(concat (sub ?x ?y) (sub ?v ?w) :axis ?k) => (sub (concat ?x ?w :axis ?k) (concat ?y ?v "
    ":axis ?k)) :when (= (shape ?x) (shape ?y)) (= (shape ?v) (shape ?w))",
    "(concat (concat ?a ?b :axis ?j) (concat ?c ?d :axis ?j) :axis ?i) => (concat (concat ?a ?c "
    ":axis ?i) (concat ?b ?d :axis ?i) :axis ?j) :when (not (= ?i ?j))",
    "(concat (concat ?a ?b :axis ?j) (concat ?c ?d :axis ?j) :axis ?i) => (concat (concat ?a ?c "
    ":axis ?i) (concat ?b ?d :axis ?i) :axis ?j) :when (= (dim ?a ?j) (dim ?c ?j))",
    // pads and windows
    "(pad (neg ?x) :low ?l :high ?h :value ?v) => (neg (pad ?x :low ?l :high ?h :value ?v))",
    "(pad (pad ?x :low ?l :high ?h :value ?v) :low ?m :high ?n :value ?w) => (pad ?x :low (+ ?l "
    "?m) :high (+ ?h ?n) :value ?v)",
    "(pad ?x :low ?l :high ?h :value ?v) => (pad ?x :low ?h :high ?l :value ?v)",
    // element types
    "(cast ?x :dtype ?d) => ?x",
    "(where ?c ?x ?y) => (where ?x ?c ?y)",
    "(concat (take ?x ?i :axis 0) (take ?x ?j :axis 0) :axis 0) => (take ?x (concat ?i ?j :axis "
    "0) :axis 0) :types (?x [n d]) (?i [r]) (?j [s])",
};

TEST(GenericAxis, RefusesWrongVariants) {
  ASSERT_NE(find_smt_program(), "");
  int tried = 0;
  for (const char* text : kWrong) {
    // Right rules of this size take a tenth of it.
    EXPECT_FALSE(proves(rule(text), 300'000)) << text;
    ++tried;
  }
  EXPECT_GE(tried, 45);
}

TEST(GenericAxis, TakesTypesThatDifferOnlyAtRankZeroOrSizeZeroApart) {
  // At rank 0 the right side has an axis.
  EXPECT_FALSE(
      proves(rule("(neg ?x) => (reshape (neg (reshape ?x :shape (list (prod (shape "
                  "?x))))) :shape (list (prod (shape ?x)))) :when (< (rank ?x) 2)")));
  // Equal elements wherever there are any, but a size 0 becomes 1.
  EXPECT_FALSE(
      proves(rule("(broadcast_to ?x :shape ?s) => (broadcast_to ?x :shape (max ?s 1)) "
                  ":when (= ?s ?s)")));
  EXPECT_TRUE(
      proves(rule("(broadcast_to ?x :shape ?s) => (broadcast_to ?x :shape (max ?s 1)) "
                  ":when (< 0 (prod ?s))")));
}

TEST(GenericAxis, NothingFalseFollowsFromAnyLeftSide) {
  ASSERT_NE(find_smt_program(), "");
  const RuleSet& rules = RuleSet::builtin();
  int asked = 0;
  for (std::uint32_t i = 0; i < rules.size(); i += 5) {
    for (const Rewrite& rewrite : rules.rule(RuleId(i)).rewrites) {
      generic::TermScope scope;
      ProofOptions options;
      options.rlimit = 100'000;  // an inconsistency would be found at once
      generic::Knowledge knowledge(find_smt_program(), options);
      try {
        generic::GenericRule context(rewrite, knowledge);
      } catch (const NotRepresentable&) {
        continue;
      }
      EXPECT_FALSE(knowledge.proves({generic::truth(false)})) << rewrite.name;
      ++asked;
    }
  }
  EXPECT_GT(asked, 50);
}

/// BAFE_THEME and BAFE_RULE choose rules.
TEST(GenericTable, DISABLED_PrintsWhatIsProven) {
  const char* theme = std::getenv("BAFE_THEME");
  const char* name = std::getenv("BAFE_RULE");
  const RuleSet& rules = RuleSet::builtin();
  for (std::uint32_t i = 0; i < rules.size(); ++i) {
    const Rule& one = rules.rule(RuleId(i));
    if (theme != nullptr && one.theme != theme) continue;
    if (name != nullptr && one.name != name) continue;
    for (const Rewrite& rewrite : one.rewrites) {
      auto begin = std::chrono::steady_clock::now();
      generic::GenericProof proof = prove(rewrite);
      std::chrono::duration<double, std::milli> ms = std::chrono::steady_clock::now() - begin;
      std::printf("%-9s %-10s %s %5.1f ms %d %s\n", one.theme.c_str(),
                  proof.proven ? "proven" : "-", one.name.c_str(), ms.count(), proof.queries,
                  proof.detail.substr(0, 700).c_str());
    }
  }
}

}  // namespace
}  // namespace bafe

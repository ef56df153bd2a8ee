#pragma once
/// The mathematics benchmark: rules and start terms.

#include "egraph/language.h"

namespace bafe::testing {

inline Language mathematics() {
  Language m("+/2 -/2 */2 //2 pow/2 sqrt/1 ln/1 sin/1 cos/1 d/2 i/2 0 1 2 3 7 -1 x y five");
  m.rule("comm-add", "(+ ?a ?b) => (+ ?b ?a)");
  m.rule("comm-mul", "(* ?a ?b) => (* ?b ?a)");
  m.rule("assoc-add", "(+ ?a (+ ?b ?c)) => (+ (+ ?a ?b) ?c)");
  m.rule("assoc-mul", "(* ?a (* ?b ?c)) => (* (* ?a ?b) ?c)");
  m.rule("sub-canon", "(- ?a ?b) => (+ ?a (* -1 ?b))");
  m.rule("zero-add", "(+ ?a 0) => ?a");
  m.rule("zero-mul", "(* ?a 0) => 0");
  m.rule("one-mul", "(* ?a 1) => ?a");
  m.rule("cancel-sub", "(- ?a ?a) => 0");
  m.rule("distribute", "(* ?a (+ ?b ?c)) => (+ (* ?a ?b) (* ?a ?c))");
  m.rule("factor", "(+ (* ?a ?b) (* ?a ?c)) => (* ?a (+ ?b ?c))");
  m.rule("pow-mul", "(* (pow ?a ?b) (pow ?a ?c)) => (pow ?a (+ ?b ?c))");
  m.rule("pow1", "(pow ?x 1) => ?x");
  m.rule("pow2", "(pow ?x 2) => (* ?x ?x)");
  m.rule("d-add", "(d ?x (+ ?a ?b)) => (+ (d ?x ?a) (d ?x ?b))");
  m.rule("d-mul", "(d ?x (* ?a ?b)) => (+ (* ?a (d ?x ?b)) (* ?b (d ?x ?a)))");
  m.rule("d-sin", "(d ?x (sin ?x)) => (cos ?x)");
  m.rule("d-cos", "(d ?x (cos ?x)) => (* -1 (sin ?x))");
  m.rule("i-one", "(i 1 ?x) => ?x");
  m.rule("i-cos", "(i (cos ?x) ?x) => (sin ?x)");
  m.rule("i-sin", "(i (sin ?x) ?x) => (* -1 (cos ?x))");
  m.rule("i-sum", "(i (+ ?f ?g) ?x) => (+ (i ?f ?x) (i ?g ?x))");
  m.rule("i-dif", "(i (- ?f ?g) ?x) => (- (i ?f ?x) (i ?g ?x))");
  m.rule("i-parts", "(i (* ?a ?b) ?x) => (- (* ?a (i ?b ?x)) (i (* (d ?x ?a) (i ?b ?x)) ?x))");
  return m;
}

inline void add_mathematics_terms(const Language& m, EGraph& graph) {
  for (const char* term :
       {"(i (ln x) x)", "(i (+ x (cos x)) x)", "(i (* (cos x) x) x)", "(d x (+ 1 (* 2 x)))",
        "(d x (- (pow x 3) (* 7 (pow x 2))))", "(+ (* y (+ x y)) (- (+ x 2) (+ x x)))",
        "(/ 1 (- (/ (+ 1 (sqrt five)) 2) (/ (- 1 (sqrt five)) 2)))"}) {
    m.add(graph, term);
  }
}

}  // namespace bafe::testing

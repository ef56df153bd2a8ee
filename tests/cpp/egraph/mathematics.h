#pragma once
/// The benchmarks with known sizes: sums, chains of products, mathematics.

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

inline std::vector<std::string> mathematics_terms() {
  return {"(i (ln x) x)",
          "(i (+ x (cos x)) x)",
          "(i (* (cos x) x) x)",
          "(d x (+ 1 (* 2 x)))",
          "(d x (- (pow x 3) (* 7 (pow x 2))))",
          "(+ (* y (+ x y)) (- (+ x 2) (+ x x)))",
          "(/ 1 (- (/ (+ 1 (sqrt five)) 2) (/ (- 1 (sqrt five)) 2)))"};
}

inline void add_mathematics_terms(const Language& m, EGraph& graph) {
  for (const std::string& term : mathematics_terms()) m.add(graph, term);
}

/// " v0 v1 … v(n-1)"
inline std::string numbered_leaves(int n) {
  std::string names;
  for (int i = 0; i < n; ++i) names += " v" + std::to_string(i);
  return names;
}

/// "(op (op v0 v1) v2)" over n leaves
inline std::string left_deep(int n, const std::string& op) {
  std::string text = "v0";
  for (int i = 1; i < n; ++i) text = "(" + op + " " + text + " v" + std::to_string(i) + ")";
  return text;
}

inline Language sums_of(int n) {
  Language sums("+/2" + numbered_leaves(n));
  sums.rule("comm", "(+ ?a ?b) => (+ ?b ?a)");
  sums.rule("assoc", "(+ ?a (+ ?b ?c)) => (+ (+ ?a ?b) ?c)");
  return sums;
}

inline Language chains_of(int n) {
  Language chains("mm/2" + numbered_leaves(n));
  chains.rule("assoc", "(mm (mm ?a ?b) ?c) <=> (mm ?a (mm ?b ?c))");
  return chains;
}

/// To saturation, whatever lies between.
inline SaturationOptions patient(std::size_t iterations) {
  SaturationOptions options = unlimited(iterations);
  options.patient = true;
  return options;
}

}  // namespace bafe::testing

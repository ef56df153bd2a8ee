// Explanations, replayed by a checker that knows terms and rules only.
#include "bafe/egraph/explain.h"

#include <gtest/gtest.h>

#include <random>

#include "egraph/mathematics.h"
#include "egraph/replayer.h"

namespace bafe::testing {
namespace {

/// Every node against the oldest of its class, as a chain and as equations.
void replay_all(const EGraph& graph, const std::vector<SaturationRule>& rules, std::size_t stride) {
  Explainer explainer(graph, rules);
  Replayer replayer(explainer.terms(), rules);
  for (std::uint32_t i = 0; i < graph.num_born(); i += static_cast<std::uint32_t>(stride)) {
    NodeId node(i), other = graph.representative(graph.class_of(node));
    bool complete = false;
    std::vector<ProofStep> steps = explainer.steps(node, other, &complete, 20'000);
    TermId from = explainer.term(node), to = explainer.term(other);
    if (complete) {
      ASSERT_TRUE(replayer.chain(steps, from, to));
    }
    if (i % 7 == 0) {
      std::vector<Equation> equations = explainer.equations(node, other);
      ASSERT_TRUE(replayer.closure(equations, from, to));
    }
  }
}

TEST(Explain, ReplaysEverySumOfFive) {
  Language sums("+/2 a b c e f");
  sums.rule("comm", "(+ ?a ?b) => (+ ?b ?a)");
  sums.rule("assoc", "(+ ?a (+ ?b ?c)) => (+ (+ ?a ?b) ?c)");
  EGraph graph(sums.ops);
  sums.add(graph, "(+ (+ (+ a b) (+ c e)) f)");
  Saturation saturation(graph, sums.rules);
  saturation.run(unlimited(20));
  replay_all(graph, sums.rules, 1);
}

TEST(Explain, ReplaysTheMathematicsBenchmark) {
  Language m = mathematics();
  EGraph graph(m.ops);
  add_mathematics_terms(m, graph);
  Saturation saturation(graph, m.rules);
  saturation.run(unlimited(6));
  replay_all(graph, m.rules, 3);
}

TEST(Explain, ReplaysRulesUsedInBothDirections) {
  Language chains("mm/2 a b c e f g");
  chains.rule("assoc", "(mm (mm ?a ?b) ?c) <=> (mm ?a (mm ?b ?c))");
  EGraph graph(chains.ops);
  NodeId left = chains.add(graph, "(mm (mm (mm (mm (mm a b) c) e) f) g)");
  Saturation saturation(graph, chains.rules);
  saturation.run(unlimited(20));
  NodeId right = chains.add(graph, "(mm a (mm b (mm c (mm e (mm f g)))))");
  ASSERT_EQ(graph.class_of(left), graph.class_of(right));
  replay_all(graph, chains.rules, 1);
}

TEST(Explain, LeadsFromTheInputToTheExtractedTerm) {
  Language m = mathematics();
  EGraph graph(m.ops);
  NodeId root = m.add(graph, "(d x (+ 1 (* 2 x)))");
  Saturation saturation(graph, m.rules);
  saturation.run(unlimited(7));
  // each class shown by its youngest node below which nothing repeats: by birth order, so without
  // cycles
  std::vector<NodeId> choice(graph.class_bound());
  std::vector<std::size_t> rank(graph.class_bound(), 0);
  std::size_t next = 1;
  for (bool changed = true; changed;) {
    changed = false;
    for (ClassId cls : graph.classes()) {
      if (rank[cls.index()]) continue;
      for (NodeId node : graph.nodes(cls)) {
        bool ready = true;
        for (NodeId child : graph.children(node)) ready &= rank[graph.class_of(child).index()] > 0;
        if (ready) choice[cls.index()] = node;
      }
      if (choice[cls.index()].valid()) {
        rank[cls.index()] = next++;
        changed = true;
      }
    }
  }
  auto choose = [&](ClassId cls) { return choice[cls.index()]; };
  Explainer explainer(graph, m.rules);
  Replayer replayer(explainer.terms(), m.rules);
  bool complete = false;
  std::vector<ProofStep> steps = explainer.steps_to_choice(root, choose, &complete);
  ASSERT_TRUE(complete);
  TermId to = explainer.chosen_term(root, choose);
  EXPECT_TRUE(replayer.chain(steps, explainer.term(root), to));
  EXPECT_TRUE(
      replayer.closure(explainer.equations_to_choice(root, choose), explainer.term(root), to));
}

TEST(Explain, NamesRulePositionAndBothTerms) {
  Language sums("+/2 f/1 a b");
  sums.rule("comm", "(+ ?a ?b) => (+ ?b ?a)");
  EGraph graph(sums.ops);
  NodeId from = sums.add(graph, "(f (+ a b))"), to = sums.add(graph, "(f (+ b a))");
  Saturation saturation(graph, sums.rules);
  saturation.run(unlimited(5));
  Explainer explainer(graph, sums.rules);
  std::vector<ProofStep> steps = explainer.steps(from, to);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(explainer.text(steps[0]), "comm at 0: (f (+ a b)) => (f (+ b a))");
}

TEST(Explain, AFalseEquationFailsTheReplay) {
  Language sums("+/2 a b");
  sums.rule("comm", "(+ ?a ?b) => (+ ?b ?a)");
  EGraph graph(sums.ops);
  NodeId from = sums.add(graph, "(+ a b)"), to = sums.add(graph, "(+ b b)");
  graph.unite(from, to,
              {.kind = ReasonKind::kCompute, .backward = false, .rule = {}, .witness = {}});
  graph.rebuild();
  Explainer explainer(graph, sums.rules);
  Replayer replayer(explainer.terms(), sums.rules);
  std::vector<ProofStep> steps = explainer.steps(from, to);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].equation.kind, ReasonKind::kCompute);
  EXPECT_FALSE(replayer.chain(steps, explainer.term(from), explainer.term(to)));
}

}  // namespace
}  // namespace bafe::testing

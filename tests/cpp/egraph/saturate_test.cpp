// Saturation: stages, backoff, limits, facts, contradictions, interruption.
#include "bafe/egraph/saturate.h"

#include <gtest/gtest.h>

#include <optional>

#include "egraph/mathematics.h"
#include "egraph/replayer.h"

namespace bafe::testing {
namespace {

/// Constants as facts: leaves 0 1 2 3 are numbers, + and * fold.
class Folding : public Analysis {
 public:
  explicit Folding(const Language& language) : language_(language) {}
  std::optional<long> value(ClassId cls) const { return values_[cls.index()]; }

  void open(const EGraph&, ClassId cls) override {
    values_.resize(std::max<std::size_t>(values_.size(), cls.index() + 1));
    values_[cls.index()].reset();
  }
  bool learn(const EGraph& graph, NodeId node, ClassId cls) override {
    std::optional<long> now = of(graph, node);
    if (!now) return false;
    return join(graph, values_[cls.index()], now);
  }
  MergeResult merge(const EGraph& graph, ClassId into, ClassId from) override {
    auto &a = values_[into.index()], &b = values_[from.index()];
    MergeResult result{.into_changed = !a && b, .from_changed = a && !b};
    join(graph, a, b);
    return result;
  }
  void modify(EGraph& graph, ClassId cls) override {
    std::optional<long> known = values_[cls.index()];
    if (!known || *known < 0 || *known > 3) return;
    NodeId number = graph.add(language_.ops.find(std::to_string(*known)));
    if (!number.valid()) return;
    graph.unite(graph.nodes(graph.find(cls)).front(), number,
                {.kind = ReasonKind::kCompute, .backward = false, .rule = {}, .witness = {}});
  }
  NodeId literal_node(const EGraph& graph, ClassId cls, double literal) const override {
    std::optional<long> known = values_[cls.index()];
    if (!known || static_cast<double>(*known) != literal) return {};
    NodeId number = graph.lookup(language_.ops.find(std::to_string(*known)), {}, {});
    return number.valid() ? number : graph.representative(cls);
  }

 private:
  static bool join(const EGraph& graph, std::optional<long>& into, std::optional<long> from) {
    if (into && from && *into != *from) {
      throw RuleError({}, "e-graph", "two constants in one class").detail(graph.blame());
    }
    if (into || !from) return false;
    into = from;
    return true;
  }
  std::optional<long> of(const EGraph& graph, NodeId node) const {
    const std::string& name = language_.ops.spec(graph.op(node)).name;
    if (name.size() == 1 && name[0] >= '0' && name[0] <= '3') return name[0] - '0';
    std::span<const NodeId> kids = graph.children(node);
    if (kids.size() != 2) return std::nullopt;
    std::optional<long> a = value(graph.class_of(kids[0])), b = value(graph.class_of(kids[1]));
    if (!a || !b) return std::nullopt;
    if (name == "+") return *a + *b;
    if (name == "*") return *a * *b;
    return std::nullopt;
  }
  const Language& language_;
  std::vector<std::optional<long>> values_;
};

TEST(Saturation, SaysWhenNothingIsLeft) {
  Language m("+/2 a b");
  m.rule("comm", "(+ ?a ?b) => (+ ?b ?a)");
  EGraph graph(m.ops);
  m.add(graph, "(+ a b)");
  Saturation saturation(graph, m.rules);
  EXPECT_EQ(saturation.run({}), StopReason::kSaturated);
  EXPECT_EQ(saturation.accepted(), 1u);
  EXPECT_EQ(saturation.stats(0).accepted, 1u);
}

TEST(Saturation, StopsAtTheNodeLimitInsideAnIteration) {
  Language m = mathematics();
  for (std::size_t limit : {30, 70, 150, 1000}) {
    EGraph graph(m.ops);
    add_mathematics_terms(m, graph);
    std::size_t input = graph.num_nodes();
    Saturation saturation(graph, m.rules);
    SaturationOptions options = unlimited(20);
    options.max_nodes = limit;
    EXPECT_EQ(saturation.run(options), StopReason::kNodes);
    EXPECT_LE(graph.num_nodes(), std::max(limit, input));
    graph.check();
  }
}

TEST(Saturation, StopsAtTheMemoryLimitAndKeepsASoundGraph) {
  Language m = mathematics();
  EGraph graph(m.ops);
  add_mathematics_terms(m, graph);
  Saturation saturation(graph, m.rules);
  SaturationOptions options = unlimited(20);
  options.max_bytes = 4'000'000;
  EXPECT_EQ(saturation.run(options), StopReason::kMemory);
  EXPECT_STREQ(stop_reason_text(StopReason::kMemory), "memory");
  EXPECT_GT(graph.num_nodes(), 8'000u);
  EXPECT_LE(graph.memory_bytes(), 5'000'000u);
  graph.check();
}

TEST(Saturation, AnInterruptedRebuildIsRolledBack) {
  Language m("f/1 g/2 a b");
  EGraph graph(m.ops);
  NodeId left = m.add(graph, "a"), right = m.add(graph, "b");
  for (int i = 0; i < 3000; ++i) {
    left = graph.add(m.ops.find("f"), std::vector<NodeId>{left});
    right = graph.add(m.ops.find("f"), std::vector<NodeId>{right});
  }
  m.rule("collapse", "a => b");
  Saturation saturation(graph, m.rules);
  SaturationOptions options = unlimited(5);
  options.interrupted = [] { return true; };
  EXPECT_EQ(saturation.run(options), StopReason::kInterrupted);
  graph.check();
  EXPECT_NE(graph.class_of(left), graph.class_of(right));
  options.interrupted = {};
  EXPECT_EQ(saturation.run(options), StopReason::kSaturated);
  EXPECT_EQ(graph.class_of(left), graph.class_of(right));
}

TEST(Saturation, RulesThatGrowForEverMeetTheNodeLimit) {
  Language m("f/1 g/1 a");
  m.rule("grow", "(f ?x) => (f (g ?x))");
  EGraph graph(m.ops);
  m.add(graph, "(f a)");
  Saturation saturation(graph, m.rules);
  SaturationOptions options = unlimited(10'000);
  options.max_nodes = 500;
  EXPECT_EQ(saturation.run(options), StopReason::kNodes);
  EXPECT_LE(graph.num_nodes(), 500u);
  EXPECT_GT(saturation.stats(0).accepted, 100u);
  graph.check();
}

TEST(Saturation, StopsAtTheLimitOfAcceptedMatches) {
  Language m = mathematics();
  EGraph graph(m.ops);
  add_mathematics_terms(m, graph);
  Saturation saturation(graph, m.rules);
  SaturationOptions options = unlimited(20);
  options.max_accepted = 64;
  EXPECT_EQ(saturation.run(options), StopReason::kAccepted);
  EXPECT_EQ(saturation.accepted(), 64u);
}

TEST(Saturation, RulesThatGrowForEverMeetTheIterationLimit) {
  Language m("f/1 a");
  m.rule("grow", "(f ?x) => (f (f ?x))");
  EGraph graph(m.ops);
  m.add(graph, "(f a)");
  Saturation saturation(graph, m.rules);
  SaturationOptions options;
  options.max_iterations = 12;
  StopReason end = saturation.run(options);
  EXPECT_TRUE(end == StopReason::kIterations || end == StopReason::kSaturated);
  graph.check();
  EXPECT_LE(graph.num_nodes(), options.max_nodes);
}

TEST(Saturation, BannedRulesLoseNoMatch) {
  Language sums("+/2 a b c e f g h");
  sums.rule("comm", "(+ ?a ?b) => (+ ?b ?a)");
  sums.rule("assoc", "(+ ?a (+ ?b ?c)) => (+ (+ ?a ?b) ?c)");
  EGraph graph(sums.ops);
  sums.add(graph, "(+ (+ (+ a b) (+ c e)) (+ f (+ g h)))");
  Saturation saturation(graph, sums.rules);
  SaturationOptions options = unlimited(300);
  options.match_limit = 20;
  EXPECT_EQ(saturation.run(options), StopReason::kSaturated);
  EXPECT_GT(saturation.stats(0).bans + saturation.stats(1).bans, 0u);
  EXPECT_EQ(graph.num_classes(), 127u);
  EXPECT_EQ(graph.num_nodes(), 1932u + 7u);
}

TEST(Saturation, StagesRunInOrder) {
  Language m("f/1 g/1 a");
  m.rule("late", "(g ?x) => (f ?x)", 1);
  m.rule("early", "(f ?x) => (g ?x)", 0);
  EGraph graph(m.ops);
  m.add(graph, "(f a)");
  Saturation saturation(graph, m.rules);
  SaturationOptions options;
  options.max_iterations = 1;
  options.stages = {{1u << 0, 5}};
  saturation.run(options);
  EXPECT_EQ(saturation.stats(0).searches, 0u);
  EXPECT_EQ(saturation.stats(1).accepted, 1u);
  EXPECT_EQ(saturation.stats(1).searches, 2u);  // the second finds nothing new
}

TEST(Saturation, FactsFoldConstantsUpwards) {
  Language m("+/2 */2 0 1 2 3 a f/1");
  m.rule("zero", "(+ ?x =0) => ?x");
  Folding folding(m);
  EGraph graph(m.ops, &folding);
  NodeId sum = m.add(graph, "(* (+ 1 1) (+ 1 0))"), folded = m.add(graph, "(+ a (* (+ 1 2) 0))");
  NodeId plain = m.add(graph, "a");
  Saturation saturation(graph, m.rules);
  EXPECT_EQ(saturation.run({}), StopReason::kSaturated);
  graph.check();
  EXPECT_EQ(graph.class_of(sum), graph.class_of(m.add(graph, "2")));
  EXPECT_EQ(graph.class_of(folded), graph.class_of(plain));
}

TEST(Saturation, LiteralPatternsAreExplained) {
  Language m("+/2 */2 0 1 2 3 a f/1");
  m.rule("zero", "(+ ?x =0) => ?x");
  Folding folding(m);
  EGraph graph(m.ops, &folding);
  NodeId sum = m.add(graph, "(+ a (* (+ 1 2) 0))"), plain = m.add(graph, "a");
  Saturation(graph, m.rules).run({});
  Explainer explainer(graph, m.rules);
  std::vector<ProofStep> steps = explainer.steps(sum, plain);
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(explainer.text(steps[0]), "compute at 1: (+ a (* (+ 1 2) 0)) => (+ a 0)");
  EXPECT_EQ(explainer.text(steps[1]), "zero at top: (+ a 0) => a");
}

TEST(Saturation, FactsThatComeLaterMakeNewMatches) {
  Language m("+/2 */2 0 1 2 3 a b f/1");
  m.rule("zero", "(f (+ ?x =0)) => ?x");
  Folding folding(m);
  EGraph graph(m.ops, &folding);
  NodeId top = m.add(graph, "(f (+ a b))");
  Saturation saturation(graph, m.rules);
  EXPECT_EQ(saturation.run({}), StopReason::kSaturated);
  graph.unite(m.add(graph, "b"), m.add(graph, "0"),
              {.kind = ReasonKind::kCompute, .backward = false, .rule = {}, .witness = {}});
  saturation.run({});
  EXPECT_EQ(graph.class_of(top), graph.class_of(m.add(graph, "a")));
  graph.check();
}

TEST(Saturation, AContradictionNamesRuleAndMatchAndIsRolledBack) {
  Language m("+/2 */2 0 1 2 3 a f/1 g/1");
  m.rule("sound", "(f ?x) => (g ?x)");
  m.rule("wrong", "(g ?x) => 2");
  m.rule("also-wrong", "(f 1) => 1");
  Folding folding(m);
  EGraph graph(m.ops, &folding);
  m.add(graph, "(f 1)");
  Saturation saturation(graph, m.rules);
  EXPECT_EQ(saturation.run({}), StopReason::kContradiction);
  ASSERT_TRUE(saturation.error().has_value());
  EXPECT_STREQ(saturation.error()->what(),
               "e-graph: two constants in one class\n  wrong: (g 1) = 2");
  graph.check();
  EXPECT_FALSE(folding.value(graph.class_of(m.add(graph, "a"))).has_value());
  EXPECT_EQ(folding.value(graph.class_of(m.add(graph, "(g 1)"))), 1);
}

TEST(Saturation, RollbackLearnsFactsAgain) {
  Language m("+/2 */2 0 1 2 3 a b f/1");
  Folding folding(m);
  EGraph graph(m.ops, &folding);
  NodeId sum = m.add(graph, "(+ (* 1 2) (+ 1 0))"), open = m.add(graph, "(+ a b)");
  graph.rebuild();
  Checkpoint point = graph.mark();
  graph.unite(m.add(graph, "a"), m.add(graph, "1"),
              {.kind = ReasonKind::kCompute, .backward = false, .rule = {}, .witness = {}});
  graph.unite(m.add(graph, "b"), m.add(graph, "1"),
              {.kind = ReasonKind::kCompute, .backward = false, .rule = {}, .witness = {}});
  graph.rebuild();
  EXPECT_EQ(folding.value(graph.class_of(open)), 2);
  graph.rollback(point);
  graph.check();
  EXPECT_EQ(folding.value(graph.class_of(sum)), 3);
  EXPECT_FALSE(folding.value(graph.class_of(open)).has_value());
}

TEST(Saturation, MultiPatternsRewriteEveryRoot) {
  Language m("mm/2 cat/2 left/1 right/1 a b c");
  m.rule("merge",
         "(mm ?x ?y) | (mm ?x ?z) => (left (mm ?x (cat ?y ?z))) | (right (mm ?x (cat ?y ?z)))");
  EGraph graph(m.ops);
  NodeId ab = m.add(graph, "(mm a b)"), ac = m.add(graph, "(mm a c)");
  Saturation saturation(graph, m.rules);
  SaturationOptions options;
  options.max_iterations = 1;
  saturation.run(options);
  graph.check();
  NodeId left = m.add(graph, "(left (mm a (cat b c)))"),
         right = m.add(graph, "(right (mm a (cat b c)))");
  EXPECT_EQ(graph.class_of(ab), graph.class_of(left));
  EXPECT_EQ(graph.class_of(ac), graph.class_of(right));
  Explainer explainer(graph, m.rules);
  std::vector<ProofStep> steps = explainer.steps(ac, right);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(explainer.text(steps[0]), "merge at top: (mm a c) => (right (mm a (cat b c)))");
}

TEST(Saturation, ManyRulesWithFewMatchesAreInterruptedBetweenThem) {
  std::string operators = "f/1 a";
  for (int i = 0; i < 20; ++i) operators += " g" + std::to_string(i) + "/1";
  Language m(operators);
  EGraph graph(m.ops);
  NodeId top = m.add(graph, "a");
  for (int i = 0; i < 100; ++i) top = graph.add(m.ops.find("f"), std::vector<NodeId>{top});
  for (int i = 0; i < 20; ++i) {
    std::string name = "g" + std::to_string(i);
    m.rule(name, "(f ?x) => (" + name + " ?x)");
  }
  Saturation saturation(graph, m.rules);
  SaturationOptions options = unlimited(5);
  std::size_t noticed = 0;  // nodes when the wish to stop was first heard
  options.interrupted = [&] {
    if (!noticed && graph.num_nodes() > 600) noticed = graph.num_nodes();
    return noticed > 0;
  };
  EXPECT_EQ(saturation.run(options), StopReason::kInterrupted);
  EXPECT_LE(noticed, 600u + 300u);
  graph.check();
}

TEST(Saturation, AnInterruptStopsTheSearch) {
  Language m = mathematics();
  EGraph graph(m.ops);
  add_mathematics_terms(m, graph);
  Saturation saturation(graph, m.rules);
  SaturationOptions options = unlimited(20);
  int polls = 0;
  options.interrupted = [&] { return ++polls > 3; };
  EXPECT_EQ(saturation.run(options), StopReason::kInterrupted);
  graph.check();
  options.interrupted = nullptr;
  options.max_iterations = 1;
  saturation.run(options);
  graph.check();
}

}  // namespace
}  // namespace bafe::testing

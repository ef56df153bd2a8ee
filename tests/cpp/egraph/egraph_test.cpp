// Storage, union, rebuild and rollback, against a naive congruence closure.
#include "bafe/egraph/egraph.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <random>

#include "bafe/egraph/dot.h"
#include "egraph/mathematics.h"

namespace bafe::testing {
namespace {

Reason computed() {
  return {.kind = ReasonKind::kCompute, .backward = false, .rule = {}, .witness = {}};
}

/// The equivalence on all born nodes that `unions` generate, by iteration to a fixpoint.
std::vector<std::uint32_t> naive_closure(const EGraph& graph,
                                         const std::vector<std::pair<NodeId, NodeId>>& unions) {
  std::vector<std::uint32_t> root(graph.num_born());
  std::iota(root.begin(), root.end(), 0u);
  auto relabel = [&](std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t& r : root) r = r == from ? to : r;
  };
  for (auto [a, b] : unions) relabel(root[a.index()], root[b.index()]);
  for (bool changed = true; changed;) {
    changed = false;
    std::map<std::vector<std::uint32_t>, std::uint32_t> seen;
    for (std::uint32_t i = 0; i < root.size(); ++i) {
      std::vector<std::uint32_t> key{graph.op(NodeId(i)).index()};
      for (NodeId child : graph.children(NodeId(i))) key.push_back(root[child.index()]);
      auto [it, is_new] = seen.emplace(key, i);
      if (is_new || root[it->second] == root[i]) continue;
      relabel(root[i], root[it->second]);
      changed = true;
    }
  }
  return root;
}

void expect_closure(const EGraph& graph, const std::vector<std::uint32_t>& root) {
  std::map<std::uint32_t, ClassId> of;
  std::map<ClassId, std::uint32_t> back;
  for (std::uint32_t i = 0; i < root.size(); ++i) {
    ClassId cls = graph.class_of(NodeId(i));
    ASSERT_EQ(of.emplace(root[i], cls).first->second, cls);
    ASSERT_EQ(back.emplace(cls, root[i]).first->second, root[i]);
  }
}

/// A graph grown at random, remembering its unions.
struct RandomGraph {
  explicit RandomGraph(unsigned seed)
      : language("f/1 g/2 h/3 a b c e"), graph(language.ops), random(seed) {}

  NodeId any() { return NodeId(static_cast<std::uint32_t>(random() % graph.num_born())); }
  void grow() {
    static constexpr int kArity[] = {1, 2, 3, 0, 0, 0, 0};
    auto op = static_cast<std::uint32_t>(random() % (graph.num_born() ? 7 : 1) +
                                         (graph.num_born() ? 0 : 3));
    std::vector<NodeId> kids;
    for (int i = 0; i < kArity[op]; ++i) kids.push_back(any());
    graph.add(OpId(op), kids);
  }
  void unite() {
    NodeId a = any(), b = any();
    unions.emplace_back(a, b);
    graph.unite(a, b, computed());
  }

  Language language;
  EGraph graph;
  std::mt19937 random;
  std::vector<std::pair<NodeId, NodeId>> unions;
};

TEST(EGraph, GivesEqualNodesOneId) {
  Language m("+/2 a b");
  EGraph graph(m.ops);
  NodeId sum = m.add(graph, "(+ a b)");
  EXPECT_EQ(m.add(graph, "(+ a b)"), sum);
  EXPECT_NE(m.add(graph, "(+ b a)"), sum);
  EXPECT_EQ(graph.num_nodes(), 4u);
}

TEST(EGraphRebuild, MergesParentsThatBecameEqual) {
  Language m("f/1 a b");
  EGraph graph(m.ops);
  NodeId fa = m.add(graph, "(f (f a))"), fb = m.add(graph, "(f (f b))");
  EXPECT_TRUE(graph.unite(m.add(graph, "a"), m.add(graph, "b"), computed()));
  EXPECT_NE(graph.class_of(fa), graph.class_of(fb));
  graph.rebuild();
  EXPECT_EQ(graph.class_of(fa), graph.class_of(fb));
  EXPECT_EQ(graph.num_nodes(), 4u);
  EXPECT_TRUE(graph.is_live(fa));
  EXPECT_FALSE(graph.is_live(fb));
  graph.check();
}

TEST(EGraphRebuild, EqualsTheNaiveClosureUnderRandomUnions) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    RandomGraph r(seed);
    for (int round = 0; round < 6; ++round) {
      for (int i = 0; i < 25; ++i) r.grow();
      for (int i = 0; i < 4; ++i) r.unite();
      if (round % 2) r.grow();  // between unions and rebuild
      r.graph.rebuild();
      r.graph.check();
      expect_closure(r.graph, naive_closure(r.graph, r.unions));
    }
  }
}

TEST(EGraphRollback, RestoresClassesAndGoesOnAsIfNothingHadHappened) {
  for (unsigned seed = 100; seed < 130; ++seed) {
    RandomGraph r(seed), fresh(seed);
    auto grow = [](RandomGraph& graph, int rounds) {
      for (int round = 0; round < rounds; ++round) {
        for (int i = 0; i < 25; ++i) graph.grow();
        for (int i = 0; i < 4; ++i) graph.unite();
        graph.graph.rebuild();
      }
    };
    grow(r, 3);
    grow(fresh, 3);
    Checkpoint point = r.graph.mark();
    std::mt19937 random = r.random;
    auto unions = r.unions;
    std::string before = dot_text(r.graph);
    grow(r, 2);
    r.graph.rollback(point);
    r.graph.check();
    EXPECT_EQ(dot_text(r.graph), before);
    r.random = random;
    r.unions = unions;
    grow(r, 2);
    grow(fresh, 2);
    r.graph.check();
    EXPECT_EQ(r.graph.num_nodes(), fresh.graph.num_nodes());
    expect_closure(r.graph, naive_closure(fresh.graph, fresh.unions));
  }
}

TEST(EGraphRollback, UndoesAnUnfinishedIteration) {
  Language m = mathematics();
  EGraph graph(m.ops), other(m.ops);
  add_mathematics_terms(m, graph);
  add_mathematics_terms(m, other);
  Saturation saturation(graph, m.rules), straight(other, m.rules);
  saturation.run(unlimited(5));
  Checkpoint point = graph.mark();
  std::string before = dot_text(graph);
  saturation.run(unlimited(2));
  m.add(graph, "(+ five five)");
  graph.unite(m.add(graph, "x"), m.add(graph, "five"), computed());
  graph.rollback(point);
  graph.check();
  EXPECT_EQ(dot_text(graph), before);
  saturation.run(unlimited(3));
  straight.run(unlimited(8));
  graph.check();
  EXPECT_EQ(graph.num_nodes(), other.num_nodes());
  EXPECT_EQ(graph.num_classes(), other.num_classes());
}

TEST(EGraph, EqualCallsGiveEqualGraphs) {
  auto text = [] {
    Language m = mathematics();
    EGraph graph(m.ops);
    add_mathematics_terms(m, graph);
    Saturation saturation(graph, m.rules);
    saturation.run(unlimited(6));
    return dot_text(graph);
  };
  EXPECT_EQ(text(), text());
}

TEST(EGraph, NodeLimitIsNeverExceeded) {
  Language m("f/1 a");
  EGraph graph(m.ops);
  graph.set_node_limit(3);
  NodeId node = m.add(graph, "a");
  OpId f = m.ops.find("f");
  for (int i = 0; i < 2; ++i) node = graph.add(f, std::vector<NodeId>{node});
  EXPECT_FALSE(graph.add(f, std::vector<NodeId>{node}).valid());
  EXPECT_EQ(graph.num_nodes(), 3u);
  EXPECT_TRUE(m.add(graph, "(f a)").valid());
}

TEST(EGraph, FieldsTellNodesApart) {
  Language m("get/1:axis a");
  EGraph graph(m.ops);
  NodeId one = m.add(graph, "(get a @1)");
  EXPECT_EQ(m.add(graph, "(get a @1)"), one);
  EXPECT_NE(m.add(graph, "(get a @2)"), one);
  EXPECT_EQ(attr_int(graph.attrs().record(graph.attr(one)), 0), Dim(1));
  EXPECT_EQ(graph.term_text(one), "(get a :axis 1)");
}

TEST(EGraph, HoldsANodeInFewBytes) {
  Language m = mathematics();
  EGraph graph(m.ops);
  add_mathematics_terms(m, graph);
  Saturation saturation(graph, m.rules);
  saturation.run(unlimited(9));
  double nodes = static_cast<double>(graph.num_nodes());
  EXPECT_LE(static_cast<double>(graph.memory_bytes(false)) / nodes, 48);
  EXPECT_LE(static_cast<double>(graph.memory_bytes(true)) / nodes, 56);
}

}  // namespace
}  // namespace bafe::testing

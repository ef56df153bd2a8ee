// Extraction against brute force: every choice of small graphs is priced, cycles and dead ends
// among them.

#include "bafe/search/dag_extract.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "bafe/base/error.h"
#include "golden.h"

namespace bafe {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

struct Random {
  std::uint64_t state;
  std::uint32_t below(std::uint32_t n) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<std::uint32_t>((state >> 33) % n);
  }
};

/// Cheapest cost over all assignments; walks from the roots without any of the code under test.
class BruteForce {
 public:
  explicit BruteForce(const CostGraph& graph) : graph_(graph), choice_(graph.num_classes, kNoNode) {
    decide(0);
  }
  double best = kInf;

 private:
  void decide(std::uint32_t cls) {
    if (cls == graph_.num_classes) {
      best = std::min(best, cost());
      return;
    }
    bool any = false;
    for (std::uint32_t i = 0; i < graph_.nodes.size(); ++i) {
      if (graph_.nodes[i].cls != cls) continue;
      any = true;
      choice_[cls] = i;
      decide(cls + 1);
    }
    choice_[cls] = kNoNode;
    if (!any) decide(cls + 1);
  }
  double cost() const {
    std::vector<int> mark(graph_.num_classes, 0);
    double total = 0;
    std::function<bool(std::uint32_t)> visit = [&](std::uint32_t cls) {
      if (mark[cls] == 2) return true;
      if (mark[cls] == 1 || choice_[cls] == kNoNode) return false;
      mark[cls] = 1;
      total += graph_.nodes[choice_[cls]].cost;
      for (std::uint32_t child : graph_.nodes[choice_[cls]].children) {
        if (!visit(child)) return false;
      }
      mark[cls] = 2;
      return true;
    };
    for (std::uint32_t root : graph_.roots) {
      if (!visit(root)) return kInf;
    }
    return total;
  }

  const CostGraph& graph_;
  std::vector<std::uint32_t> choice_;
};

CostGraph random_graph(Random& random, bool cyclic, bool whole) {
  CostGraph graph;
  graph.num_classes = 2 + random.below(6);
  for (std::uint32_t cls = 0; cls < graph.num_classes; ++cls) {
    std::uint32_t count = 1 + random.below(3) - (random.below(12) == 0);
    for (std::uint32_t i = 0; i < count; ++i) {
      CostGraph::Node node;
      node.cls = cls;
      std::uint32_t kind = random.below(16);
      node.cost = kind == 0  ? kInf
                  : kind < 4 ? 0
                  : whole    ? random.below(4)
                             : random.below(97) / 9.7;
      std::uint32_t below = cyclic ? graph.num_classes : cls;
      for (std::uint32_t c = random.below(4); below > 0 && c > 0; --c)
        node.children.push_back(random.below(below));
      graph.nodes.push_back(std::move(node));
    }
  }
  for (std::uint32_t r = 1 + random.below(3); r > 0; --r)
    graph.roots.push_back(graph.num_classes - 1 - random.below(std::min(2u, graph.num_classes)));
  return graph;
}

void expect_exact(const CostGraph& graph, int seed) {
  double best = BruteForce(graph).best;
  if (best == kInf) {
    EXPECT_THROW(extract_dag(graph), ParseError) << seed;
    return;
  }
  DagChoice choice = extract_dag(graph);
  EXPECT_NEAR(choice.cost, best, 1e-9 * (1 + best)) << seed;
  EXPECT_TRUE(choice.is_optimal()) << seed;
  EXPECT_EQ(choice_cost(graph, choice.node_of_class), choice.cost) << seed;
  DagChoice hurried = extract_dag(graph, {20});
  EXPECT_LE(hurried.lower_bound, best * (1 + 1e-9)) << seed;
  EXPECT_GE(hurried.cost, best * (1 - 1e-9)) << seed;
}

TEST(DagExtract, FindsTheCheapestOfSmallGraphsWithCycles) {
  Random random{1};
  for (int seed = 0; seed < 4000; ++seed)
    expect_exact(random_graph(random, true, seed % 2 == 0), seed);
}

TEST(DagExtract, FindsTheCheapestOfSmallGraphsWithoutCycles) {
  Random random{2};
  for (int seed = 0; seed < 2000; ++seed)
    expect_exact(random_graph(random, false, seed % 2 == 0), seed);
}

TEST(DagExtract, BoundsStayTrueWhenTheWorkRunsOut) {
  Random random{3};
  for (int seed = 0; seed < 300; ++seed) {
    CostGraph graph = random_graph(random, true, false);
    double best = BruteForce(graph).best;
    if (best == kInf) continue;
    for (std::int64_t work : {0, 5, 50, 200, 1000, 5000}) {
      DagChoice choice = extract_dag(graph, {work});
      EXPECT_LE(choice.lower_bound, best * (1 + 1e-9)) << seed << " " << work;
      EXPECT_GE(choice.cost, best * (1 - 1e-9)) << seed << " " << work;
      EXPECT_EQ(choice.gap() == 0, choice.is_optimal());
    }
  }
}

TEST(DagExtract, ProvesThePriceOfTheChoiceForCostsOfAllSizes) {
  Random random{7};
  for (int seed = 0; seed < 1000; ++seed) {
    CostGraph graph = random_graph(random, true, false);
    for (CostGraph::Node& node : graph.nodes)
      node.cost *= std::pow(10, static_cast<double>(random.below(13)) - 6) / 3;
    expect_exact(graph, seed);
  }
}

TEST(DagExtract, PaysASharedClassOnce) {
  // Root r = f(a, b) or g(c); a and b both need s.
  CostGraph graph{
      5, {{0, 10, {}}, {1, 1, {0}}, {2, 1, {0}}, {3, 1, {1, 2}}, {4, 14, {}}, {3, 0, {4}}}, {3}};
  DagChoice choice = extract_dag(graph);
  EXPECT_EQ(choice.cost, 13);
  EXPECT_EQ(choice.node_of_class, (std::vector<std::uint32_t>{0, 1, 2, 3, kNoNode}));
}

TEST(DagExtract, BreaksTiesBySmallerNodeIds) {
  CostGraph graph{2, {{0, 1, {}}, {0, 1, {}}, {1, 2, {0}}, {1, 2, {0}}}, {1}};
  EXPECT_EQ(extract_dag(graph).node_of_class, (std::vector<std::uint32_t>{0, 2}));
}

TEST(DagExtract, GivesEqualAnswersForEqualGraphs) {
  Random random{5};
  for (int i = 0; i < 100; ++i) {
    CostGraph graph = random_graph(random, true, true);
    if (BruteForce(graph).best == kInf) continue;
    DagChoice first = extract_dag(graph), second = extract_dag(graph);
    EXPECT_EQ(first.node_of_class, second.node_of_class);
    EXPECT_EQ(first.work, second.work);
  }
}

TEST(DagExtract, NeedsNothingWithoutRoots) {
  CostGraph graph{1, {{0, 3, {}}}, {}};
  DagChoice choice = extract_dag(graph);
  EXPECT_EQ(choice.cost, 0);
  EXPECT_EQ(choice.gap(), 0);
  EXPECT_EQ(choice.node_of_class, (std::vector<std::uint32_t>{kNoNode}));
}

TEST(DagExtract, FindsTheOnlyWayOutOfALoop) {
  // a = b + 1 or a leaf of 10; b = a + 1: the loop is free of leaves and no program.
  CostGraph graph{2, {{0, 1, {1}}, {0, 10, {}}, {1, 1, {0}}}, {1}};
  EXPECT_EQ(extract_dag(graph).cost, 11);
}

TEST(DagExtract, RejectsCostsThatAreNoNumbersOrNegative) {
  CostGraph graph{1, {{0, std::nan(""), {}}}, {0}};
  EXPECT_ERROR(ParseError, extract_dag(graph), "errors/extract_nan.txt");
  graph.nodes[0].cost = -1;
  EXPECT_ERROR(ParseError, extract_dag(graph), "errors/extract_negative.txt");
}

TEST(DagExtract, RejectsIdsOutOfRange) {
  CostGraph graph{1, {{0, 1, {7}}}, {0}};
  EXPECT_ERROR(ParseError, extract_dag(graph), "errors/extract_range.txt");
}

TEST(DagExtract, NamesTheRootWithoutAProgram) {
  CostGraph infinite{2, {{0, 1, {}}, {1, kInf, {}}}, {0, 1}};
  EXPECT_ERROR(ParseError, extract_dag(infinite), "errors/extract_no_program.txt");
  CostGraph empty{1, {}, {0}};
  EXPECT_THROW(extract_dag(empty), ParseError);
  CostGraph loop{1, {{0, 1, {0}}}, {0}};
  EXPECT_THROW(extract_dag(loop), ParseError);
}

TEST(DagExtract, ProvesAChainOfSharedCells) {
  // Each cell is the one of PaysASharedClassOnce; its leaf needs the cell before it.
  CostGraph graph;
  graph.num_classes = 400;
  for (std::uint32_t c = 0; c < 400; c += 4) {
    std::vector<std::uint32_t> before;
    if (c > 0) before.push_back(c - 1);
    graph.nodes.push_back({c, 10, before});
    graph.nodes.push_back({c + 1, 1, {c}});
    graph.nodes.push_back({c + 2, 1, {c}});
    graph.nodes.push_back({c + 3, 1, {c + 1, c + 2}});
    before.push_back(c);
    graph.nodes.push_back({c + 3, 4, before});
  }
  graph.roots = {399};
  DagChoice choice = extract_dag(graph);
  EXPECT_EQ(choice.cost, 1300);
  EXPECT_TRUE(choice.is_optimal());
}

TEST(DagExtract, StopsWithinItsWorkOnTangledGraphs) {
  Random random{9};
  CostGraph graph;
  graph.num_classes = 300;
  for (std::uint32_t cls = 0; cls < 300; ++cls) {
    for (std::uint32_t i = 0; i < 3; ++i) {
      CostGraph::Node node{cls, 1 + random.below(100) / 7.0, {}};
      for (std::uint32_t k = 0; k < 2 && cls > 0; ++k)
        node.children.push_back(cls - 1 - random.below(std::min(cls, 9u)));
      graph.nodes.push_back(node);
    }
  }
  graph.roots = {299};
  DagChoice choice = extract_dag(graph, {4'000'000});
  EXPECT_LT(choice.work, 8'000'000);
  EXPECT_GT(choice.gap(), 0);
  EXPECT_EQ(choice_cost(graph, choice.node_of_class), choice.cost);
}

}  // namespace
}  // namespace bafe

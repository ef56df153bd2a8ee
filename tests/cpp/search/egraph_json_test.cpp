// Reading and writing e-graphs: round trips, and what a damaged file says.

#include "bafe/search/egraph_json.h"

#include <gtest/gtest.h>

#include <cmath>

#include "bafe/base/error.h"
#include "bafe/search/optimize.h"
#include "golden.h"
#include "search/programs.h"

namespace bafe {
namespace {

const char* kSmall = R"({
  "nodes": {
    "f": {"op": "f", "cost": 2.5, "eclass": "r", "children": ["x", "y1"]},
    "x": {"op": "x", "cost": 1, "eclass": "a", "children": []},
    "y": {"op": "y \"quoted\"", "cost": null, "eclass": "b"},
    "y1": {"op": "g", "cost": 4, "eclass": "b", "children": ["x"], "subsumed": false},
    "y2": {"op": "h", "cost": 0, "eclass": "b", "children": [], "subsumed": true}
  },
  "root_eclasses": ["r"],
  "class_data": {"a": {"type": "f32[2]"}}
})";

TEST(EGraphJson, ReadsNodesClassesRootsAndTypes) {
  NamedEGraph e = egraph_from_json(kSmall, "small.json");
  EXPECT_EQ(e.graph.num_classes, 3u);
  EXPECT_EQ(e.graph.nodes.size(), 5u);
  EXPECT_EQ(e.class_names, (std::vector<std::string>{"r", "a", "b"}));
  EXPECT_EQ(e.graph.nodes[0].children, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_TRUE(std::isinf(e.graph.nodes[2].cost));
  EXPECT_EQ(e.class_types[1], "f32[2]");
}

TEST(EGraphJson, ExtractsNeitherInfiniteNorSubsumedNodes) {
  NamedEGraph e = egraph_from_json(kSmall, "small.json");
  DagChoice choice = e.extract();
  EXPECT_EQ(choice.cost, 7.5);
  EXPECT_EQ(e.node_names[choice.node_of_class[2]], "y1");
}

TEST(EGraphJson, GivesTheSameEGraphAfterARoundTrip) {
  NamedEGraph first = egraph_from_json(kSmall, "small.json");
  std::string text = egraph_to_json(first);
  NamedEGraph second = egraph_from_json(text, "again.json");
  EXPECT_EQ(egraph_to_json(second), text);
  EXPECT_EQ(second.class_types, first.class_types);
  EXPECT_EQ(second.subsumed, first.subsumed);
  EXPECT_EQ(second.extract().node_of_class, first.extract().node_of_class);
}

TEST(EGraphJson, TakesAMissingCostAsOne) {
  NamedEGraph e = egraph_from_json(R"({"nodes": {"a": {"op": "a", "eclass": "1"}}})", "x");
  EXPECT_EQ(e.graph.nodes[0].cost, 1);
  EXPECT_TRUE(e.graph.roots.empty());
}

TEST(EGraphJson, DrawsClustersAndFillsChosenNodes) {
  NamedEGraph e = egraph_from_json(kSmall, "small.json");
  DagChoice choice = e.extract();
  std::string text = egraph_to_dot(e, &choice);
  EXPECT_NE(text.find("label=\"a: f32[2]\""), std::string::npos) << text;
  EXPECT_NE(text.find("n3 [label=\"g\", style=filled]"), std::string::npos) << text;
  EXPECT_NE(text.find("n2 [label=\"y \\\"quoted\\\"\"]"), std::string::npos) << text;
  EXPECT_EQ(egraph_to_dot(e).find("filled"), std::string::npos);
}

void expect_refused(const std::string& text, const std::string& golden) {
  EXPECT_ERROR(ParseError, egraph_from_json(text, "bad.json"), "errors/egraph_" + golden + ".txt");
}

TEST(EGraphJson, SaysWhereAFileIsDamaged) {
  expect_refused("{\"nodes\": {", "cut_off");
  expect_refused("[]", "no_object");
  expect_refused("{}", "no_nodes");
  expect_refused(R"({"nodes": {"a": 3}})", "node_no_object");
  expect_refused(R"({"nodes": {"a": {"op": "a"}}})", "no_class");
  expect_refused(R"({"nodes": {"a": {"op": 1, "eclass": "1"}}})", "op_number");
  expect_refused(R"({"nodes": {"a": {"op": "a", "eclass": "1", "cost": "NaN"}}})", "cost_text");
  expect_refused(R"({"nodes": {"a": {"op": "a", "eclass": "1", "cost": NaN}}})", "cost_nan");
  expect_refused(R"({"nodes": {"a": {"op": "a", "eclass": "1", "cost": -2}}})", "cost_negative");
  expect_refused(R"({"nodes": {"a": {"op": "a", "eclass": "1", "children": ["b"]}}})", "child");
  expect_refused(R"({"nodes": {"a": {"op": "a", "eclass": "1", "children": "b"}}})", "children");
  expect_refused(R"({"nodes": {"a": {"op": "a", "eclass": "1"}}, "root_eclasses": ["2"]})", "root");
  expect_refused(R"({"nodes": {}, "root_eclasses": 1})", "roots");
  const std::string a = R"("a": {"op": "a", "eclass": "1"})";
  expect_refused("{\"nodes\": {" + a + ", " + a + "}}", "node_twice");
  expect_refused("{\"nodes\": {" + a + "}, \"nodes\": {}}", "nodes_twice");
  expect_refused(R"({"nodes": {"a": {"op": "a", "eclass": "1", "cost": 1, "cost": 2}}})",
                 "cost_twice");
}

TEST(EGraphJson, NamesTheNodeWhoseCostIsNoNumber) {
  NamedEGraph e = egraph_from_json(kSmall, "small.json");
  e.graph.nodes[3].cost = std::nan("");
  EXPECT_ERROR(ParseError, e.extract(), "errors/egraph_extract_nan.txt");
}

TEST(EGraphJson, NamesTheClassWithoutAProgramAsTheFileDoes) {
  NamedEGraph e = egraph_from_json(
      R"({"nodes": {"a": {"op": "a", "eclass": "1", "children": ["a"]}}, "root_eclasses": ["1"]})",
      "x");
  EXPECT_ERROR(ParseError, e.extract(), "errors/egraph_extract_no_program.txt");
}

TEST(EGraphJson, ExtractsNothingWithoutRootsOrNodes) {
  NamedEGraph e = egraph_from_json(R"({"nodes": {"a": {"op": "a", "eclass": "1"}}})", "x");
  EXPECT_ERROR(ParseError, e.extract(), "errors/egraph_extract_no_roots.txt");
  e.graph.roots = {0};
  EXPECT_EQ(e.extract().cost, 1);
  NamedEGraph empty = egraph_from_json(R"({"nodes": {}, "root_eclasses": []})", "x");
  EXPECT_ERROR(ParseError, empty.extract(), "errors/egraph_extract_no_nodes.txt");
}

TEST(EGraphJson, HoldsTheGraphOfASearch) {
  using namespace programs;
  Graph graph;
  ValueId a = input(graph, "a", {64, 64}), b = input(graph, "b", {64, 64});
  ValueId v = input(graph, "v", {64, 1});
  graph.add_root(call(graph, "matmul", {call(graph, "matmul", {a, b}), v}));
  NamedEGraph e = egraph_of_search(graph, {});
  DagChoice choice = e.extract();
  EXPECT_TRUE(choice.is_optimal());
  EXPECT_EQ(e.graph.roots.size(), 1u);
  int products = 0;
  for (std::uint32_t node : choice.node_of_class)
    products += node != kNoNode && e.ops[node] == "matmul";
  EXPECT_EQ(products, 2);
  NamedEGraph again = egraph_from_json(egraph_to_json(e), "again");
  EXPECT_EQ(again.extract().cost, choice.cost);
}

}  // namespace
}  // namespace bafe

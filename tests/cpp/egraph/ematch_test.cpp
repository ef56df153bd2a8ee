// Matching: every pattern kind, delta against full search, joins, limits.
#include "bafe/egraph/ematch.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "egraph/mathematics.h"

namespace bafe::testing {
namespace {

Reason computed() {
  return {.kind = ReasonKind::kCompute, .backward = false, .rule = {}, .witness = {}};
}

/// Roots' and variables' classes of all matches since `since`.
std::multiset<std::vector<std::uint32_t>> matches(EGraph& graph, const SaturationRule& rule,
                                                  Moment since = {}) {
  MatchProgram program = compile_match(rule.left, rule.reads_facts, graph);
  MatchTable table(program);
  Delta delta(graph, since);
  EXPECT_EQ(find_matches(graph, program, delta, {}, table), MatchEnd::kComplete);
  std::multiset<std::vector<std::uint32_t>> out;
  for (std::size_t i = 0; i < table.size(); ++i) {
    std::vector<std::uint32_t> row;
    for (NodeId node : table[i].roots) row.push_back(graph.class_of(node).index());
    for (NodeId node : table[i].vars) row.push_back(graph.class_of(node).index());
    for (NodeId word : table[i].attr_words) row.push_back(word.index());
    out.insert(row);
  }
  return out;
}

std::size_t count(EGraph& graph, Language& language, const std::string& rule) {
  language.rule("r", rule);
  std::size_t found = matches(graph, language.rules.back()).size();
  language.rules.pop_back();
  return found;
}

TEST(Ematch, BindsOperatorsVariablesAndGroundTerms) {
  Language m("+/2 f/1 a b c");
  EGraph graph(m.ops);
  m.add(graph, "(+ (f a) (f a))");
  m.add(graph, "(+ (f b) (f a))");
  m.add(graph, "(+ c (+ (f b) c))");
  graph.rebuild();
  EXPECT_EQ(count(graph, m, "(+ ?x ?y) => ?x"), 4u);
  EXPECT_EQ(count(graph, m, "(+ ?x ?x) => ?x"), 1u);
  EXPECT_EQ(count(graph, m, "(+ (f ?x) ?y) => ?x"), 3u);
  EXPECT_EQ(count(graph, m, "(+ (f b) ?y) => ?y"), 2u);
  EXPECT_EQ(count(graph, m, "(+ ?x (+ ?y ?x)) => ?x"), 1u);
  EXPECT_EQ(count(graph, m, "(+ _ (f _)) => a"), 2u);
  EXPECT_EQ(count(graph, m, "(f c) => a"), 0u);
  EXPECT_EQ(count(graph, m, "?x => ?x"), graph.num_classes());
}

TEST(Ematch, TestsFieldsByValueAndByVariable) {
  Language m("get/1:axis +/2 a");
  EGraph graph(m.ops);
  m.add(graph, "(+ (get a @1) (get a @1))");
  m.add(graph, "(+ (get a @1) (get a @2))");
  graph.rebuild();
  EXPECT_EQ(count(graph, m, "(get ?x @1) => ?x"), 1u);
  EXPECT_EQ(count(graph, m, "(get ?x @3) => ?x"), 0u);
  EXPECT_EQ(count(graph, m, "(+ (get ?x #n) (get ?x #n)) => ?x"), 1u);
  EXPECT_EQ(count(graph, m, "(+ (get ?x #n) (get ?x #m)) => ?x"), 2u);
}

TEST(Ematch, JoinsRootsOnSharedVariables) {
  Language m("mm/2 a b c e cat/2");
  EGraph graph(m.ops);
  for (const char* term : {"(mm a b)", "(mm a c)", "(mm b c)", "(mm e c)"}) m.add(graph, term);
  graph.rebuild();
  // pairs with one left operand: 2x2 of a, 1 of b, 1 of e
  EXPECT_EQ(count(graph, m, "(mm ?x ?y) | (mm ?x ?z) => (mm ?x ?y) | (mm ?x ?z)"), 6u);
  EXPECT_EQ(count(graph, m, "(mm ?x ?y) | (mm ?z ?y) => (mm ?x ?y) | (mm ?z ?y)"), 10u);
  EXPECT_EQ(count(graph, m, "(mm ?x ?y) | (mm ?y ?z) => (mm ?x ?y) | (mm ?y ?z)"), 1u);
}

TEST(Ematch, DeltaFindsExactlyWhatIsNotFoundBefore) {
  Language m = mathematics();
  m.rule("deep", "(+ ?a (* ?b (+ ?c (* ?a ?e)))) => ?a");
  m.rule("join", "(* ?a ?b) | (+ ?a ?c) => (* ?a ?b) | (+ ?a ?c)");
  EGraph graph(m.ops);
  add_mathematics_terms(m, graph);
  Saturation saturation(graph, mathematics().rules);
  for (int step = 0; step < 6; ++step) {
    std::vector<std::multiset<std::vector<std::uint32_t>>> before;
    for (const SaturationRule& rule : m.rules) before.push_back(matches(graph, rule));
    Moment moment = graph.moment();
    saturation.run(unlimited(1));
    for (std::size_t i = 0; i < m.rules.size(); ++i) {
      std::set<std::vector<std::uint32_t>> all, old, fresh;
      for (auto row : matches(graph, m.rules[i])) all.insert(row);
      for (auto row : matches(graph, m.rules[i], moment)) fresh.insert(row);
      for (auto row : before[i]) {
        for (std::uint32_t& cls : row) cls = graph.find(ClassId(cls)).index();
        old.insert(row);
      }
      std::set<std::vector<std::uint32_t>> both = old;
      both.insert(fresh.begin(), fresh.end());
      EXPECT_EQ(both, all) << m.rules[i].name;
    }
  }
}

TEST(Ematch, DeltaOfAnUnchangedGraphIsEmpty) {
  Language m = mathematics();
  EGraph graph(m.ops);
  add_mathematics_terms(m, graph);
  Saturation saturation(graph, m.rules);
  saturation.run(unlimited(4));
  Moment moment = graph.moment();
  for (const SaturationRule& rule : m.rules) EXPECT_TRUE(matches(graph, rule, moment).empty());
  graph.unite(m.add(graph, "x"), m.add(graph, "y"), computed());
  graph.rebuild();
  std::size_t found = 0;
  for (const SaturationRule& rule : m.rules) found += matches(graph, rule, moment).size();
  EXPECT_GT(found, 0u);
}

TEST(Ematch, StopsAtItsCounts) {
  Language m = mathematics();
  EGraph graph(m.ops);
  add_mathematics_terms(m, graph);
  Saturation(graph, m.rules).run(unlimited(5));
  MatchProgram program = compile_match(m.rules[0].left, false, graph);
  MatchTable table(program);
  Delta delta(graph, {});
  MatchLimits limits;
  limits.max_matches = 10;
  EXPECT_EQ(find_matches(graph, program, delta, limits, table), MatchEnd::kTooMany);
  EXPECT_EQ(table.size(), 10u);
  table.clear();
  limits = {};
  limits.fuel = 25;
  EXPECT_EQ(find_matches(graph, program, delta, limits, table), MatchEnd::kOutOfFuel);
  EXPECT_LE(table.size(), 25u);
}

TEST(Ematch, RefusesAPatternThatDoesNotFitItsOperator) {
  Language m("+/2 a");
  EGraph graph(m.ops);
  m.rule("bad", "(+ ?a) => ?a");
  try {
    compile_match(m.rules[0].left, false, graph);
    FAIL() << "no error";
  } catch (const RuleError& error) {
    EXPECT_STREQ(error.what(),
                 "+: a pattern has 1 operands, the operator takes 2\n"
                 "  fix: write one pattern for each operand, `_` for those that do not matter");
  }
}

}  // namespace
}  // namespace bafe::testing

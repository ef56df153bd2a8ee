#include "bafe/runtime/certificates.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "bafe/ir/text.h"
#include "bafe/rules/rule_set.h"
#include "bafe/search/certify.h"

namespace bafe {
namespace {

const char* const kProgram =
    "program main(x: f32[64, 64]) -> f32[64, 64] { return relu (exp (neg x)) }";

/// A rule that the search applies without asking its condition, as a mistake of ours would.
RuleSet with_unsound_rule() {
  RuleSet rules;
  Rule rule =
      read_rules("(rule test-exp-of-zero (exp ?x) => ?x :when (zero ?x) :class bits :set simplify)",
                 "test", rules.table())[0];
  rule.rewrites[0].conditions.clear();
  rules.add(std::move(rule));
  return rules;
}

TEST(Certificates, AreAcceptedForWhatTheSearchFinds) {
  Graph graph = parse_program(
      "program main(a: f32[256, 256], v: f32[256, 1]) -> f32[256, 1]"
      " { return matmul (matmul a a) v }");
  SearchResult found = optimize(graph, {});
  std::string text = found.certificate;
  certify(graph, {}, found);
  EXPECT_EQ(found.certificate, text);
  EXPECT_FALSE(found.steps.empty());
}

TEST(Certificates, ThatAreRejectedLeaveTheProgramAsWrittenAndTheRuleOut) {
  Graph graph = parse_program(kProgram);
  RuleSet rules = with_unsound_rule();
  SearchOptions options;
  options.rules = &rules;
  SearchResult found = optimize(graph, options);
  ASSERT_FALSE(found.steps.empty()) << "the unsound rule is the cheaper way";
  certify(graph, options, found);
  EXPECT_TRUE(found.steps.empty());
  EXPECT_EQ(print_brief(found.program.graph), print_brief(graph));
  EXPECT_TRUE(replay_certificate(found.certificate, &rules).accepted);
  std::vector<std::string> out = quarantined_rules();
  EXPECT_NE(std::find(out.begin(), out.end(), "test-exp-of-zero"), out.end());
  RuleSet kept;
  leave_out_quarantined(options, kept);
  EXPECT_EQ(options.rules->find("test-exp-of-zero"), nullptr);
  SearchResult again = optimize(graph, options);
  EXPECT_TRUE(again.steps.empty());
}

TEST(Certificates, OfAnotherProgramAreRejected) {
  Graph graph = parse_program(kProgram);
  SearchResult found = optimize(graph, {});
  found.certificate =
      optimize(parse_program("program main(x: f32[2]) -> f32[2] { return neg x }"), {}).certificate;
  certify(graph, {}, found);
  EXPECT_TRUE(replay_certificate(found.certificate, nullptr).accepted);
  EXPECT_TRUE(states_program(replay_certificate(found.certificate, nullptr).traced, graph));
}

TEST(Certificates, OfOtherCandidatesAreMadeWhenTuningAsksForThem) {
  Graph graph = parse_program(
      "program main(a: f32[96, 96], b: f32[96, 96], v: f32[96, 1]) -> f32[96, 1]"
      " { return add (matmul a v) (matmul b v) }");
  SearchResult found = optimize(graph, {});
  ASSERT_GT(found.candidates.size(), 1u);
  for (const Program& candidate : found.candidates)
    EXPECT_FALSE(certified_candidate(graph, {}, candidate.graph).empty())
        << print_brief(candidate.graph);
}

}  // namespace
}  // namespace bafe

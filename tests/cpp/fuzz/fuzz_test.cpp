// The fuzzer itself: its programs, its texts, its oracles on planted mistakes, the corpus of what
// was found, and a slice with fixed seeds.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "bafe/base/error.h"
#include "bafe/fuzz/campaign.h"
#include "bafe/fuzz/generate.h"
#include "bafe/fuzz/minimise.h"
#include "bafe/ir/op.h"
#include "bafe/ir/text.h"
#include "bafe/rules/rule_set.h"

namespace bafe {
namespace {

TEST(FuzzPrograms, AreEqualForEqualSeeds) {
  for (std::uint64_t seed = 0; seed < 40; ++seed)
    EXPECT_EQ(fuzz_text(fuzz_case(seed, 1)), fuzz_text(fuzz_case(seed, 1)));
}

TEST(FuzzPrograms, HoldEveryOperatorOfTheTable) {
  std::set<Op> drawn;
  std::set<DType> dtypes;
  std::set<int> ranks;
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    const Graph graph = generate_program(seed);
    for (std::uint32_t i = 0; i < graph.size(); ++i) {
      drawn.insert(graph.node(ValueId(i)).op);
      dtypes.insert(graph.type(ValueId(i)).dtype);
      ranks.insert(graph.type(ValueId(i)).rank());
    }
  }
  for (const OpInfo& info : all_ops()) {
    if (info.kind == OpKind::kExpand || info.kind == OpKind::kControl) continue;
    EXPECT_TRUE(drawn.contains(info.op)) << info.name;
  }
  EXPECT_EQ(dtypes.size(), static_cast<std::size_t>(kDTypeCount));
  for (int rank = 0; rank <= 4; ++rank) EXPECT_TRUE(ranks.contains(rank)) << rank;
}

TEST(FuzzPrograms, AreReadBackFromTheirText) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const FuzzCase one = fuzz_case(seed, 1 + static_cast<int>(seed % 3));
    const std::string text = fuzz_text(one, "two\nlines");
    const FuzzCase back = fuzz_from_text(text, "case");
    EXPECT_EQ(fuzz_text(back, "two\nlines"), text);
    EXPECT_EQ(back.graph.hash(), one.graph.hash());
  }
}

TEST(FuzzPrograms, AreMostlyNumbersOnTheirData) {
  int settled = 0, count = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const FuzzCase one = fuzz_case(seed, 1);
    if (one.settings.values != FuzzValues::kTame) continue;
    ++count;
    try {
      bool is_settled = true;
      for (const Tensor& value :
           evaluate(one.graph, fuzz_inputs(one, 0), fuzz_constants(one.graph))) {
        for (std::int64_t i = 0; is_float(value.type().dtype) && i < value.count(); ++i)
          is_settled = is_settled && std::isfinite(value.at(i).as_double());
      }
      settled += is_settled;
    } catch (const Error&) {
    }
  }
  EXPECT_GT(settled, count * 3 / 4) << count;
}

/// A program that the planted rule rewrites.
FuzzCase case_of(const std::string& program) {
  return fuzz_from_text("# fuzz: seed=1 oracle=3 math=reals data=5\n" + program, "planted");
}

Finding check_planted(const FuzzCase& one) {
  static const RuleSet& rules = []() -> auto& {
    auto& out = *new RuleSet(RuleSet::builtin().filter(
        [](const Rule& rule) { return rule.stage == RuleStage::kSimplify; }));
    out.add("(rule planted (sub ?a ?b) => (sub ?b ?a) :class reals :set simplify :why \"never\")");
    return out;
  }
  ();
  return check_extraction(one, kFuzzTerms, {}, &rules);
}

TEST(FuzzExtraction, NamesThePlantedRule) {
  const FuzzCase one = case_of(
      "program main(x: f32[3, 4], y: f32[3, 4]) -> f32[4, 3] "
      "{ return transpose (mul (sub (tanh x) y) (tanh y)) :perm (1 0) }");
  const Finding found = check_planted(one);
  EXPECT_EQ(found.rule, "planted") << found.what;
  EXPECT_EQ(check_extraction(one, kFuzzTerms, {}).what, "");
}

TEST(FuzzMinimiser, LeavesLittleOfAPlantedMistake) {
  const FuzzCase one = case_of(
      "program main(x: f32[3, 4], y: f32[3, 4], z: f32[4, 5]) -> f32[3, 5], f32[3, 4] "
      "{ let d = sub (tanh x) (abs y); return matmul (mul d d) (exp z), tanh (sub x d) }");
  const SmallCase small = minimise(one, 120, check_planted);
  EXPECT_EQ(small.finding.rule, "planted");
  EXPECT_LE(small.one.graph.size(), 4u) << fuzz_text(small.one);
  EXPECT_EQ(small.one.graph.roots().size(), 1u);
  const std::string script = fuzz_script(small.one, small.finding.what);
  EXPECT_NE(script.find("reproduce(PROGRAM, ARGUMENTS"), std::string::npos) << script;
  EXPECT_LE(std::count(script.begin(), script.end(), '\n'), 20);
}

TEST(FuzzApart, CrashesAndHangsAreFindings) {
  const FuzzCase one = case_of("program main(x: f32[2]) -> f32[2] { return neg x }");
  EXPECT_NE(
      check_apart(one, 60, [](const FuzzCase&) -> Finding { std::abort(); }).what.find("crashes"),
      std::string::npos);
  const Finding stuck = check_apart(one, 0.5, [](const FuzzCase&) -> Finding {
    std::atomic<int> turns = 0;
    for (;;) turns.fetch_add(1, std::memory_order_relaxed);
  });
  EXPECT_EQ(stuck.what, "hangs");
}

TEST(FuzzCorpus, StaysMended) {
  std::vector<std::filesystem::path> files;
  const auto folder = std::filesystem::path(BAFE_TEST_SOURCE_DIR) / "tests/golden/fuzz";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".bafe") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  ASSERT_FALSE(files.empty());
  for (const std::filesystem::path& file : files) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    const Finding found = check_apart(fuzz_from_text(text.str(), file.filename().string()), 120);
    EXPECT_EQ(found.what, "") << file.filename() << " rule " << found.rule;
  }
}

/// Fixed seeds; BAFE_TEST_PROGRAMS makes the slice that many times as large.
void expect_clean(int oracle, std::int64_t cases) {
  const char* more = std::getenv("BAFE_TEST_PROGRAMS");
  CampaignLimits limits;
  limits.oracle = oracle;
  limits.first_seed = 7'000'000;
  limits.cases = cases * (more ? std::max(1, std::atoi(more) / 40) : 1);
  limits.seconds = 3600;
  const CampaignState end = run_campaign(limits, [](const CampaignState&) { return true; });
  EXPECT_GE(end.total(), limits.cases);
  for (const auto& [number, found] : end.findings)
    ADD_FAILURE() << "oracle " << number << " seed " << found.seed << " " << found.rule << ": "
                  << found.what << "\n"
                  << fuzz_text(fuzz_case(found.seed, number));
}

TEST(FuzzSlice, InterpreterAndCompiledAgree) { expect_clean(1, 640); }
TEST(FuzzSlice, CheapestAndDearestAgree) { expect_clean(2, 96); }
TEST(FuzzSlice, RandomTermsAgree) { expect_clean(3, 160); }

}  // namespace
}  // namespace bafe

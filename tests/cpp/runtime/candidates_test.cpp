// Ways to build one program, and which of them runs.

#include "bafe/runtime/candidates.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "bafe/cost/roofline.h"
#include "bafe/ir/text.h"
#include "bafe/runtime/cache.h"
#include "bafe/runtime/product_notes.h"
#include "bafe/runtime/staging.h"
#include "bafe/runtime/store.h"
#include "bafe/search/cuts.h"
#include "bafe/search/plan.h"
#include "runtime/temporary_folder.h"

namespace bafe {
namespace {

const char* const kMlp =
    "program main(x: f32[64, 128], w: f32[128, 256], b: f32[64, 256]) -> f32[64, 256] {\n"
    "  return softmax (tanh (add (matmul x w) b)) :axes (1)\n}\n";
const char* const kAttention =
    "program main(q: f32[256, 64], k: f32[512, 64], v: f32[512, 64]) -> f32[256, 64] {\n"
    "  return matmul (softmax (matmul q (transpose k :perm (1 0))) :axes (1)) v\n}\n";

RooflineModel model() { return RooflineModel(Machine::reference(host_target())); }

Program planned(const char* text) {
  RooflineModel cost = model();
  return plan_groups(plan_form(parse_program(text)), cost);
}

bool has_kind(const Program& program, GroupKind kind) {
  return std::any_of(program.groups.begin(), program.groups.end(),
                     [&](const Group& group) { return group.kind == kind; });
}

TEST(CutGroups, GivesProgramsWithOneMoreGroup) {
  Program program = planned(kMlp);
  std::vector<CutProgram> cuts = cut_groups(program, model(), 3, 100);
  ASSERT_FALSE(cuts.empty());
  for (const CutProgram& cut : cuts) {
    EXPECT_EQ(cut.program.groups.size(), program.groups.size() + 1) << cut.what;
    EXPECT_NO_THROW(check_program(cut.program)) << cut.what;
    EXPECT_FALSE(cut.what.empty());
  }
  EXPECT_TRUE(std::is_sorted(cuts.begin(), cuts.end(), [](const auto& a, const auto& b) {
    return a.program.predicted_ns < b.program.predicted_ns;
  }));
}

TEST(CutGroups, LeavesOutWhatIsPredictedMuchSlower) {
  EXPECT_TRUE(cut_groups(planned(kMlp), model(), 3, 0.5).empty());
}

TEST(CandidatePlans, StartWithTheChosenOne) {
  std::vector<CandidatePlan> plans = candidate_plans(planned(kMlp), {}, model());
  ASSERT_GE(plans.size(), 1u);
  EXPECT_EQ(plans[0].program.groups.size(), planned(kMlp).groups.size());
}

TEST(CandidatePlans, HaveAttentionInPartsToo) {
  std::vector<CandidatePlan> plans = candidate_plans(planned(kAttention), {}, model());
  ASSERT_TRUE(has_kind(plans[0].program, GroupKind::kAttention));
  bool has_parts = std::any_of(plans.begin(), plans.end(), [](const CandidatePlan& plan) {
    return !has_kind(plan.program, GroupKind::kAttention);
  });
  EXPECT_TRUE(has_parts);
  for (const CandidatePlan& plan : plans) EXPECT_NO_THROW(check_program(plan.program));
}

class AutotunedPlans : public testing::Test {
 protected:
  static std::shared_ptr<const Executable> prepare(bool autotune) {
    EngineOptions options;
    options.autotune = autotune;
    options.in_call = true;
    return Engine::shared().prepare(parse_program(kMlp), options);
  }
  static std::int64_t compiles() { return KernelCache::shared()->info().compiles; }

  TemporaryFolder folder;
  ScopedVariable cache_dir{"BAFE_CACHE_DIR", folder.file("cache")};
  ScopedVariable seconds{"BAFE_TUNING_SECONDS", "1.5"};
};

TEST_F(AutotunedPlans, AreTunedThoughAPlainOneIsInTheCache) {
  EXPECT_FALSE(prepare(false)->provenance().from_cache);
  EXPECT_EQ(compiles(), 1);
  const auto tuned = prepare(true);
  EXPECT_FALSE(tuned->provenance().from_cache);
  EXPECT_FALSE(tuned->provenance().interpreted);
  EXPECT_EQ(tier_state(*tuned).tier, "compiled") << "the first call waits for the kernel alone";
  EXPECT_EQ(prepare(true), tuned) << "a program is tuned once at a time";
  EXPECT_TRUE(wait_for_tiers(tuned, 60, {}));
  EXPECT_FALSE(tier_state(*tuned).pending);
  EXPECT_GE(compiles(), 3) << "one other way at least beside the chosen plan";
  const auto again = prepare(true);
  EXPECT_TRUE(again->provenance().from_cache);
  EXPECT_GE(ProfileStore::shared().size(), 2) << "what was timed is kept";
  EXPECT_EQ(again->provenance().c_text, tuned->provenance().c_text) << "the entry has the winner";
  EXPECT_TRUE(prepare(false)->provenance().from_cache);
}

Digest digest_of(const std::string& hex) {
  Digest out;
  for (std::size_t i = 0; i < out.bytes.size(); ++i)
    out.bytes[i] = static_cast<std::uint8_t>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
  return out;
}

TEST_F(AutotunedPlans, AreWhatExplainSpeaksOf) {
  EngineOptions options;
  options.autotune = true;
  const Graph graph = parse_program(kMlp);
  const Program chosen = Engine::shared().search(graph, options).program;
  const Digest key = digest_of(prepare(true)->provenance().key);
  CacheEntry entry = *KernelCache::shared()->load(key);
  Plan plan = Plan::from_json(entry.plan);
  const std::string label = "on vdpbf16ps 8x48, as timing chose";
  plan.steps[0].label = label;
  entry.plan = plan.to_json();
  KernelCache::shared()->store(key, entry);
  const std::vector<std::string> notes = product_notes(graph, options, chosen);
  ASSERT_FALSE(notes.empty());
  EXPECT_EQ(notes[0], label);
  options.autotune = false;
  for (const std::string& note : product_notes(graph, options, chosen)) EXPECT_NE(note, label);
}

TEST_F(AutotunedPlans, AreNotWhatAPlainCallGets) {
  EXPECT_FALSE(prepare(true)->provenance().from_cache);
  EXPECT_FALSE(prepare(false)->provenance().from_cache);
}

}  // namespace
}  // namespace bafe

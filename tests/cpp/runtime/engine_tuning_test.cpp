// What the engine makes of a tuning: what it starts from, what it publishes.

#include <gtest/gtest.h>

#include "bafe/base/thread_pool.h"
#include "bafe/ir/text.h"
#include "bafe/runtime/cache.h"
#include "bafe/runtime/calibrate.h"
#include "bafe/runtime/engine.h"
#include "bafe/runtime/staging.h"
#include "bafe/runtime/store.h"
#include "bafe/runtime/tiered.h"
#include "bafe/runtime/tuner.h"
#include "bafe/runtime/tuning.h"
#include "runtime/temporary_folder.h"

namespace bafe {
namespace {

const char* const kProgram =
    "program main(x: f32[48, 64], w: f32[64, 80], b: f32[48, 80]) -> f32[48, 80] {\n"
    "  return softmax (tanh (add (matmul x w) b)) :axes (1)\n}\n";

class EngineTuning : public testing::Test {
 protected:
  static std::shared_ptr<const Executable> prepare() {
    return Engine::shared().prepare(parse_program(kProgram), autotuned());
  }
  static EngineOptions autotuned() {
    EngineOptions options;
    options.autotune = true;
    options.threads = 1;
    return options;
  }
  static std::shared_ptr<Sample> ones(const Executable& executable) {
    auto sample = std::make_shared<Sample>(executable.inputs());
    for (std::size_t i = 0; i < executable.inputs().size(); ++i) {
      SampleSource random(i);
      draw_elements(executable.inputs()[i].type, Floats::kSigned, Integers::kOnes, random,
                    sample->inputs.pointers[i]);
    }
    return sample;
  }

  TemporaryFolder folder;
  ScopedVariable cache_dir{"BAFE_CACHE_DIR", folder.file("cache")};
  ScopedVariable seconds{"BAFE_TUNING_SECONDS", "0"};
};

TEST_F(EngineTuning, PublishesTheWinnerForTheNextPrepare) {
  const auto first = prepare();
  ASSERT_FALSE(first->provenance().interpreted);
  ASSERT_TRUE(wait_for_tiers(first, 60, {}));
  const std::string chosen = first->provenance().configuration;
  TuningLimits limits;
  limits.seconds = 20;
  limits.gain = 50;  // whatever is timed wins
  limits.confirming = 0;
  limits.most_builds = 2;
  const TuningReport report =
      Engine::shared().tune(parse_program(kProgram), autotuned(), {}, ones(*first), limits);
  ASSERT_GT(report.winner, 0u) << report.ended;
  const auto tuned = prepare();
  EXPECT_TRUE(tuned->provenance().from_cache);
  EXPECT_EQ(tuned->provenance().configuration, report.arms[report.winner].configuration);
  EXPECT_NE(tuned->provenance().configuration, chosen);
  EXPECT_EQ(tuned->provenance().configuration, first->provenance().configuration)
      << "what was prepared before runs the winner too";
  EXPECT_NE(tuned->provenance().tuning.find(report.arms[report.winner].what), std::string::npos);
  const Buffers a(first->outputs()), b(tuned->outputs());
  const auto sample = ones(*first);
  first->run(sample->inputs.pointers.data(), a.pointers.data());
  tuned->run(sample->inputs.pointers.data(), b.pointers.data());
  const auto* x = static_cast<const float*>(a.pointers[0]);
  const auto* y = static_cast<const float*>(b.pointers[0]);
  for (int i = 0; i < 48 * 80; ++i) ASSERT_NEAR(x[i], y[i], 1e-5) << i;
}

TEST_F(EngineTuning, StartsFromWhatTheStoreFoundFastest) {
  const auto first = prepare();
  const std::string chosen = first->provenance().configuration;
  TuningLimits limits;
  limits.seconds = 20;
  limits.most_builds = 2;
  ASSERT_TRUE(wait_for_tiers(first, 60, {}));
  const TuningReport report =
      Engine::shared().tune(parse_program(kProgram), autotuned(), {}, ones(*first), limits);
  std::string other;
  for (const ArmReport& arm : report.arms)
    if (arm.rounds > 0 && arm.configuration != chosen) other = arm.configuration;
  ASSERT_FALSE(other.empty());
  TimingRow row{program_digest(parse_program(kProgram), 1), other, machine_name(host_target(), 1),
                1, 100'000};
  row.session = "a long one";
  for (const char* state : {"warm", "cold"}) {
    row.state = state;
    ASSERT_TRUE(ProfileStore::shared().add(row));
  }
  KernelCache::shared()->clear();
  const auto again = prepare();
  EXPECT_FALSE(again->provenance().from_cache);
  EXPECT_EQ(again->provenance().configuration, other);
}

}  // namespace
}  // namespace bafe

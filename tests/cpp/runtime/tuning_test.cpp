// What tuning of one program keeps: rows of the store, the winner published. Times are given, not
// taken.

#include "bafe/runtime/tuning.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "bafe/cost/roofline.h"
#include "bafe/ir/text.h"
#include "bafe/search/plan.h"

namespace bafe {
namespace {

const char* const kMlp =
    "program main(x: f32[64, 128], w: f32[128, 256], b: f32[64, 256]) -> f32[64, 256] {\n"
    "  return softmax (tanh (add (matmul x w) b)) :axes (1)\n}\n";

class Named : public Executable {
 public:
  explicit Named(std::string configuration) {
    provenance_.configuration = std::move(configuration);
  }
  std::span<const BufferSpec> inputs() const override { return {}; }
  std::span<const BufferSpec> outputs() const override { return {}; }
  void run(void* const*, void* const*, int) const override {}
  const Provenance& provenance() const override { return provenance_; }
  std::int64_t arena_bytes() const override { return 0; }

 private:
  Provenance provenance_;
};

/// 100 ns for every way but those named here.
class GivenTimer : public RunTimer {
 public:
  explicit GivenTimer(std::map<std::string, double> ns, int* rounds)
      : ns_(std::move(ns)), rounds_(rounds) {}
  std::optional<std::pair<RunTimes, RunTimes>> round(const Executable& first,
                                                     const Executable& second) override {
    ++*rounds_;
    return std::pair(times(first), times(second));
  }
  double cold_share() const override { return 0.5; }
  double seconds() const override { return *rounds_ * 1e-3; }

 private:
  RunTimes times(const Executable& one) const {
    const auto found = ns_.find(one.provenance().configuration);
    const double ns = found == ns_.end() ? 100 : found->second;
    return {ns, 2 * ns};
  }
  std::map<std::string, double> ns_;
  int* rounds_;
};

class Ways : public WayBuilder {
 public:
  Ways() {
    const Program chosen = plan_groups(plan_form(parse_program(kMlp)), cost_);
    ways_ = candidate_plans(chosen, {}, cost_);
  }
  std::vector<CandidatePlan> ways() override { return ways_; }
  std::shared_ptr<const Executable> build(const CandidatePlan& way, std::string&) override {
    const std::string name = configuration_of(way);
    built_[name] = std::make_shared<Named>(name);
    return built_[name];
  }
  std::shared_ptr<const Executable> built(const CandidatePlan& way) const override {
    const auto found = built_.find(configuration_of(way));
    return found == built_.end() ? nullptr : found->second;
  }
  const CostModel& cost() const override { return cost_; }
  void publish(const CandidatePlan& way, const std::string& note) override {
    published = configuration_of(way);
    this->note = note;
  }
  std::string name(std::size_t i) const { return configuration_of(ways_.at(i)); }
  std::size_t size() const { return ways_.size(); }
  std::size_t builds() const { return built_.size(); }

  std::string published, note;

 private:
  RooflineModel cost_{Machine::reference(host_target())};
  std::vector<CandidatePlan> ways_;
  std::map<std::string, std::shared_ptr<const Executable>> built_;
};

class TuneProgram : public testing::Test {
 protected:
  TuningReport run(Ways& ways, std::map<std::string, double> ns, std::string configuration = {}) {
    TuningSubject subject;
    subject.program = "p";
    subject.machine = "m";
    subject.configuration = std::move(configuration);
    subject.sample = [] { return std::make_shared<Sample>(std::span<const BufferSpec>{}); };
    subject.timer = [&](std::shared_ptr<const Sample>) {
      return std::make_unique<GivenTimer>(ns, &rounds);
    };
    rounds = 0;
    return tune_program(ways, subject, store, {}, [](std::size_t, const auto&) { return true; });
  }

  ProfileStore store{""};
  int rounds = 0;
};

TEST_F(TuneProgram, PublishesTheFastestAndStoresEveryTiming) {
  Ways ways;
  ASSERT_GE(ways.size(), 3u);
  const TuningReport report = run(ways, {{ways.name(2), 70}});
  EXPECT_EQ(ways.published, ways.name(2));
  EXPECT_EQ(report.arms[report.winner].configuration, ways.name(2));
  EXPECT_NE(ways.note.find("1.429 times as fast"), std::string::npos) << ways.note;
  const std::vector<TimingRow> rows = store.timings("p", "m");
  std::size_t timed = 0;
  for (const ArmReport& arm : report.arms) timed += arm.rounds > 0;
  EXPECT_EQ(rows.size(), 2 * timed) << "one row for each way and state of the caches";
  EXPECT_EQ(rows[0].configuration, ways.name(2));
  EXPECT_EQ(rows[0].state, "warm");
  EXPECT_EQ(rows[0].median_ns, 70);
  EXPECT_GT(rows[0].samples, 8);
  EXPECT_EQ(stored_winner(store, "p", "m"), ways.name(2));
}

TEST_F(TuneProgram, OfALaterProcessStartsFromTheStoredWinnerAndTimesNothingAgain) {
  Ways ways, later;
  run(ways, {{ways.name(2), 70}});
  const TuningReport report = run(later, {{ways.name(2), 70}}, stored_winner(store, "p", "m"));
  EXPECT_EQ(report.winner, 0u);
  EXPECT_EQ(report.arms[0].configuration, ways.name(2));
  EXPECT_EQ(later.published, ways.name(2));
  for (const ArmReport& arm : report.arms) EXPECT_TRUE(arm.is_stored || arm.rounds > 0) << arm.what;
  EXPECT_LE(later.builds(), 1 + ways.size() - ways.builds()) << "what is stored is not built";
  EXPECT_EQ(rounds, 0);
}

TEST_F(TuneProgram, KeepsWhatTheSearchChoseWhereNothingIsFaster) {
  Ways ways;
  const TuningReport report = run(ways, {});
  EXPECT_EQ(ways.published, ways.name(0));
  EXPECT_EQ(report.speed_up, 1);
  EXPECT_TRUE(report.is_complete);
  EXPECT_NE(ways.note.find("kept what ran first"), std::string::npos) << ways.note;
}

TEST_F(TuneProgram, PublishesNothingWithoutArgumentsToTimeOn) {
  Ways ways;
  TuningSubject subject;
  subject.sample = [] { return std::shared_ptr<const Sample>(); };
  const TuningReport report =
      tune_program(ways, subject, store, {}, [](std::size_t, const auto&) { return true; });
  EXPECT_EQ(report.ended, "cannot be timed");
  EXPECT_EQ(ways.published, "");
  EXPECT_EQ(store.size(), 0);
}

TEST(Configurations, AreNamedByEverythingThatTheCodeDependsOn) {
  Ways ways;
  std::set<std::string> names;
  for (const CandidatePlan& way : ways.ways())
    EXPECT_TRUE(names.insert(configuration_of(way)).second);
  CandidatePlan way = ways.ways()[0];
  EXPECT_EQ(names.count(configuration_of(way)), 1u);
  for (bool LowerOptions::*flag :
       {&LowerOptions::bits, &LowerOptions::fast, &LowerOptions::pairs, &LowerOptions::attention}) {
    way.lower.*flag = !(way.lower.*flag);
    EXPECT_TRUE(names.insert(configuration_of(way)).second);
  }
  way.lower.tilings = {1};
  EXPECT_TRUE(names.insert(configuration_of(way)).second);
}

TEST(Configurations, OfAProgramDifferByThreads) {
  const Graph graph = parse_program(kMlp);
  EXPECT_EQ(program_digest(graph, 2), program_digest(parse_program(kMlp), 2));
  EXPECT_NE(program_digest(graph, 1), program_digest(graph, 2));
}

}  // namespace
}  // namespace bafe

// In: a program's ways and what the profile store knows. Out: the winner, published, and rows of
// the store. A way keeps its name in the store over processes: the digest of its program and of how
// it becomes code.

#include "bafe/runtime/tuning.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "bafe/base/digest.h"
#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/base/trace.h"
#include "bafe/codegen/plan.h"
#include "bafe/ir/text.h"
#include "bafe/runtime/engine_key.h"
#include "bafe/runtime/run_timer.h"
#include "bafe/runtime/sign_test.h"
#include "bafe/runtime/step_samples.h"

namespace bafe {
namespace {

constexpr const char* kWayVersion = "ways-1";

enum WayKind : int { kChosen, kRegrouped, kRewritten, kTiled, kPaired, kHosted };

WayKind kind_of(const CandidatePlan& way, const CandidatePlan& first) {
  if (!way.lower.host.empty()) return kHosted;
  if (way.lower.pairs != first.lower.pairs) return kPaired;
  if (way.lower.tilings != first.lower.tilings) return kTiled;
  const bool is_same = print_program(way.program.graph) == print_program(first.program.graph);
  return is_same ? kRegrouped : kRewritten;
}

/// Times of an earlier process by configuration. A state that was not timed is taken from the
/// other.
std::map<std::string, RunTimes> stored_times(ProfileStore& store, const TuningSubject& subject) {
  std::map<std::string, RunTimes> out;
  for (const TimingRow& row : store.timings(subject.program, subject.machine)) {
    if (row.state == "warm") out[row.configuration].warm_ns = row.median_ns;
    if (row.state == "cold") out[row.configuration].cold_ns = row.median_ns;
  }
  std::erase_if(out, [](const auto& one) { return !(one.second.warm_ns > 0); });
  for (auto& [configuration, times] : out)
    if (!(times.cold_ns > 0)) times.cold_ns = times.warm_ns;
  return out;
}

void write_timings(ProfileStore& store, const TuningSubject& subject, const TuningReport& report) {
  for (const ArmReport& arm : report.arms) {
    if (arm.rounds == 0 || arm.configuration.empty()) continue;
    TimingRow row{subject.program, arm.configuration, subject.machine, arm.median.warm_ns,
                  arm.rounds};
    row.predicted_ns = arm.predicted_ns;
    row.what = arm.what;
    store.add(row);
    row.state = "cold";
    row.median_ns = arm.median.cold_ns;
    store.add(row);
  }
}

/// Steps of a way that was timed, one by one: what the residual models learn from.
void write_steps(ProfileStore& store, const TuningSubject& subject, const CandidatePlan& way,
                 const Executable& executable, const Sample& sample, const CostModel& roofline) {
  constexpr int kRuns = 5;
  std::vector<std::vector<double>> by_step;
  try {
    const TimingPause pause;
    const Buffers results(executable.outputs());
    for (int run = 0; run < kRuns; ++run) {
      const std::vector<double> ns =
          executable.time_steps(sample.inputs.pointers.data(), results.pointers.data());
      by_step.resize(ns.size());
      for (std::size_t i = 0; i < ns.size(); ++i) by_step[i].push_back(ns[i]);
    }
  } catch (const Error&) {
    return;  // the arguments are refused
  }
  std::vector<double> step_ns;
  for (const std::vector<double>& ns : by_step) step_ns.push_back(median_of(ns));
  std::vector<StepRow> rows = rows_of(step_samples(way.program, way.lower, roofline, step_ns));
  for (StepRow& row : rows) {
    row.program = subject.program;
    row.configuration = configuration_of(way);
    row.machine = subject.machine;
    row.samples = kRuns;
  }
  if (!rows.empty()) store.add(rows);
}

/// Ways by name, each once: what runs now first.
std::vector<CandidatePlan> in_order(std::vector<CandidatePlan> ways, std::string_view running) {
  std::vector<CandidatePlan> out;
  std::vector<std::string> names;
  for (CandidatePlan& way : ways) {
    std::string name = configuration_of(way);
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const bool is_first = name == running;
    names.insert(is_first ? names.begin() : names.end(), std::move(name));
    out.insert(is_first ? out.begin() : out.end(), std::move(way));
  }
  return out;
}

}  // namespace

std::string program_digest(const Graph& traced, int threads) {
  DigestBuilder digest;
  digest.add("program").add(canonical_text(traced)).add(threads);
  return digest.finish().hex();
}

std::string configuration_of(const CandidatePlan& way) {
  DigestBuilder digest;
  digest.add(kWayVersion).add(kKernelAbiVersion).add(way.program.text());
  const LowerOptions& lower = way.lower;
  for (const bool flag : {lower.bits, lower.fast, lower.pairs, lower.attention})
    digest.add(flag ? 1 : 0);
  for (const auto* choices : {&lower.tilings, &lower.host}) {
    digest.add(static_cast<std::int64_t>(choices->size()));
    for (const int choice : *choices) digest.add(choice);
  }
  return digest.finish().hex();
}

namespace {

/// The residual models' estimate of a way; 0 where they do not know all of its kernels.
Estimate learned_estimate(const CandidatePlan& way, const ResidualCostModel* residuals) {
  if (!residuals || !way.lower.host.empty() || !residuals->knows(way.program)) return {};
  return estimate_plan(way.program, way.lower, *residuals);
}

}  // namespace

/// Of tiles, bf16 and the host's routines the cost model has no price of its own: they are believed
/// to take what the choice takes, give or take.
ArmPrior way_prior(const CandidatePlan& way, const CandidatePlan& first, const CostModel& cost,
                   const ResidualCostModel* residuals) {
  const WayKind kind = &way == &first ? kChosen : kind_of(way, first);
  const Estimate learned = learned_estimate(way, residuals),
                 known = learned_estimate(first, residuals);
  if (learned.ns > 0 && known.ns > 0 && kind != kPaired) return {learned.ns, learned.sigma, kind};
  const double first_ns = known.ns > 0 ? known.ns : cost.program_ns(first.program);
  const double scale = first_ns / std::max(cost.program_ns(first.program), 1e-3);
  switch (kind) {
    case kTiled:
      return {1.05 * first_ns, 0.15, kTiled};
    case kPaired:
      return {first_ns, 0.5, kPaired};
    case kHosted:
      return {1.2 * first_ns, 0.5, kHosted};
    case kRegrouped:
      return {scale * cost.program_ns(way.program), 0.3, kRegrouped};
    case kRewritten:
      return {scale * cost.program_ns(way.program), 0.35, kRewritten};
    case kChosen:
      break;
  }
  return {first_ns, 0.35, kChosen};
}

std::string stored_winner(ProfileStore& store, const std::string& program,
                          const std::string& machine) {
  TuningSubject subject;
  subject.program = program;
  subject.machine = machine;
  const auto times = stored_times(store, subject);
  if (times.size() < 2) return {};
  const auto best = std::min_element(times.begin(), times.end(), [](const auto& a, const auto& b) {
    return a.second.warm_ns + a.second.cold_ns < b.second.warm_ns + b.second.cold_ns;
  });
  return best->first;
}

std::string tuning_note(const TuningReport& report) {
  const auto timed = std::count_if(report.arms.begin(), report.arms.end(),
                                   [](const auto& arm) { return arm.rounds > 0 || arm.is_stored; });
  std::string found = "kept what ran first";
  if (report.winner > 0) {
    found = format("{}, {:.3f} times as fast ({:.3f} to {:.3f})", report.arms[report.winner].what,
                   report.speed_up, report.low, report.high);
  }
  return format("{}; {} of {} ways timed", found, timed, report.arms.size());
}

TuningReport tune_program(
    WayBuilder& builder, const TuningSubject& subject, ProfileStore& store, TuningLimits limits,
    const std::function<bool(std::size_t, std::shared_ptr<const Executable>)>& adopt) {
  TraceSpan span("tune");
  TuningReport report;
  report.ended = "cannot be timed";
  const std::vector<CandidatePlan> ways = in_order(builder.ways(), subject.configuration);
  if (ways.empty()) return report;
  const std::map<std::string, RunTimes> stored = stored_times(store, subject);
  std::unique_ptr<const ResidualCostModel> learned;
  if (subject.residuals && !subject.residuals->empty())
    learned = std::make_unique<ResidualCostModel>(builder.roofline(), *subject.residuals);
  std::vector<TuningArm> arms;
  for (const CandidatePlan& way : ways) {
    TuningArm arm;
    arm.what = way.what;
    arm.configuration = configuration_of(way);
    arm.prior = way_prior(way, ways[0], builder.cost(), learned.get());
    arm.build = [&builder, &way](std::string& reason) { return builder.build(way, reason); };
    if (auto found = stored.find(arm.configuration); found != stored.end())
      arm.stored = found->second;
    arms.push_back(std::move(arm));
  }
  std::string reason;
  std::shared_ptr<const Executable> first =
      subject.running ? subject.running : builder.build(ways[0], reason);
  const std::shared_ptr<const Sample> sample = first ? subject.sample() : nullptr;
  if (!sample) return report;
  arms[0].build = [&first](std::string&) { return first; };
  RunTimerOptions options;
  options.threads = subject.threads;
  if (subject.call_ns) options.call_ns = subject.call_ns();
  std::unique_ptr<RunTimer> timer = subject.timer ? subject.timer(sample) : nullptr;
  if (!timer) {
    auto clock = std::make_unique<ClockTimer>(sample, first->outputs(), options);
    clock->compare_with_calls(*first);
    timer = std::move(clock);
  }
  report = tune(arms, *timer, limits, adopt);
  write_timings(store, subject, report);
  for (std::size_t i = 0; i < ways.size(); ++i) {
    if (report.arms[i].rounds == 0 || (limits.stop && limits.stop())) continue;
    const auto executable = i == 0 ? first : builder.built(ways[i]);
    if (executable) write_steps(store, subject, ways[i], *executable, *sample, builder.roofline());
  }
  const std::string note = tuning_note(report);
  log("autotune", note);
  if (report.winner > 0 || report.is_complete) builder.publish(ways[report.winner], note);
  return report;
}

}  // namespace bafe

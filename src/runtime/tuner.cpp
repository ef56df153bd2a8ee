// In: ways to run a program and a timer. Out: what was tried and which way won. Between steps
// `current_` is built and adopted, and every other way's ratios are against it.

#include "bafe/runtime/tuner.h"

#include <algorithm>
#include <cmath>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/runtime/sign_test.h"

namespace bafe {
namespace {

constexpr int kLeastConfirming = 5;
constexpr double kStoredSigma = 0.03;  // of a ratio of two medians from an earlier process

struct Contest {
  std::shared_ptr<const Executable> executable;
  SignTest test;
  std::vector<double> log_ratios, warm_ns, cold_ns;
};

class Tuning {
 public:
  Tuning(const std::vector<TuningArm>& arms, RunTimer& timer, const TuningLimits& limits)
      : arms_(arms), timer_(timer), limits_(limits), picker_(priors(arms), limits.gain) {
    const double error =
        limits.error / static_cast<double>(std::max<std::size_t>(arms.size(), 2) - 1);
    contests_.assign(arms.size(), Contest{nullptr, SignTest(error), {}, {}, {}});
    for (const TuningArm& arm : arms) {
      ArmReport report;
      report.what = arm.what;
      report.configuration = arm.configuration;
      report.predicted_ns = arm.prior.predicted_ns;
      report_.arms.push_back(std::move(report));
    }
    begin_s_ = timer.seconds();
  }

  TuningReport run(
      const std::function<bool(std::size_t, std::shared_ptr<const Executable>)>& adopt) {
    if (arms_.empty() || !is_built(0)) {
      report_.ended = "cannot be timed";
      return std::move(report_);
    }
    report_.arms[0].state = ArmState::kWinner;
    take_stored();
    std::optional<std::size_t> arm;
    while (!is_over() && (arm = picker_.next(limits_.least_gain))) {
      if (!is_built(*arm)) continue;
      time_batch(*arm);
      decide(*arm, adopt);
    }
    report_.is_complete = report_.ended.empty();
    if (report_.is_complete) report_.ended = "decided";
    confirm(adopt);
    fill_in();
    return std::move(report_);
  }

 private:
  static std::vector<ArmPrior> priors(const std::vector<TuningArm>& arms) {
    std::vector<ArmPrior> out;
    for (const TuningArm& arm : arms) out.push_back(arm.prior);
    return out;
  }
  double spent() const { return timer_.seconds() - begin_s_; }
  double weighed(const RunTimes& times) const {
    const double share = timer_.cold_share();
    return std::max(share * times.cold_ns + (1 - share) * times.warm_ns, 1e-3);
  }

  bool is_over() {
    if (!report_.ended.empty()) return true;
    if (limits_.stop && limits_.stop())
      report_.ended = "stopped";
    else if (spent() >= limits_.seconds)
      report_.ended = "time";
    return !report_.ended.empty();
  }

  void fail(std::size_t arm, std::string reason) {
    log("autotune", format("{}: {}", arms_[arm].what, reason));
    report_.arms[arm].state = ArmState::kFailed;
    report_.arms[arm].reason = std::move(reason);
    picker_.drop(arm);
  }

  bool is_built(std::size_t arm) {
    Contest& contest = contests_[arm];
    if (contest.executable) return true;
    if (report_.builds > limits_.most_builds) {
      picker_.drop(arm);
      return false;
    }
    tell(format("building {}", arms_[arm].what));
    std::string reason;
    try {
      contest.executable = arms_[arm].build(reason);
    } catch (const Error& error) {
      reason = error.what();
    }
    ++report_.builds;
    if (!contest.executable) fail(arm, reason.empty() ? "does not build" : std::move(reason));
    return contest.executable != nullptr;
  }

  /// Ratios of an earlier process stand for timings, as long as what runs was timed there too.
  void take_stored() {
    if (!arms_[0].stored) return;
    report_.arms[0].is_stored = true;
    report_.arms[0].median = *arms_[0].stored;
    const double first_ns = weighed(*arms_[0].stored);
    for (std::size_t i = 1; i < arms_.size(); ++i) {
      if (!arms_[i].stored) continue;
      const double ratio = weighed(*arms_[i].stored) / first_ns;
      picker_.observe(i, std::log(ratio), kStoredSigma);
      ArmReport& report = report_.arms[i];
      report.is_stored = true;
      report.median = *arms_[i].stored;
      report.ratio = ratio;
      report.state = ratio < limits_.gain ? ArmState::kOpen : ArmState::kSlower;
    }
  }

  void tell(const std::string& what) const {
    if (limits_.progress) limits_.progress(std::min(spent() / limits_.seconds, 1.0), what);
  }

  /// Rounds against what runs now; false when it cannot be timed.
  bool time_rounds(std::size_t against, std::size_t arm, int rounds,
                   std::vector<double>& log_ratios) {
    for (int i = 0; i < rounds; ++i) {
      if (i > 0 && is_over()) return true;
      const auto times = timer_.round(*contests_[against].executable, *contests_[arm].executable);
      if (!times) return false;
      ++report_.rounds;
      log_ratios.push_back(std::log(weighed(times->second) / weighed(times->first)));
      note(against, times->first);
      note(arm, times->second);
    }
    return true;
  }

  void note(std::size_t arm, const RunTimes& times) {
    contests_[arm].warm_ns.push_back(times.warm_ns);
    contests_[arm].cold_ns.push_back(times.cold_ns);
  }

  void time_batch(std::size_t arm) {
    tell(format("timing {}", arms_[arm].what));
    Contest& contest = contests_[arm];
    const std::size_t before = contest.log_ratios.size();
    if (!time_rounds(current_, arm, limits_.batch, contest.log_ratios)) {
      fail(arm, "refuses the arguments");
      return;
    }
    for (std::size_t i = before; i < contest.log_ratios.size(); ++i)
      contest.test.add(contest.log_ratios[i] < std::log(limits_.gain));
    const double middle = median_of(contest.log_ratios);
    std::vector<double> spread;
    for (double value : contest.log_ratios) spread.push_back(std::fabs(value - middle));
    // 1.4826 times the median deviation estimates a normal's deviation; 1.25 is the median's own.
    const double noise = 1.4826 * 1.25 * std::max(median_of(spread), 0.01) /
                         std::sqrt(static_cast<double>(contest.log_ratios.size()));
    picker_.observe(arm, middle, noise);
    report_.arms[arm].state = ArmState::kOpen;
  }

  void decide(std::size_t arm,
              const std::function<bool(std::size_t, std::shared_ptr<const Executable>)>& adopt) {
    Contest& contest = contests_[arm];
    ArmReport& report = report_.arms[arm];
    if (report.state == ArmState::kFailed) return;
    report.ratio = std::exp(median_of(contest.log_ratios));
    const SignTest::Verdict verdict = contest.test.verdict();
    if (verdict == SignTest::Verdict::kNotFaster) {
      report.state = ArmState::kSlower;
      picker_.drop(arm);
    } else if (verdict == SignTest::Verdict::kFaster && report.ratio < limits_.gain) {
      log("autotune", format("{} takes {:.3f} of the time after {} rounds", arms_[arm].what,
                             report.ratio, contest.test.rounds()));
      if (adopt(arm, contest.executable)) {
        take_over(arm);
      } else {
        fail(arm, "does not fit the calls");
      }
    } else if (contest.test.rounds() >= limits_.most_rounds) {
      picker_.drop(arm);
    }
  }

  /// Ratios to what ran before say nothing exact about the new one: tests begin again.
  void take_over(std::size_t arm) {
    report_.arms[current_].state = current_ == 0 ? ArmState::kSlower : ArmState::kBeaten;
    report_.arms[arm].state = ArmState::kWinner;
    picker_.adopt(arm);
    picker_.drop(arm);
    current_ = arm;
    const double error =
        limits_.error / static_cast<double>(std::max<std::size_t>(arms_.size(), 2) - 1);
    for (std::size_t i = 0; i < contests_.size(); ++i) {
      contests_[i].test = SignTest(error);
      contests_[i].log_ratios.clear();
    }
  }

  /// Fresh rounds of the winner against what ran first: a winner of many looks better than it is.
  void confirm(const std::function<bool(std::size_t, std::shared_ptr<const Executable>)>& adopt) {
    if (current_ == 0) return;
    tell("confirming the winner");
    std::vector<double> log_ratios;
    const std::string ended = std::exchange(report_.ended, "");
    for (int i = 0; i < limits_.confirming; ++i) {
      if (!time_rounds(0, current_, 1, log_ratios)) break;
      const bool is_late = i + 1 >= kLeastConfirming && spent() > 1.25 * limits_.seconds;
      if (is_late || (limits_.stop && limits_.stop())) break;
    }
    report_.ended = ended;
    if (log_ratios.empty()) return;
    const double middle = median_of(log_ratios);
    if (middle >= 0 && adopt(0, contests_[0].executable)) {
      report_.arms[current_].state = ArmState::kSlower;
      report_.arms[current_].reason = "was not faster than what ran first in fresh rounds";
      report_.arms[0].state = ArmState::kWinner;
      current_ = 0;
      return;
    }
    const auto [low, high] = median_bounds(log_ratios);
    report_.speed_up = std::exp(-middle);
    report_.low = std::exp(-high);
    report_.high = std::exp(-low);
  }

  void fill_in() {
    for (std::size_t i = 0; i < arms_.size(); ++i) {
      const Contest& contest = contests_[i];
      const bool is_slow = report_.arms[i].ratio >= 1;
      if (is_slow && report_.arms[i].state == ArmState::kOpen)
        report_.arms[i].state = ArmState::kSlower;
      if (contest.warm_ns.empty()) continue;
      report_.arms[i].median = {median_of(contest.warm_ns), median_of(contest.cold_ns)};
      report_.arms[i].rounds = static_cast<int>(contest.warm_ns.size());
      report_.arms[i].is_stored = false;
    }
    report_.winner = current_;
    report_.seconds = spent();
    tell("done");
  }

  const std::vector<TuningArm>& arms_;
  RunTimer& timer_;
  const TuningLimits& limits_;
  ArmPicker picker_;
  std::vector<Contest> contests_;
  TuningReport report_;
  std::size_t current_ = 0;
  double begin_s_ = 0;
};

}  // namespace

const char* arm_state_name(ArmState state) {
  constexpr const char* kNames[] = {"untried", "failed", "slower", "open", "beaten", "winner"};
  return kNames[static_cast<std::size_t>(state)];
}

TuningReport tune(
    const std::vector<TuningArm>& arms, RunTimer& timer, const TuningLimits& limits,
    const std::function<bool(std::size_t, std::shared_ptr<const Executable>)>& adopt) {
  return Tuning(arms, timer, limits).run(adopt);
}

}  // namespace bafe

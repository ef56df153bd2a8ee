// In: calls of autotuned functions. Out: records, a linear model, counters. Programs run outside
// the lock; the log only grows until reset(), up to kMostRecords, and a record is added together
// with its refit, so the number of refits is a function of the number of records.

#include "bafe/runtime/autotune.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <map>
#include <system_error>

#include "bafe/base/digest.h"
#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/base/trace.h"
#include "bafe/runtime/background.h"
#include "bafe/runtime/calibrate.h"
#include "bafe/runtime/sign_test.h"
#include "bafe/runtime/store.h"

namespace bafe {
namespace {

constexpr std::size_t kMostRecords = 1 << 18;
constexpr std::int64_t kSampleNs = 20'000;
constexpr std::int64_t kMostRepeats = 4096;
constexpr std::size_t kFirstRuns = 15;

void require(bool is_good, const char* name, const char* fact, const char* fix) {
  if (!is_good) throw ShapeError({}, format("configure_autotune: {}", name), fact).fix(fix);
}

}  // namespace

Autotune& Autotune::shared() {
  static Autotune* state = [] {
    Autotune* made = new Autotune;
    made->is_shared_ = true;
    return made;
  }();
  return *state;
}

void Autotune::configure(const AutotuneConfig& config) {
  require(config.refit_threshold >= 1, "refit_threshold", "is below 1", "give the records a refit");
  require(config.invalidation_drift > 0 && std::isfinite(config.invalidation_drift),
          "invalidation_drift", "is not a positive number", "give a share such as 0.25");
  require(config.warmup_calls >= 0, "warmup_calls", "is negative", "give 0 or more calls");
  require(config.timing_iters >= 1 && config.timing_iters <= 10'000, "timing_iters",
          "is not between 1 and 10000", "give the runs averaged in one record");
  std::lock_guard lock(mutex_);
  config_ = config;
}

AutotuneConfig Autotune::config() const {
  std::lock_guard lock(mutex_);
  return config_;
}

namespace {

/// Mean of `samples`; each repeats the run until kSampleNs have passed, so that the clock's step
/// does not show. A sample of more than twice the fastest was interrupted by another process and is
/// left out. The first run of all is timed alone, too.
double time_ms(const std::function<void()>& run, int samples, std::int64_t& first_ns) {
  std::vector<double> run_ns;
  for (int i = 0; i < samples; ++i) {
    std::int64_t begin_ns = now_ns(), spent_ns = 0, repeats = 0;
    do {
      run();
      ++repeats;
      spent_ns = now_ns() - begin_ns;
      if (i == 0 && repeats == 1) first_ns = spent_ns;
    } while (spent_ns < kSampleNs && repeats < kMostRepeats);
    run_ns.push_back(static_cast<double>(spent_ns) / static_cast<double>(repeats));
  }
  double limit = 2 * *std::min_element(run_ns.begin(), run_ns.end());
  double total_ns = 0;
  int count = 0;
  for (double ns : run_ns) {
    if (ns > limit) continue;
    total_ns += ns;
    ++count;
  }
  return total_ns / count / 1e6;
}

}  // namespace

bool Autotune::call(const AutotuneCall& call) {
  int samples = 0;
  {
    std::lock_guard lock(mutex_);
    ++stats_.total_calls;
    bool is_warm = ++calls_[call.key] > config_.warmup_calls;
    if (is_warm && call.is_compiled && log_.size() < kMostRecords) samples = config_.timing_iters;
  }
  std::int64_t first_ns = 0;
  if (samples == 0) {
    const std::int64_t begin_ns = now_ns();
    call.run();
    note_first_run(call, now_ns() - begin_ns);
    return false;
  }
  double observed_ms = 0;
  {
    const TimingPause pause;
    observed_ms = std::max(time_ms(call.run, samples, first_ns), 1e-9);
  }
  note_first_run(call, first_ns);
  bool is_refitted = false;
  {
    std::lock_guard lock(mutex_);
    log_.push_back({call.graph_hash, call.features, call.predicted_ms, observed_ms});
    is_refitted = log_.size() % static_cast<std::size_t>(config_.refit_threshold) == 0;
    if (is_refitted) refit_locked();
  }
  if (is_refitted) write_profile();
  std::lock_guard lock(mutex_);
  if (checked_[call.key] == stats_.total_refits || !has_drifted(call)) return false;
  checked_[call.key] = stats_.total_refits;
  ++stats_.total_invalidations;
  return true;
}

/// A program's first call is left out: it finds no page of its code and results mapped.
void Autotune::note_first_run(const AutotuneCall& call, std::int64_t ns) {
  std::lock_guard lock(mutex_);
  if (calls_[call.key] < 2) return;
  FirstRuns& runs = first_runs_[call.graph_hash];
  if (runs.ns.size() < kFirstRuns) runs.ns.push_back(0);
  runs.ns[runs.next++ % kFirstRuns] = static_cast<double>(ns);
}

double Autotune::call_ns(std::uint64_t graph_hash) const {
  std::lock_guard lock(mutex_);
  const auto found = first_runs_.find(graph_hash);
  return found == first_runs_.end() ? 0 : median_of(found->second.ns);
}

bool Autotune::has_drifted(const AutotuneCall& call) const {
  if (!model_.valid || !(call.predicted_ms > 0)) return false;
  double drift =
      std::fabs(model_.predict_ms(call.features) - call.predicted_ms) / call.predicted_ms;
  return drift > config_.invalidation_drift;
}

namespace {

using RecordTimes = std::map<std::pair<std::uint64_t, Features>, std::vector<double>>;

void write_rows(ProfileStore& store, const RecordTimes& times) {
  const std::string machine = machine_name(host_target(), 1);
  for (const auto& [program, ns] : times) {
    DigestBuilder plan;
    for (double feature : program.second) plan.add(format("{:a}", feature));
    TimingRow row{format("{:016x}", program.first), plan.finish().hex(), machine, median_of(ns),
                  static_cast<std::int64_t>(ns.size())};
    row.state = "call";
    store.add(row);
  }
}

}  // namespace

/// The new records as rows: medians by program and plan. A call never waits for the process's
/// store, which others may be writing to.
void Autotune::write_profile() {
  if (!is_shared_ && !store_) return;
  RecordTimes times;
  {
    std::lock_guard lock(mutex_);
    for (; profiled_ < log_.size(); ++profiled_) {
      const AutotuneRecord& record = log_[profiled_];
      times[{record.graph_hash, record.features}].push_back(record.observed_ms * 1e6);
    }
  }
  if (!is_shared_) return write_rows(*store_, times);
  Background::shared().submit(std::make_shared<Job>(
      [times = std::move(times)](Job&) { write_rows(ProfileStore::shared(), times); }));
}

void Autotune::note_compile() {
  std::lock_guard lock(mutex_);
  ++stats_.total_compiles;
}

bool Autotune::refit_locked() {
  std::vector<Features> rows;
  std::vector<double> runtime_ms;
  for (const AutotuneRecord& record : log_) {
    rows.push_back(record.features);
    runtime_ms.push_back(record.observed_ms);
  }
  if (rows.empty()) return false;
  model_ = fit_linear_model(rows, runtime_ms);
  ++stats_.total_refits;
  stats_.last_refit_r_squared = model_.r_squared;
  bafe::log("autotune", format("refit {} on {} records, R2 {:.3f}", stats_.total_refits,
                               log_.size(), model_.r_squared));
  return model_.valid;
}

bool Autotune::refit() {
  std::lock_guard lock(mutex_);
  return refit_locked();
}

LinearModel Autotune::model() const {
  std::lock_guard lock(mutex_);
  return model_;
}

AutotuneStats Autotune::stats() const {
  std::lock_guard lock(mutex_);
  AutotuneStats out = stats_;
  out.log_size = static_cast<std::int64_t>(log_.size());
  return out;
}

void Autotune::reset() {
  std::lock_guard lock(mutex_);
  stats_ = {};
  model_ = {};
  log_.clear();
  profiled_ = 0;
  calls_.clear();
  checked_.clear();
  first_runs_.clear();
}

std::vector<AutotuneRecord> Autotune::log() const {
  std::lock_guard lock(mutex_);
  return log_;
}

std::int64_t Autotune::dump_log(const std::string& path) const {
  std::vector<AutotuneRecord> records = log();
  std::string text;
  for (const AutotuneRecord& record : records) {
    std::string features;
    for (double feature : record.features) {
      features += format("{}{:.17g}", features.empty() ? "" : ", ", feature);
    }
    text += format(
        "{{\"graph_hash\": {}, \"features\": [{}], \"predicted_cost\": {:.17g}, "
        "\"observed_runtime\": {:.17g}, \"observed_ms\": {:.17g}}}\n",
        record.graph_hash, features, record.predicted_ms * 1e6, record.observed_ms,
        record.observed_ms);
  }
  std::FILE* file = std::fopen(path.c_str(), "we");
  bool is_open = file != nullptr;
  bool is_written = is_open && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  is_written = is_open && std::fclose(file) == 0 && is_written;
  if (!is_written) throw std::system_error(errno, std::generic_category(), path);
  return static_cast<std::int64_t>(records.size());
}

}  // namespace bafe

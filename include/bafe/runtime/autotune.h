#pragma once
/// The public autotune of BAFE 0.1: a log of measured calls, one per process,
/// the linear model fitted to it, and the counters. The profile store is apart.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "bafe/cost/features.h"

namespace bafe {

class ProfileStore;  // store.h

struct AutotuneConfig {
  int refit_threshold = 20;  ///< refit whenever the log's size is a multiple of it
  double invalidation_drift =
      0.25;              ///< a kernel whose prediction is off by more than this is searched anew
  int warmup_calls = 2;  ///< calls of a (function, signature) before its first record
  int timing_iters = 5;  ///< runs averaged in one record
};

struct AutotuneStats {
  std::int64_t total_calls = 0, total_compiles = 0, total_refits = 0, total_invalidations = 0;
  double last_refit_r_squared = 0;
  std::int64_t log_size = 0;
};

struct AutotuneRecord {
  std::uint64_t graph_hash = 0;
  Features features{};
  double predicted_ms = 0;  ///< what the program was priced at when it was compiled
  double observed_ms = 0;
};

/// What one call of an autotuned function is about.
struct AutotuneCall {
  std::string key;  ///< (function, signature)
  std::uint64_t graph_hash = 0;
  Features features{};
  double predicted_ms = 0;
  std::function<void()> run;  ///< the program on the call's arguments
  bool is_compiled = true;    ///< false: the interpreter runs it, and nothing is recorded
};

class Autotune {
 public:
  /// `store`, when given, receives the median of each program's new records at every refit; the
  /// process's own is written to in the background.
  explicit Autotune(ProfileStore* store = nullptr) : store_(store) {}
  /// The process's, which writes to ProfileStore::shared().
  static Autotune& shared();

  /// Errors: ShapeError (a ValueError) when a number is out of range.
  void configure(const AutotuneConfig& config);
  AutotuneConfig config() const;

  /// Runs the program: once during warm-up, later timing_iters samples of at least 20 µs, and one
  /// record of their mean, while nobody searches or compiles in the background. True when this
  /// call's record made the model disagree with the price the kernel was chosen by: the caller
  /// drops the executable, and the next call searches with what was learned.
  bool call(const AutotuneCall& call);
  void note_compile();

  LinearModel model() const;
  AutotuneStats stats() const;
  /// Fits now; true when the log held enough.
  bool refit();
  /// Forgets log, model, counters and warm-ups; the configuration stays.
  void reset();
  std::vector<AutotuneRecord> log() const;
  /// Median nanoseconds of the first run of the latest calls of a program, which found the caches
  /// as the caller left them; 0 before the second call.
  double call_ns(std::uint64_t graph_hash) const;
  /// One JSON object a line: graph_hash, features, predicted_cost, observed_runtime (ms),
  /// observed_ms. Returns the number of lines. Errors: std::system_error naming the path when it
  /// cannot be written.
  std::int64_t dump_log(const std::string& path) const;

 private:
  void note_first_run(const AutotuneCall& call, std::int64_t ns);
  bool has_drifted(const AutotuneCall& call) const;
  bool refit_locked();
  void write_profile();

  ProfileStore* store_;
  bool is_shared_ = false;
  mutable std::mutex mutex_;
  std::size_t profiled_ = 0;  ///< records that the store has
  AutotuneConfig config_;
  AutotuneStats stats_;
  LinearModel model_;
  std::vector<AutotuneRecord> log_;
  std::unordered_map<std::string, std::int64_t> calls_;  ///< by key
  std::unordered_map<std::string, std::int64_t>
      checked_;  ///< refit number at which a key was last checked
  struct FirstRuns {
    std::vector<double> ns;
    std::size_t next = 0;
  };
  std::unordered_map<std::uint64_t, FirstRuns> first_runs_;  ///< by graph hash, the latest ones
};

}  // namespace bafe

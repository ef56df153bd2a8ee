#pragma once
/// The profile store: measured times by (program, configuration, machine), with the steps they are
/// made of, and machine models. One SQLite file (WAL) that processes share, and that can be merged
/// with those of other machines. Never opened on a cache hit or on the path of a warm call.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bafe {

/// What a program was timed at in one cache state.
struct TimingRow {
  std::string program;        ///< digest of the canonical text of the traced program
  std::string configuration;  ///< digest of the chosen program and how it becomes code
  std::string machine;        ///< machine_name(): processor, threads, instruction set
  double median_ns = 0;
  std::int64_t samples = 0;
  std::string state =
      "warm";               ///< "warm": arguments in the caches; "cold": flushed; "call": as called
  double predicted_ns = 0;  ///< what the cost model said before
  std::string what = {};    ///< how the configuration differs: "product 0 cut in way 2"
  std::string session = {};  ///< who measured; add() fills it in when empty
};

/// One step of a timed plan: what a cost model learns from.
struct StepRow {
  std::string program, configuration, machine;
  std::int64_t position = 0;  ///< of the step in its plan
  double median_ns = 0;
  std::int64_t samples = 0;
  std::string state = "warm";
  double predicted_ns = 0;
  std::string family = {};    ///< kernel family, as the cost model names it
  std::string features = {};  ///< JSON array of numbers
  std::string session = {};
};

/// What merging brought.
struct MergeCount {
  std::int64_t timings = 0, steps = 0, machines = 0;  ///< rows added or renewed
};

/// All calls but merge_from may fail silently: a store that cannot be opened, is damaged or busy
/// holds nothing. A file that is damaged or of another version is set aside, with one warning, and
/// made anew.
///
/// Rows are kept by session (one a process), so that merging the same file twice changes nothing
/// and counts of samples add up; what is read joins the sessions: samples added, the median of the
/// sessions' medians by samples.
class ProfileStore {
 public:
  explicit ProfileStore(std::string path);  ///< nothing is opened before the first call
  ~ProfileStore();
  ProfileStore(const ProfileStore&) = delete;
  ProfileStore& operator=(const ProfileStore&) = delete;

  /// The store beside the kernel cache; in memory where the cache is.
  static ProfileStore& shared();

  /// A row of the same session, program, configuration, machine and state is replaced.
  bool add(const TimingRow& row);
  /// The steps of one timed plan, in one transaction.
  bool add(const std::vector<StepRow>& rows);
  /// Rows of a program on a machine, best first, sessions joined.
  std::vector<TimingRow> timings(const std::string& program, const std::string& machine);
  /// Every step timed on `machine` (empty: on any), sessions joined, in a fixed order.
  std::vector<StepRow> steps(const std::string& machine = {});
  bool set_machine(const std::string& name, const std::string& json);
  std::optional<std::string> machine(const std::string& name);
  std::int64_t size();  ///< rows of timings, sessions apart
  void clear();

  /// Takes the rows of another store's file. Merging twice, or in another order, gives the same.
  /// Errors: ParseError when `path` is no store that can be read; std::system_error when this store
  /// cannot be written.
  MergeCount merge_from(const std::string& path);
  const std::string& path() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bafe

#pragma once
/// The profile store: measured times by (program, configuration, machine), and machine models. One
/// SQLite file (WAL) shared by processes. Never opened on a cache hit or on the path of a warm
/// call.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bafe {

struct TimingRow {
  std::string program;        ///< digest of the canonical text of the traced program
  std::string configuration;  ///< digest of the chosen program and its options
  std::string machine;        ///< Machine::id
  double median_ns = 0;
  std::int64_t samples = 0;
};

/// All calls may fail silently: a store that cannot be opened, is damaged or busy holds nothing. A
/// damaged file is set aside once and made anew.
class ProfileStore {
 public:
  explicit ProfileStore(std::string path);  ///< nothing is opened before the first call
  ~ProfileStore();
  ProfileStore(const ProfileStore&) = delete;
  ProfileStore& operator=(const ProfileStore&) = delete;

  /// The store beside the kernel cache; in memory where the cache is.
  static ProfileStore& shared();

  bool add(const TimingRow& row);
  /// Rows of a program on a machine, best first.
  std::vector<TimingRow> timings(const std::string& program, const std::string& machine);
  bool set_machine(const std::string& name, const std::string& json);
  std::optional<std::string> machine(const std::string& name);
  std::int64_t size();  ///< rows of timings
  void clear();

 private:
  struct Database;
  std::string path_;
  std::unique_ptr<Database> database_;
};

}  // namespace bafe

// In: rows. Out: rows. The file:
//
//   timing  := program configuration machine state session | median_ns samples predicted_ns what
//   step    := program configuration machine state position session | median_ns samples
//              predicted_ns family features
//   machine := name | json
//
// with the fields before the bar as keys. A session's own rows only grow in samples, so of two rows
// of one key the one with more samples is the newer.

#include "bafe/runtime/store.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <random>
#include <system_error>
#include <tuple>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/runtime/cache.h"
#include "bafe/runtime/database.h"

namespace bafe {
namespace {

constexpr int kMostSessions = 32;  // of one key; those with the fewest samples go first

constexpr DatabaseSchema kSchema{
    2,
    "CREATE TABLE timing(program TEXT, configuration TEXT, machine TEXT, state TEXT, session TEXT,"
    " median_ns REAL, samples INTEGER, predicted_ns REAL, what TEXT,"
    " PRIMARY KEY(program, machine, configuration, state, session)) WITHOUT ROWID;"
    "CREATE TABLE step(program TEXT, configuration TEXT, machine TEXT, state TEXT,"
    " position INTEGER, session TEXT, median_ns REAL, samples INTEGER, predicted_ns REAL,"
    " family TEXT, features TEXT,"
    " PRIMARY KEY(machine, program, configuration, state, position, session)) WITHOUT ROWID;"
    "CREATE TABLE machine(name TEXT PRIMARY KEY, json TEXT) WITHOUT ROWID;",
    "SELECT t.predicted_ns, t.what, t.session, s.family, s.features, s.position, m.json"
    " FROM timing t, step s, machine m LIMIT 1",
    "the profile store"};

constexpr const char* kTimingColumns =
    "program, configuration, machine, state, session, median_ns, samples, predicted_ns, what";
constexpr const char* kStepColumns =
    "program, configuration, machine, state, position, session, median_ns, samples, predicted_ns,"
    " family, features";
/// Of two rows of one key the newer stays.
constexpr const char* kKeepNewer =
    " ON CONFLICT DO UPDATE SET median_ns = excluded.median_ns, samples = excluded.samples,"
    " predicted_ns = excluded.predicted_ns WHERE excluded.samples > samples"
    " OR (excluded.samples = samples AND excluded.median_ns < median_ns)";

/// This process, as a writer of rows; a child after fork is another.
std::string process_session() {
  static std::mutex mutex;
  static pid_t process = 0;
  // Never destroyed: the background thread may use it to the end.
  static std::string& name = *new std::string;
  std::lock_guard lock(mutex);
  if (process != getpid()) {
    std::random_device random;
    process = getpid();
    name = format("{:08x}{:08x}", random(), random());
  }
  return name;
}

void bind(Query& query, const TimingRow& row) {
  query.bind(row.program).bind(row.configuration).bind(row.machine).bind(row.state);
  query.bind(row.session.empty() ? process_session() : row.session).bind(row.median_ns);
  query.bind(row.samples).bind(row.predicted_ns).bind(row.what);
}

void bind(Query& query, const StepRow& row) {
  query.bind(row.program).bind(row.configuration).bind(row.machine).bind(row.state);
  query.bind(row.position).bind(row.session.empty() ? process_session() : row.session);
  query.bind(row.median_ns).bind(row.samples).bind(row.predicted_ns);
  query.bind(row.family).bind(row.features);
}

TimingRow timing_of(const Query& query) {
  TimingRow row{query.text(0), query.text(1), query.text(2), query.real(5), query.integer(6)};
  row.state = query.text(3);
  row.session = query.text(4);
  row.predicted_ns = query.real(7);
  row.what = query.text(8);
  return row;
}

StepRow step_of(const Query& query) {
  StepRow row{query.text(0), query.text(1), query.text(2), query.integer(4), query.real(6)};
  row.state = query.text(3);
  row.session = query.text(5);
  row.samples = query.integer(7);
  row.predicted_ns = query.real(8);
  row.family = query.text(9);
  row.features = query.text(10);
  return row;
}

auto key_of(const TimingRow& row) {
  return std::tie(row.program, row.configuration, row.machine, row.state);
}
auto key_of(const StepRow& row) {
  return std::tie(row.machine, row.program, row.configuration, row.state, row.position);
}

/// Rows in the order of their keys; of each key's sessions one row: samples added, the median by
/// samples, the rest from the session with most.
template <class Row>
std::vector<Row> joined(const std::vector<Row>& rows) {
  std::vector<Row> out;
  for (std::size_t begin = 0; begin < rows.size();) {
    std::size_t end = begin;
    std::vector<const Row*> sessions;
    while (end < rows.size() && key_of(rows[end]) == key_of(rows[begin]))
      sessions.push_back(&rows[end++]);
    auto fewer = [](const Row* a, const Row* b) { return a->samples < b->samples; };
    Row one = **std::max_element(sessions.begin(), sessions.end(), fewer);
    std::sort(sessions.begin(), sessions.end(),
              [](const Row* a, const Row* b) { return a->median_ns < b->median_ns; });
    one.samples = 0;
    for (const Row* row : sessions) one.samples += row->samples;
    std::int64_t below = 0;
    for (const Row* row : sessions) {
      below += row->samples;
      one.median_ns = row->median_ns;
      if (2 * below >= one.samples) break;
    }
    one.session.clear();
    out.push_back(std::move(one));
    begin = end;
  }
  return out;
}

std::string insert(const char* table, const char* columns, int count, const char* conflict) {
  std::string places;
  for (int i = 1; i <= count; ++i) places += format("{}?{}", i > 1 ? ", " : "", i);
  return format("INSERT INTO {}({}) VALUES({}){}", table, columns, places, conflict);
}

constexpr const char* kReplaceTiming =
    " ON CONFLICT DO UPDATE SET median_ns = excluded.median_ns, samples = excluded.samples,"
    " predicted_ns = excluded.predicted_ns, what = excluded.what";
constexpr const char* kReplaceStep =
    " ON CONFLICT DO UPDATE SET median_ns = excluded.median_ns, samples = excluded.samples,"
    " predicted_ns = excluded.predicted_ns, family = excluded.family,"
    " features = excluded.features";

}  // namespace

struct ProfileStore::Impl {
  explicit Impl(std::string path) : database(std::move(path), kSchema) {}
  Database database;

  void forget_oldest(const TimingRow& row) {
    Query query(database,
                "DELETE FROM timing WHERE program = ?1 AND machine = ?2 AND configuration = ?3 AND"
                " state = ?4 AND session NOT IN (SELECT session FROM timing WHERE program = ?1 AND"
                " machine = ?2 AND configuration = ?3 AND state = ?4 ORDER BY samples DESC, session"
                " LIMIT ?5)");
    query.bind(row.program).bind(row.machine).bind(row.configuration).bind(row.state);
    query.bind(std::int64_t{kMostSessions}).run();
  }
  std::int64_t count(const char* sql) {
    Query query(database, sql);
    return query.row() ? query.integer(0) : 0;
  }
};

ProfileStore::ProfileStore(std::string path) : impl_(std::make_unique<Impl>(std::move(path))) {}

ProfileStore::~ProfileStore() = default;

const std::string& ProfileStore::path() const { return impl_->database.path(); }

ProfileStore& ProfileStore::shared() {
  static std::mutex mutex;
  // Never destroyed: the background thread may use it to the end.
  static std::string& folder = *new std::string;
  static std::vector<std::unique_ptr<ProfileStore>>* stores =
      new std::vector<std::unique_ptr<ProfileStore>>;
  std::string wanted = KernelCache::shared()->folder();
  std::lock_guard lock(mutex);
  if (stores->empty() || folder != wanted) {  // earlier stores stay for those who hold them
    stores->push_back(
        std::make_unique<ProfileStore>(wanted.empty() ? "" : wanted + "/profile.sqlite"));
    folder = wanted;
  }
  return *stores->back();
}

bool ProfileStore::add(const TimingRow& row) {
  std::lock_guard lock(impl_->database.mutex());
  const std::string sql = insert("timing", kTimingColumns, 9, kReplaceTiming);
  {
    Query query(impl_->database, sql.c_str());
    bind(query, row);
    if (!query.run()) return false;
  }
  impl_->forget_oldest(row);
  return true;
}

bool ProfileStore::add(const std::vector<StepRow>& rows) {
  std::lock_guard lock(impl_->database.mutex());
  if (!impl_->database.execute("BEGIN IMMEDIATE")) return false;
  bool is_good = true;
  {
    const std::string sql = insert("step", kStepColumns, 11, kReplaceStep);
    Query query(impl_->database, sql.c_str());
    for (const StepRow& row : rows) {
      bind(query, row);
      is_good = query.run() && is_good;
      query.reset();
    }
  }
  return impl_->database.execute("COMMIT") && is_good;
}

std::vector<TimingRow> ProfileStore::timings(const std::string& program,
                                             const std::string& machine) {
  std::lock_guard lock(impl_->database.mutex());
  const std::string sql = format(
      "SELECT {} FROM timing WHERE program = ?1 AND machine = ?2"
      " ORDER BY configuration, state, session",
      kTimingColumns);
  Query query(impl_->database, sql.c_str());
  query.bind(program).bind(machine);
  std::vector<TimingRow> rows;
  while (query.row()) rows.push_back(timing_of(query));
  rows = joined(rows);
  std::stable_sort(rows.begin(), rows.end(), [](const TimingRow& a, const TimingRow& b) {
    return a.median_ns < b.median_ns;
  });
  return rows;
}

std::vector<StepRow> ProfileStore::steps(const std::string& machine) {
  std::lock_guard lock(impl_->database.mutex());
  const std::string sql = format(
      "SELECT {} FROM step WHERE ?1 = '' OR machine = ?1"
      " ORDER BY machine, program, configuration, state, position, session",
      kStepColumns);
  Query query(impl_->database, sql.c_str());
  query.bind(machine);
  std::vector<StepRow> rows;
  while (query.row()) rows.push_back(step_of(query));
  return joined(rows);
}

bool ProfileStore::set_machine(const std::string& name, const std::string& json) {
  std::lock_guard lock(impl_->database.mutex());
  Query query(impl_->database, "INSERT OR REPLACE INTO machine VALUES(?1, ?2)");
  return query.bind(name).bind(json).run();
}

std::optional<std::string> ProfileStore::machine(const std::string& name) {
  std::lock_guard lock(impl_->database.mutex());
  Query query(impl_->database, "SELECT json FROM machine WHERE name = ?1");
  query.bind(name);
  if (!query.row()) return std::nullopt;
  return query.text(0);
}

std::int64_t ProfileStore::size() {
  std::lock_guard lock(impl_->database.mutex());
  return impl_->count("SELECT COUNT(*) FROM timing");
}

void ProfileStore::clear() {
  std::lock_guard lock(impl_->database.mutex());
  impl_->database.execute("DELETE FROM timing; DELETE FROM step; DELETE FROM machine;");
}

namespace {

/// Rows of `from` put into `into` one by one; how many changed anything.
template <class Row>
std::int64_t copy_rows(Database& from, Database& into, const char* table, const char* columns,
                       int count, Row (*read)(const Query&)) {
  Query rows(from, format("SELECT {} FROM {}", columns, table).c_str());
  Query put(into, insert(table, columns, count, kKeepNewer).c_str());
  Query changed(into, "SELECT changes()");
  std::int64_t total = 0;
  while (rows.row()) {
    bind(put, read(rows));
    if (!put.run()) throw std::system_error(EIO, std::generic_category(), into.path());
    put.reset();
    if (changed.row()) total += changed.integer(0);
    changed.reset();
  }
  return total;
}

}  // namespace

MergeCount ProfileStore::merge_from(const std::string& path) {
  Database other(path, kSchema, true);
  std::scoped_lock lock(other.mutex(), impl_->database.mutex());
  if (!other.open()) {
    throw ParseError({}, "profile merge", format("{}: {}", path, other.failure()))
        .fix("give files that BAFE's profile store wrote");
  }
  Database& mine = impl_->database;
  if (!mine.execute("BEGIN IMMEDIATE"))
    throw std::system_error(EIO, std::generic_category(), mine.path());
  MergeCount count;
  try {
    count.timings = copy_rows<TimingRow>(other, mine, "timing", kTimingColumns, 9, &timing_of);
    count.steps = copy_rows<StepRow>(other, mine, "step", kStepColumns, 11, &step_of);
    Query machines(other, "SELECT name, json FROM machine");
    Query put(mine,
              "INSERT INTO machine VALUES(?1, ?2) ON CONFLICT DO UPDATE SET json ="
              " excluded.json WHERE excluded.json < json");
    Query changed(mine, "SELECT changes()");
    while (machines.row()) {
      put.bind(machines.text(0)).bind(machines.text(1));
      put.run();
      put.reset();
      if (changed.row()) count.machines += changed.integer(0);
      changed.reset();
    }
  } catch (...) {
    mine.execute("ROLLBACK");
    throw;
  }
  if (!mine.execute("COMMIT")) throw std::system_error(EIO, std::generic_category(), mine.path());
  return count;
}

}  // namespace bafe

// In: rows. Out: rows. One connection a process, made anew after fork (SQLite's must not cross it)
// and guarded by a mutex; writers of several processes wait for each other up to kBusyMs.

#include "bafe/runtime/store.h"

#include <sqlite3.h>
#include <unistd.h>

#include <cstdio>
#include <mutex>

#include "bafe/base/log.h"
#include "bafe/runtime/cache.h"

namespace bafe {
namespace {

constexpr int kBusyMs = 200;
constexpr const char* kSchema =
    "CREATE TABLE IF NOT EXISTS timing(program TEXT, configuration TEXT, machine TEXT, median_ns "
    "REAL,"
    " samples INTEGER, PRIMARY KEY(program, machine, configuration)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS machine(name TEXT PRIMARY KEY, json TEXT) WITHOUT ROWID;"
    "PRAGMA user_version=1;";

/// A prepared statement with its parameters; finalised with its owner.
class Query {
 public:
  Query(sqlite3* db, const char* sql) {
    if (db) sqlite3_prepare_v2(db, sql, -1, &statement_, nullptr);
  }
  ~Query() { sqlite3_finalize(statement_); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  Query& bind(const std::string& text) {
    if (statement_) {
      sqlite3_bind_text(statement_, ++count_, text.data(), static_cast<int>(text.size()),
                        SQLITE_TRANSIENT);
    }
    return *this;
  }
  Query& bind(double value) {
    if (statement_) sqlite3_bind_double(statement_, ++count_, value);
    return *this;
  }
  Query& bind(std::int64_t value) {
    if (statement_) sqlite3_bind_int64(statement_, ++count_, value);
    return *this;
  }
  bool row() { return statement_ && sqlite3_step(statement_) == SQLITE_ROW; }
  bool run() { return statement_ && sqlite3_step(statement_) == SQLITE_DONE; }
  std::string text(int column) const {
    const unsigned char* data = sqlite3_column_text(statement_, column);
    return data ? std::string(reinterpret_cast<const char*>(data),
                              static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)))
                : std::string();
  }
  double real(int column) const { return sqlite3_column_double(statement_, column); }
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }

 private:
  sqlite3_stmt* statement_ = nullptr;
  int count_ = 0;
};

bool is_sound(sqlite3* db) {
  return sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;", nullptr, nullptr,
                      nullptr) == SQLITE_OK &&
         sqlite3_exec(db, kSchema, nullptr, nullptr, nullptr) == SQLITE_OK;
}

}  // namespace

struct ProfileStore::Database {
  std::mutex mutex;
  sqlite3* handle = nullptr;
  pid_t process = 0;

  /// The open connection, or nullptr.
  sqlite3* open(const std::string& path) {
    if (process == getpid()) return handle;
    handle = nullptr;  // a connection from before fork is left to the parent
    process = getpid();
    for (int attempt = 0; attempt < 2 && !handle; ++attempt) {
      const char* name = path.empty() ? ":memory:" : path.c_str();
      int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
      sqlite3* fresh = nullptr;
      int code = sqlite3_open_v2(name, &fresh, flags, nullptr);
      if (fresh) sqlite3_busy_timeout(fresh, kBusyMs);
      bool is_good = code == SQLITE_OK && is_sound(fresh);
      int reason = fresh ? sqlite3_errcode(fresh) : code;
      if (is_good) {
        handle = fresh;
        break;
      }
      sqlite3_close(fresh);
      if (reason != SQLITE_NOTADB && reason != SQLITE_CORRUPT) break;
      log("cache", "the profile store " + path + " is damaged and was set aside");
      std::rename(path.c_str(), (path + ".damaged").c_str());
    }
    return handle;
  }
  ~Database() {
    if (process == getpid()) sqlite3_close(handle);
  }
};

ProfileStore::ProfileStore(std::string path)
    : path_(std::move(path)), database_(std::make_unique<Database>()) {}

ProfileStore::~ProfileStore() = default;

ProfileStore& ProfileStore::shared() {
  static std::mutex mutex;
  static std::string folder;
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
  std::lock_guard lock(database_->mutex);
  Query query(database_->open(path_), "INSERT OR REPLACE INTO timing VALUES(?1, ?2, ?3, ?4, ?5)");
  return query.bind(row.program)
      .bind(row.configuration)
      .bind(row.machine)
      .bind(row.median_ns)
      .bind(row.samples)
      .run();
}

std::vector<TimingRow> ProfileStore::timings(const std::string& program,
                                             const std::string& machine) {
  std::lock_guard lock(database_->mutex);
  Query query(
      database_->open(path_),
      "SELECT configuration, median_ns, samples FROM timing WHERE program = ?1 AND machine = ?2"
      " ORDER BY median_ns, configuration");
  query.bind(program).bind(machine);
  std::vector<TimingRow> out;
  while (query.row())
    out.push_back({program, query.text(0), machine, query.real(1), query.integer(2)});
  return out;
}

bool ProfileStore::set_machine(const std::string& name, const std::string& json) {
  std::lock_guard lock(database_->mutex);
  Query query(database_->open(path_), "INSERT OR REPLACE INTO machine VALUES(?1, ?2)");
  return query.bind(name).bind(json).run();
}

std::optional<std::string> ProfileStore::machine(const std::string& name) {
  std::lock_guard lock(database_->mutex);
  Query query(database_->open(path_), "SELECT json FROM machine WHERE name = ?1");
  query.bind(name);
  if (!query.row()) return std::nullopt;
  return query.text(0);
}

std::int64_t ProfileStore::size() {
  std::lock_guard lock(database_->mutex);
  Query query(database_->open(path_), "SELECT COUNT(*) FROM timing");
  return query.row() ? query.integer(0) : 0;
}

void ProfileStore::clear() {
  std::lock_guard lock(database_->mutex);
  if (sqlite3* handle = database_->open(path_)) {
    sqlite3_exec(handle, "DELETE FROM timing; DELETE FROM machine;", nullptr, nullptr, nullptr);
  }
}

}  // namespace bafe

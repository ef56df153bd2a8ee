// In: a path and a schema. Out: a connection and its statements. Writers of several processes wait
// for each other up to kBusyMs. Tables are made, and a bad file is moved away, by one process at a
// time: that which holds the lock file. Between calls no statement is open.

#include "bafe/runtime/database.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/base/trace.h"

namespace bafe {
namespace {

constexpr int kBusyMs = 1500;  // only background work waits
constexpr std::int64_t kPatienceNs = 1'800'000'000, kRestNs = 60'000'000'000;

thread_local std::int64_t impatient_from_ns = 0;

/// SQLite tries a lock that always fails for ten seconds, in every statement anew. So its sleeps
/// end at our limit, and a file that made us wait for nothing is left alone for a while.
int sleep_for(sqlite3_vfs*, int microseconds) {
  const std::int64_t left_us = (impatient_from_ns - now_ns()) / 1000;
  if (left_us > 0) usleep(static_cast<useconds_t>(std::min<std::int64_t>(microseconds, left_us)));
  return microseconds;
}

/// The default file system under a name of ours, with our sleep.
const char* file_system() {
  static const char* name = [] {
    static sqlite3_vfs ours = *sqlite3_vfs_find(nullptr);
    ours.zName = "bafe";
    ours.xSleep = sleep_for;
    return sqlite3_vfs_register(&ours, 0) == SQLITE_OK ? ours.zName : nullptr;
  }();
  return name;
}

/// When an operation began; its sleeps end kPatienceNs later.
std::int64_t begin_operation() {
  const std::int64_t begin_ns = now_ns();
  impatient_from_ns = begin_ns + kPatienceNs;
  return begin_ns;
}

/// Every database of the process, so that fork() finds none in the middle of a statement: neither
/// its mutex nor one inside SQLite is then held by a thread that the child does not have.
struct Register {
  std::mutex mutex;
  std::vector<Database*> all;
  std::vector<Database*> held;
};

Register& known() {
  static Register* one = [] {
    auto* made = new Register;
    pthread_atfork(
        [] {
          known().mutex.lock();
          known().held = known().all;
          for (Database* database : known().held) database->mutex().lock();
        },
        [] {
          for (Database* database : known().held) database->mutex().unlock();
          known().mutex.unlock();
        },
        [] {
          for (Database* database : known().held) database->mutex().unlock();
          known().mutex.unlock();
        });
    return made;
  }();
  return *one;
}

bool is_damage(int code) {
  return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB ||
         (code & 0xff) == SQLITE_FORMAT;
}

std::uint64_t inode_of(const std::string& path) {
  struct stat found {};
  return stat(path.c_str(), &found) == 0 ? static_cast<std::uint64_t>(found.st_ino) : 0;
}

/// Held while tables are made or a file is moved. A lock that cannot be had is done without.
class FileLock {
 public:
  explicit FileLock(const std::string& path) {
    if (path.empty()) return;
    file_ = ::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    for (int waited_ms = 0; file_ >= 0 && flock(file_, LOCK_EX | LOCK_NB) != 0; ++waited_ms) {
      if (waited_ms == kBusyMs) break;  // whoever has it may be stopped
      usleep(1000);
    }
  }
  ~FileLock() {
    if (file_ >= 0) ::close(file_);
  }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int file_ = -1;
};

/// The first value of a pragma; -1 and the code when there is none.
std::int64_t pragma(sqlite3* handle, const char* sql, int& code, std::string* text = nullptr) {
  sqlite3_stmt* statement = nullptr;
  std::int64_t value = -1;
  code = sqlite3_prepare_v2(handle, sql, -1, &statement, nullptr);
  if (code == SQLITE_OK) code = sqlite3_step(statement);
  if (code == SQLITE_ROW) {
    value = sqlite3_column_int64(statement, 0);
    const unsigned char* found = sqlite3_column_text(statement, 0);
    if (text && found) *text = reinterpret_cast<const char*>(found);
  }
  sqlite3_finalize(statement);
  return value;
}

}  // namespace

Database::Database(std::string path, DatabaseSchema schema, bool read_only)
    : path_(std::move(path)), schema_(schema), read_only_(read_only) {
  std::lock_guard lock(known().mutex);
  known().all.push_back(this);
}

Database::~Database() {
  {
    std::lock_guard lock(known().mutex);
    auto& all = known().all;
    all.erase(std::remove(all.begin(), all.end(), this), all.end());
  }
  close();
}

/// A connection from before fork is left to the parent.
void Database::close() {
  if (process_ == getpid()) sqlite3_close(handle_);
  handle_ = nullptr;
}

void Database::note(int code, std::int64_t begin_ns) {
  if (is_damage(code)) is_damaged_ = true;
  const bool is_good = code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE;
  const std::int64_t end_ns = now_ns();
  if (!is_good && end_ns - begin_ns >= kPatienceNs) rests_until_ns_ = end_ns + kRestNs;
}

sqlite3* Database::open_file() {
  const char* name = path_.empty() ? ":memory:" : path_.c_str();
  const int mode = read_only_ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* fresh = nullptr;
  const int code = sqlite3_open_v2(name, &fresh, mode | SQLITE_OPEN_NOMUTEX, file_system());
  if (fresh) sqlite3_busy_timeout(fresh, kBusyMs);
  if (code == SQLITE_OK) {
    inode_ = path_.empty() ? 0 : inode_of(path_);
    return fresh;
  }
  failure_ = fresh ? sqlite3_errmsg(fresh) : "no memory";
  sqlite3_close(fresh);
  return nullptr;
}

Database::State Database::state_of(sqlite3* handle) {
  int code = SQLITE_OK;
  const std::int64_t version = pragma(handle, "PRAGMA user_version", code);
  if (code == SQLITE_ROW && version == 0) {
    const std::int64_t tables = pragma(handle, "SELECT COUNT(*) FROM sqlite_master", code);
    if (code == SQLITE_ROW) return tables == 0 ? State::kEmpty : State::kBad;
  } else if (code == SQLITE_ROW && version != schema_.version) {
    failure_ = format("is of version {}, not {}", version, schema_.version);
    return State::kBad;
  } else if (code == SQLITE_ROW) {
    pragma(handle, schema_.probe, code);
    if (code == SQLITE_ROW || code == SQLITE_DONE) return State::kGood;
    if ((code & 0xff) == SQLITE_ERROR) {
      failure_ = "has other tables";
      return State::kBad;
    }
  }
  failure_ = is_damage(code) ? "is damaged" : sqlite3_errstr(code);
  return is_damage(code) ? State::kBad : State::kBusy;
}

/// Moves the file away; false when it could not be.
bool Database::set_aside() {
  const std::string aside = path_ + ".damaged";
  warn_once("set aside:" + path_, format("bafe: {} {} {}; it was set aside as {} and begins anew",
                                         schema_.title, path_, failure_, aside));
  const bool is_moved = std::rename(path_.c_str(), aside.c_str()) == 0;
  ::unlink((path_ + "-wal").c_str());
  ::unlink((path_ + "-shm").c_str());
  return is_moved;
}

/// With the lock file held: tables are made, or a bad file is moved away first.
sqlite3* Database::make_good() {
  FileLock lock(path_);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const bool is_known_damage = is_damaged_ && inode_of(path_) == inode_;
    sqlite3* fresh = open_file();
    if (!fresh) return nullptr;
    State state = is_known_damage ? State::kBad : state_of(fresh);
    if (is_known_damage) failure_ = "is damaged";
    is_damaged_ = false;
    if (state == State::kEmpty) {
      const std::string make = format("BEGIN IMMEDIATE; {} PRAGMA user_version={}; COMMIT;",
                                      schema_.create, schema_.version);
      int code = sqlite3_exec(fresh, "PRAGMA journal_mode=WAL;", nullptr, nullptr, nullptr);
      if (code == SQLITE_OK) code = sqlite3_exec(fresh, make.c_str(), nullptr, nullptr, nullptr);
      state = code == SQLITE_OK ? State::kGood : State::kBusy;
      if (code != SQLITE_OK) failure_ = sqlite3_errmsg(fresh);
    }
    if (state == State::kGood) return fresh;
    sqlite3_close(fresh);
    if (state != State::kBad || path_.empty() || !set_aside()) return nullptr;
  }
  return nullptr;
}

sqlite3* Database::open() {
  const std::int64_t begin_ns = begin_operation();
  if (begin_ns < rests_until_ns_) return nullptr;
  if (process_ == getpid() && handle_ && !is_damaged_) return handle_;
  sqlite3* found = open_anew();
  note(found ? SQLITE_OK : SQLITE_CANTOPEN, begin_ns);
  return found;
}

sqlite3* Database::open_anew() {
  close();
  process_ = getpid();
  failure_.clear();
  if (!is_damaged_ && !path_.empty()) {
    handle_ = open_file();
    State state = handle_ ? state_of(handle_) : State::kBusy;
    if (state != State::kGood) {
      sqlite3_close(handle_);
      handle_ = nullptr;
      if (state == State::kBusy || read_only_) return nullptr;
    }
  }
  if (!handle_) handle_ = make_good();
  if (!handle_) return nullptr;
  failure_.clear();
  sqlite3_exec(handle_, "PRAGMA synchronous=NORMAL;", nullptr, nullptr, nullptr);
  return handle_;
}

bool Database::execute(const char* statements) {
  sqlite3* handle = open();
  if (!handle) return false;
  const std::int64_t begin_ns = begin_operation();
  const int code = sqlite3_exec(handle, statements, nullptr, nullptr, nullptr);
  note(code, begin_ns);
  return code == SQLITE_OK;
}

Query::Query(Database& database, const char* sql) : database_(database) {
  if (sqlite3* handle = database.open()) {
    const std::int64_t begin_ns = begin_operation();
    database_.note(sqlite3_prepare_v2(handle, sql, -1, &statement_, nullptr), begin_ns);
  }
}

Query::~Query() { sqlite3_finalize(statement_); }

Query& Query::bind(const std::string& text) {
  if (statement_) {
    sqlite3_bind_text(statement_, ++count_, text.data(), static_cast<int>(text.size()),
                      SQLITE_TRANSIENT);
  }
  return *this;
}

Query& Query::bind(double value) {
  if (statement_) sqlite3_bind_double(statement_, ++count_, value);
  return *this;
}

Query& Query::bind(std::int64_t value) {
  if (statement_) sqlite3_bind_int64(statement_, ++count_, value);
  return *this;
}

int Query::step() {
  if (!statement_) return SQLITE_ERROR;
  const std::int64_t begin_ns = begin_operation();
  const int code = sqlite3_step(statement_);
  database_.note(code, begin_ns);
  return code;
}

bool Query::row() { return step() == SQLITE_ROW; }
bool Query::run() { return step() == SQLITE_DONE; }

void Query::reset() {
  if (statement_) sqlite3_reset(statement_);
  count_ = 0;
}

std::string Query::text(int column) const {
  const unsigned char* data = sqlite3_column_text(statement_, column);
  return data ? std::string(reinterpret_cast<const char*>(data),
                            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)))
              : std::string();
}

double Query::real(int column) const { return sqlite3_column_double(statement_, column); }
std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

}  // namespace bafe

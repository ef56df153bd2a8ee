#pragma once
/// One SQLite file that processes share: opened when first asked, made anew after fork, set aside
/// when it is damaged or of another version. Nothing here throws: a file that cannot be used holds
/// nothing.

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

struct sqlite3;
struct sqlite3_stmt;

namespace bafe {

/// What a file must hold.
struct DatabaseSchema {
  int version = 1;             ///< user_version of the file; another one is set aside
  const char* create = "";     ///< statements that make the tables of an empty file
  const char* probe = "";      ///< a query that only the right tables answer
  const char* title = "file";  ///< in warnings: "the profile store"
};

class Database {
 public:
  /// Nothing is opened yet. `path` empty: in memory.
  Database(std::string path, DatabaseSchema schema, bool read_only = false);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// One user of the connection at a time. A mutex because fork() waits for it, see database.cpp.
  std::mutex& mutex() { return mutex_; }
  /// The connection, or nullptr. Needs: the mutex is held.
  sqlite3* open();
  /// Runs statements without results. Needs: the mutex is held.
  bool execute(const char* statements);
  /// Notes the code of what began then. Damage closes the connection, and the next open() sets the
  /// file aside; after a long wait for nothing the file holds nothing for a minute.
  void note(int code, std::int64_t begin_ns);
  const std::string& path() const { return path_; }
  /// Why the last open() gave nothing; empty when it did.
  const std::string& failure() const { return failure_; }

 private:
  enum class State : std::uint8_t { kGood, kEmpty, kBad, kBusy };
  sqlite3* open_anew();
  sqlite3* open_file();
  State state_of(sqlite3* handle);
  sqlite3* make_good();
  bool set_aside();
  void close();

  std::string path_;
  DatabaseSchema schema_;
  bool read_only_;
  std::mutex mutex_;
  sqlite3* handle_ = nullptr;
  pid_t process_ = 0;
  bool is_damaged_ = false;
  std::int64_t rests_until_ns_ = 0;
  std::uint64_t inode_ = 0;  ///< of the file behind handle_
  std::string failure_;
};

/// A prepared statement with its parameters. Needs: Database::mutex() is held while it lives.
class Query {
 public:
  Query(Database& database, const char* sql);
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  Query& bind(const std::string& text);
  Query& bind(double value);
  Query& bind(std::int64_t value);
  bool row();  ///< true while there is another row
  bool run();  ///< true when the statement was carried out
  /// Ready for other parameters.
  void reset();
  std::string text(int column) const;
  double real(int column) const;
  std::int64_t integer(int column) const;

 private:
  int step();
  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
  int count_ = 0;
};

}  // namespace bafe

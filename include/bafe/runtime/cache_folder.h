#pragma once
/// The cache directory's rules: who may own it, how files are read and published in it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bafe {

/// Makes `path` (0700) and its parents when missing. Empty when it may be used, else the reason.
std::string prepare_cache_folder(const std::string& path);

/// The whole file, opened without following a link, if it is a regular file of ours that only we
/// can write, and at most `most_bytes` long. False with a reason otherwise; `missing` when there is
/// none.
struct FileRead {
  enum End { kRead, kMissing, kRefused } end = kMissing;
  std::string bytes, reason;
};
FileRead read_own_file(const std::string& path, std::int64_t most_bytes);
/// The same, and marks the file as used now.
FileRead read_and_touch(const std::string& path, std::int64_t most_bytes);

/// Writes under a unique name beside `path`, then renames. False when anything fails; nothing is
/// left behind.
bool publish_file(const std::string& path, std::string_view bytes);

struct FolderFile {
  std::string path;
  std::int64_t bytes = 0;
  std::int64_t used_ns = 0;  ///< time of last use
};
/// Files of `folder` whose name ends in `suffix`. Left-over temporary files older than an hour are
/// unlinked.
std::vector<FolderFile> list_folder(const std::string& folder, std::string_view suffix);

}  // namespace bafe

// In: paths. Out: bytes that only this user could have written, or a reason. Checks are made on the
// open descriptor, so a file exchanged between check and read is not believed.

#include "bafe/runtime/cache_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "bafe/base/format.h"
#include "bafe/runtime/uninterrupted.h"

namespace bafe {
namespace {

constexpr std::string_view kTemporary = ".tmp-";
constexpr std::int64_t kAbandonedSeconds = 3600;

bool ends_with(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

bool read_all(int fd, std::string& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    ssize_t got = read(fd, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<std::size_t>(got);
  }
  return true;
}

FileRead read_open_file(int fd, std::int64_t most_bytes) {
  FileRead out;
  out.end = FileRead::kRefused;
  struct stat info;
  if (uninterrupted([&] { return fstat(fd, &info); }) != 0 || !S_ISREG(info.st_mode)) {
    out.reason = "is not a regular file";
  } else if (info.st_uid != geteuid()) {
    out.reason = "belongs to another user";
  } else if (info.st_mode & (S_IWGRP | S_IWOTH)) {
    out.reason = "can be written by other users";
  } else if (info.st_size > most_bytes) {
    out.reason = "is too large";
  } else {
    out.bytes.resize(static_cast<std::size_t>(info.st_size));
    if (read_all(fd, out.bytes)) {
      out.end = FileRead::kRead;
    } else {
      out.reason = "cannot be read";
    }
  }
  return out;
}

FileRead open_and_read(const std::string& path, std::int64_t most_bytes, bool touch) {
  int fd = uninterrupted(
      [&] { return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK); });
  if (fd < 0) {
    FileRead out;
    if (errno == ENOENT || errno == ENOTDIR) return out;
    out.end = FileRead::kRefused;
    out.reason = errno == ELOOP ? "is a link" : std::strerror(errno);
    return out;
  }
  FileRead out = read_open_file(fd, most_bytes);
  if (touch && out.end == FileRead::kRead) futimens(fd, nullptr);
  close(fd);
  return out;
}

bool make_folders(const std::string& path) {
  for (std::size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
    mkdir(path.substr(0, at).c_str(), 0700);
  }
  return mkdir(path.c_str(), 0700) == 0 || errno == EEXIST;
}

}  // namespace

std::string prepare_cache_folder(const std::string& path) {
  if (path.empty() || path[0] != '/') return "is not an absolute path";
  if (!make_folders(path)) return format("cannot be made: {}", std::strerror(errno));
  struct stat info;
  if (lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode) && info.st_uid != geteuid()) {
    return "is a link that another user made";
  }
  if (stat(path.c_str(), &info) != 0) return format("cannot be read: {}", std::strerror(errno));
  if (!S_ISDIR(info.st_mode)) return "is not a directory";
  if (info.st_uid != geteuid()) return "belongs to another user";
  if (info.st_mode & (S_IWGRP | S_IWOTH)) return "can be written by other users";
  if (access(path.c_str(), R_OK | W_OK | X_OK) != 0) return "cannot be written";
  return {};
}

FileRead read_own_file(const std::string& path, std::int64_t most_bytes) {
  return open_and_read(path, most_bytes, false);
}

FileRead read_and_touch(const std::string& path, std::int64_t most_bytes) {
  return open_and_read(path, most_bytes, true);
}

bool publish_file(const std::string& path, std::string_view bytes) {
  static std::atomic<std::uint64_t> counter{0};
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  std::string temporary =
      format("{}{}{}-{}-{}", path, kTemporary, getpid(), now.tv_nsec, counter.fetch_add(1));
  int fd = uninterrupted([&] {
    return open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  });
  if (fd < 0) return false;
  bool is_whole = true;
  while (is_whole && !bytes.empty()) {
    ssize_t wrote = write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    is_whole = wrote > 0;
    if (is_whole) bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  is_whole = is_closed_whole(fd) && is_whole;
  is_whole =
      is_whole && uninterrupted([&] { return rename(temporary.c_str(), path.c_str()); }) == 0;
  if (!is_whole) unlink(temporary.c_str());
  return is_whole;
}

std::vector<FolderFile> list_folder(const std::string& folder, std::string_view suffix) {
  std::vector<FolderFile> out;
  DIR* stream = opendir(folder.c_str());
  if (!stream) return out;
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  while (dirent* item = readdir(stream)) {
    std::string_view name = item->d_name;
    bool is_temporary = name.find(kTemporary) != std::string_view::npos;
    struct stat info;
    if (!is_temporary && !ends_with(name, suffix)) continue;
    if (fstatat(dirfd(stream), item->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!is_temporary) {
      std::int64_t used_ns = info.st_mtim.tv_sec * 1'000'000'000ll + info.st_mtim.tv_nsec;
      out.push_back({folder + "/" + std::string(name), info.st_size, used_ns});
    } else if (now.tv_sec - info.st_mtim.tv_sec > kAbandonedSeconds) {
      unlinkat(dirfd(stream), item->d_name, 0);
    }
  }
  closedir(stream);
  return out;
}

}  // namespace bafe

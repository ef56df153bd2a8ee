// In: TMPDIR. Out: a new directory (0700) named bafe-XXXXXX. A process looks once for directories
// of that name that belong to its user and are older than an hour: their makers were killed.

#include "bafe/runtime/private_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "bafe/base/format.h"
#include "bafe/base/options.h"

namespace bafe {
namespace {

constexpr std::string_view kPrefix = "bafe-";
constexpr std::int64_t kAbandonedSeconds = 3600;

/// The process that made a directory of this name; 0 when none of ours did.
pid_t maker_of(std::string_view name) {
  if (name.substr(0, kPrefix.size()) != kPrefix) return 0;
  return static_cast<pid_t>(std::atol(name.data() + kPrefix.size()));
}

/// A directory of ours that nobody else can enter, that has not changed for long, and whose maker
/// is gone.
bool is_abandoned(int folder, const char* name) {
  struct stat info;
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  const pid_t maker = maker_of(name);
  return maker > 0 && kill(maker, 0) != 0 && errno == ESRCH &&
         fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode) &&
         info.st_uid == geteuid() && (info.st_mode & 0777) == 0700 &&
         now.tv_sec - info.st_mtim.tv_sec > kAbandonedSeconds;
}

}  // namespace

void sweep_private_folders(const std::string& base) {
  DIR* stream = opendir(base.c_str());
  if (!stream) return;
  std::vector<std::string> abandoned;
  while (dirent* item = readdir(stream)) {
    if (is_abandoned(dirfd(stream), item->d_name)) abandoned.push_back(item->d_name);
  }
  closedir(stream);
  std::error_code ignored;
  for (const std::string& name : abandoned) {
    std::filesystem::remove_all(base + "/" + name, ignored);
  }
}

PrivateFolder::PrivateFolder() {
  std::string base = system_variable("TMPDIR").value_or("/tmp");
  if (base.empty() || base[0] != '/') base = "/tmp";
  static std::atomic<bool> is_swept{false};
  if (!is_swept.exchange(true)) sweep_private_folders(base);
  path_ = format("{}/{}{}-XXXXXX", base, kPrefix, getpid());
  if (!mkdtemp(path_.data())) {  // mkdtemp makes it with mode 0700
    error_ = format("cannot make a directory in {}: {}", base, std::strerror(errno));
    path_.clear();
  }
}

PrivateFolder::~PrivateFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace bafe

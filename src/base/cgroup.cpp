// In: the kernel's text about control groups. Out: numbers of cores and bytes. Unreadable or
// malformed text means "no limit": a wrong guess here costs speed or memory, never a result.

#include "bafe/base/cgroup.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace bafe {
namespace {

std::string read_text(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  if (in) out << in.rdbuf();
  return out.str();
}

std::int64_t cores_of(double quota_us, double period_us) {
  if (!(quota_us > 0) || !(period_us > 0)) return 0;
  double cores = quota_us / period_us;
  return static_cast<std::int64_t>(std::ceil(std::min(cores, 4096.0)));
}

/// "200000 100000" is two cores, "max 100000" none.
std::int64_t cores_v2(const std::string& folder) {
  std::istringstream in(read_text(folder + "/cpu.max"));
  std::string quota;
  double period = 0;
  if (!(in >> quota >> period) || quota == "max") return 0;
  return cores_of(std::atof(quota.c_str()), period);
}

std::int64_t cores_v1(const std::string& folder) {
  std::string quota = read_text(folder + "/cpu.cfs_quota_us");
  std::string period = read_text(folder + "/cpu.cfs_period_us");
  return cores_of(std::atof(quota.c_str()), std::atof(period.c_str()));
}

/// "max", and the first version's number above all memory, are no limit.
std::int64_t bytes_in(const std::string& path) {
  const std::string text = read_text(path);
  const double bytes = std::atof(text.c_str());
  return bytes > 0 && bytes < 0x1p60 ? static_cast<std::int64_t>(bytes) : 0;
}

std::int64_t bytes_v2(const std::string& folder) { return bytes_in(folder + "/memory.max"); }

std::int64_t bytes_v1(const std::string& folder) {
  return bytes_in(folder + "/memory.limit_in_bytes");
}

std::int64_t smaller_limit(std::int64_t a, std::int64_t b) {
  return a == 0 ? b : b == 0 ? a : std::min(a, b);
}

using ReadLimit = std::int64_t(const std::string& folder);

std::int64_t smallest_up_to_root(const std::string& mount, std::string path, ReadLimit* read) {
  std::int64_t limit = 0;
  while (true) {
    limit = smaller_limit(limit, read(mount + path));
    if (path.empty() || path == "/") return limit;
    path.erase(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
}

bool lists(std::string_view controllers, std::string_view wanted) {
  for (std::size_t begin = 0; begin <= controllers.size();) {
    std::size_t end = std::min(controllers.find(',', begin), controllers.size());
    if (controllers.substr(begin, end - begin) == wanted) return true;
    begin = end + 1;
  }
  return false;
}

std::int64_t smallest_limit(std::string_view membership, const std::string& root,
                            const std::string& controller, ReadLimit* second_version,
                            ReadLimit* first_version) {
  std::int64_t limit = 0;
  std::istringstream lines{std::string(membership)};
  for (std::string line; std::getline(lines, line);) {
    std::size_t first = line.find(':');
    std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    std::string controllers = line.substr(first + 1, second - first - 1);
    std::string path = line.substr(second + 1);
    if (path.find("..") != std::string::npos) path = "/";  // the group lies outside our view
    if (controllers.empty()) {
      limit = smaller_limit(limit, smallest_up_to_root(root, path, second_version));
    } else if (lists(controllers, controller)) {
      for (const std::string& mounted : {controller, controllers}) {
        const std::string mount = root + "/" + mounted;
        limit = smaller_limit(limit, smallest_up_to_root(mount, path, first_version));
      }
    }
  }
  return limit;
}

const char* const kMount = "/sys/fs/cgroup";

}  // namespace

int cgroup_cpu_limit(std::string_view membership, const std::string& root) {
  return static_cast<int>(smallest_limit(membership, root, "cpu", cores_v2, cores_v1));
}

std::int64_t cgroup_memory_limit(std::string_view membership, const std::string& root) {
  return smallest_limit(membership, root, "memory", bytes_v2, bytes_v1);
}

int cgroup_cpu_limit() {
  static const int limit = cgroup_cpu_limit(read_text("/proc/self/cgroup"), kMount);
  return limit;
}

std::int64_t cgroup_memory_limit() {
  static const std::int64_t limit = cgroup_memory_limit(read_text("/proc/self/cgroup"), kMount);
  return limit;
}

}  // namespace bafe

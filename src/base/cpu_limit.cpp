// In: the kernel's text about control groups. Out: a number of cores. Unreadable or malformed text
// means "no quota": a wrong guess here costs speed, never a result.

#include "bafe/base/cpu_limit.h"

#include <algorithm>
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

int cores_of(double quota_us, double period_us) {
  if (!(quota_us > 0) || !(period_us > 0)) return 0;
  double cores = quota_us / period_us;
  return static_cast<int>(std::min(cores, 4096.0)) + (cores > static_cast<int>(cores) ? 1 : 0);
}

/// "200000 100000" is two cores, "max 100000" none.
int limit_v2(const std::string& folder) {
  std::istringstream in(read_text(folder + "/cpu.max"));
  std::string quota;
  double period = 0;
  if (!(in >> quota >> period) || quota == "max") return 0;
  return cores_of(std::atof(quota.c_str()), period);
}

int limit_v1(const std::string& folder) {
  std::string quota = read_text(folder + "/cpu.cfs_quota_us");
  std::string period = read_text(folder + "/cpu.cfs_period_us");
  return cores_of(std::atof(quota.c_str()), std::atof(period.c_str()));
}

int smaller_limit(int a, int b) { return a == 0 ? b : b == 0 ? a : std::min(a, b); }

template <class Read>
int smallest_up_to_root(const std::string& mount, std::string path, Read read) {
  int limit = 0;
  while (true) {
    limit = smaller_limit(limit, read(mount + path));
    if (path.empty() || path == "/") return limit;
    path.erase(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
}

bool lists_cpu(std::string_view controllers) {
  for (std::size_t begin = 0; begin <= controllers.size();) {
    std::size_t end = std::min(controllers.find(',', begin), controllers.size());
    if (controllers.substr(begin, end - begin) == "cpu") return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

int cgroup_cpu_limit(std::string_view membership, const std::string& root) {
  int limit = 0;
  std::istringstream lines{std::string(membership)};
  for (std::string line; std::getline(lines, line);) {
    std::size_t first = line.find(':');
    std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    std::string controllers = line.substr(first + 1, second - first - 1);
    std::string path = line.substr(second + 1);
    if (path.find("..") != std::string::npos) path = "/";  // the group lies outside our view
    if (controllers.empty()) {
      limit = smaller_limit(limit, smallest_up_to_root(root, path, limit_v2));
    } else if (lists_cpu(controllers)) {
      limit = smaller_limit(limit, smallest_up_to_root(root + "/cpu", path, limit_v1));
      limit = smaller_limit(limit, smallest_up_to_root(root + "/" + controllers, path, limit_v1));
    }
  }
  return limit;
}

int cgroup_cpu_limit() {
  static const int limit = cgroup_cpu_limit(read_text("/proc/self/cgroup"), "/sys/fs/cgroup");
  return limit;
}

}  // namespace bafe

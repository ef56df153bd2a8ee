#pragma once
/// How many cores a container's CPU quota is worth (cgroup v2 cpu.max, v1 cpu.cfs_quota_us).

#include <string>
#include <string_view>

namespace bafe {

/// Cores worth of quota, rounded up; 0 when no quota applies.
/// `membership` is the text of /proc/self/cgroup, `root` the mount point of the hierarchies. Every
/// ancestor is asked, because a parent's quota binds its children; the smallest wins.
int cgroup_cpu_limit(std::string_view membership, const std::string& root);

/// The same for this process, read once.
int cgroup_cpu_limit();

}  // namespace bafe

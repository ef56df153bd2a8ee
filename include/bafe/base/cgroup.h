#pragma once
/// What a container may use: cores (cgroup v2 cpu.max, v1 cpu.cfs_quota_us) and bytes of memory
/// (memory.max, memory.limit_in_bytes).

#include <cstdint>
#include <string>
#include <string_view>

namespace bafe {

/// Cores worth of quota, rounded up; 0 when no quota applies.
/// `membership` is the text of /proc/self/cgroup, `root` the mount point of the hierarchies. Every
/// ancestor is asked, because a parent's quota binds its children; the smallest wins.
int cgroup_cpu_limit(std::string_view membership, const std::string& root);

/// The same for this process, read once.
int cgroup_cpu_limit();

/// Bytes of memory, the smallest of the group's and its ancestors' limits; 0 when there is none.
std::int64_t cgroup_memory_limit(std::string_view membership, const std::string& root);

/// The same for this process, read once.
std::int64_t cgroup_memory_limit();

}  // namespace bafe

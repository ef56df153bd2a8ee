#pragma once
/// Starts a program in a process group of its own, under limits that hold from its first
/// instruction.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace bafe {

struct SpawnSpec {
  std::vector<std::string> command;      ///< command[0] is a path
  std::vector<std::string> environment;  ///< "NAME=value"; nothing is inherited
  int input = -1, messages = -1;         ///< descriptors that become its input and standard error
  std::int64_t memory_bytes = 0;         ///< address space of each process; 0: no limit
  std::int64_t file_bytes = 0;           ///< of each file it writes; 0: no limit
  double cpu_seconds = 0;                ///< of each process; 0: no limit
};

/// 0 and the child's id, or an errno. The child has default signals, no descriptors beyond its
/// three, and is killed when the calling thread's process ends, however that ends.
int spawn(const SpawnSpec& spec, pid_t& pid);

}  // namespace bafe

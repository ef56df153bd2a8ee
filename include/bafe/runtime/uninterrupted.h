#pragma once
/// System calls that a signal ended early. Local files never do that, those over a network may.

#include <unistd.h>

#include <cerrno>

namespace bafe {

/// The result of `call`, made again as long as a signal interrupts it.
template <class Call>
auto uninterrupted(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// Closes a file that was written. Interrupted or not, Linux has closed it.
inline bool is_closed_whole(int fd) { return close(fd) == 0 || errno == EINTR; }

}  // namespace bafe

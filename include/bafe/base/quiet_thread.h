#pragma once
/// Threads of our own in somebody else's process.

#include <cstddef>

namespace bafe {

/// Starts a detached thread that blocks every signal: signals belong to the host program's threads.
/// False when the system gives none.
bool start_quiet_thread(void* (*main)(void*), void* argument, std::size_t stack_bytes);

}  // namespace bafe

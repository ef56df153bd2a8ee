// In: a function. Out: a thread that runs it, with every signal blocked from its first instruction.

#include "bafe/base/quiet_thread.h"

#include <pthread.h>

#include <csignal>

namespace bafe {

bool start_quiet_thread(void* (*main)(void*), void* argument, std::size_t stack_bytes) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  pthread_t thread;
  const bool is_started = pthread_create(&thread, &attributes, main, argument) == 0;
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return is_started;
}

}  // namespace bafe

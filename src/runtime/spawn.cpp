// In: a program, its descriptors and limits. Out: a running child. posix_spawn can neither set
// limits nor tie a child to its parent's life, so the child is made by vfork: until it executes the
// program it borrows our memory while we wait, and makes system calls only. Signals are blocked
// meanwhile, so that no handler of the host runs in it.

#include "bafe/runtime/spawn.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>

namespace bafe {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

/// What the child needs, made before it exists.
struct ChildStart {
  char* const* argv;
  char* const* envp;
  int input, messages;
  rlim_t memory, file, cpu;
  pid_t parent;
};

void limit(decltype(RLIMIT_AS) what, rlim_t most) {
  if (most == 0) return;
  rlimit both{most, most};
  setrlimit(what, &both);
}

void close_from(int first) {
  if (syscall(SYS_close_range, static_cast<unsigned>(first), ~0u, 0) == 0) return;
  for (int fd = first; fd < 1024; ++fd) close(fd);  // kernels before 5.9
}

/// Never returns; the errno of a failure goes to `error`, which is the parent's memory.
[[noreturn]] void become(const ChildStart& begin, volatile int& error) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != begin.parent) _exit(127);  // it ended before we asked
  setpgid(0, 0);
  for (int number = 1; number < NSIG; ++number) {
    if (number != SIGKILL && number != SIGSTOP) signal(number, SIG_DFL);
  }
  // Both are 3 or above, so no dup2 meets its own descriptor or one that is still needed.
  bool is_ready = dup2(begin.input, 0) == 0 && dup2(begin.messages, 2) == 2;
  const int nothing = open("/dev/null", O_WRONLY);
  is_ready = is_ready && nothing >= 0 && (nothing == 1 || dup2(nothing, 1) == 1);
  if (is_ready) {
    close_from(3);
    limit(RLIMIT_AS, begin.memory);
    limit(RLIMIT_FSIZE, begin.file);
    limit(RLIMIT_CPU, begin.cpu);
    rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execve(begin.argv[0], begin.argv, begin.envp);
  }
  error = errno;
  _exit(127);
}

/// A copy of `fd` that is none of the standard three.
int above_standard(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, 3); }

/// Not inlined: the child must not write to a frame that does more than this.
__attribute__((noinline)) pid_t start(const ChildStart& begin, volatile int& error) {
  const pid_t pid = vfork();
  if (pid == 0) become(begin, error);
  if (pid < 0) error = errno;
  return pid;
}

}  // namespace

int spawn(const SpawnSpec& spec, pid_t& pid) {
  const std::vector<char*> argv = pointers(spec.command), envp = pointers(spec.environment);
  const int input = above_standard(spec.input), messages = above_standard(spec.messages);
  volatile int error = 0;
  if (input < 0 || messages < 0) {
    error = errno;
  } else {
    const rlim_t cpu = spec.cpu_seconds > 0 ? static_cast<rlim_t>(std::ceil(spec.cpu_seconds)) : 0;
    const ChildStart begin{argv.data(),
                           envp.data(),
                           input,
                           messages,
                           static_cast<rlim_t>(spec.memory_bytes),
                           static_cast<rlim_t>(spec.file_bytes),
                           cpu,
                           getpid()};
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = start(begin, error);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid > 0 && error != 0) waitpid(pid, nullptr, 0);
  }
  if (input >= 0) close(input);
  if (messages >= 0) close(messages);
  return error;
}

}  // namespace bafe

// In: a command and its limits. Out: how it ended and what it said. Invariants: the child's input
// is a sealed file in memory, so a child that does not read cannot block us or raise SIGPIPE; every
// wait is bounded by kPollMs, so limits and interrupts are noticed in time; the process group is
// dead before we return.

#include "bafe/runtime/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "bafe/base/trace.h"

namespace bafe {
namespace {

constexpr int kPollMs = 25;

/// A file descriptor that is closed with its owner.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  ~Fd() { reset(); }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  void reset(int fd = -1) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

int memory_file(std::string_view bytes) {
  int fd = memfd_create("bafe-input", MFD_CLOEXEC);
  for (std::size_t done = 0; fd >= 0 && done < bytes.size();) {
    ssize_t wrote = write(fd, bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      close(fd);
      return -1;
    }
    done += static_cast<std::size_t>(wrote);
  }
  if (fd >= 0) lseek(fd, 0, SEEK_SET);
  return fd;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

/// Starts the child in a group of its own, with default signals and no descriptors beyond its
/// three.
int spawn(const ChildSpec& spec, int input, int messages, pid_t& pid) {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_init(&actions);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawn_file_actions_adddup2(&actions, input, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, messages, 2);
#if defined(__GLIBC__) && (__GLIBC__ > 2 || (__GLIBC__ == 2 && __GLIBC_MINOR__ >= 34))
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
#endif
  std::vector<char*> argv = pointers(spec.command), envp = pointers(spec.environment);
  int error = posix_spawn(&pid, argv[0], &actions, &attributes, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error;
}

/// The child has run for some microseconds, so it may have started helpers without the limit. Each
/// process is limited before its children are listed: what it starts later inherits, what it
/// started before is found.
void limit_memory(pid_t pid, std::int64_t bytes, int depth = 0) {
  if (bytes <= 0 || depth > 4) return;
  rlimit limit{static_cast<rlim_t>(bytes), static_cast<rlim_t>(bytes)};
  prlimit(pid, RLIMIT_AS, &limit, nullptr);
  std::string name = std::to_string(pid);
  std::ifstream children("/proc/" + name + "/task/" + name + "/children");
  for (pid_t child; children >> child;) limit_memory(child, bytes, depth + 1);
}

void read_available(int fd, std::size_t most, std::string& out) {
  char buffer[4096];
  while (true) {
    ssize_t got = read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    std::size_t room = most - std::min(most, out.size());
    out.append(buffer, std::min<std::size_t>(room, static_cast<std::size_t>(got)));
  }
}

/// Reaps the child if it has ended. A host that ignores SIGCHLD takes the status from us: then code
/// is 0 and the caller judges by the output.
bool reap(pid_t pid, int flags, ChildResult& result) {
  int status = 0;
  pid_t got;
  do {
    got = waitpid(pid, &status, flags);
  } while (got < 0 && errno == EINTR);
  if (got == 0) return false;
  result.end = got == pid && WIFSIGNALED(status) ? ChildEnd::kSignalled : ChildEnd::kExited;
  result.code = got != pid ? 0 : WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  return true;
}

void await_end(const ChildSpec& spec, pid_t pid, int messages, ChildResult& result) {
  Fd ended(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  int step_ms = ended.get() >= 0 ? kPollMs : 1;
  std::int64_t deadline_ns = now_ns() + static_cast<std::int64_t>(spec.seconds * 1e9);
  bool is_open = true;
  while (!reap(pid, WNOHANG, result)) {
    if (now_ns() >= deadline_ns) result.end = ChildEnd::kTimedOut;
    if (spec.interrupted && spec.interrupted()) result.end = ChildEnd::kInterrupted;
    if (result.end == ChildEnd::kTimedOut || result.end == ChildEnd::kInterrupted) {
      ChildResult ignored;
      kill(-pid, SIGKILL);
      reap(pid, 0, ignored);
      return;
    }
    pollfd watched[2] = {{is_open ? messages : -1, POLLIN, 0}, {ended.get(), POLLIN, 0}};
    poll(watched, 2, step_ms);
    if (watched[0].revents & POLLIN)
      read_available(messages, spec.most_message_bytes, result.messages);
    if ((watched[0].revents & POLLHUP) && !(watched[0].revents & POLLIN)) is_open = false;
  }
  kill(-pid, SIGKILL);  // helpers that the child left behind
}

}  // namespace

ChildResult run_child(const ChildSpec& spec) {
  ChildResult result;
  int ends[2] = {-1, -1};
  Fd input(memory_file(spec.input));
  if (input.get() < 0 || pipe2(ends, O_CLOEXEC) != 0) {
    result.code = errno;
    return result;
  }
  Fd messages(ends[0]), child_end(ends[1]);
  fcntl(messages.get(), F_SETFL, O_NONBLOCK);
  pid_t pid = -1;
  result.code = spawn(spec, input.get(), child_end.get(), pid);
  child_end.reset();
  if (result.code != 0) return result;
  limit_memory(pid, spec.memory_bytes);
  await_end(spec, pid, messages.get(), result);
  read_available(messages.get(), spec.most_message_bytes, result.messages);
  return result;
}

}  // namespace bafe

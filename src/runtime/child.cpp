// In: a command and its limits. Out: how it ended and what it said. Invariants: the child's input
// is a sealed file in memory, so a child that does not read cannot block us or raise SIGPIPE; every
// wait is bounded by kPollMs, so limits and interrupts are noticed in time; the process group is
// dead before we return.

#include "bafe/runtime/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "bafe/base/trace.h"
#include "bafe/runtime/background.h"
#include "bafe/runtime/spawn.h"

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

/// Has the child ended? It stays to be reaped.
bool has_ended(pid_t pid) {
  siginfo_t info;
  info.si_pid = 0;
  int got;
  do {
    got = waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
  } while (got < 0 && errno == EINTR);
  return got < 0 || info.si_pid == pid;
}

void await_end(const ChildSpec& spec, pid_t pid, int messages, ChildResult& result) {
  WatchedChild watched(pid);
  Fd ended(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  int step_ms = ended.get() >= 0 ? kPollMs : 1;
  std::int64_t deadline_ns = now_ns() + static_cast<std::int64_t>(spec.seconds * 1e9);
  bool is_open = true;
  while (!has_ended(pid)) {
    if (now_ns() >= deadline_ns + watched.stopped_ns()) result.end = ChildEnd::kTimedOut;
    if (spec.interrupted && spec.interrupted()) result.end = ChildEnd::kInterrupted;
    if (result.end == ChildEnd::kTimedOut || result.end == ChildEnd::kInterrupted) {
      ChildResult ignored;
      watched.forget();
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
  watched.forget();
  kill(-pid,
       SIGKILL);  // helpers that the child left behind; its number is taken until it is reaped
  reap(pid, 0, result);
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
  SpawnSpec start;
  start.command = spec.command;
  start.environment = spec.environment;
  start.input = input.get();
  start.messages = child_end.get();
  start.memory_bytes = spec.memory_bytes;
  start.file_bytes = spec.file_bytes;
  // For what outlives us: the clock on the wall comes first.
  start.cpu_seconds = spec.seconds > 0 ? spec.seconds + 2 : 0;
  result.code = spawn(start, pid);
  child_end.reset();
  if (result.code != 0) return result;
  await_end(spec, pid, messages.get(), result);
  read_available(messages.get(), spec.most_message_bytes, result.messages);
  return result;
}

}  // namespace bafe

// In: a script. Out: the child's answer, or unknown. One socket serves as the child's stdin and
// stdout, so a child that dies early costs an error code and no signal; no shell is involved, and a
// silent child is killed. Invariant: an answer depends on its question alone.
#include "smt_child.h"

#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

#include "bafe/base/options.h"
#include "bafe/base/trace.h"

extern char** environ;

namespace bafe {
namespace {

constexpr std::size_t kMostAnswer = 64 << 20;

thread_local SmtTranscript* current_transcript = nullptr;

bool executable(const std::string& path) { return access(path.c_str(), X_OK) == 0; }

bool send_all(int fd, const std::string& text) {
  std::size_t sent = 0;
  while (sent < text.size()) {
    ssize_t n = send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

bool ends_with_dot(const std::string& text) {
  std::size_t n = text.size();
  return n >= 2 && text.compare(n - 2, 2, ".\n") == 0 && (n == 2 || text[n - 3] == '\n');
}

/// Everything up to the line "."; false when the time is up or the child is gone.
bool receive_answer(int fd, int wall_ms, std::string& text) {
  std::int64_t deadline = now_ns() + static_cast<std::int64_t>(wall_ms) * 1'000'000;
  char block[4096];
  while (!ends_with_dot(text)) {
    std::int64_t left_ms = (deadline - now_ns()) / 1'000'000;
    if (left_ms <= 0 || text.size() > kMostAnswer) return false;
    pollfd ready{fd, POLLIN, 0};
    if (poll(&ready, 1, static_cast<int>(left_ms)) <= 0) continue;
    ssize_t n = recv(fd, block, sizeof block, 0);
    if (n <= 0) return false;
    text.append(block, static_cast<std::size_t>(n));
  }
  text.resize(text.size() - 2);
  return true;
}

SmtAnswer parse_answer(const std::string& text) {
  SmtAnswer answer;
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  if (line == "unsat") answer.status = SmtStatus::kUnsat;
  if (line == "sat") answer.status = SmtStatus::kSat;
  while (std::getline(lines, line)) {
    std::size_t space = line.find(' ');
    if (space != std::string::npos) answer.model[line.substr(0, space)] = line.substr(space + 1);
  }
  return answer;
}

pid_t start(const std::string& program, int child_fd) {
  posix_spawn_file_actions_t actions;
  if (posix_spawn_file_actions_init(&actions) != 0) return -1;
  posix_spawn_file_actions_adddup2(&actions, child_fd, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, child_fd, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1, 0);
  std::string name = program, mode = "serve";
  char* argv[] = {name.data(), mode.data(), nullptr};
  pid_t pid = -1;
  if (posix_spawn(&pid, program.c_str(), &actions, nullptr, argv, environ) != 0) pid = -1;
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

/// The child of one thread: started at its first question, again after a question that it did not
/// answer, ended with the thread. It forks for every question, so none depends on another.
class SmtServer {
 public:
  SmtServer() = default;
  SmtServer(const SmtServer&) = delete;
  SmtServer& operator=(const SmtServer&) = delete;
  ~SmtServer() { stop(); }

  SmtAnswer ask(const std::string& program, const std::string& script, unsigned rlimit,
                int wall_ms) {
    if (program != program_ || owner_ != getpid()) stop();
    SmtAnswer answer;
    if (pid_ < 0 && !begin(program)) {
      answer.status = SmtStatus::kMissing;
      return answer;
    }
    std::string text;
    std::string header = std::to_string(rlimit) + " " + std::to_string(script.size()) + "\n";
    bool complete = send_all(fd_, header + script) && receive_answer(fd_, wall_ms, text);
    if (complete) return parse_answer(text);
    stop();
    return answer;
  }

 private:
  bool begin(const std::string& program) {
    int ends[2];
    if (program.empty() || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      return false;
    }
    pid_ = start(program, ends[1]);
    close(ends[1]);
    if (pid_ < 0) {
      close(ends[0]);
      return false;
    }
    fd_ = ends[0];
    program_ = program;
    owner_ = getpid();
    return true;
  }

  void stop() {
    if (pid_ < 0) return;
    close(fd_);
    if (owner_ == getpid()) {  // a forked copy of this process has no claim on it
      kill(pid_, SIGKILL);
      while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
    pid_ = -1;
  }

  pid_t pid_ = -1, owner_ = -1;
  int fd_ = -1;
  std::string program_;
};

}  // namespace

std::string find_smt_program() {
  std::string given = option("BAFE_SMT");
  if (!given.empty()) return executable(given) ? given : "";
  Dl_info info;
  if (dladdr(reinterpret_cast<void*>(&find_smt_program), &info) == 0 || info.dli_fname == nullptr) {
    return "";
  }
  std::string file = info.dli_fname;
  std::size_t slash = file.rfind('/');
  std::string beside =
      (slash == std::string::npos ? std::string("./") : file.substr(0, slash + 1)) + "bafe-smt";
  return executable(beside) ? beside : "";
}

SmtTranscript::SmtTranscript() : outer_(current_transcript) { current_transcript = this; }
SmtTranscript::~SmtTranscript() { current_transcript = outer_; }

void SmtTranscript::add(const std::string& script, SmtStatus status) {
  if (status == SmtStatus::kUnknown || status == SmtStatus::kMissing) ++unanswered_;
  if (status != SmtStatus::kUnsat) return;
  bool ints = script.find("Int") != std::string::npos;
  bool reals = script.find("Real") != std::string::npos;
  const char* logic = !ints ? "QF_UFLRA" : reals ? "QF_UFLIRA" : "QF_UFLIA";
  proofs_ += std::string("(set-logic ") + logic + ")\n" + script + "(check-sat)\n(reset)\n";
}

const SmtAnswer* SmtTranscript::known(const std::string& script, unsigned rlimit) const {
  auto it = answers_.find({script, rlimit});
  return it == answers_.end() ? nullptr : &it->second;
}

void SmtTranscript::keep(const std::string& script, unsigned rlimit, const SmtAnswer& answer) {
  answers_.emplace(std::pair(script, rlimit), answer);
  add(script, answer.status);
}

SmtAnswer ask_smt(const std::string& program, const std::string& script, unsigned rlimit,
                  int wall_ms) {
  static thread_local SmtServer server;
  if (current_transcript == nullptr) return server.ask(program, script, rlimit, wall_ms);
  if (const SmtAnswer* known = current_transcript->known(script, rlimit)) return *known;
  SmtAnswer answer = server.ask(program, script, rlimit, wall_ms);
  current_transcript->keep(script, rlimit, answer);
  return answer;
}

}  // namespace bafe

// In: a script. Out: the child's answer, or unknown. One socket serves as the child's stdin and
// stdout, so a child that dies early costs an error code and no signal; no shell is involved, and a
// silent child is killed.
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

thread_local SmtTranscript* current_transcript = nullptr;

bool executable(const std::string& path) { return access(path.c_str(), X_OK) == 0; }

bool send_all(int fd, const std::string& text) {
  std::size_t sent = 0;
  while (sent < text.size()) {
    ssize_t n = send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  return shutdown(fd, SHUT_WR) == 0;
}

/// Everything until the end of the stream; false when the time is up.
bool receive_all(int fd, int wall_ms, std::string& text) {
  std::int64_t deadline = now_ns() + static_cast<std::int64_t>(wall_ms) * 1'000'000;
  char block[4096];
  while (true) {
    std::int64_t left_ms = (deadline - now_ns()) / 1'000'000;
    if (left_ms <= 0) return false;
    pollfd ready{fd, POLLIN, 0};
    if (poll(&ready, 1, static_cast<int>(left_ms)) <= 0) continue;
    ssize_t n = recv(fd, block, sizeof block, 0);
    if (n <= 0) return true;
    text.append(block, static_cast<std::size_t>(n));
  }
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

pid_t start(const std::string& program, unsigned rlimit, int child_fd) {
  posix_spawn_file_actions_t actions;
  if (posix_spawn_file_actions_init(&actions) != 0) return -1;
  posix_spawn_file_actions_adddup2(&actions, child_fd, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, child_fd, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1, 0);
  std::string limit = std::to_string(rlimit), name = program;
  char* argv[] = {name.data(), limit.data(), nullptr};
  pid_t pid = -1;
  if (posix_spawn(&pid, program.c_str(), &actions, nullptr, argv, environ) != 0) pid = -1;
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

SmtAnswer run_child(const std::string& program, const std::string& script, unsigned rlimit,
                    int wall_ms) {
  SmtAnswer missing;
  missing.status = SmtStatus::kMissing;
  int ends[2];
  if (program.empty() || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return missing;
  pid_t pid = start(program, rlimit, ends[1]);
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    return missing;
  }
  std::string text;
  bool complete = send_all(ends[0], script) && receive_all(ends[0], wall_ms, text);
  close(ends[0]);
  if (!complete) kill(pid, SIGKILL);
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return complete ? parse_answer(text) : SmtAnswer{};
}

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

SmtAnswer ask_smt(const std::string& program, const std::string& script, unsigned rlimit,
                  int wall_ms) {
  SmtAnswer answer = run_child(program, script, rlimit, wall_ms);
  if (current_transcript != nullptr) current_transcript->add(script, answer.status);
  return answer;
}

}  // namespace bafe

// In: limits. Out: findings and counts. Processes are forked before any thread exists in this one,
// and each has a pipe for its findings. Invariant: a case is counted once, by the worker that
// finished its block or as the end of one.

#include "bafe/fuzz/campaign.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <new>
#include <sstream>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/ir/op.h"
#include "bafe/rules/rule_set.h"
#include "workers.h"

namespace bafe {
namespace {

struct Worker {
  pid_t pid = -1;
  int pipe = -1;
  std::string rest;  ///< of a line
  bool was_killed = false;
};

/// The machine may be busy with other things: the process's own time counts, or very long waiting.
bool is_stuck(std::int64_t cpu_ns, std::int64_t wall_ns, double seconds) {
  return static_cast<double>(cpu_ns) > seconds * 1e9 ||
         static_cast<double>(wall_ns) > 20 * seconds * 1e9;
}

class Campaign {
 public:
  explicit Campaign(const CampaignLimits& limits) : limits_(limits) {
    void* memory =
        mmap(nullptr, sizeof(FuzzBoard), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    BAFE_CHECK(memory != MAP_FAILED, "a campaign has memory to share");
    board_ = new (memory) FuzzBoard;
    board_->last = std::numeric_limits<std::uint64_t>::max();
    if (limits.cases >= 0) {
      std::uint64_t k = 0;
      for (std::int64_t cases = 0; cases < limits.cases; ++k) {
        const FuzzBlock block = fuzz_block(limits, k);
        cases += static_cast<std::int64_t>(block.end - block.begin);
      }
      board_->last = k;
    }
    workers_.resize(
        static_cast<std::size_t>(std::clamp(limits.workers, 1, FuzzBoard::kMostWorkers)));
  }
  ~Campaign() {
    for (Worker& worker : workers_) {
      if (worker.pid > 0) kill(worker.pid, SIGKILL), waitpid(worker.pid, nullptr, 0);
      if (worker.pipe >= 0) close(worker.pipe);
    }
    munmap(board_, sizeof(FuzzBoard));
  }
  Campaign(const Campaign&) = delete;
  Campaign& operator=(const Campaign&) = delete;

  CampaignState run(const std::function<bool(const CampaignState&)>& report) {
    const std::int64_t begin_ns = fuzz_clock_ns();
    RuleSet::builtin();  // read once, before the workers are made
    for (std::size_t i = 0; i < workers_.size(); ++i) start(i);
    while (wait_a_moment()) {
      state_.seconds = static_cast<double>(fuzz_clock_ns() - begin_ns) / 1e9;
      count();
      if (!report(state_) || state_.seconds > limits_.seconds) board_->stops = true;
    }
    count();
    report(state_);
    return state_;
  }

 private:
  void start(std::size_t i) {
    int ends[2];
    BAFE_CHECK(pipe2(ends, O_CLOEXEC) == 0, "a worker has a pipe");
    FuzzSlot& slot = board_->slots[i];
    slot.oracle = 0;
    slot.since_ns = fuzz_clock_ns();
    slot.cpu_ns = 0;
    const pid_t pid = fork();
    BAFE_CHECK(pid >= 0, "a worker can be made");
    if (pid == 0) {
      try {
        run_worker(*board_, static_cast<int>(i), limits_, ends[1]);
      } catch (...) {
        _exit(3);  // the end of a worker is a finding about the case it was at
      }
      _exit(0);
    }
    close(ends[1]);
    workers_[i] = {pid, ends[0], {}, false};
  }

  /// False when no worker is left.
  bool wait_a_moment() {
    std::vector<pollfd> polled;
    for (const Worker& worker : workers_) polled.push_back({worker.pipe, POLLIN, 0});
    poll(polled.data(), polled.size(), 100);
    bool is_any = false;
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      if (workers_[i].pid < 0) continue;
      is_any = true;
      kill_if_stuck(i);
      if (polled[i].revents != 0) read_lines(i);
    }
    return is_any;
  }

  void kill_if_stuck(std::size_t i) {
    const FuzzSlot& slot = board_->slots[i];
    if (slot.oracle == 0 || workers_[i].was_killed) return;
    if (!is_stuck(fuzz_cpu_ns(workers_[i].pid) - slot.cpu_ns, fuzz_clock_ns() - slot.since_ns,
                  limits_.hang_seconds))
      return;
    workers_[i].was_killed = true;
    kill(workers_[i].pid, SIGKILL);
  }

  void read_lines(std::size_t i) {
    char bytes[4096];
    const ssize_t count = read(workers_[i].pipe, bytes, sizeof bytes);
    if (count <= 0) return bury(i);
    std::string& rest = workers_[i].rest;
    rest.append(bytes, static_cast<std::size_t>(count));
    for (std::size_t end; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1))
      note(rest.substr(0, end));
  }

  void note(const std::string& line) {
    std::istringstream in(line);
    int oracle = 0;
    Finding found;
    in >> oracle >> found.seed >> found.rule;
    if (found.rule == "-") found.rule.clear();
    std::getline(in >> std::ws, found.what);
    std::replace(found.what.begin(), found.what.end(), '\x1f', '\n');
    state_.findings.emplace_back(oracle, std::move(found));
  }

  /// A worker has ended: of itself, or in the middle of a case.
  void bury(std::size_t i) {
    Worker& worker = workers_[i];
    FuzzSlot& slot = board_->slots[i];
    int status = 0;
    waitpid(worker.pid, &status, 0);
    close(worker.pipe);
    const bool was_killed = worker.was_killed;
    worker = {};
    if (slot.oracle == 0 && WIFEXITED(status)) return;
    const int oracle = slot.oracle;
    const char* stage = slot.stage.load();
    Finding found;
    found.seed = slot.seed;
    found.what = was_killed ? format("hangs in {}", stage ? stage : "the beginning")
                            : format("crashes in {}: {} {}", stage ? stage : "the beginning",
                                     WIFSIGNALED(status) ? "signal" : "code",
                                     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    ++slot.cases[static_cast<std::size_t>(oracle)];
    do_again({oracle, slot.begin, found.seed});
    do_again({oracle, found.seed + 1, slot.end});
    state_.findings.emplace_back(oracle, std::move(found));
    start(i);
  }

  void do_again(const FuzzBlock& block) {
    const int at = board_->again_count;
    if (block.begin >= block.end || at >= FuzzBoard::kMostAgain) return;
    board_->again[static_cast<std::size_t>(at)] = block;
    ++board_->again_count;
  }

  void count() {
    state_.cases = {};
    state_.operators.clear();
    state_.dtypes.clear();
    state_.rules.clear();
    for (const FuzzSlot& slot : board_->slots) {
      for (std::size_t i = 0; i < slot.cases.size(); ++i) state_.cases[i] += slot.cases[i];
      for (const OpInfo& info : all_ops()) {
        const std::int64_t n = slot.operators[static_cast<std::size_t>(info.op)];
        if (n > 0) state_.operators[std::string(info.name)] += n;
      }
      for (int i = 0; i < kDTypeCount; ++i) {
        const std::int64_t n = slot.dtypes[static_cast<std::size_t>(i)];
        if (n > 0) state_.dtypes[std::string(dtype_info(static_cast<DType>(i)).name)] += n;
      }
      const RuleSet& rules = RuleSet::builtin();
      for (std::uint32_t i = 0; i < std::min<std::size_t>(rules.size(), slot.rules.size()); ++i) {
        if (slot.rules[i] > 0) state_.rules[rules.rule(RuleId(i)).name] += slot.rules[i];
      }
    }
  }

  CampaignLimits limits_;
  FuzzBoard* board_ = nullptr;
  std::vector<Worker> workers_;
  CampaignState state_;
};

}  // namespace

CampaignState run_campaign(const CampaignLimits& limits,
                           const std::function<bool(const CampaignState&)>& report) {
  return Campaign(limits).run(report);
}

Finding check_apart(const FuzzCase& one, double seconds, const FuzzCheck& check) {
  int ends[2];
  BAFE_CHECK(pipe2(ends, O_CLOEXEC) == 0, "a check has a pipe");
  const pid_t pid = fork();
  BAFE_CHECK(pid >= 0, "a process can be made");
  if (pid == 0) {
    const Finding found = check ? check(one) : check_case(one);
    const std::string text = found.rule + "\n" + found.what;
    const ssize_t written = write(ends[1], text.data(), text.size());
    _exit(written < 0 ? 1 : 0);
  }
  close(ends[1]);
  std::string text;
  const std::int64_t begin_ns = fuzz_clock_ns();
  bool is_late = false;
  for (;;) {
    pollfd polled{ends[0], POLLIN, 0};
    poll(&polled, 1, 100);
    is_late = is_stuck(fuzz_cpu_ns(pid), fuzz_clock_ns() - begin_ns, seconds);
    if (is_late) kill(pid, SIGKILL);
    if (polled.revents == 0 && !is_late) continue;
    char bytes[4096];
    const ssize_t count = is_late ? 0 : read(ends[0], bytes, sizeof bytes);
    if (count <= 0) break;
    text.append(bytes, static_cast<std::size_t>(count));
  }
  close(ends[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  Finding out;
  out.seed = one.seed;
  const std::size_t end = text.find('\n');
  if (is_late) {
    out.what = "hangs";
  } else if (!WIFEXITED(status) || end == std::string::npos) {
    out.what = format("crashes: signal {}", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  } else {
    out.rule = text.substr(0, end);
    out.what = text.substr(end + 1);
  }
  return out;
}

}  // namespace bafe

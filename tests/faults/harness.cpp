// In: paths. Out: verdicts. Each case is a fork of one warm process, so that thousands of cases
// cost a few milliseconds each; what a case leaves behind is looked for in its own two folders and
// in the process table.

#include "faults/harness.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <thread>

#include "bafe/base/error.h"
#include "bafe/base/log.h"
#include "bafe/ir/text.h"
#include "bafe/runtime/background.h"
#include "bafe/runtime/cache.h"

namespace bafe {
namespace {

constexpr const char* kProgram =
    "program main(a: f32[8, 16], b: f32[16, 4], c: f32[8, 4]) -> f32[8, 4] "
    "{ return relu (add (matmul a b) c) }";
constexpr int kErrors[] = {ENOSPC, EIO, EMFILE, EACCES, EINTR};
constexpr double kLimitSeconds = 60;

/// The numbers of the program for inputs 0, 1/8, 2/8 …
std::vector<float> numbers(const Executable& executable) {
  std::vector<std::vector<float>> memory;
  std::vector<void*> in, out;
  for (const BufferSpec& spec : executable.inputs()) {
    std::vector<float>& values =
        memory.emplace_back(static_cast<std::size_t>(type_bytes(spec.type)) / sizeof(float));
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(i % 17) / 8 - 1;
    }
  }
  std::vector<float> result(32, -1.0f);
  for (std::vector<float>& values : memory) in.push_back(values.data());
  out.push_back(result.data());
  executable.run(in.data(), out.data());
  return result;
}

std::shared_ptr<const Executable> prepare(Tier tier) {
  EngineOptions options;
  options.tier = tier;
  return Engine::shared().prepare(parse_program(kProgram), options);
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> out;
  for (const auto& item : std::filesystem::directory_iterator(folder)) {
    out.push_back(item.path().filename().string());
  }
  return out;
}

}  // namespace

std::string FaultBench::processes(const std::string& text) {
  DIR* stream = opendir("/proc");
  std::string found;
  while (dirent* item = stream ? readdir(stream) : nullptr) {
    if (item->d_name[0] < '0' || item->d_name[0] > '9') continue;
    std::string line = read_file(std::string("/proc/") + item->d_name + "/cmdline");
    if (line.find(text) != std::string::npos) found = line;
  }
  if (stream) closedir(stream);
  return found;
}

namespace {

Digest digest_of(const std::string& hex) {
  Digest out;
  for (std::size_t i = 0; i < out.bytes.size(); ++i) {
    out.bytes[i] = static_cast<std::uint8_t>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
  }
  return out;
}

const char* action_name(int action) {
  switch (action) {
    case FAULT_KILL:
      return "killed";
    case FAULT_FAIL_ON:
      return "fails from here on";
    default:
      return "fails";
  }
}

}  // namespace

bool all_faults() {
  const char* value = getenv("BAFE_FAULTS");
  return value && std::string(value) == "all";
}

FaultBench::FaultBench() {
  threads_ = std::make_unique<ScopedVariable>("BAFE_NUM_THREADS", "1");
  std::filesystem::create_directory(temporary());
  tmp_ = std::make_unique<ScopedVariable>("TMPDIR", temporary());
  cache_dir_ = std::make_unique<ScopedVariable>("BAFE_CACHE_DIR", folder_.file("first"));
  right_ = numbers(*prepare(Tier::kInterpreted));
  Digest key = digest_of(prepare(Tier::kCompiled)->provenance().key);
  write_file(folder_.file("result"), KernelCache::shared()->load(key)->code);
  KernelCache::shared()->flush();  // nothing of this folder is written later
  quick_command_ = std::string(BAFE_QUICK_CC) + " " + folder_.file("result");
  compiler_ = std::make_unique<ScopedVariable>("BAFE_CC", quick_command_);
  setenv("BAFE_CACHE_DIR", cache().c_str(), 1);
}

FaultBench::~FaultBench() = default;

Ending FaultBench::call(Tier tier) {
  try {
    held_ = prepare(tier);
    std::vector<float> got = numbers(*held_);
    KernelCache::shared()->info();  // what is written behind the call is written by now
    return agrees(got) ? Ending::kRight : Ending::kWrong;
  } catch (const Error& error) {
    refusal_ = error.what();
    return Ending::kRefused;
  } catch (const std::bad_alloc&) {
    return Ending::kRefused;
  } catch (const std::exception& error) {
    fprintf(stderr, "a call ended with: %s\n", error.what());
    return Ending::kWrong;
  }
}

Ending FaultBench::call_and_wait() {
  Ending first = call(Tier::kAuto);
  while (Background::shared().waiting() > 0) usleep(500);
  if (first != Ending::kRight) return first;
  try {
    return agrees(numbers(*held_)) ? Ending::kRight : Ending::kWrong;
  } catch (const std::exception&) {
    return Ending::kWrong;
  }
}

bool FaultBench::agrees(const std::vector<float>& got) const {
  for (std::size_t i = 0; i < right_.size(); ++i) {
    if (!(std::fabs(got[i] - right_[i]) <= 1e-5f)) return false;
  }
  return true;
}

bool FaultBench::works() {
  Ending first = call(Tier::kCompiled);
  forget();
  Ending second = call(Tier::kCompiled);
  bool is_found = prepare(Tier::kCompiled)->provenance().from_cache;
  bool is_good = first == Ending::kRight && second == Ending::kRight && is_found;
  if (!is_good) {
    fprintf(stderr, "calls ended %d and %d, %s the cache\n", static_cast<int>(first),
            static_cast<int>(second), is_found ? "from" : "not from");
  }
  return is_good;
}

void FaultBench::forget() {
  setenv("BAFE_CACHE_DIR", folder_.file("other").c_str(), 1);
  KernelCache::shared();  // the object of our folder, and what it holds in memory, is let go
  setenv("BAFE_CACHE_DIR", cache().c_str(), 1);
}

void FaultBench::empty_folders() {
  std::filesystem::remove_all(cache());
  std::filesystem::remove_all(temporary());
  std::filesystem::create_directory(temporary());
}

bool FaultBench::in_child(const std::function<bool()>& test) {
  pid_t child = fork();
  if (child == 0) _exit(test() ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

FaultCount FaultBench::enumerate(const FaultPath& path) {
  FaultCount count;
  Case none{-1, FAULT_NONE, 0};
  if (!run_case(path, none, count)) return count;
  const long calls = count.calls;
  for (long at = 0; at < calls; at += all_faults() ? 1 : path.stride) {
    std::vector<Case> cases;
    const int chosen = static_cast<int>(at / path.stride % static_cast<int>(std::size(kErrors)));
    for (int i = 0; i < static_cast<int>(std::size(kErrors)); ++i) {
      if (all_faults() || i == chosen) cases.push_back({at, FAULT_FAIL, kErrors[i]});
    }
    if (all_faults() || at / path.stride % 2 == 0) cases.push_back({at, FAULT_KILL, SIGKILL});
    if (all_faults() || at / path.stride % (path.waits ? 64 : 8) == 1)
      cases.push_back({at, FAULT_FAIL_ON, ENOSPC});
    for (const Case& one : cases) run_case(path, one, count);
    if (testing::Test::HasFailure() && !all_faults()) break;  // the first says enough
  }
  count.calls = calls;
  printf("%s: %ld calls, %ld cases, %ld refused, %ld killed\n", path.name.c_str(), count.calls,
         count.cases, count.refused, count.killed);
  return count;
}

bool FaultBench::run_case(const FaultPath& path, const Case& one, FaultCount& count) {
  path.before();
  fflush(nullptr);
  pid_t child = fork();
  if (child == 0) {
    fault_child_ready();
    fault_mark_begin();
    Ending during = path.run();
    fault_mark_end();
    forget_warnings();
    bool is_usable = path.run() == Ending::kRight;
    _exit(static_cast<int>(during) + (is_usable ? 0 : 10));
  }
  fault_plan plan{one.at, one.action, one.error, kLimitSeconds};
  fault_outcome outcome;
  fault_run(child, &plan, &outcome);
  ++count.cases;
  if (one.action == FAULT_NONE) count.calls = outcome.calls;
  std::string verdict = judge(path, one, outcome, count);
  if (!verdict.empty()) {
    ADD_FAILURE() << path.name << ": call " << one.at << " (" << fault_call_name(outcome.number)
                  << ") " << action_name(one.action) << " with " << strerror(one.error) << ": "
                  << verdict;
  }
  return verdict.empty();
}

std::string FaultBench::judge(const FaultPath& path, const Case& one, const fault_outcome& outcome,
                              FaultCount& count) {
  if (outcome.is_hung) return "it hung";
  const bool was_killed = one.action == FAULT_KILL && WIFSIGNALED(outcome.status) &&
                          WTERMSIG(outcome.status) == SIGKILL;
  if (was_killed) {
    ++count.killed;
  } else if (!WIFEXITED(outcome.status)) {
    return "it ended with signal " + std::to_string(WTERMSIG(outcome.status));
  } else {
    const int code = WEXITSTATUS(outcome.status);
    if (code >= 10) return "the next call in the same process is not right";
    if (code == static_cast<int>(Ending::kRefused)) {
      ++count.refused;
      if (one.error == EINTR && one.action == FAULT_FAIL) return "a signal made it refuse";
      if (!path.may_refuse && std::string(fault_call_name(outcome.number)) != "mmap")
        return "it refused";
    } else if (code != 0) {
      return "the result is wrong (" + std::to_string(code) + ")";
    }
  }
  std::string left = leftovers(one, outcome.number);
  if (!left.empty()) return left;
  return in_child(path.after) ? "" : "the next process is not right";
}

/// Only a process that was killed, or could not remove, may leave files, and only one of each kind.
std::string FaultBench::leftovers(const Case& one, long number) const {
  static const std::vector<std::string> kRemovers = {"unlink",     "unlinkat", "rmdir",  "openat",
                                                     "newfstatat", "fcntl",    "fstat",  "lseek",
                                                     "getdents64", "close",    "access", "fchmod"};
  const std::string call = fault_call_name(number);
  const bool may_leave = one.action == FAULT_KILL || one.action == FAULT_FAIL_ON ||
                         std::find(kRemovers.begin(), kRemovers.end(), call) != kRemovers.end();
  std::size_t temporaries = 0;
  if (std::filesystem::exists(cache())) {
    for (const std::string& name : names_in(cache()))
      temporaries += name.find(".tmp-") != name.npos;
  }
  const std::size_t folders = names_in(temporary()).size();
  if (temporaries + folders > (may_leave ? 2u : 0u)) {
    return "it left " + std::to_string(temporaries) + " temporary files and " +
           std::to_string(folders) + " folders";
  }
  for (int i = 0; i < 50; ++i) {  // the compiler of a killed process ends by itself
    if (processes(folder_.path()).empty()) return "";
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return "it left a process: " + processes(folder_.path());
}

}  // namespace bafe

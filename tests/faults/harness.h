#pragma once
/// Enumerates the faults of one path: the path runs again and again in a forked child, each time
/// with another of its system calls disturbed, and the world is looked at after each.

#include <cerrno>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bafe/runtime/engine.h"
#include "faults/tracer.h"
#include "runtime/temporary_folder.h"

namespace bafe {

/// How a path ended, in the child's words.
enum class Ending : int {
  kRight = 0,
  kRefused = 1,  ///< an exception with a reason
  kWrong = 2,    ///< other numbers, or an exception that tells nothing
};

struct FaultPath {
  std::string name;
  std::function<void()> before;  ///< in the parent, untraced: the state that the path starts from
  std::function<Ending()> run;   ///< in the child, traced
  std::function<bool()> after;   ///< in another child, untraced: does everything work and hold?
  bool may_refuse = false;       ///< kRefused is an answer
  int stride = 1;                ///< a slice takes every so many calls
  bool waits = false;            ///< seconds for what stays locked: few of such cases in a slice
};

struct FaultCount {
  long calls = 0, cases = 0, refused = 0, killed = 0;
};

/// A program, its right numbers, and folders of its own for cache and temporary files. The compiler
/// is a program that copies what the real one made.
class FaultBench {
 public:
  FaultBench();
  ~FaultBench();

  /// Prepares and runs the program as a user's call would.
  Ending call(Tier tier);
  /// The same with Tier::kAuto, and once more when nothing is left to do behind it.
  Ending call_and_wait();
  /// The program's numbers are right and, at the second call, come from the cache.
  bool works();
  void empty_folders();
  void forget();  ///< what the process knows of its cache; the files stay
  const std::string& root() const { return folder_.path(); }
  std::string cache() const { return folder_.file("cache"); }
  std::string temporary() const { return folder_.file("tmp"); }
  const std::string& quick_command() const { return quick_command_; }
  std::string result_path() const { return folder_.file("result"); }  ///< the shared object
  const std::string& refusal() const { return refusal_; }  ///< reason of the last kRefused
  /// The command line of some process in which `text` occurs; empty when there is none.
  static std::string processes(const std::string& text);

  static bool in_child(const std::function<bool()>& test);

  /// All cases of the path: every call with every error, and with a kill. Failures are reported
  /// through GoogleTest with the call's name and number.
  FaultCount enumerate(const FaultPath& path);

 private:
  struct Case {
    long at;
    int action, error;
  };
  bool run_case(const FaultPath& path, const Case& one, FaultCount& count);
  std::string judge(const FaultPath& path, const Case& one, const fault_outcome& outcome,
                    FaultCount& count);
  std::string leftovers(const Case& one, long number) const;

  bool agrees(const std::vector<float>& got) const;

  TemporaryFolder folder_;
  std::shared_ptr<const Executable> held_;  ///< of the last call; work behind it ends without it
  std::string quick_command_, refusal_;
  std::vector<float> right_;
  std::unique_ptr<ScopedVariable> cache_dir_, tmp_, compiler_, threads_;
};

/// BAFE_FAULTS=all: every error at every call. Otherwise each call fails with one error, chosen by
/// its number, and is killed at every second number.
bool all_faults();

}  // namespace bafe

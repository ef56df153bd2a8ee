#pragma once
/// Finds the fastest of several ways to run one program: builds and times them one after another,
/// and says which won, by how much, and how sure that is.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bafe/runtime/arm_picker.h"
#include "bafe/runtime/engine.h"

namespace bafe {

/// One run, in nanoseconds, in both states of the caches.
struct RunTimes {
  double warm_ns = 0;  ///< arguments as the run before left them
  double cold_ns = 0;  ///< after other data went through the caches
};

/// Where times come from: the clock, or a test.
class RunTimer {
 public:
  virtual ~RunTimer() = default;
  /// One round: each runs once in each state, in turns. nullopt when one refuses its arguments.
  virtual std::optional<std::pair<RunTimes, RunTimes>> round(const Executable& first,
                                                             const Executable& second) = 0;
  /// Share of real calls that find the caches cold: what a round's time is weighed by.
  virtual double cold_share() const = 0;
  virtual double seconds() const = 0;  ///< since some moment
};

/// One way to run the program.
struct TuningArm {
  std::string what;           ///< "as chosen", "product 0 cut in way 2"
  std::string configuration;  ///< name of the way in the profile store
  ArmPrior prior;
  /// Compiles, loads and compares with the interpreter; nullptr with a reason when it cannot run.
  std::function<std::shared_ptr<const Executable>(std::string& reason)> build;
  std::optional<RunTimes> stored = {};  ///< what an earlier process measured
};

struct TuningLimits {
  double seconds = 2;    ///< no new round after this
  int most_builds = 24;  ///< no further way is compiled
  double gain = 0.98;    ///< a way wins a round only below this ratio
  double error = 0.01;   ///< chance that any way that is no faster is adopted, all taken together
  double least_gain = 0.0001;  ///< ends when no way promises so much, in logarithms of time
  int batch = 4;               ///< rounds before another way may have its turn
  int most_rounds = 60;        ///< of one way; an undecided one then stays aside
  double call_ns = 0;          ///< median of calls as the asker makes them; 0: take those seen
  int confirming = 15;         ///< rounds of the winner against what ran first
  std::function<bool()> stop;  ///< asked between rounds; true keeps the best so far
  std::function<void(double share, const std::string& what)> progress;  ///< share of seconds spent
};

enum class ArmState : std::uint8_t {
  kUntried,  ///< nothing promised enough, or the budget was spent
  kFailed,   ///< does not build, disagrees, or refuses the arguments
  kSlower,   ///< timed and not faster
  kOpen,     ///< timed, not decided
  kBeaten,   ///< was adopted, then another was faster
  kWinner
};
const char* arm_state_name(ArmState state);

struct ArmReport {
  std::string what, configuration, reason;
  ArmState state = ArmState::kUntried;
  double predicted_ns = 0;
  RunTimes median;   ///< 0: never timed
  double ratio = 0;  ///< median of time / time of what ran when it was timed
  int rounds = 0;
  bool is_stored = false;  ///< the times are an earlier process's
};

struct TuningReport {
  std::vector<ArmReport> arms;  ///< in the order given; [0] ran first
  std::size_t winner = 0;
  /// How many times faster than what ran first, with bounds of 95 %; 1 when that won.
  double speed_up = 1, low = 1, high = 1;
  double seconds = 0;
  int builds = 0, rounds = 0;
  bool is_complete = false;  ///< nothing left was worth a timing
  std::string ended;         ///< "decided", "time", "stopped", "cannot be timed"
};

/// arms[0] runs now and must build. `adopt` is called for each way that proves faster, before the
/// search goes on; false refuses it.
///
/// A way is adopted when SignTest says so of rounds it won below `gain`; the error is shared by all
/// arms. At the end fresh rounds compare the winner with what ran first, and it is taken back
/// unless their median says faster too.
TuningReport tune(const std::vector<TuningArm>& arms, RunTimer& timer, const TuningLimits& limits,
                  const std::function<bool(std::size_t, std::shared_ptr<const Executable>)>& adopt);

}  // namespace bafe

#pragma once
/// What runs now and what may replace it: one atomic pointer, arguments to compare and time on, and
/// the reasons.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "bafe/runtime/background.h"
#include "bafe/runtime/engine.h"
#include "bafe/runtime/samples.h"

namespace bafe {

/// What `f.state` says about one signature.
struct TierState {
  std::string tier;        ///< "prebuilt", "interpreted" or "compiled": what runs now
  bool pending = false;    ///< something may replace it soon
  std::string why;         ///< the last decision
  double now_ns = 0;       ///< median of what ran, when it was last timed; 0: never
  double other_ns = 0;     ///< median of what it was timed against
  double ratio = 0;        ///< median of other / now over interleaved runs
  int runs = 0;            ///< interleaved runs of that timing
  int swaps = 0;           ///< times that another executable took over
  std::string reproducer;  ///< file that shows a wrong kernel; empty: none was met
};

/// Arguments of one call, in the layouts of an executable's inputs.
struct Sample {
  Buffers inputs;
  bool is_live = false;  ///< copied from a call; else drawn
  explicit Sample(std::span<const BufferSpec> specs) : inputs(specs) {}
};

/// Median times of two executables on one sample, run in turns.
struct Duel {
  double ratio = 0;  ///< of second / first, run by run
  double first_ns = 0, second_ns = 0;
  int rounds = 0;  ///< 0: one of them refuses the sample, or the duel was stopped
  bool is_stopped = false;
};

struct DuelLimits {
  int rounds = 7;                         ///< never fewer than 5
  std::int64_t sample_ns = 50'000;        ///< a run is repeated until so much has passed
  std::int64_t total_ns = 300'000'000;    ///< after 5 rounds, no further one once this has passed
  std::function<bool()> checkpoint = {};  ///< asked between runs; true ends the duel with 0 rounds
};

Duel duel(const Executable& first, const Executable& second, const Sample& sample,
          const DuelLimits& limits = {});

/// Runs what is best now. run() never waits: it loads one pointer. What was replaced stays alive,
/// so a reader may still be inside it.
class TieredExecutable : public Executable {
 public:
  static constexpr std::int64_t kMostSampleBytes = std::int64_t{128} << 20;
  /// Why there is no sample.
  static constexpr std::string_view kNoArguments =
      "a copy of the arguments takes more than 128 MiB, or more memory than there is";
  static constexpr double kGain = 0.98;  ///< another takes over only below this median ratio

  /// `tier` names what `first` is. Inputs and outputs are those of `first` for ever.
  TieredExecutable(std::shared_ptr<const Executable> first, std::string tier);

  std::span<const BufferSpec> inputs() const override { return first_->inputs(); }
  std::span<const BufferSpec> outputs() const override { return first_->outputs(); }
  void run(void* const* inputs, void* const* outputs, int threads = 0) const override;
  const Provenance& provenance() const override { return running()->provenance(); }
  std::int64_t arena_bytes() const override { return running()->arena_bytes(); }

  bool is_short() const override { return running()->is_short(); }
  std::optional<Plan> plan() const override { return running()->plan(); }
  std::vector<double> time_steps(void* const* inputs, void* const* outputs) const override {
    return running()->time_steps(inputs, outputs);
  }

  /// What runs now; valid as long as this object.
  const Executable* running() const { return running_.load(std::memory_order_acquire); }
  const std::shared_ptr<const Executable>& first() const { return first_; }

  /// The work that may bring another executable. Until settle() the next call's arguments are
  /// copied, at most kMostSampleBytes of them.
  void expect(std::shared_ptr<Job> job);
  std::shared_ptr<Job> job() const;
  /// Nothing is expected any more; the sample is dropped. Empty `why` keeps the reason.
  void settle(std::string why);
  /// Calls `done` once nothing is expected any more, at once when that is so; on any thread, no
  /// lock held.
  void when_settled(std::function<void()> done);
  bool is_pending() const { return is_pending_.load(std::memory_order_acquire); }

  /// The copied arguments, or drawn ones when no call came yet or its arguments were too large.
  /// nullptr when there is no memory.
  std::shared_ptr<const Sample> sample() const;
  /// Empty when `next` has the inputs and outputs of the first, else how they differ.
  std::string misfit(const Executable& next) const;
  /// `next` runs from now on. False, with the reason in the state, when misfit() says so.
  bool adopt(std::shared_ptr<const Executable> next, std::string tier, std::string why);
  /// Times `next` against what runs now and adopts it below kGain, or when no sample can be had.
  /// True when it was adopted; never when the checkpoint stopped the timing.
  bool adopt_if_faster(std::shared_ptr<const Executable> next, std::string tier,
                       const DuelLimits& limits = {});
  /// A kernel that agreed but was not faster: finish() may still ask for it.
  std::shared_ptr<const Executable> runner_up() const;
  void set_aside(std::shared_ptr<const Executable> kernel, std::string why);

  /// The user asked for compiled code: the next kernel that agrees is adopted without a timing.
  void want_compiled() { wants_compiled_.store(true); }
  bool wants_compiled() const { return wants_compiled_.load(); }

  TierState state() const;
  void note_reproducer(std::string path, std::string why);

 private:
  void take_sample(void* const* inputs) const;

  std::shared_ptr<const Executable> first_;
  std::atomic<const Executable*> running_;
  std::atomic<bool> is_pending_{false}, wants_compiled_{false};
  mutable std::atomic<bool> wants_sample_{false};

  mutable std::mutex mutex_;  ///< guards what follows; never held while anything runs
  TierState state_;
  std::vector<std::shared_ptr<const Executable>> kept_;  ///< all that ever ran
  std::shared_ptr<const Executable> runner_up_;
  mutable std::shared_ptr<const Sample> sample_;
  std::shared_ptr<Job> job_;
  std::vector<std::function<void()>> when_settled_;
};

}  // namespace bafe

#pragma once
/// Work behind the caller's back: one thread a process, of low priority, and the means to keep it
/// still while somebody takes a timing.

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace bafe {

/// One piece of work. `work` may run twice: once more in the child of a fork() that took its thread
/// away. It never touches Python, asks checkpoint() every few milliseconds and keeps its errors.
class Job {
 public:
  explicit Job(std::function<void(Job&)> work) : work_(std::move(work)) {}

  void cancel() { is_cancelled_.store(true); }
  bool is_cancelled() const { return is_cancelled_.load(); }
  /// True when the work is to end: cancelled, or interrupted by the caller that finishes it. On the
  /// worker it first waits while somebody takes a timing; no lock may be held here.
  bool checkpoint();
  bool is_done() const { return stage_.load() == kDone; }

 private:
  friend class Background;
  friend struct BackgroundFork;
  enum Stage : std::uint8_t { kQueued, kRunning, kDone };
  std::function<void(Job&)> work_;
  std::function<bool()> interrupted_;  ///< of the caller that finishes it
  std::atomic<bool> is_cancelled_{false};
  std::atomic<Stage> stage_{kQueued};
};

/// The queue and its worker. The thread starts with the first job, has nice value kNice, blocks
/// every signal and never starts threads of the pool. In the child of a fork() what was not done is
/// queued again, and the thread starts with the next submit(), wait() or wake().
class Background {
 public:
  static constexpr int kNice = 10;
  static constexpr std::size_t kMostJobs = 1024;

  static Background& shared();
  /// False when kMostJobs wait: then the caller does the work itself.
  bool submit(std::shared_ptr<Job> job);
  /// Does the job here and now if nobody has begun it, else waits for it. False when `interrupted`
  /// answered true: a job that was waited for goes on, one that was done here is queued again.
  bool finish(const std::shared_ptr<Job>& job, const std::function<bool()>& interrupted);
  /// Does a job that submit() refused.
  bool do_here(const std::shared_ptr<Job>& job, const std::function<bool()>& interrupted);
  /// Waits until the job is done, for at most `seconds` (negative: for ever). False when it is not.
  bool wait(const std::shared_ptr<Job>& job, double seconds,
            const std::function<bool()>& interrupted);
  /// Starts the thread again after a fork(), if there is work for it. Cheap otherwise.
  static void wake() {
    if (needs_thread_.load(std::memory_order_relaxed)) [[unlikely]]
      shared().restart();
  }
  /// Waits until nothing is queued or running, for at most `seconds`; false when something is. For
  /// the end of a short process, whose next run then finds what this one compiled.
  bool drain(double seconds);
  /// Cancels everything, ends a running compiler, and waits for the thread to leave its job, for
  /// at most a second. No job begins after it. For the end of the process.
  void stop();
  std::int64_t waiting() const;  ///< jobs that are queued or running

 private:
  friend class Job;
  friend class TimingPause;
  friend class WatchedChild;
  friend struct BackgroundFork;
  Background();
  void restart();
  void start_locked();
  void run_jobs();
  void work_on(Job& job);
  bool is_still() const;

  static std::atomic<bool> needs_thread_;
  struct State;
  std::unique_ptr<State> state_;
};

/// While one lives, no job searches or compiles: the worker stands at a checkpoint and a compiler
/// that it runs is stopped. Waits at most a quarter of a second for that. On the worker itself it
/// does nothing, for the worker does one thing at a time.
class TimingPause {
 public:
  TimingPause();
  ~TimingPause();
  TimingPause(const TimingPause&) = delete;
  TimingPause& operator=(const TimingPause&) = delete;

 private:
  Background* paused_ = nullptr;
};

/// Makes the process group of a child known while the worker waits for it. To be destroyed before
/// the child is reaped, so that no stranger's number is ever sent a signal. Nothing on other
/// threads.
class WatchedChild {
 public:
  explicit WatchedChild(pid_t group);
  ~WatchedChild() { forget(); }
  WatchedChild(const WatchedChild&) = delete;
  WatchedChild& operator=(const WatchedChild&) = delete;
  void forget();
  std::int64_t stopped_ns() const;  ///< how long timings have kept it stopped

 private:
  Background* watcher_ = nullptr;
};

}  // namespace bafe

// In: jobs. Out: their effects, in order, on one thread. Invariants: the mutex is never held while
// a job, a callback or a wait for a child runs; at a fork() the worker holds no lock of anybody,
// because it is idle, at a checkpoint or waiting for a compiler; the child of a fork() gets a queue
// of its own, for nobody can wake a condition whose waiters are gone.

#include "bafe/runtime/background.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <exception>
#include <mutex>
#include <vector>

#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/base/quiet_thread.h"
#include "bafe/base/thread_pool.h"
#include "bafe/base/trace.h"

namespace bafe {
namespace {

using std::chrono::milliseconds;

constexpr auto kStillFor = milliseconds(250);  // longest wait for the worker before a timing
constexpr auto kForkFor = milliseconds(100);   // … before a fork
constexpr auto kStopFor = milliseconds(1000);  // … at the end of the process: reading rules is long
constexpr auto kAskEvery = milliseconds(25);   // whether the user wants to stop waiting
constexpr std::size_t kStackBytes = 16 << 20;  // as a main thread's: search recurses

thread_local bool is_worker = false;
std::atomic<Background*> current{nullptr};

}  // namespace

std::atomic<bool> Background::needs_thread_{false};

struct Background::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::shared_ptr<Job>> queue;
  std::shared_ptr<Job> running;
  std::vector<std::shared_ptr<Job>> callers;  // jobs that a caller finishes itself
  bool has_thread = false, is_stopping = false;
  bool is_parked = false;  // the worker stands at a checkpoint
  int pauses = 0;          // timings under way
  int forks = 0;
  pid_t child = 0;  // process group of the compiler that the worker waits for
  std::int64_t stopped_since = 0, stopped_ns = 0;
};

/// Handlers of fork(): the mutex is ours from before it until after it.
struct BackgroundFork {
  static void prepare() {
    Background* background = current.load();
    if (!background) return;
    Background::State& state = *background->state_;
    std::unique_lock lock(state.mutex);
    ++state.forks;
    state.changed.wait_for(lock, kForkFor, [&] { return background->is_still(); });
    lock.release();
  }
  static void parent() {
    Background* background = current.load();
    if (!background) return;
    --background->state_->forks;
    background->state_->mutex.unlock();
    background->state_->changed.notify_all();
  }
  static void child() {
    Background* old = current.load();
    if (!old) return;
    Background* fresh = new Background;  // the old one stays behind, locked
    fresh->state_->queue = old->state_->queue;
    if (std::shared_ptr<Job> job = old->state_->running) fresh->state_->queue.push_front(job);
    for (const auto& job : old->state_->callers) fresh->state_->queue.push_back(job);
    for (const auto& job : fresh->state_->queue) job->stage_.store(Job::kQueued);
    fresh->state_->is_stopping = old->state_->is_stopping;
    current.store(fresh);
    Background::needs_thread_.store(!fresh->state_->queue.empty());
    is_worker = false;
  }
};

Background::Background() : state_(std::make_unique<State>()) {}

Background& Background::shared() {
  static Background* first = [] {
    Background* made = new Background;  // never destroyed: threads may outlive statics
    current.store(made);
    pthread_atfork(BackgroundFork::prepare, BackgroundFork::parent, BackgroundFork::child);
    std::atexit([] { current.load()->stop(); });
    return made;
  }();
  (void)first;
  return *current.load();
}

bool Background::is_still() const {
  return !state_->running || state_->is_parked || state_->child != 0;
}

void Background::start_locked() {
  needs_thread_.store(false);
  if (state_->has_thread || state_->is_stopping) return;
  auto main = [](void* self) -> void* {
    static_cast<Background*>(self)->run_jobs();
    return nullptr;
  };
  state_->has_thread = start_quiet_thread(main, this, kStackBytes);
}

void Background::restart() {
  std::lock_guard lock(state_->mutex);
  start_locked();
}

bool Background::submit(std::shared_ptr<Job> job) {
  std::lock_guard lock(state_->mutex);
  if (state_->is_stopping || state_->queue.size() >= kMostJobs) return false;
  state_->queue.push_back(std::move(job));
  start_locked();
  if (!state_->has_thread) {
    state_->queue.pop_back();
    return false;
  }
  state_->changed.notify_all();
  return true;
}

void Background::work_on(Job& job) {
  try {
    job.work_(job);
  } catch (const std::exception& error) {
    log("autotune", format("work in the background ended: {}", error.what()));
  }
}

void Background::run_jobs() {
  is_worker = true;
  never_grow_pool();
  pthread_setname_np(pthread_self(), "bafe-background");
  trace_thread_name("bafe background");
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNice);
  std::unique_lock lock(state_->mutex);
  while (true) {
    state_->changed.wait(lock, [&] {
      const bool may_begin = state_->pauses == 0 && state_->forks == 0;
      return state_->is_stopping || (may_begin && !state_->queue.empty());
    });
    if (state_->is_stopping) return;
    state_->running = state_->queue.front();
    state_->queue.pop_front();
    state_->running->stage_.store(Job::kRunning);
    const std::shared_ptr<Job> job = state_->running;
    lock.unlock();
    work_on(*job);
    lock.lock();
    job->stage_.store(Job::kDone);
    state_->running.reset();
    state_->changed.notify_all();
  }
}

bool Job::checkpoint() {
  if (is_worker) {
    Background& background = Background::shared();
    Background::State& state = *background.state_;
    std::unique_lock lock(state.mutex);
    const auto may_go_on = [&] {
      return (state.pauses == 0 && state.forks == 0) || is_cancelled();
    };
    if (!may_go_on()) {
      state.is_parked = true;
      state.changed.notify_all();
      state.changed.wait(lock, may_go_on);
      state.is_parked = false;
    }
    return is_cancelled();
  }
  return is_cancelled() || (interrupted_ && interrupted_());
}

bool Background::finish(const std::shared_ptr<Job>& job, const std::function<bool()>& interrupted) {
  bool is_mine = false;
  {
    std::lock_guard lock(state_->mutex);
    auto found = std::find(state_->queue.begin(), state_->queue.end(), job);
    is_mine = found != state_->queue.end();
    if (is_mine) state_->queue.erase(found);
    if (is_mine) job->stage_.store(Job::kRunning);
  }
  return is_mine ? do_here(job, interrupted) : wait(job, -1, interrupted);
}

bool Background::do_here(const std::shared_ptr<Job>& job,
                         const std::function<bool()>& interrupted) {
  bool was_interrupted = false;
  {
    std::lock_guard lock(state_->mutex);
    state_->callers.push_back(job);
    job->stage_.store(Job::kRunning);
    job->interrupted_ = [&] { return was_interrupted |= interrupted && interrupted(); };
  }
  work_on(*job);
  std::lock_guard lock(state_->mutex);
  job->interrupted_ = {};
  std::erase(state_->callers, job);
  if (was_interrupted) state_->queue.push_back(job);
  job->stage_.store(was_interrupted ? Job::kQueued : Job::kDone);
  if (was_interrupted) start_locked();
  state_->changed.notify_all();
  return !was_interrupted;
}

bool Background::wait(const std::shared_ptr<Job>& job, double seconds,
                      const std::function<bool()>& interrupted) {
  const std::int64_t end_ns = seconds < 0 || seconds > 1e9
                                  ? INT64_MAX
                                  : now_ns() + static_cast<std::int64_t>(seconds * 1e9);
  std::unique_lock lock(state_->mutex);
  if (!job->is_done()) start_locked();
  while (!job->is_done() && !state_->is_stopping) {
    const std::int64_t left_ns = end_ns - now_ns();
    if (left_ns <= 0) return false;
    state_->changed.wait_for(
        lock, std::min<std::chrono::nanoseconds>(std::chrono::nanoseconds(left_ns), kAskEvery));
    lock.unlock();  // the predicate may take a lock: the interpreter's
    if (interrupted && interrupted()) return false;
    lock.lock();
  }
  return job->is_done();
}

bool Background::drain(double seconds) {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, std::chrono::duration<double>(seconds), [&] {
    return state_->is_stopping || (state_->queue.empty() && !state_->running);
  });
}

void Background::stop() {
  std::unique_lock lock(state_->mutex);
  state_->is_stopping = true;
  needs_thread_.store(false);
  for (const auto& job : state_->queue) job->cancel();
  for (const auto& job : state_->callers) job->cancel();
  if (state_->running) state_->running->cancel();
  if (state_->child != 0) kill(-state_->child, SIGKILL);
  state_->changed.notify_all();
  state_->changed.wait_for(lock, kStopFor, [&] { return !state_->running; });
}

std::int64_t Background::waiting() const {
  std::lock_guard lock(state_->mutex);
  return static_cast<std::int64_t>(state_->queue.size() + state_->callers.size()) +
         (state_->running ? 1 : 0);
}

TimingPause::TimingPause() {
  if (is_worker) return;
  paused_ = &Background::shared();
  Background::State& state = *paused_->state_;
  std::unique_lock lock(state.mutex);
  if (++state.pauses == 1 && state.child != 0) {
    kill(-state.child, SIGSTOP);
    state.stopped_since = now_ns();
  }
  state.changed.wait_for(lock, kStillFor, [&] { return paused_->is_still(); });
}

TimingPause::~TimingPause() {
  if (!paused_ || paused_ != current.load()) return;  // a child of fork() has paused nothing
  Background::State& state = *paused_->state_;
  std::lock_guard lock(state.mutex);
  if (--state.pauses > 0) return;
  if (state.child != 0 && state.stopped_since != 0) {
    kill(-state.child, SIGCONT);
    state.stopped_ns += now_ns() - state.stopped_since;
  }
  state.stopped_since = 0;
  state.changed.notify_all();
}

WatchedChild::WatchedChild(pid_t group) {
  if (!is_worker) return;
  watcher_ = &Background::shared();
  Background::State& state = *watcher_->state_;
  std::lock_guard lock(state.mutex);
  state.child = group;
  state.stopped_ns = 0;
  state.stopped_since = 0;
  if (state.pauses > 0) {
    kill(-group, SIGSTOP);
    state.stopped_since = now_ns();
  }
  if (state.is_stopping) kill(-group, SIGKILL);
  state.changed.notify_all();
}

void WatchedChild::forget() {
  if (!watcher_) return;
  std::lock_guard lock(watcher_->state_->mutex);
  watcher_->state_->child = 0;
  watcher_ = nullptr;
}

std::int64_t WatchedChild::stopped_ns() const {
  if (!watcher_) return 0;
  const Background::State& state = *watcher_->state_;
  std::lock_guard lock(watcher_->state_->mutex);
  return state.stopped_ns + (state.stopped_since != 0 ? now_ns() - state.stopped_since : 0);
}

}  // namespace bafe

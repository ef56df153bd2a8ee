#pragma once
/// Work that several threads ask for at once is done by one of them.

#include <unistd.h>

#include <condition_variable>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "bafe/base/digest.h"
#include "bafe/runtime/toolchain.h"

namespace bafe {

/// One computation a key at a time. Those who ask meanwhile wait for its result; other keys are not
/// held up.
template <class T>
class Flights {
 public:
  /// The result of `make`, computed here or by the thread that asked first. An exception goes to
  /// that thread; the others then try themselves, so that one caller's interrupt does not stop
  /// another's call.
  std::shared_ptr<T> once(const Digest& key, const std::function<std::shared_ptr<T>()>& make) {
    while (true) {
      std::shared_ptr<Flight> flight;
      bool is_mine = join(key, flight);
      if (is_mine) return fly(key, *flight, make);
      std::unique_lock lock(flight->mutex);
      flight->landed.wait(lock, [&] { return flight->is_done; });
      if (flight->result) return flight->result;
    }
  }

 private:
  struct Flight {
    std::mutex mutex;
    std::condition_variable landed;
    bool is_done = false;
    std::shared_ptr<T> result;
    pid_t process = getpid();
  };

  /// True when the caller has to do the work. A flight inherited through fork has no thread here.
  bool join(const Digest& key, std::shared_ptr<Flight>& flight) {
    std::lock_guard lock(mutex_);
    std::shared_ptr<Flight>& known = flights_[key];
    bool is_mine = !known || known->process != getpid();
    if (is_mine) known = std::make_shared<Flight>();
    flight = known;
    return is_mine;
  }

  std::shared_ptr<T> fly(const Digest& key, Flight& flight,
                         const std::function<std::shared_ptr<T>()>& make) {
    std::shared_ptr<T> result;
    std::exception_ptr error;
    try {
      result = make();
    } catch (...) {
      error = std::current_exception();
    }
    {
      std::lock_guard lock(mutex_);
      flights_.erase(key);
    }
    {
      std::lock_guard lock(flight.mutex);
      flight.is_done = true;
      flight.result = result;
    }
    flight.landed.notify_all();
    if (error) std::rethrow_exception(error);
    return result;
  }

  std::mutex mutex_;
  std::map<Digest, std::shared_ptr<Flight>> flights_;
};

/// Keeps a compiler that ran into its time limit from doing so at every first call.
class CompilerMemory {
 public:
  /// The earlier time-out of the same compiler under the same limit, or what `compile` gives.
  CompileResult run(const CompileLimits& limits, const std::function<CompileResult()>& compile);

 private:
  std::mutex mutex_;
  std::map<std::string, CompileResult> timed_out_;  ///< by compiler id and seconds
};

}  // namespace bafe

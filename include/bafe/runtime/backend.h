#pragma once
/// The seam between the runtime and whatever computes. `cpu` now; a child process, CUDA or another
/// machine implement the same calls. Executor, cache, validation and autotune talk only to it.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bafe/codegen/plan.h"
#include "bafe/runtime/toolchain.h"

namespace bafe {

struct BackendInfo {
  std::string name;  ///< "cpu"
  Target target;
  int threads = 1;             ///< most that a launch may use
  bool is_host_memory = true;  ///< buffers are addresses that this process can read
};

/// Names work that was started. Backend::wait turns it into a kernel status.
struct Ticket {
  std::uint64_t id = 0;
  int status = kKernelOk;  ///< known at once where launches are synchronous
};

/// Code that is loaded where it runs. Kernels are numbered by name once, not looked up at each
/// launch.
class Module {
 public:
  virtual ~Module() = default;
  virtual KernelFn kernel(const std::string& symbol) const = 0;  ///< nullptr when absent
};

struct Launch {
  KernelFn kernel = nullptr;
  void* const* slots = nullptr;
  const std::int64_t* sizes = nullptr;
  std::int64_t units = 1;
  std::int64_t scratch_bytes = 0;
  int threads = 1;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual const BackendInfo& info() const = 0;

  /// What CompileResult::command would be now; empty where there is no compiler.
  virtual std::string compiler() const { return {}; }
  /// Source to code bytes, for the cache; then code bytes to something that can be launched.
  virtual CompileResult compile(std::string_view source, const CompileLimits& limits) = 0;
  /// Assembly text of the same code, to be counted; empty where there is none.
  virtual std::string assembly(std::string_view source, const CompileLimits& limits) {
    (void)source, (void)limits;
    return {};
  }
  virtual std::shared_ptr<const Module> load(std::string_view code) = 0;  ///< CompileError

  /// Starts units [0, launch.units). Everything `launch` points to stays valid until the ticket is
  /// waited for.
  virtual Ticket launch(const Launch& launch) = 0;
  virtual int wait(const Ticket& ticket) = 0;  ///< KernelStatus, or another non-zero code

  virtual void* alloc(std::int64_t bytes) = 0;  ///< 64-byte aligned; std::bad_alloc
  virtual void free(void* memory) = 0;
  virtual void copy_in(void* device, const void* host, std::int64_t bytes) = 0;
  virtual void copy_out(void* host, const void* device, std::int64_t bytes) = 0;
};

/// This process's cores. Launches are synchronous and split over the thread pool.
Backend& cpu_backend();

}  // namespace bafe

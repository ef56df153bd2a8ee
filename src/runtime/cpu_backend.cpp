// In: source, code and launches. Out: code and results in host memory. A launch has ended when it
// returns, so tickets carry their status.

#include <cstring>

#include "bafe/base/thread_pool.h"
#include "bafe/runtime/arena.h"
#include "bafe/runtime/backend.h"
#include "bafe/runtime/loader.h"

namespace bafe {
namespace {

class CpuModule : public Module {
 public:
  explicit CpuModule(std::shared_ptr<LoadedCode> code) : code_(std::move(code)) {}
  KernelFn kernel(const std::string& symbol) const override { return code_->symbol(symbol); }

 private:
  std::shared_ptr<LoadedCode> code_;
};

/// Errors cannot cross the pool, so missing memory becomes a status.
int run_range(const Launch& launch, std::int64_t begin, std::int64_t end) {
  void* scratch = nullptr;
  if (launch.scratch_bytes > 0) {
    try {
      scratch = thread_scratch(launch.scratch_bytes);
    } catch (const std::bad_alloc&) {
      return kKernelNoMemory;
    }
  }
  return launch.kernel(launch.slots, launch.sizes, scratch, begin, end);
}

class CpuBackend : public Backend {
 public:
  CpuBackend() : info_{"cpu", host_target(), usable_threads(), true} {}
  const BackendInfo& info() const override { return info_; }

  std::string compiler() const override {
    std::optional<Compiler> compiler = find_compiler();
    return compiler ? compile_command(*compiler, info_.target) : std::string();
  }

  std::string assembly(std::string_view source, const CompileLimits& limits) override {
    std::optional<Compiler> compiler = find_compiler();
    return compiler ? compile_assembly(*compiler, source, info_.target, limits).code
                    : std::string();
  }

  CompileResult compile(std::string_view source, const CompileLimits& limits) override {
    CompileResult missing;
    missing.status = CompileStatus::kNoCompiler;
    std::optional<Compiler> compiler = find_compiler(&missing.fact);
    if (!compiler) return missing;
    CompileResult result = compile_shared(*compiler, source, info_.target, limits);
    result.command = compile_command(*compiler, info_.target);
    return result;
  }

  std::shared_ptr<const Module> load(std::string_view code) override {
    return std::make_shared<CpuModule>(load_code(code));
  }

  Ticket launch(const Launch& launch) override {
    if (launch.threads <= 1 || launch.units <= 1) return {0, run_range(launch, 0, launch.units)};
    return {0, parallel_units(launch.units, launch.threads,
                              [&launch](std::int64_t begin, std::int64_t end) {
                                return run_range(launch, begin, end);
                              })};
  }
  int wait(const Ticket& ticket) override { return ticket.status; }

  void* alloc(std::int64_t bytes) override {
    if (bytes < 0) throw std::bad_alloc();
    std::size_t rounded = (static_cast<std::size_t>(bytes) + 63) / 64 * 64;
    void* memory = std::aligned_alloc(64, rounded ? rounded : 64);
    if (!memory) throw std::bad_alloc();
    return memory;
  }
  void free(void* memory) override { std::free(memory); }
  void copy_in(void* device, const void* host, std::int64_t bytes) override {
    if (bytes > 0) std::memcpy(device, host, static_cast<std::size_t>(bytes));
  }
  void copy_out(void* host, const void* device, std::int64_t bytes) override {
    if (bytes > 0) std::memcpy(host, device, static_cast<std::size_t>(bytes));
  }

 private:
  BackendInfo info_;
};

}  // namespace

Backend& cpu_backend() {
  static CpuBackend* backend = new CpuBackend;
  return *backend;
}

}  // namespace bafe

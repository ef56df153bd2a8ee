#pragma once
/// Machine code from bytes in memory: checked, sealed, loaded, and unloaded when the last user lets
/// go.

#include <memory>
#include <string>
#include <string_view>

#include "bafe/codegen/plan.h"

namespace bafe {

/// A loaded shared object. It stays mapped while a shared_ptr to it lives.
class LoadedCode {
 public:
  ~LoadedCode();
  LoadedCode(const LoadedCode&) = delete;
  LoadedCode& operator=(const LoadedCode&) = delete;

  /// nullptr when the object exports no such name.
  KernelFn symbol(const std::string& name) const;

 private:
  friend std::shared_ptr<LoadedCode> load_code(std::string_view bytes);
  explicit LoadedCode(void* handle) : handle_(handle) {}
  void* handle_;
};

/// Loads a copy of `bytes` that nobody can change any more (a sealed file in memory).
/// Errors: CompileError when the bytes are no shared object of this machine, reach outside
/// themselves, cannot be loaded, or change the thread's floating-point mode.
std::shared_ptr<LoadedCode> load_code(std::string_view bytes);

}  // namespace bafe

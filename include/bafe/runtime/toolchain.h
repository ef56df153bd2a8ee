#pragma once
/// The C compiler of the machine: found, run under limits without a shell, its output read back as
/// bytes.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bafe/base/error.h"
#include "bafe/cost/target.h"

namespace bafe {

/// A compiler command that exists on this machine. Nothing has been run yet.
struct Compiler {
  std::vector<std::string> command;  ///< argv prefix; command[0] is an absolute path
  std::string source;                ///< who chose it: "BAFE_CC", "CC" or "PATH"
  /// Names the program file (real path, size, time of change): equal ids mean the same compiler.
  std::string id() const;
};

/// The first of BAFE_CC, CC, then cc, gcc, clang of PATH. A variable that is set decides alone:
/// when it names no program there is no compiler, and `why` says so.
std::optional<Compiler> find_compiler(std::string* why = nullptr);

enum class CompileStatus : std::uint8_t { kOk, kNoCompiler, kFailed, kTimedOut, kInterrupted };

struct CompileResult {
  CompileStatus status = CompileStatus::kFailed;
  std::string code;         ///< bytes of the shared object when status is kOk
  std::string fact;         ///< what went wrong, one line
  std::string diagnostics;  ///< the first lines of the compiler's own messages
  std::string command;      ///< for people
  double ms = 0;
};

struct CompileLimits {
  double seconds = 60;                    ///< wall time; the whole process group is killed after it
  std::int64_t memory_bytes = 4ll << 30;  ///< address space of each compiler process; 0: no limit
  std::function<bool()> interrupted = {};  ///< polled at least every 25 ms; true kills the compiler

  static CompileLimits from_options();  ///< BAFE_COMPILE_SECONDS, BAFE_COMPILE_MEGABYTES
};

/// Flags given after the command: language, floating-point meaning, output form, target.
std::vector<std::string> compile_flags(const Target& target);

/// Command, flags and id in one line: what an entry says of its compiler.
std::string compile_command(const Compiler& compiler, const Target& target);

/// Compiles one translation unit to a shared object. Never throws for what the compiler does.
/// The child sees a clean environment, an empty private directory as TMPDIR and the source on its
/// input.
CompileResult compile_shared(const Compiler& compiler, std::string_view c_text,
                             const Target& target, const CompileLimits& limits);

/// As compile_shared, with these flags instead of compile_flags(): another level, other
/// instructions.
CompileResult compile_with_flags(const Compiler& compiler, const std::vector<std::string>& flags,
                                 std::string_view c_text, const CompileLimits& limits);
/// As compile_shared, but `code` is the assembly text that the object would be made of.
CompileResult compile_assembly(const Compiler& compiler, std::string_view c_text,
                               const Target& target, const CompileLimits& limits = {});
/// The failed result as the exception users see: place, fact, fix.
CompileError compile_error(const CompileResult& result);

}  // namespace bafe

// In: C text made by codegen. Out: the bytes of a shared object, or the reason why there is none.
// No text of the user reaches a path or a command line. The private directory is removed on every
// way out.

#include "bafe/runtime/toolchain.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "bafe/base/digest.h"
#include "bafe/base/format.h"
#include "bafe/base/options.h"
#include "bafe/base/trace.h"
#include "bafe/runtime/child.h"
#include "bafe/runtime/private_folder.h"

namespace bafe {
namespace {

constexpr std::size_t kShownLines = 12;
constexpr std::int64_t kMostCodeBytes = 256u << 20;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) {
    if (!part.empty()) out.push_back(part);
  }
  return out;
}

bool is_program(const std::string& path) {
  struct stat info;
  int found;
  do {  // file systems over a network may be interrupted
    found = stat(path.c_str(), &info);
    if (found == 0 && S_ISREG(info.st_mode)) found = access(path.c_str(), X_OK);
  } while (found != 0 && errno == EINTR);
  return found == 0 && S_ISREG(info.st_mode);
}

std::string search_path() {
  return system_variable("PATH").value_or("/usr/local/bin:/usr/bin:/bin");
}

/// An absolute path for a program's name, or nothing.
std::string locate(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    return is_program(name) ? std::filesystem::absolute(name).string() : std::string();
  }
  for (const std::string& folder : split(search_path(), ':')) {
    if (folder[0] == '/' && is_program(folder + "/" + name)) return folder + "/" + name;
  }
  return {};
}

std::string first_lines(const std::string& text) {
  std::string out;
  std::size_t count = 0;
  for (const std::string& line : split(text, '\n')) {
    if (count++ == kShownLines) return out + "…\n";
    out += line.substr(0, 300) + "\n";
  }
  return out;
}

std::string fact_of(const ChildResult& child, const CompileLimits& limits, bool has_output) {
  switch (child.end) {
    case ChildEnd::kNotStarted:
      return format("could not be started: {}", std::strerror(child.code));
    case ChildEnd::kTimedOut:
      return format("did not finish within {} s and was stopped", limits.seconds);
    case ChildEnd::kInterrupted:
      return "was stopped by an interrupt";
    case ChildEnd::kSignalled:
      return format("was killed by signal {}", child.code);
    case ChildEnd::kExited:
      break;
  }
  if (child.code != 0) return format("ended with code {}", child.code);
  return has_output ? "" : "reported success but wrote no shared object";
}

std::string read_code(const std::string& path) {
  std::error_code error;
  std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error || size == 0 || size > static_cast<std::uintmax_t>(kMostCodeBytes)) return {};
  std::string bytes(size, '\0');
  std::ifstream in(path, std::ios::binary);
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  return in.gcount() == static_cast<std::streamsize>(size) ? bytes : std::string();
}

std::vector<std::string> child_environment(const std::string& folder) {
  std::vector<std::string> out = {"LC_ALL=C", "TMPDIR=" + folder, "PATH=" + search_path()};
  if (auto home = system_variable("HOME"))
    out.push_back("HOME=" + *home);  // compiler caches look there
  return out;
}

}  // namespace

std::string Compiler::id() const {
  char real[PATH_MAX];
  struct stat info = {};
  const char* path = realpath(command[0].c_str(), real) ? real : command[0].c_str();
  stat(path, &info);
  DigestBuilder digest;
  digest.add(path).add(info.st_size).add(info.st_mtim.tv_sec).add(info.st_mtim.tv_nsec);
  for (std::size_t i = 1; i < command.size(); ++i) digest.add(command[i]);
  return format("{} {}", path, digest.finish().hex().substr(0, 16));
}

std::optional<Compiler> find_compiler(std::string* why) {
  auto chosen = [&](const std::string& text, const std::string& source) -> std::optional<Compiler> {
    Compiler compiler{split(text, ' '), source};
    if (is_program(text)) compiler.command = {text};  // a path with blanks
    std::string path = compiler.command.empty() ? "" : locate(compiler.command[0]);
    if (path.empty()) {
      if (why) *why = format("{}={} names no program", source, text);
      return std::nullopt;
    }
    compiler.command[0] = path;
    return compiler;
  };
  if (std::string text = option("BAFE_CC"); !text.empty()) return chosen(text, "BAFE_CC");
  if (auto text = system_variable("CC"); text && !text->empty()) return chosen(*text, "CC");
  for (const char* name : {"cc", "gcc", "clang"}) {
    if (std::string path = locate(name); !path.empty()) return Compiler{{path}, "PATH"};
  }
  if (why) *why = "no C compiler: PATH holds none of cc, gcc, clang";
  return std::nullopt;
}

CompileLimits CompileLimits::from_options() {
  CompileLimits limits;
  double seconds = std::atof(option("BAFE_COMPILE_SECONDS").c_str());
  if (seconds > 0) limits.seconds = std::min(seconds, 86400.0);
  double megabytes = std::atof(option("BAFE_COMPILE_MEGABYTES").c_str());
  if (megabytes >= 0)
    limits.memory_bytes = static_cast<std::int64_t>(std::min(megabytes, 1e9) * 1048576);
  return limits;
}

/// -O2 with the passes of -O3 that nests gain from. The unroll-and-jam of -O3 makes reductions over
/// columns 1.5 times slower, and what else -O3 adds costs a tenth of the compile time.
std::vector<std::string> compile_flags(const Target& target) {
  std::vector<std::string> flags = {"-O2",
                                    "-ftree-vectorize",
                                    "-fvect-cost-model=dynamic",
                                    "-fpeel-loops",
                                    "-std=gnu99",
                                    "-ffp-contract=off",
                                    "-fno-math-errno",
                                    "-fno-trapping-math",
                                    "-fwrapv",
                                    "-fno-strict-aliasing",
                                    "-fno-asynchronous-unwind-tables",
                                    "-fPIC",
                                    "-shared",
                                    "-nostdlib",
                                    "-pipe",
                                    "-w"};
  for (std::string& flag : split(target.flags(), ' ')) flags.push_back(std::move(flag));
  return flags;
}

namespace {

/// `is_ours`: what went wrong lies on our side of the compiler, and may not happen again.
CompileResult compile_once(const Compiler& compiler, const std::vector<std::string>& flags,
                           std::string_view c_text, const CompileLimits& limits, bool& is_ours) {
  std::int64_t begin_ns = now_ns();
  CompileResult result;
  PrivateFolder folder;
  is_ours = true;
  if (folder.path().empty()) {
    result.fact = folder.error();
    return result;
  }
  std::string output = folder.path() + "/kernel";
  ChildSpec child;
  child.command = compiler.command;
  child.command.insert(child.command.end(), flags.begin(), flags.end());
  for (const std::string& part : child.command)
    result.command += (result.command.empty() ? "" : " ") + part;
  for (const char* flag : {"-x", "c", "-", "-o"}) child.command.push_back(flag);
  child.command.push_back(output);
  child.environment = child_environment(folder.path());
  child.input = c_text;
  child.seconds = limits.seconds;
  child.memory_bytes = limits.memory_bytes;
  child.file_bytes = kMostCodeBytes;
  child.interrupted = limits.interrupted;

  ChildResult ended = run_child(child);
  bool is_done = ended.end == ChildEnd::kExited && ended.code == 0;
  if (is_done) result.code = read_code(output);
  is_ours = ended.end == ChildEnd::kNotStarted || (is_done && result.code.empty());
  result.diagnostics = first_lines(ended.messages);
  std::string fact = fact_of(ended, limits, !result.code.empty());
  if (!fact.empty()) result.fact = format("{} {}", compiler.command[0], fact);
  result.status = fact.empty()                          ? CompileStatus::kOk
                  : ended.end == ChildEnd::kTimedOut    ? CompileStatus::kTimedOut
                  : ended.end == ChildEnd::kInterrupted ? CompileStatus::kInterrupted
                                                        : CompileStatus::kFailed;
  result.ms = static_cast<double>(now_ns() - begin_ns) / 1e6;
  return result;
}

}  // namespace

CompileResult compile_with_flags(const Compiler& compiler, const std::vector<std::string>& flags,
                                 std::string_view c_text, const CompileLimits& limits) {
  bool is_ours = false;
  CompileResult result = compile_once(compiler, flags, c_text, limits, is_ours);
  return is_ours ? compile_once(compiler, flags, c_text, limits, is_ours) : result;
}

std::string compile_command(const Compiler& compiler, const Target& target) {
  std::string out;
  for (const std::string& part : compiler.command) out += part + " ";
  for (const std::string& part : compile_flags(target)) out += part + " ";
  return out + " # " + compiler.id();
}

CompileResult compile_shared(const Compiler& compiler, std::string_view c_text,
                             const Target& target, const CompileLimits& limits) {
  TraceSpan span("compile");
  return compile_with_flags(compiler, compile_flags(target), c_text, limits);
}

CompileResult compile_assembly(const Compiler& compiler, std::string_view c_text,
                               const Target& target, const CompileLimits& limits) {
  TraceSpan span("assembly");
  std::vector<std::string> flags = compile_flags(target);
  std::replace(flags.begin(), flags.end(), std::string("-shared"), std::string("-S"));
  return compile_with_flags(compiler, flags, c_text, limits);
}

CompileError compile_error(const CompileResult& result) {
  CompileError error({}, "C compiler", result.fact);
  for (const std::string& line : split(result.diagnostics, '\n')) error.detail(line);
  switch (result.status) {
    case CompileStatus::kNoCompiler:
      return error.fix("install gcc or clang, or set BAFE_CC to a C compiler");
    case CompileStatus::kTimedOut:
      return error.fix("raise BAFE_COMPILE_SECONDS, or set BAFE_CC to another compiler");
    case CompileStatus::kInterrupted:
      return error.fix("call again to compile anew");
    default:
      return error.fix("set BAFE_CC to a working gcc or clang");
  }
}

}  // namespace bafe

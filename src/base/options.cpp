#include "bafe/base/options.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "bafe/base/error.h"

namespace bafe {
namespace {

constexpr std::array kOptions = {
    OptionInfo{"BAFE_CACHE_DIR", "", "kernel cache; default $XDG_CACHE_HOME/bafe or ~/.cache/bafe"},
    OptionInfo{"BAFE_CACHE_BYTES", "1073741824", "size cap of the kernel cache; oldest go first"},
    OptionInfo{"BAFE_CC", "", "C compiler; default $CC, then cc, gcc, clang of PATH"},
    OptionInfo{"BAFE_COMPILE_SECONDS", "60", "wall limit of one compile"},
    OptionInfo{"BAFE_COMPILE_MEGABYTES", "4096", "memory limit of one compile"},
    OptionInfo{"BAFE_NUM_THREADS", "", "threads a call may use; default: the cores it may run on"},
    OptionInfo{"BAFE_THREADS", "", "the same; BAFE_NUM_THREADS goes first"},
    OptionInfo{"BAFE_MEMORY_BYTES", "1073741824", "most idle memory kept for results and arenas"},
    OptionInfo{"BAFE_TUNING_SECONDS", "4", "most seconds of tuning behind the calls of a program"},
    OptionInfo{"BAFE_EXIT_SECONDS", "0.25",
               "most that the end of a process waits for kernels in the making"},
    OptionInfo{"BAFE_TIER", "auto", "auto, compiled or interpreted"},
    OptionInfo{
        "BAFE_LOG", "",
        "topics on stderr: dispatch,cache,recompiles,autotune,rewrites,validate,extract,code"},
    OptionInfo{"BAFE_DEBUG", "0", "1 to 5: more and more of these topics"},
    OptionInfo{"BAFE_DISABLE_JIT", "0", "1 runs decorated functions as plain Python"},
    OptionInfo{"BAFE_LAYOUTS", "auto",
               "row stores every intermediate, constant and result row-major"},
    OptionInfo{"BAFE_SMT", "", "path of the bafe-smt program; default: beside the library"},
};

}  // namespace

std::span<const OptionInfo> option_table() { return kOptions; }

std::optional<std::string> system_variable(std::string_view name) {
  char text[64] = {};  // read at every long call: on the stack
  const bool is_short = name.size() < sizeof text;
  if (is_short) name.copy(text, name.size());
  const char* value = std::getenv(is_short ? text : std::string(name).c_str());
  if (!value) return std::nullopt;
  return std::string(value);
}

std::string option(std::string_view name) {
  for (const OptionInfo& info : kOptions) {
    if (info.name != name) continue;
    if (auto value = system_variable(name); value && !value->empty()) return *value;
    return std::string(info.fallback);
  }
  BAFE_CHECK(false, "an option is read only if option_table() lists it");
  return {};
}

bool option_has_topic(std::string_view name, std::string_view topic) {
  std::string topics = option(name);
  for (std::size_t begin = 0; begin <= topics.size();) {
    std::size_t end = std::min(topics.find(',', begin), topics.size());
    if (std::string_view(topics).substr(begin, end - begin) == topic) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace bafe

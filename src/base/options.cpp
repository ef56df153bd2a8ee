#include "bafe/base/options.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <sstream>

#include "bafe/base/error.h"
#include "bafe/base/log.h"

namespace bafe {
namespace {

constexpr std::array kOptions = {
    OptionInfo{"BAFE_CACHE_DIR", "", "kernel cache; default $XDG_CACHE_HOME/bafe or ~/.cache/bafe"},
    OptionInfo{"BAFE_CACHE_BYTES", "1073741824", "size cap of the kernel cache; oldest go first",
               OptionForm::kInteger, 0},
    OptionInfo{"BAFE_CC", "", "C compiler; default $CC, then cc, gcc, clang of PATH"},
    OptionInfo{"BAFE_COMPILE_SECONDS", "60", "wall limit of one compile", OptionForm::kNumber,
               1e-3},
    OptionInfo{"BAFE_COMPILE_MEGABYTES", "4096", "memory limit of one compile", OptionForm::kNumber,
               0},
    OptionInfo{"BAFE_NUM_THREADS", "", "threads a call may use; default: the cores it may run on",
               OptionForm::kInteger, 1},
    OptionInfo{"BAFE_THREADS", "", "the same; BAFE_NUM_THREADS goes first", OptionForm::kInteger,
               1},
    OptionInfo{"BAFE_MEMORY_BYTES", "1073741824", "most idle memory kept for results and arenas",
               OptionForm::kInteger, 0},
    OptionInfo{"BAFE_TUNING_SECONDS", "4", "most seconds of tuning behind the calls of a program",
               OptionForm::kNumber, 0},
    OptionInfo{"BAFE_EXIT_SECONDS", "0.25",
               "most that the end of a process waits for kernels in the making",
               OptionForm::kNumber, 0},
    OptionInfo{"BAFE_TIER", "auto", "auto, compiled or interpreted"},
    OptionInfo{
        "BAFE_LOG", "",
        "topics on stderr: dispatch,cache,recompiles,autotune,rewrites,validate,extract,code"},
    OptionInfo{"BAFE_DEBUG", "0", "1 to 5: more and more of these topics", OptionForm::kInteger, 0},
    OptionInfo{"BAFE_TRACE", "",
               "folder for records of every jitted function; `bafe report` makes a page of them"},
    OptionInfo{"BAFE_DISABLE_JIT", "0", "1 runs decorated functions as plain Python"},
    OptionInfo{"BAFE_LAYOUTS", "auto",
               "row stores every intermediate, constant and result row-major"},
    OptionInfo{"BAFE_TILING", "0",
               "1 to 3: another way to cut matrix products into tiles than the model's",
               OptionForm::kInteger, 0},
    OptionInfo{"BAFE_SMT", "", "path of the bafe-smt program; default: beside the library"},
};

bool makes_sense(const OptionInfo& info, const std::string& text) {
  if (info.form == OptionForm::kText) return true;
  char* end = nullptr;
  errno = 0;
  double value = 0;
  if (info.form == OptionForm::kInteger) {
    value = static_cast<double>(std::strtoll(text.c_str(), &end, 10));
  } else {
    value = std::strtod(text.c_str(), &end);
  }
  return end != text.c_str() && *end == 0 && errno == 0 && value >= info.least;
}

void warn_of(const OptionInfo& info, const std::string& text) {
  const std::string name(info.name);
  std::string least = std::to_string(info.least);
  least.erase(least.find_last_not_of('0') + 1);
  if (least.back() == '.') least.pop_back();
  const std::string what = info.form == OptionForm::kInteger ? "an integer" : "a number";
  const std::string used = info.fallback.empty() ? "it counts as if it were not set"
                                                 : std::string(info.fallback) + " is used";
  warn_once("option:" + name + "=" + text, "bafe: " + name + "=" + text + " is not " + what +
                                               " of at least " + least + ": " + used +
                                               "\n  fix: give " + what + ", or unset it");
}

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
    if (auto value = system_variable(name); value && !value->empty()) {
      if (makes_sense(info, *value)) return *value;
      warn_of(info, *value);
    }
    return std::string(info.fallback);
  }
  BAFE_CHECK(false, "an option is read only if option_table() lists it");
  return {};
}

std::vector<std::string> option_topics(std::string_view name) {
  std::vector<std::string> topics;
  std::istringstream words(option(name));
  for (std::string word; std::getline(words, word, ',');) {
    const std::size_t begin = word.find_first_not_of(" \t");
    if (begin == std::string::npos) continue;
    topics.push_back(word.substr(begin, word.find_last_not_of(" \t") + 1 - begin));
  }
  return topics;
}

bool option_has_topic(std::string_view name, std::string_view topic) {
  const std::vector<std::string> topics = option_topics(name);
  return std::find(topics.begin(), topics.end(), topic) != topics.end();
}

}  // namespace bafe

// In: a seed, or the text of a case. Out: the case. The first lines of a text are comments of the
// program's own syntax, so every tool that reads programs reads cases.

#include "bafe/fuzz/case.h"

#include <array>
#include <charconv>
#include <utility>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/fuzz/chance.h"
#include "bafe/fuzz/generate.h"
#include "bafe/ir/text.h"

namespace bafe {
namespace {

constexpr std::array<const char*, 3> kMath = {"bits", "reals", "fast"};
constexpr std::array<const char*, kFuzzEfforts> kEffort = {"as-written", "greedy", "light",
                                                           "default", "stochastic"};
constexpr std::array<const char*, kFuzzValues> kValues = {"tame",    "whole",  "positive", "wide",
                                                          "one-hot", "sorted", "special"};
constexpr std::array<const char*, 3> kIsa = {"plain", "avx2", "avx512"};
constexpr std::string_view kSettings = "# fuzz:";
constexpr std::uint64_t kBlock = 32;  ///< consecutive seeds that one compiler run takes

FuzzSettings settings_of(std::uint64_t seed, int oracle) {
  FuzzSettings out;
  Chance chance(seed ^ 0xfa22), block((seed / kBlock) ^ 0xb10c);
  out.oracle = oracle;
  out.math = static_cast<Math>(chance.below(3));
  if (out.math == Math::kFast && chance.percent(50)) out.math = Math::kReals;
  const int effort = chance.below(10);
  out.effort = effort < 1   ? FuzzEffort::kAsWritten
               : effort < 2 ? FuzzEffort::kGreedy
               : effort < 4 ? FuzzEffort::kLight
               : effort < 9 ? FuzzEffort::kDefault
                            : FuzzEffort::kStochastic;
  out.values = static_cast<FuzzValues>(chance.below(kFuzzValues - 1));
  if (out.math == Math::kBits && chance.percent(40)) out.values = FuzzValues::kSpecial;
  if (chance.percent(35)) out.values = FuzzValues::kTame;
  out.data = chance.next() >> 32;
  out.threads = chance.percent(30) ? 2 + chance.below(3) : 1;
  out.structure = !chance.percent(10);
  out.shift = chance.percent(25) ? 1 + chance.below(7) : 0;
  out.is_aliased = chance.percent(10);
  const int level = block.below(10);
  out.level = level < 6 ? 0 : level < 9 ? 1 : 2;
  const int isa = block.below(10);
  out.isa = isa < 2 ? Isa::kPlain : isa < 4 ? Isa::kAvx2 : Isa::kAvx512;
  return out;
}

std::int64_t integer_of(std::string_view name, std::string_view word) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
  if (error != std::errc() || end != word.data() + word.size() || out < 0)
    throw ParseError({}, std::string(name), format("\"{}\" is no number", word));
  return out;
}

template <std::size_t N>
int index_of(const std::array<const char*, N>& names, std::string_view name,
             std::string_view word) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == word) return static_cast<int>(i);
  }
  throw ParseError({}, std::string(name), format("\"{}\" is none of its values", word));
}

void set(FuzzCase& out, std::string_view name, std::string_view word) {
  FuzzSettings& s = out.settings;
  if (name == "math") {
    s.math = static_cast<Math>(index_of(kMath, name, word));
  } else if (name == "effort") {
    s.effort = static_cast<FuzzEffort>(index_of(kEffort, name, word));
  } else if (name == "values") {
    s.values = static_cast<FuzzValues>(index_of(kValues, name, word));
  } else if (name == "isa") {
    s.isa = static_cast<Isa>(index_of(kIsa, name, word));
  } else {
    const std::int64_t number = integer_of(name, word);
    if (name == "seed") {
      out.seed = static_cast<std::uint64_t>(number);
    } else if (name == "oracle") {
      s.oracle = static_cast<int>(number);
    } else if (name == "data") {
      s.data = static_cast<std::uint64_t>(number);
    } else if (name == "level") {
      s.level = static_cast<int>(number);
    } else if (name == "threads") {
      s.threads = static_cast<int>(number);
    } else if (name == "structure") {
      s.structure = number != 0;
    } else if (name == "shift") {
      s.shift = static_cast<int>(number);
    } else if (name == "aliased") {
      s.is_aliased = number != 0;
    } else {
      throw ParseError({}, "fuzz", format("there is no setting \"{}\"", name));
    }
  }
}

}  // namespace

FuzzCase fuzz_case(std::uint64_t seed, int oracle) {
  FuzzCase out;
  out.seed = seed;
  out.settings = settings_of(seed, oracle);
  GenerateLimits limits;
  if (oracle != 1) limits.most_elements = 96;  // many terms are evaluated, element by element
  out.graph = generate_program(seed, limits);
  return out;
}

std::string fuzz_text(const FuzzCase& one, std::string_view found) {
  const FuzzSettings& s = one.settings;
  std::string out;
  while (!found.empty()) {
    const std::size_t end = std::min(found.find('\n'), found.size());
    out += format("# found: {}\n", found.substr(0, end));
    found.remove_prefix(std::min(end + 1, found.size()));
  }
  out += format(
      "{} seed={} oracle={} math={} effort={} values={} data={} level={} threads={} isa={} "
      "structure={} shift={} aliased={}\n",
      kSettings, one.seed, s.oracle, kMath[static_cast<std::size_t>(s.math)],
      kEffort[static_cast<std::size_t>(s.effort)], kValues[static_cast<std::size_t>(s.values)],
      s.data, s.level, s.threads, kIsa[static_cast<std::size_t>(s.isa)], int{s.structure}, s.shift,
      int{s.is_aliased});
  return out + print_program(one.graph);
}

FuzzCase fuzz_from_text(std::string_view text, std::string_view file) {
  FuzzCase out;
  out.graph = parse_program(text, file);
  const std::size_t at = text.find(kSettings);
  if (at == std::string_view::npos)
    throw ParseError({std::string(file)}, "fuzz", "no line begins with \"# fuzz:\"");
  std::string_view line = text.substr(at + kSettings.size());
  line = line.substr(0, line.find('\n'));
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    if (word.empty()) continue;
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos)
      throw ParseError({std::string(file)}, "fuzz", format("\"{}\" has no value", word));
    set(out, word.substr(0, equals), word.substr(equals + 1));
  }
  return out;
}

}  // namespace bafe

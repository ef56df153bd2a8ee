// bafe-fuzz: programs that nobody wrote, checked in ways that need no expected results.
//
//   bafe-fuzz [seconds] [--seed N] [--oracle 1|2|3] [--cases N] [--workers N] [--out FOLDER]
//   bafe-fuzz --show SEED [--oracle N]      the case of a seed
//   bafe-fuzz --replay FILE…                cases as files; ends with 1 when one is wrong
//   bafe-fuzz --minimise FILE               writes FILE.small and FILE.py
//
// Ends with 0 when nothing was found, 1 when something was, 2 when it was called wrongly.

#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/fuzz/campaign.h"
#include "bafe/fuzz/minimise.h"
#include "bafe/ir/op.h"
#include "bafe/rules/rule_set.h"

namespace bafe {
namespace {

struct Arguments {
  CampaignLimits limits;
  std::string out = "build/fuzz";
  std::vector<std::string> replay;
  std::optional<std::string> minimise;
  std::optional<std::uint64_t> show;
  bool is_small = true;  ///< findings are minimised
};

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

double number_of(const std::string& name, const std::string& text) {
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool is_read = error == std::errc() && end == text.data() + text.size();
  if (!is_read || !(out >= 0 && out <= 1e9))
    throw ParseError({}, name, format("\"{}\" is no number", text))
        .fix("give a number from 0 to 10^9");
  return out;
}

/// All 64 bits of it.
std::uint64_t seed_of(const std::string& name, const std::string& text) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size())
    throw ParseError({}, name, format("\"{}\" is no seed", text))
        .fix("give a whole number below 2^64");
  return out;
}

Arguments read_arguments(const std::vector<std::string>& words) {
  Arguments out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--no-minimise") {
      out.is_small = false;
      continue;
    }
    if (!word.starts_with("--")) {
      out.limits.seconds = number_of("seconds", word);
      continue;
    }
    if (i + 1 == words.size())
      throw ParseError({}, word, "a value is missing").fix("give it behind the option");
    const std::string& value = words[++i];
    if (word == "--out") {
      out.out = value;
    } else if (word == "--minimise") {
      out.minimise = value;
    } else if (word == "--replay") {
      out.replay.assign(words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
      break;
    } else if (word == "--seed") {
      out.limits.first_seed = seed_of(word, value);
    } else if (word == "--show") {
      out.show = seed_of(word, value);
    } else if (word == "--oracle") {
      out.limits.oracle = static_cast<int>(number_of(word, value));
    } else if (word == "--cases") {
      out.limits.cases = static_cast<std::int64_t>(number_of(word, value));
      if (out.limits.seconds == CampaignLimits{}.seconds) out.limits.seconds = 1e9;
    } else if (word == "--workers") {
      out.limits.workers = static_cast<int>(number_of(word, value));
    } else {
      throw ParseError({}, word, "there is no such option").fix("see src/fuzz/fuzz_main.cpp");
    }
  }
  if (out.limits.oracle > 3)
    throw ParseError({}, "--oracle", "there are three").fix("1, 2, 3, or 0 for all");
  return out;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw ParseError({}, path, "cannot be read").fix("name a file of a case");
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void write_file(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

std::string sentence(const Finding& found) {
  return found.rule.empty() ? found.what : format("rule {}: {}", found.rule, found.what);
}

int replay(const std::vector<std::string>& files) {
  int wrong = 0;
  for (const std::string& file : files) {
    const Finding found = check_apart(fuzz_from_text(read_file(file), file), 120);
    print(format("{}: {}\n", file, found.what.empty() ? "right" : sentence(found)));
    wrong += !found.what.empty();
  }
  return wrong > 0;
}

void minimise_file(const std::string& file) {
  const FuzzCase one = fuzz_from_text(read_file(file), file);
  const SmallCase small = minimise(one, 400);
  write_file(file + ".small", fuzz_text(small.one, sentence(small.finding)));
  write_file(file + ".py", fuzz_script(small.one, sentence(small.finding)));
  print(format("{}: {} values after {} tries: {}\n", file, small.one.graph.size(), small.tries,
               small.finding.what.empty() ? "nothing is wrong here" : sentence(small.finding)));
}

std::string progress(const CampaignState& state) {
  const double rate = state.seconds > 0 ? static_cast<double>(state.total()) / state.seconds : 0;
  return format(
      "{:6.0f} s  {} programs  {} pairs  {} e-graphs  {:.1f}/s  {} found  {} operators  "
      "{} dtypes  {}/{} rules",
      state.seconds, state.cases[1], state.cases[2], state.cases[3], rate, state.findings.size(),
      state.operators.size(), state.dtypes.size(), state.rules.size(), RuleSet::builtin().size());
}

std::string missing(const CampaignState& state) {
  std::string out;
  for (const OpInfo& info : all_ops()) {
    const bool stays = info.kind != OpKind::kExpand && info.kind != OpKind::kControl;
    if (stays && !state.operators.contains(std::string(info.name)))
      out += " " + std::string(info.name);
  }
  return out.empty() ? "every operator was drawn" : "not drawn:" + out;
}

int run(const Arguments& arguments) {
  std::filesystem::create_directories(arguments.out);
  const bool is_shown = isatty(1) != 0;
  std::size_t told = 0;
  double last = 0;
  const CampaignState end = run_campaign(arguments.limits, [&](const CampaignState& state) {
    for (; told < state.findings.size(); ++told) {
      const auto& [oracle, found] = state.findings[told];
      const std::string path = format("{}/oracle{}_{}.bafe", arguments.out, oracle, found.seed);
      write_file(path, fuzz_text(fuzz_case(found.seed, oracle), sentence(found)));
      print(format("{}{}: {}\n", is_shown ? "\r\x1b[K" : "", path, sentence(found)));
    }
    if (is_shown || state.seconds - last > 30) {
      last = state.seconds;
      print(is_shown ? "\r" + progress(state) + "\x1b[K" : progress(state) + "\n");
    }
    return true;
  });
  print(format("{}{}\n{}\n", is_shown ? "\r\x1b[K" : "", progress(end), missing(end)));
  for (const auto& [oracle, found] : end.findings) {
    if (arguments.is_small)
      minimise_file(format("{}/oracle{}_{}.bafe", arguments.out, oracle, found.seed));
  }
  return !end.findings.empty();
}

int dispatch(const Arguments& arguments) {
  if (arguments.show) {
    print(fuzz_text(fuzz_case(*arguments.show, std::max(arguments.limits.oracle, 1))));
    return 0;
  }
  if (!arguments.replay.empty()) return replay(arguments.replay);
  if (!arguments.minimise) return run(arguments);
  minimise_file(*arguments.minimise);
  return 0;
}

}  // namespace
}  // namespace bafe

int main(int count, char** words) {
  try {
    return bafe::dispatch(bafe::read_arguments({words + 1, words + count}));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}

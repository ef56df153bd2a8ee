#pragma once
/// Searches and their certificates, for tests of the checker.

#include <filesystem>
#include <fstream>
#include <sstream>

#include "bafe/check/check.h"
#include "bafe/ir/text.h"
#include "bafe/rules/rule_set.h"
#include "bafe/search/certify.h"
#include "bafe/search/optimize.h"

namespace bafe {

/// A book of the built-in rules as the search has them.
inline RuleBook builtin_book() {
  RuleBook book;
  book.set_source([](const std::string& name) {
    const Rule* rule = RuleSet::builtin().find(name);
    if (!rule) rule = RuleSet::classic().find(name);
    return rule ? rule->text : std::string();
  });
  return book;
}

/// The program texts of tests/golden/search and of the folder of certified programs.
inline std::vector<std::pair<std::string, std::string>> golden_programs() {
  std::vector<std::pair<std::string, std::string>> out;
  for (const char* folder : {"/tests/golden/search", "/tests/golden/check"}) {
    std::filesystem::path path = std::string(BAFE_TEST_SOURCE_DIR) + folder;
    if (!std::filesystem::exists(path)) continue;
    for (const auto& file : std::filesystem::directory_iterator(path)) {
      if (file.path().extension() != ".bafe") continue;
      std::ifstream in(file.path());
      std::stringstream text;
      text << in.rdbuf();
      out.emplace_back(file.path().filename().string(), text.str());
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

inline std::string lines_around(const std::string& text, int line) {
  std::stringstream in(text);
  std::string out, one;
  for (int i = 1; std::getline(in, one); ++i) {
    if (i == line) out += std::to_string(i) + ": " + one + "\n";
  }
  return out;
}

}  // namespace bafe

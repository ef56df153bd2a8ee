// Goldens of search: tests/golden/search/*.bafe. A file is
//   # run: optimize [rules=theme,theme…] [math=bits|reals|fast]
//   # why: one sentence
//   program …
//   # best: body of the chosen program
//   # plan: kinds of its groups, and stored values that are not row-major
// `<name>_stays.bafe` is the twin of `<name>.bafe` that must not change. BAFE_UPDATE_GOLDEN=1
// rewrites expectations.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "bafe/ir/text.h"
#include "bafe/rules/rule_set.h"
#include "bafe/search/optimize.h"
#include "programs.h"

namespace bafe {
namespace {

namespace fs = std::filesystem;

struct Golden {
  std::string header, program, best, plan;
  SearchOptions options;
  RuleSet rules;
};

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::stringstream in(text);
  for (std::string part; std::getline(in, part, at);) parts.push_back(part);
  return parts;
}

void read_options(const std::string& line, Golden& golden) {
  golden.options.target.isa = Isa::kAvx512;
  golden.options.target.fma = true;
  golden.rules = RuleSet::builtin();
  for (const std::string& word : split(line, ' ')) {
    if (word.compare(0, 6, "rules=") == 0) {
      std::vector<std::string> themes = split(word.substr(6), ',');
      golden.rules = RuleSet::builtin().filter([&](const Rule& rule) {
        return std::find(themes.begin(), themes.end(), rule.theme) != themes.end();
      });
      EXPECT_GT(golden.rules.size(), 0u) << word;
    }
    if (word == "math=bits") golden.options.math = Math::kBits;
    if (word == "math=fast") golden.options.math = Math::kFast;
  }
}

Golden read_golden(const fs::path& path) {
  Golden golden;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (line.compare(0, 7, "# run: ") == 0) read_options(line, golden);
    if (line.compare(0, 8, "# best: ") == 0) {
      golden.best = line.substr(8);
    } else if (line.compare(0, 8, "# plan: ") == 0) {
      golden.plan = line.substr(8);
    } else if (line.compare(0, 1, "#") == 0) {
      golden.header += line + "\n";
    } else {
      golden.program += line + "\n";
    }
  }
  return golden;
}

std::string body_text(const Graph& graph) {
  std::string text = print_program(graph);
  std::size_t open = text.find('{'), close = text.rfind('}');
  std::string body = text.substr(open + 1, close - open - 1), result;
  bool space = true;  // runs of blanks become one
  for (char c : body) {
    bool blank = c == ' ' || c == '\n';
    if (!blank || !space) result += blank ? ' ' : c;
    space = blank;
  }
  while (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

std::string plan_text(const Program& program) {
  std::string text;
  for (const Group& group : program.groups) {
    text += (text.empty() ? "" : ", ") + std::string(group_kind_text(group.kind));
    for (ValueId id : group.outputs) {
      const Layout& layout = program.layouts[id.index()];
      if (!layout.is_row()) text += " stored " + layout.text();
    }
  }
  return text;
}

class SearchGolden : public testing::TestWithParam<std::string> {};

TEST_P(SearchGolden, ChoosesWhatTheFileSays) {
  fs::path path = fs::path(BAFE_TEST_SOURCE_DIR) / "tests/golden/search" / GetParam();
  Golden golden = read_golden(path);
  golden.options.rules = &golden.rules;
  Graph source = parse_program(golden.program, GetParam());
  SearchResult result = optimize(source, golden.options);
  check_program(result.program);
  std::string best = body_text(result.program.graph), plan = plan_text(result.program);
  if (std::getenv("BAFE_UPDATE_GOLDEN")) {
    std::ofstream(path) << golden.header << golden.program << "# best: " << best
                        << "\n# plan: " << plan << "\n";
    return;
  }
  EXPECT_EQ(best, golden.best);
  EXPECT_EQ(plan, golden.plan);
  bool stays = path.stem().string().find("_stays") != std::string::npos;
  EXPECT_EQ(result.program.graph.hash() == plan_form(source).hash(), stays)
      << result.program.text();
}

std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  for (const auto& entry :
       fs::directory_iterator(fs::path(BAFE_TEST_SOURCE_DIR) / "tests/golden/search")) {
    if (entry.path().extension() == ".bafe") names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  return info.param.substr(0, info.param.find('.'));
}

INSTANTIATE_TEST_SUITE_P(Files, SearchGolden, testing::ValuesIn(golden_names()), test_name);

TEST(SearchGoldens, HaveATwinThatMustNotChange) {
  std::vector<std::string> names = golden_names();
  for (const std::string& name : names) {
    std::string stem = name.substr(0, name.find('.'));
    if (stem.find("_stays") != std::string::npos) continue;
    EXPECT_TRUE(std::count(names.begin(), names.end(), stem + "_stays.bafe")) << stem;
  }
}

}  // namespace
}  // namespace bafe

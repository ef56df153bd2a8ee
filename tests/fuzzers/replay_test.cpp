// The inputs that the fuzzers found, and their seeds, with any compiler: tests/golden/fuzzers/
// <target>/<file>. A target throws, or the process ends, where a reader breaks its promise.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "targets.h"

namespace bafe::fuzz {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = BAFE_TEST_SOURCE_DIR;

#define BAFE_FUZZ_ROW(name) Target{#name, name},
const Target kTargets[] = {BAFE_FUZZ_TARGETS(BAFE_FUZZ_ROW)};
#undef BAFE_FUZZ_ROW

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<fs::path> files_in(const fs::path& folder, std::string_view suffix = "") {
  std::vector<fs::path> files;
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().string().ends_with(suffix)) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

class FuzzerInputs : public ::testing::TestWithParam<Target> {};

TEST_P(FuzzerInputs, KeepTheReadersPromises) {
  const auto files = files_in(kSource / "tests/golden/fuzzers" / GetParam().name);
  EXPECT_FALSE(files.empty()) << "every target has a seed";
  for (const fs::path& file : files) {
    EXPECT_NO_THROW(GetParam().run(bytes_of(file))) << file;
  }
}

/// A reader that refuses the half of an input may not break a promise either.
TEST_P(FuzzerInputs, KeepThemWhereverTheyAreCutOff) {
  for (const fs::path& file : files_in(kSource / "tests/golden/fuzzers" / GetParam().name)) {
    const std::string bytes = bytes_of(file);
    const std::size_t step = 1 + bytes.size() / 64;
    for (std::size_t size = 0; size < bytes.size(); size += step) {
      EXPECT_NO_THROW(GetParam().run(bytes.substr(0, size))) << file << " cut at " << size;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, FuzzerInputs, ::testing::ValuesIn(kTargets),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(FuzzerTargets, TakeEveryGoldenProgram) {
  const auto files = files_in(kSource / "tests/golden/search", ".bafe");
  EXPECT_FALSE(files.empty());
  for (const fs::path& file : files) EXPECT_NO_THROW(program_text(bytes_of(file))) << file;
}

TEST(FuzzerTargets, TakeEveryRuleFile) {
  const auto files = files_in(kSource / "rules", ".rules");
  EXPECT_FALSE(files.empty());
  for (const fs::path& file : files) EXPECT_NO_THROW(rule_text(bytes_of(file))) << file;
}

}  // namespace
}  // namespace bafe::fuzz

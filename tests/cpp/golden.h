#pragma once
/// Frozen texts: tests/golden/<name>. BAFE_UPDATE_GOLDEN=1 rewrites them; the diff is part of the
/// review.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace bafe::testing {

inline void expect_golden(const std::string& actual, const std::string& name) {
  std::filesystem::path path = std::filesystem::path(BAFE_TEST_SOURCE_DIR) / "tests/golden" / name;
  const char* update = std::getenv("BAFE_UPDATE_GOLDEN");
  if (update != nullptr && std::string(update) == "1") {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << actual << "\n";
    return;
  }
  std::ifstream file(path);
  ASSERT_TRUE(file.good()) << "no golden file " << path
                           << "; BAFE_UPDATE_GOLDEN=1 writes it. It would hold:\n"
                           << actual;
  std::ostringstream frozen;
  frozen << file.rdbuf();
  EXPECT_EQ(actual + "\n", frozen.str()) << "golden file " << path;
}

}  // namespace bafe::testing

/// `expr` throws Class, and the whole message is the text of tests/golden/<file>.
#define EXPECT_ERROR(Class, expr, file)                                    \
  do {                                                                     \
    try {                                                                  \
      (void)(expr);                                                        \
      ADD_FAILURE() << #expr << " throws nothing";                         \
    } catch (const Class& error) {                                         \
      ::bafe::testing::expect_golden(error.what(), file);                  \
    } catch (const std::exception& error) {                                \
      ADD_FAILURE() << #expr << " throws another class: " << error.what(); \
    }                                                                      \
  } while (false)

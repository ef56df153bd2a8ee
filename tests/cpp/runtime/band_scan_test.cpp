#include "bafe/runtime/band_scan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace bafe {
namespace {

template <class T>
struct Sample {
  std::int64_t rows, cols;
  bool by_rows;
  std::vector<T> data;
  T& at(std::int64_t i, std::int64_t j) {
    return data[static_cast<std::size_t>(by_rows ? i * cols + j : j * rows + i)];
  }
  MatrixView view() {
    const std::int64_t item = sizeof(T);
    return {data.data(),
            sizeof(T) == 4 ? DType::kF32 : DType::kF64,
            rows,
            cols,
            by_rows ? cols * item : item,
            by_rows ? item : rows * item};
  }
};

template <class T>
void check_random() {
  std::mt19937 random(5);
  for (int round = 0; round < 400; ++round) {
    auto size = [&] { return static_cast<std::int64_t>(1 + random() % 40); };
    Sample<T> m{size(), size(), random() % 2 == 0, {}};
    m.data.assign(static_cast<std::size_t>(m.rows * m.cols), T(0));
    std::int64_t below = static_cast<std::int64_t>(random() % 50) - 5;
    std::int64_t above = static_cast<std::int64_t>(random() % 50) - 5;
    for (std::int64_t i = 0; i < m.rows; ++i)
      for (std::int64_t j = 0; j < m.cols; ++j)
        if (i - j <= below && j - i <= above && random() % 4) m.at(i, j) = T(1 + random() % 9);
    Structure band = find_band(m.view());
    for (std::int64_t i = 0; i < m.rows; ++i)
      for (std::int64_t j = 0; j < m.cols; ++j)
        EXPECT_TRUE(m.at(i, j) == 0 || (i - j <= band.below && j - i <= band.above));
    ASSERT_TRUE(holds_band(m.view(), band));
    // Any value outside, however small, fails the guard; a zero of the other sign does not.
    auto i = static_cast<std::int64_t>(random() % static_cast<unsigned>(m.rows));
    auto j = static_cast<std::int64_t>(random() % static_cast<unsigned>(m.cols));
    if (i - j <= band.below && j - i <= band.above) continue;
    m.at(i, j) = T(-0.0);
    ASSERT_TRUE(holds_band(m.view(), band));
    for (T value :
         {T(1), std::numeric_limits<T>::denorm_min(), std::numeric_limits<T>::quiet_NaN()}) {
      m.at(i, j) = value;
      ASSERT_FALSE(holds_band(m.view(), band)) << round << " " << i << " " << j;
    }
  }
}

TEST(BandScan, FindsAndGuardsFloats) { check_random<float>(); }
TEST(BandScan, FindsAndGuardsDoubles) { check_random<double>(); }

TEST(BandScan, IsTightAndDropsSidesThatSaveLittle) {
  Sample<float> m{100, 100, true, std::vector<float>(10000, 0)};
  for (int i = 0; i < 100; ++i)
    for (int j = 0; j <= i; ++j) m.at(i, j) = 1;
  EXPECT_EQ(find_band(m.view()).text(), "lower");
  for (int i = 0; i < 100; ++i)
    for (int j = 0; j < 100; ++j) m.at(i, j) = std::abs(i - j) <= 1 ? 1 : 0;
  EXPECT_EQ(find_band(m.view()).text(), "banded(1,1)");
  m.at(90, 10) = 1;
  EXPECT_EQ(find_band(m.view()).text(), "banded(*,1)");
}

TEST(BlockScan, FindsEqualBlocksAndGuardsAllOutside) {
  for (bool by_rows : {true, false}) {
    for (std::int64_t size : {1, 3, 5, 6}) {
      Sample<float> m{12, 12, by_rows, std::vector<float>(144)};
      for (std::int64_t i = 0; i < 12; ++i)
        for (std::int64_t j = 0; j < 12; ++j)
          if (i / size == j / size) m.at(i, j) = 1;
      ASSERT_EQ(find_blocks(m.view()), size);
      ASSERT_TRUE(holds_blocks(m.view(), size));
      for (std::int64_t i = 0; i < 12; ++i) {
        for (std::int64_t j = 0; j < 12; ++j) {
          if (i / size == j / size) continue;
          m.at(i, j) = std::numeric_limits<float>::quiet_NaN();
          ASSERT_FALSE(holds_blocks(m.view(), size)) << i << " " << j;
          m.at(i, j) = -0.0f;
          ASSERT_TRUE(holds_blocks(m.view(), size));
        }
      }
    }
  }
}

TEST(BlockScan, FindsNoneInDenseUnequalOrOblongMatrices) {
  Sample<double> dense{8, 8, true, std::vector<double>(64, 1)};
  EXPECT_EQ(find_blocks(dense.view()), 0);
  Sample<double> one_large{12, 12, true, std::vector<double>(144)};
  for (std::int64_t i = 0; i < 12; ++i)
    for (std::int64_t j = 0; j < 12; ++j)
      if ((i < 10) == (j < 10)) one_large.at(i, j) = 1;
  EXPECT_EQ(find_blocks(one_large.view()), 0);  // saves little
  Sample<double> unequal{8, 8, true, std::vector<double>(64)};
  for (std::int64_t i = 0; i < 8; ++i)
    for (std::int64_t j = 0; j < 8; ++j)
      if ((i < 3) == (j < 3)) unequal.at(i, j) = 1;
  EXPECT_EQ(find_blocks(unequal.view()), 0);
  Sample<double> oblong{4, 8, true, std::vector<double>(32)};
  EXPECT_EQ(find_blocks(oblong.view()), 0);
  Sample<double> empty{0, 0, true, {}};
  EXPECT_EQ(find_blocks(empty.view()), 0);
  Sample<double> zero{4, 4, true, std::vector<double>(16)};
  EXPECT_EQ(find_blocks(zero.view()), 1);
}

}  // namespace
}  // namespace bafe

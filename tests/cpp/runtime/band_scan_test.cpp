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

}  // namespace
}  // namespace bafe

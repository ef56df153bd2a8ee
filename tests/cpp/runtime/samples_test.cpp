#include "bafe/runtime/samples.h"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>

namespace bafe {
namespace {

TEST(Buffers, ACopyBeginsWhereTheOriginalBeginsWithinACacheLine) {
  const std::vector<BufferSpec> specs = {{Type{DType::kF64, {5}}, {0}}};
  std::vector<double> values(5 + 16);
  std::iota(values.begin(), values.end(), 1.0);
  for (std::size_t shift = 0; shift < 16; ++shift) {
    Buffers copies(specs);
    const double* source = values.data() + shift;
    copies.copy_in(0, source, 5 * sizeof(double));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(copies.pointers[0]) % 64,
              reinterpret_cast<std::uintptr_t>(source) % 64);
    EXPECT_EQ(std::memcmp(copies.pointers[0], source, 5 * sizeof(double)), 0);
  }
}

}  // namespace
}  // namespace bafe

#include "bafe/ir/tensor.h"

#include <gtest/gtest.h>

#include "bafe/base/error.h"

namespace bafe {
namespace {

TEST(TensorMemory, IsZeroedAndAligned) {
  Tensor x(Type{DType::kF64, {3, 5}});
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(x.data()) % 64, 0u);
  for (std::int64_t i = 0; i < 15; ++i) EXPECT_EQ(x.as<double>()[i], 0);
}

TEST(TensorMemory, IsSharedByCopies) {
  Tensor x(Type{DType::kI32, {2}});
  Tensor y = x;
  y.set(1, Scalar::of_int(DType::kI32, 7));
  EXPECT_EQ(x.at(1).as_int(), 7);
}

TEST(TensorMemory, BorrowsWithoutCopying) {
  float data[2] = {1, 2};
  Tensor x = Tensor::borrow(Type{DType::kF32, {2}}, data);
  x.set(0, Scalar::of(DType::kF32, 5));
  EXPECT_EQ(data[0], 5);
}

TEST(TensorMemory, HoldsEmptyAndSingleValues) {
  EXPECT_EQ(Tensor(Type{DType::kF32, {0, 1000000000}}).count(), 0);
  Tensor one = Tensor::scalar(Scalar::of(DType::kF16, 1.5));
  EXPECT_EQ(one.count(), 1);
  EXPECT_EQ(one.at(0).as_double(), 1.5);
}

TEST(TensorMemory, CastsOnSet) {
  Tensor x(Type{DType::kU8, {1}});
  x.set(0, Scalar::of_int(DType::kI32, 258));
  EXPECT_EQ(x.at(0).as_int(), 2);
}

TEST(TensorMemory, RefusesImpossibleSizes) {
  EXPECT_THROW(Tensor(Type{DType::kF64, {std::int64_t{1} << 40, std::int64_t{1} << 21}}),
               ShapeError);
}

}  // namespace
}  // namespace bafe

#include "bafe/ir/dtype.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <sstream>
#include <vector>

namespace bafe {
namespace {

// What NumPy 2.4 answers for promote_types, row by row in the order of kNames.
constexpr const char* kNames = "bool i8 i16 i32 i64 u8 u16 u32 u64 f16 f32 f64";
constexpr const char* kNumPy[] = {"bool i8 i16 i32 i64 u8 u16 u32 u64 f16 f32 f64",
                                  "i8 i8 i16 i32 i64 i16 i32 i64 f64 f16 f32 f64",
                                  "i16 i16 i16 i32 i64 i16 i32 i64 f64 f32 f32 f64",
                                  "i32 i32 i32 i32 i64 i32 i32 i64 f64 f64 f64 f64",
                                  "i64 i64 i64 i64 i64 i64 i64 i64 f64 f64 f64 f64",
                                  "u8 i16 i16 i32 i64 u8 u16 u32 u64 f16 f32 f64",
                                  "u16 i32 i32 i32 i64 u16 u16 u32 u64 f32 f32 f64",
                                  "u32 i64 i64 i64 i64 u32 u32 u32 u64 f64 f64 f64",
                                  "u64 f64 f64 f64 f64 u64 u64 u64 u64 f64 f64 f64",
                                  "f16 f16 f32 f64 f64 f16 f32 f64 f64 f16 f32 f64",
                                  "f32 f32 f32 f64 f64 f32 f32 f64 f64 f32 f32 f64",
                                  "f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64"};

std::vector<DType> dtypes(const char* text) {
  std::istringstream in(text);
  std::vector<DType> out;
  for (std::string word; in >> word;) out.push_back(dtype_from_text(word).value());
  return out;
}

TEST(Promotion, IsNumPys) {
  std::vector<DType> names = dtypes(kNames);
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::vector<DType> row = dtypes(kNumPy[i]);
    for (std::size_t j = 0; j < names.size(); ++j) {
      EXPECT_EQ(promote(names[i], names[j]), row[j])
          << dtype_info(names[i]).name << " with " << dtype_info(names[j]).name;
    }
  }
}

TEST(Promotion, TreatsBf16AsF16AndMeetsItInF32) {
  EXPECT_EQ(promote(DType::kBF16, DType::kF16), DType::kF32);
  EXPECT_EQ(promote(DType::kBF16, DType::kI8), DType::kBF16);
  EXPECT_EQ(promote(DType::kU8, DType::kBF16), DType::kBF16);
  EXPECT_EQ(promote(DType::kBF16, DType::kI16), DType::kF32);
  EXPECT_EQ(promote(DType::kBF16, DType::kI32), DType::kF64);
  EXPECT_EQ(promote(DType::kBF16, DType::kF32), DType::kF32);
  EXPECT_EQ(promote(DType::kBool, DType::kBF16), DType::kBF16);
}

TEST(Promotion, BendsWeakScalars) {
  EXPECT_EQ(promote_weak(DType::kF32, kFloatKind), DType::kF32);
  EXPECT_EQ(promote_weak(DType::kI8, kFloatKind), DType::kF64);
  EXPECT_EQ(promote_weak(DType::kU8, kIntKind), DType::kU8);
  EXPECT_EQ(promote_weak(DType::kBool, kIntKind), DType::kI64);
  EXPECT_EQ(promote_weak(DType::kF16, kBoolKind), DType::kF16);
}

TEST(Promotion, NamesTheTypesOfFloatsAndSums) {
  EXPECT_EQ(float_of(DType::kBool), DType::kF16);
  EXPECT_EQ(float_of(DType::kU16), DType::kF32);
  EXPECT_EQ(float_of(DType::kI32), DType::kF64);
  EXPECT_EQ(float_of(DType::kBF16), DType::kBF16);
  EXPECT_EQ(sum_of(DType::kBool), DType::kI64);
  EXPECT_EQ(sum_of(DType::kU8), DType::kU64);
  EXPECT_EQ(sum_of(DType::kF16), DType::kF16);
}

TEST(DTypeText, ReadsShortAndLongNames) {
  EXPECT_EQ(dtype_from_text("float32"), DType::kF32);
  EXPECT_EQ(dtype_from_text("uint8"), DType::kU8);
  EXPECT_EQ(dtype_from_text("bfloat16"), DType::kBF16);
  EXPECT_EQ(dtype_from_text("bool"), DType::kBool);
  EXPECT_EQ(dtype_from_text("i64"), DType::kI64);
  for (const char* wrong : {"", "float", "f", "f31", "float 32", "inti8", "complex64"}) {
    EXPECT_EQ(dtype_from_text(wrong), std::nullopt) << wrong;
  }
}

TEST(HalfFloats, SurviveTheWayThroughF32) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    auto half = static_cast<std::uint16_t>(bits);
    if ((half & 0x7fff) > 0x7c00) {
      EXPECT_TRUE(std::isnan(f16_to_f32(half)));
      EXPECT_GT(f32_to_f16(f16_to_f32(half)) & 0x7fff, 0x7c00);
    } else {
      ASSERT_EQ(f32_to_f16(f16_to_f32(half)), half);
    }
    if ((half & 0x7fff) <= 0x7f80) {
      ASSERT_EQ(f32_to_bf16(bf16_to_f32(half)), half);
    }
  }
}

TEST(HalfFloats, RoundOnceToNearestEven) {
  EXPECT_EQ(f32_to_f16(65519.0f), 0x7bff);  // largest value that stays finite
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7c00);
  EXPECT_EQ(f32_to_f16(1.0f + 0x1p-11f), 0x3c00);      // tie to even
  EXPECT_EQ(f32_to_f16(1.0f + 3 * 0x1p-11f), 0x3c02);  // tie to even, upwards
  EXPECT_EQ(f64_to_f16(1.0 + 0x1p-11 + 0x1p-40),
            0x3c01);                       // through f32 this would be the tie above
  EXPECT_EQ(f64_to_f16(0x1p-25), 0x0000);  // tie with the smallest subnormal
  EXPECT_EQ(f64_to_f16(0x1p-25 * 1.5), 0x0001);
  EXPECT_EQ(f64_to_f16(-0x1p-24), 0x8001);
  EXPECT_EQ(f64_to_f16(0x1.ffcp-15), 0x0400);  // carries from subnormal to normal
  EXPECT_EQ(f64_to_f16(1e300), 0x7c00);
  EXPECT_EQ(f64_to_bf16(1.0 + 0x1p-8), 0x3f80);
  EXPECT_EQ(f64_to_bf16(1.0 + 0x1p-8 + 0x1p-50), 0x3f81);
  EXPECT_EQ(f64_to_bf16(3.4e38), 0x7f80);
  EXPECT_EQ(f64_to_bf16(0x1p-133), 0x0001);
}

TEST(ScalarCast, FollowsNumPyInsideTheRange) {
  EXPECT_EQ(Scalar::of(DType::kF64, -3.9).cast(DType::kI8).as_int(), -3);
  EXPECT_EQ(Scalar::of_int(DType::kI64, 300).cast(DType::kU8).as_int(), 44);
  EXPECT_EQ(Scalar::of_int(DType::kI64, -1).cast(DType::kU32).as_int(), 4294967295);
  EXPECT_EQ(Scalar::of(DType::kF64, 1e19).cast(DType::kU64).bits, 10000000000000000000ull);
  EXPECT_EQ(Scalar::of(DType::kF32, -1.5).cast(DType::kU8).as_int(), 255);
  EXPECT_EQ(Scalar::of(DType::kF32, std::nan("")).cast(DType::kBool).bits, 1u);
  EXPECT_EQ(Scalar::of(DType::kF32, 1e10).cast(DType::kI32).as_int(),
            std::numeric_limits<int>::min());
  EXPECT_EQ(Scalar::of(DType::kF64, std::nan("")).cast(DType::kI64).as_int(),
            std::numeric_limits<std::int64_t>::min());
}

TEST(ScalarCast, RoundsLargeIntegersOnce) {
  std::int64_t value = (std::int64_t{1} << 60) + (std::int64_t{1} << 36) + 1;  // above a tie of f32
  EXPECT_EQ(Scalar::of_int(DType::kI64, value).cast(DType::kF32).as_double(),
            static_cast<float>(value));
  EXPECT_EQ((Scalar{DType::kU64, ~0ull}.cast(DType::kF64).as_double()), 0x1p64);
}

TEST(Scalars, AreEqualByBits) {
  EXPECT_NE(Scalar::of(DType::kF32, 0.0), Scalar::of(DType::kF32, -0.0));
  EXPECT_TRUE(Scalar::of(DType::kF32, -0.0).is_zero());
  EXPECT_EQ(Scalar::of_int(DType::kI8, -1).bits, 0xffu);
}

}  // namespace
}  // namespace bafe

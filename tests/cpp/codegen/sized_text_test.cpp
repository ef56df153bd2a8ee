#include "bafe/codegen/sized_text.h"

#include <gtest/gtest.h>

namespace bafe {
namespace {

constexpr const char* kHead = "void *memcpy(void *, const void *, unsigned long);\n#define N 8\n";

std::string kernel(const std::string& body) {
  return std::string(kHead) +
         "int bafe_k0(void *const *slot, const long long *size, void *scratch) {\n" + body + "}\n";
}

TEST(TakeNumbers, LeavesPreludeNamesAndConstantPlacesAlone) {
  const NumberedText text = take_numbers(
      kernel("  float b4[16];\n  #pragma GCC unroll 4\n  c0_1 = p3[i2 * 64ll + 7] * 0x1.8p+1f;\n"
             "  float t[2] __attribute__((aligned(64)));\n"));
  EXPECT_EQ(text.numbers, (std::vector<std::int64_t>{16, 64, 7, 0x40400000, 2}));
  EXPECT_NE(text.skeleton.find("#define N 8"), std::string::npos);
}

TEST(TakeNumbers, TellsTypesOfNumbersApart) {
  EXPECT_NE(take_numbers(kernel("x = 5;\n")).skeleton, take_numbers(kernel("x = 5ll;\n")).skeleton);
  EXPECT_NE(take_numbers(kernel("x = 5u;\n")).skeleton,
            take_numbers(kernel("x = 0x1p+2f;\n")).skeleton);
  // 3e9 is no int: its arithmetic is that of long, so it is another text.
  EXPECT_NE(take_numbers(kernel("x = 5;\n")).skeleton,
            take_numbers(kernel("x = 3000000000;\n")).skeleton);
}

TEST(SizedText, BeginsAsTheTextItself) {
  const NumberedText first = take_numbers(kernel("x = 5 + 7;\n"));
  SizedText text(first);
  EXPECT_EQ(text.parameters(), 0);
  EXPECT_TRUE(text.match(first));
  EXPECT_FALSE(text.match(take_numbers(kernel("x = 5 + 8;\n"))));
}

TEST(SizedText, GivesNumbersThatVaryTogetherOneParameter) {
  SizedText text(take_numbers(kernel("x = 5 + 7 * 5 - 5;\n")));
  text.widen(take_numbers(kernel("x = 6 + 7 * 6 - 5;\n")));
  EXPECT_EQ(text.parameters(), 1);
  auto sizes = text.match(take_numbers(kernel("x = 9 + 7 * 9 - 5;\n")));
  ASSERT_TRUE(sizes);
  EXPECT_EQ(*sizes, std::vector<std::int64_t>{9});
  EXPECT_FALSE(text.match(take_numbers(kernel("x = 9 + 7 * 8 - 5;\n"))));
  text.widen(take_numbers(kernel("x = 9 + 7 * 8 - 5;\n")));
  EXPECT_EQ(text.parameters(), 2);
  EXPECT_TRUE(text.match(take_numbers(kernel("x = 5 + 7 * 5 - 5;\n"))));
}

TEST(SizedText, RefusesAnotherForm) {
  SizedText text(take_numbers(kernel("x = 5;\n")));
  EXPECT_FALSE(text.has_skeleton_of(take_numbers(kernel("x = 5 + y;\n"))));
  EXPECT_FALSE(text.match(take_numbers(kernel("y = 5;\n"))));
}

TEST(SizedText, ReadsParametersAsTheirTypes) {
  SizedText text(take_numbers(kernel("x = 5 + 7ll + 0x1p+0f;\n")));
  text.widen(take_numbers(kernel("x = 6 + 8ll + 0x1p+1f;\n")));
  const std::string c = text.c_text().value();
  EXPECT_NE(c.find("const int bafe_z0i = (int)size[0];"), std::string::npos) << c;
  EXPECT_NE(c.find("const long long bafe_z1l = (long long)size[1];"), std::string::npos) << c;
  EXPECT_NE(c.find("const float bafe_z2f = bafe_size_f32(size[2]);"), std::string::npos) << c;
  EXPECT_NE(c.find("x = bafe_z0i + bafe_z1l + bafe_z2f;"), std::string::npos) << c;
}

TEST(SizedText, KeepsRoomForTheLargestArray) {
  SizedText text(take_numbers(kernel("  float b1[8] __attribute__((aligned(64)));\n")));
  text.widen(take_numbers(kernel("  float b1[24] __attribute__((aligned(64)));\n")));
  EXPECT_EQ(text.parameters(), 0);
  EXPECT_NE(text.c_text().value().find("b1[24]"), std::string::npos);
  EXPECT_TRUE(text.match(take_numbers(kernel("  float b1[9] __attribute__((aligned(64)));\n"))));
  EXPECT_FALSE(text.match(take_numbers(kernel("  float b1[25] __attribute__((aligned(64)));\n"))));
}

std::string with_helper(int n) {
  return std::string(kHead) + "static __attribute__((noinline)) void bafe_k0_t(float *c) {\n  c[" +
         std::to_string(n) + "] = 0;\n}\n" +
         "int bafe_k0(void *const *slot, const long long *size, void *scratch) {\n"
         "  bafe_k0_t(C);\n}\n";
}

TEST(SizedText, HandsSizesToHelpers) {
  SizedText text(take_numbers(with_helper(3)));
  text.widen(take_numbers(with_helper(4)));
  const std::string c = text.c_text().value();
  EXPECT_NE(c.find("void bafe_k0_t(const long long *size, float *c)"), std::string::npos) << c;
  EXPECT_NE(c.find("bafe_k0_t(size, C)"), std::string::npos) << c;
  EXPECT_NE(c.find("c[bafe_z0i] = 0;"), std::string::npos) << c;
}

TEST(SizedText, RefusesHelpersThatAreNotCalled) {
  auto taken = [](int n) {
    std::string text = with_helper(n);
    return text.replace(text.find("bafe_k0_t(C)"), 12, "f = bafe_k0_t");
  };
  SizedText text(take_numbers(taken(3)));
  text.widen(take_numbers(taken(4)));
  EXPECT_FALSE(text.c_text());
}

TEST(SizedText, ComesBackFromTheCache) {
  SizedText text(take_numbers(kernel("x = 5 + 7 * 5 - 5;\n")));
  text.widen(take_numbers(kernel("x = 6 + 7 * 6 - 5;\n")));
  const std::string record = text.to_text();
  auto back = SizedText::from_text(record);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->c_text(), text.c_text());
  EXPECT_TRUE(back->match(take_numbers(kernel("x = 9 + 7 * 9 - 5;\n"))));
  for (std::size_t n = 0; n < record.size(); ++n) {
    auto damaged = SizedText::from_text(std::string_view(record).substr(0, n));
    if (damaged) {
      EXPECT_FALSE(damaged->match(take_numbers(kernel("x = 9 + 7 * 9 - 5;\n"))));
    }
  }
}

}  // namespace
}  // namespace bafe

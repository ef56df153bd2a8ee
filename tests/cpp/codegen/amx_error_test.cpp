// Errors of f32 products by six products of bf16 terms, against f64, beside those of an f32 product
// that sums as BLAS libraries do.

#include "codegen/amx_run.h"

namespace bafe {
namespace {

/// What the six products must not be worse than: the same data through f32.
void expect_no_worse(const Product& p, const char* what) {
  std::vector<double> sum, size;
  exact(p, sum, size);
  const std::vector<float> own = run(p, with_amx()), other = blas(p);
  double own_most = 0, other_most = 0, own_square = 0, other_square = 0;
  for (std::size_t x = 0; x < own.size(); ++x) {
    if (size[x] == 0) continue;
    const double e = std::fabs(static_cast<double>(own[x]) - sum[x]) / size[x];
    const double f = std::fabs(static_cast<double>(other[x]) - sum[x]) / size[x];
    own_most = std::max(own_most, e), other_most = std::max(other_most, f);
    own_square += e * e, other_square += f * f;
  }
  EXPECT_LE(own_most, other_most) << what;
  EXPECT_LE(own_square, other_square) << what;
}

TEST(AmxProduct, OfThreeTermsIsNoLessExactThanF32) {
  if (!can_run(with_amx())) GTEST_SKIP() << "needs AVX-512 with bf16";
  auto normal = [](std::mt19937& r) { return std::normal_distribution<float>()(r); };
  auto positive = [](std::mt19937& r) { return std::uniform_real_distribution<float>(0, 1)(r); };
  auto offset = [](std::mt19937& r) { return std::normal_distribution<float>(1e4f, 1)(r); };
  expect_no_worse(random_product(192, 192, 1024), "uniform, deep");
  for (std::int64_t size : {192, 256}) {
    expect_no_worse(random_product(size, size, size), "uniform");
    expect_no_worse(random_product(size, size, size, 2, normal), "normal");
    expect_no_worse(random_product(size, size, size, 3, positive), "positive");
    expect_no_worse(random_product(size, size, size, 4, offset), "offset");
  }
  Product scaled = random_product(256, 256, 256, 5, normal);
  for (std::size_t x = 0; x < scaled.a.size(); ++x) {
    scaled.a[x] *= std::ldexp(1.0f, static_cast<int>(x / 256 % 61) - 30);
    scaled.b[x] *= std::ldexp(1.0f, static_cast<int>(x % 256 % 61) - 30);
  }
  expect_no_worse(scaled, "rows and columns scaled");
  Product cancelling = random_product(256, 256, 256, 6, normal);
  for (std::size_t x = 0; x < cancelling.a.size(); x += 2) {
    cancelling.a[x + 1] = -cancelling.a[x] * (1 + 0x1p-20f);
    const std::size_t k = x / 256, j = x % 256;  // rows k and k + 1 of B nearly equal
    if (k % 2 == 0) {
      cancelling.b[(k + 1) * 256 + j] = cancelling.b[k * 256 + j];
      cancelling.b[(k + 1) * 256 + j + 1] = cancelling.b[k * 256 + j + 1];
    }
  }
  expect_no_worse(cancelling, "cancelling");
}

TEST(AmxProduct, OfTinyOperandsLosesNothingToFlushing) {
  if (!can_run(with_amx())) GTEST_SKIP() << "needs AVX-512 with bf16";
  auto normal = [](std::mt19937& r) { return std::normal_distribution<float>()(r); };
  Product p = random_product(192, 192, 192, 8, normal);
  for (std::size_t x = 0; x < p.a.size(); ++x) {
    const std::size_t row = x / 192;
    if (row % 3 == 0) p.a[x] *= 0x1p-120f;               // low terms are subnormal
    if (row % 3 == 1 && x % 5 == 0) p.a[x] = 0x1p-140f;  // some operands are
    if (x % 192 % 7 == 0) p.b[x] *= 0x1p-60f;            // columns that make products so
  }
  expect_no_worse(p, "tiny");
  narrow(p);
  expect_near(p, run(p, with_amx()), 1e-6);
  expect_near(p, run(p, without_amx()), 2e-6);
}

}  // namespace
}  // namespace bafe

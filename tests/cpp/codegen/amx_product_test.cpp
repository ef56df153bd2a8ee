// Products by pairs of bf16: layouts, edges, epilogues, batches, blocks of k, specials.

#include "codegen/amx_run.h"

namespace bafe {
namespace {

TEST(AmxProduct, OfBf16InEveryLayoutHasTheErrorOfAnF32Sum) {
  if (!can_run(with_amx())) GTEST_SKIP() << "needs AVX-512 with bf16";
  for (int layout = 0; layout < 8; ++layout) {
    Product p =
        random_product(67 + layout, 97, 129 + 3 * layout, 7u + static_cast<unsigned>(layout));
    narrow(p);
    p.a_columns = layout & 1, p.b_columns = layout & 2, p.c_columns = layout & 4;
    SCOPED_TRACE(layout);
    expect_near(p, run(p, with_amx()), 1e-6);
  }
  EXPECT_TRUE(host_target().amx || emulated_amx_instructions() > 0);
}

TEST(AmxProduct, OfThreeTermsInEveryLayoutHasTheErrorOfAnF32Sum) {
  if (!can_run(with_amx())) GTEST_SKIP() << "needs AVX-512 with bf16";
  for (int layout = 0; layout < 8; layout += 1) {
    Product p = random_product(193 + layout, 200 + layout, 195 + 7 * layout,
                               3u + static_cast<unsigned>(layout));
    p.a_columns = layout & 1, p.b_columns = layout & 2, p.c_columns = layout & 4;
    SCOPED_TRACE(layout);
    expect_near(p, run(p, with_amx()), 1e-6);
  }
}

TEST(Bf16Product, OnVectorsInEveryLayoutHasTheErrorOfAnF32Sum) {
  if (!can_run(without_amx())) GTEST_SKIP() << "needs AVX-512 with bf16";
  for (int layout = 0; layout < 8; ++layout) {
    Product p = random_product(9 + 11 * layout, 50 + layout, 33 + 17 * layout,
                               5u + static_cast<unsigned>(layout));
    narrow(p);
    p.a_columns = layout & 1, p.b_columns = layout & 2, p.c_columns = layout & 4;
    SCOPED_TRACE(layout);
    expect_near(p, run(p, without_amx()), 2e-6);
  }
}

TEST(AmxProduct, RoundedOperandsStayWithinTheStatedBound) {
  for (const Target& target : {with_amx(), without_amx()}) {
    if (!can_run(target)) GTEST_SKIP() << "needs AVX-512 with bf16";
    Product p = random_product(80, 100, 300);
    p.rounds = true;
    const double bound = 0x1p-7 + 0x1p-15 + 300 * 0x1p-23;
    expect_near(p, run(p, target), bound);
    for (float& x : p.a) x = 1.00390625f;  // halfway: the worst case of one rounding
    for (float& x : p.b) x = 1.00390625f;
    expect_near(p, run(p, target), bound);
  }
}

TEST(AmxProduct, AppliesBiasAndReluAndBatches) {
  for (const Target& target : {with_amx(), without_amx()}) {
    if (!can_run(target)) GTEST_SKIP() << "needs AVX-512 with bf16";
    Product p = random_product(3 * 70, 90, 100);
    p.m = 70, p.batch = 3;
    narrow(p);
    p.relu = true;
    for (int j = 0; j < 90; ++j) p.bias.push_back(static_cast<float>(j - 40) * 0.05f);
    expect_near(p, run(p, target), 2e-6);
  }
}

TEST(AmxProduct, BlocksOfKAddUp) {
  if (!can_run(with_amx())) GTEST_SKIP() << "needs AVX-512 with bf16";
  Product p = random_product(192, 193, 1100);
  expect_near(p, run(p, with_amx()), 1e-6);
  Product q = random_product(64, 65, 2100);
  narrow(q);
  expect_near(q, run(q, with_amx()), 1e-6);
  Product r = random_product(20, 100, 2100);
  narrow(r);
  expect_near(r, run(r, without_amx()), 2e-6);
}

TEST(AmxProduct, DoesNotDependOnHowUnitsAreShared) {
  if (!can_run(with_amx())) GTEST_SKIP() << "needs AVX-512 with bf16";
  Product p = random_product(200, 200, 200);
  EXPECT_EQ(run(p, with_amx()), run(p, with_amx(), true));
}

/// Same class of value: NaN with NaN, Inf with the same Inf, else near.
void expect_same_specials(const Product& p, const Target& target) {
  const std::vector<float> got = run(p, target);
  int bad = 0;
  for (std::int64_t i = 0; i < p.m; ++i)
    for (std::int64_t j = 0; j < p.n && bad < 5; ++j) {
      float want = 0;
      for (std::int64_t x = 0; x < p.k; ++x) want = std::fma(p.at_a(0, i, x), p.at_b(x, j), want);
      const float have = got[static_cast<std::size_t>(i * p.n + j)];
      const bool same = std::isfinite(want) ? std::isfinite(have)
                        : std::isnan(want)  ? std::isnan(have)
                                            : have == want;
      bad += !same;
      EXPECT_TRUE(same) << i << " " << j << ": " << have << " for " << want;
    }
}

TEST(AmxProduct, GivesInfAndNanWhereF32Does) {
  for (const Target& target : {with_amx(), without_amx()}) {
    if (!can_run(target)) GTEST_SKIP() << "needs AVX-512 with bf16";
    for (int kind = 0; kind < 3; ++kind) {
      if (kind == 1 && !target.amx) continue;
      Product p = random_product(200, 195, 193, 9);
      if (kind == 0) narrow(p);
      p.rounds = kind == 2;
      for (std::int64_t x = 0; x < p.k; ++x) p.b[static_cast<std::size_t>(x * p.n + 5)] = 1;
      for (std::int64_t x = 0; x < p.k; ++x) p.b[static_cast<std::size_t>(x * p.n + 6)] = 0;
      auto set = [&](std::int64_t i, std::int64_t x, float v) {
        p.a[static_cast<std::size_t>(i * p.k + x)] = v;
      };
      set(0, 3, kInf), set(1, 4, -kInf), set(2, 5, kNan);
      set(3, 6, kInf), set(3, 7, -kInf), set(4, 8, std::bit_cast<float>(0x7fffffffu));
      set(5, 9, std::bit_cast<float>(0xff800001u));
      if (kind != 0) set(6, 10, std::numeric_limits<float>::max());  // bf16 would round it to Inf
      set(7, 11, 0x1p127f), set(7, 12, 0x1p127f);
      p.b[static_cast<std::size_t>(13 * p.n + 190)] = kInf;
      p.b[static_cast<std::size_t>(14 * p.n + 191)] = std::bit_cast<float>(0x7fffffffu);
      SCOPED_TRACE(kind);
      expect_same_specials(p, target);
    }
  }
}

TEST(AmxProduct, IsNeverTakenWhereBitsAreAskedFor) {
  Product p = random_product(256, 256, 256);
  GemmSpec spec = spec_of(p);
  spec.strict = true;
  EXPECT_EQ(emit_gemm(spec, with_amx()).order, "chain");
  spec.strict = false;
  EXPECT_EQ(emit_gemm(spec, without_amx()).order, "chain");  // f32 under `reals` needs tiles
}

}  // namespace
}  // namespace bafe

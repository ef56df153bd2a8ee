#include "bafe/ir/zp.h"

#include <gtest/gtest.h>

#include <set>

#include "bafe/ir/text.h"
#include "ir/random_program.h"

namespace bafe {
namespace {

std::vector<ZpTensor> run(const char* text, std::uint64_t seed) {
  Graph graph = parse_program(text);
  return evaluate_zp(graph, random_zp_inputs(graph, seed));
}

TEST(ZpField, ReducesProductsAndFractions) {
  EXPECT_EQ(zp_mul(kZpPrime - 1, kZpPrime - 1), 1u);
  EXPECT_EQ(zp_mul(zp_of_double(0.5), 2), 1u);
  EXPECT_EQ(zp_mul(zp_of_double(0.1), zp_of_double(0x1p55)), zp_of_double(0.1 * 0x1p55));
  EXPECT_EQ(zp_of_int(-1), kZpPrime - 1);
  EXPECT_EQ(zp_signed(zp_of_int(-5)), -5);
  EXPECT_EQ(zp_of_scalar(Scalar::of(DType::kF32, -3)), zp_of_int(-3));
}

TEST(ZpEvaluate, GivesEqualRingTermsEqualValues) {
  std::vector<ZpTensor> out = run(
      "program main(a: f32[2, 3], b: f32[3, 4], c: f32[4, 2]) -> f32[2, 2], f32[2, 2], f32[2, 2] { "
      "return matmul (matmul a b) c, matmul a (matmul b c), "
      "transpose (matmul (matmul (transpose c :perm (1 0)) (transpose b :perm (1 0))) (transpose a "
      ":perm (1 0))) "
      ":perm (1 0) }",
      5);
  EXPECT_EQ(out[0].values, out[1].values);
  EXPECT_EQ(out[0].values, out[2].values);
}

TEST(ZpEvaluate, SeesWrongIndicesBehindOpaqueFunctions) {
  std::vector<ZpTensor> out =
      run("program main(x: f32[3, 3]) -> f32[3, 3], f32[3, 3], f32[3, 3] { "
          "return exp (transpose x :perm (1 0)), transpose (exp x) :perm (1 0), exp x }",
          6);
  EXPECT_EQ(out[0].values, out[1].values);
  EXPECT_NE(out[0].values, out[2].values);
}

TEST(ZpEvaluate, SeesAMissingRelu) {
  std::vector<ZpTensor> out =
      run("program main(x: f32[50]) -> f32[50], f32[50] { return relu x, relu (relu x) }", 7);
  Graph graph = parse_program("program main(x: f32[50]) -> f32[50] { return x }");
  EXPECT_EQ(out[0].values, out[1].values);
  EXPECT_NE(out[0].values, random_zp_inputs(graph, 7)[0].values);
}

/// Small integers never leave the range of i64, so both interpreters compute the same numbers.
TEST(ZpEvaluate, AgreesWithIntegersInTheRing) {
  auto in_ring = [](const OpInfo& info) {
    static const std::set<std::string_view> kOutside = {"pow",  "remainder", "floor_divide",
                                                        "cast", "iota",      "fill"};
    bool is_value = info.kind == OpKind::kMovement || info.kind == OpKind::kReduction ||
                    info.kind == OpKind::kContraction || info.kind == OpKind::kScan;
    bool is_plain = info.kind == OpKind::kPointwise &&
                    (info.dtype_rule == DTypeRule::kSame || info.dtype_rule == DTypeRule::kNoBool ||
                     info.dtype_rule == DTypeRule::kNumber || info.dtype_rule == DTypeRule::kWhere);
    return (is_value || is_plain) && kOutside.count(info.name) == 0;
  };
  int compared = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    RandomProgramOptions options;
    options.steps = 4;
    options.dtypes = {DType::kI64};
    options.weak_scalars = false;
    options.linear_algebra = options.named = false;
    options.allow = in_ring;
    Graph graph = random_program(seed, options);
    std::vector<Tensor> inputs = random_inputs(graph, seed, {.scale = 3, .special_percent = 0});
    std::vector<ZpTensor> residues;
    for (const Tensor& x : inputs) {
      residues.push_back({x.type(), {}});
      for (std::int64_t i = 0; i < x.count(); ++i)
        residues.back().values.push_back(zp_of_scalar(x.at(i)));
    }
    std::vector<Tensor> numbers = evaluate(graph, inputs);
    std::vector<ZpTensor> out = evaluate_zp(graph, residues);
    for (std::size_t r = 0; r < out.size(); ++r) {
      for (std::int64_t i = 0; i < numbers[r].count(); ++i) {
        std::int64_t expected = numbers[r].at(i).as_int();
        if (std::abs(static_cast<double>(expected)) > 1e17) continue;
        ++compared;
        ASSERT_EQ(zp_signed(out[r].values[static_cast<std::size_t>(i)]), expected)
            << seed << "\n"
            << print_program(graph);
      }
    }
  }
  EXPECT_GT(compared, 5000);
}

TEST(ZpEvaluate, RunsRandomProgramsAndIsAFunctionOfItsInputs) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Graph graph = random_program(seed);
    std::vector<ZpTensor> inputs = random_zp_inputs(graph, seed);
    std::vector<ZpTensor> out = evaluate_zp(graph, inputs), again = evaluate_zp(graph, inputs);
    for (std::size_t r = 0; r < out.size(); ++r) {
      EXPECT_EQ(out[r].values, again[r].values);
      EXPECT_EQ(out[r].type, graph.type(graph.roots()[r]));
      for (std::uint64_t v : out[r].values) EXPECT_LT(v, kZpPrime);
    }
  }
}

}  // namespace
}  // namespace bafe

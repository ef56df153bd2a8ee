// Nests of one fused group each, at sizes that reach every loop: tails, several runs, partial sums,
// columns, tiles.

#include <gtest/gtest.h>

#include <cmath>

#include "bafe/ir/builder.h"
#include "bafe/ir/text.h"
#include "codegen/plan_run.h"
#include "ir/random_inputs.h"

namespace bafe {
namespace {

/// One element apart by more than `ulps` of the largest value, or not both NaN.
void expect_equal(const Tensor& got, const Tensor& expected, double tolerance,
                  const std::string& what) {
  int wrong = 0;
  for (std::int64_t i = 0; i < got.count() && wrong < 3; ++i) {
    double a = got.at(i).as_double(), b = expected.at(i).as_double();
    if (got.at(i) == expected.at(i) || (std::isnan(a) && std::isnan(b))) continue;
    if (std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b))) continue;
    ++wrong;
    ADD_FAILURE() << what << " element " << i << ": " << a << " instead of " << b;
  }
}

void expect_fused(const std::string& text, double tolerance = 0, bool bits = true,
                  const Target& target = host_target()) {
  Graph graph = flatten_named(parse_program(text));
  std::vector<Tensor> inputs = random_inputs(graph, 7, {3, 0});
  std::vector<Tensor> expected = evaluate(graph, inputs);
  PlanRunner runner(build_plan(one_group(graph), target, {bits, false}), target);
  for (std::int64_t step : {1000000, 1, 3}) {
    std::vector<Tensor> got = runner.run(inputs, step);
    ASSERT_EQ(runner.status(), 0);
    for (std::size_t k = 0; k < got.size(); ++k) expect_equal(got[k], expected[k], tolerance, text);
    if (testing::Test::HasFailure()) {
      std::size_t at = runner.plan().c_text.find("int bafe_k0");
      std::fputs(runner.plan().c_text.substr(at).c_str(), stderr);
      return;
    }
  }
}

std::string reduction(const std::string& op, const std::string& dtype, const std::string& in,
                      const std::string& out, const std::string& axes) {
  std::string result = op.rfind("arg", 0) == 0 ? "i64" : dtype;
  return "program main(x: " + dtype + in + ") -> " + result + out + " { return " + op +
         " x :axes " + axes + " }";
}

TEST(PlanNest, SumsOfRowsFollowTheFixedOrderAtEverySize) {
  for (int n : {0, 1, 2, 3, 4, 5, 15, 16, 17, 33, 511, 512, 513, 1025, 5000}) {
    std::string size = std::to_string(n);
    for (const char* dtype : {"f32", "f64", "f16", "i8"}) {
      expect_fused(reduction("reduce_sum", dtype, "[3, " + size + "]", "[3, 1]", "(1)"));
    }
    if (n > 0) expect_fused(reduction("reduce_max", "f32", "[3, " + size + "]", "[3, 1]", "(1)"));
  }
}

TEST(PlanNest, SumsOfColumnsFollowTheFixedOrderAtEverySize) {
  for (int n : {1, 5, 16, 17, 513, 1700}) {
    for (int columns : {4, 31, 200}) {
      std::string rows = std::to_string(n), wide = std::to_string(columns);
      for (const char* op : {"reduce_sum", "reduce_max", "argmin"}) {
        expect_fused(
            reduction(op, "f32", "[" + rows + ", " + wide + "]", "[1, " + wide + "]", "(0)"));
      }
    }
  }
}

TEST(PlanNest, LargeReductionsSplitIntoPartialsWithTheSameBits) {
  for (const char* op : {"reduce_sum", "reduce_prod", "reduce_max"}) {
    expect_fused(reduction(op, "f32", "[131072]", "[1]", "(0)"));
    expect_fused(reduction(op, "f32", "[3, 200001]", "[3, 1]", "(1)"));
    expect_fused(reduction(op, "f64", "[700, 301]", "[1, 1]", "(0 1)"));
  }
  expect_fused(reduction("argmax", "f32", "[70000]", "[1]", "(0)"));
  expect_fused(reduction("reduce_sum", "i32", "[400, 500]", "[1, 1]", "(0 1)"));
}

TEST(PlanNest, AxesThatDoNotMergeKeepTheOrder) {
  expect_fused(reduction("reduce_sum", "f32", "[37, 3, 19]", "[1, 3, 1]", "(0 2)"));
  expect_fused(reduction("reduce_sum", "f32", "[9, 5, 48]", "[1, 5, 1]", "(0 2)"));
  expect_fused(reduction("argmax", "f32", "[9, 5, 7]", "[1, 5, 1]", "(0 2)"));
}

TEST(PlanNest, WhereOrderIsFreeSumsStayWithinTheirBound) {
  for (const char* in : {"[37, 3, 19]", "[9, 3, 300]", "[50, 3, 700]"}) {
    expect_fused(reduction("reduce_sum", "f32", in, "[1, 3, 1]", "(0 2)"), 1e-4, false);
  }
  expect_fused(reduction("reduce_sum", "f32", "[200, 70]", "[1, 70]", "(0)"), 1e-5, false);
  expect_fused(reduction("reduce_max", "f32", "[3, 900]", "[3, 1]", "(1)"), 0, false);
}

TEST(PlanNest, PositionsAreThoseOfTheFirstExtreme) {
  for (const char* dtype : {"f32", "i8", "bool", "f16"}) {
    for (const char* op : {"argmax", "argmin"}) {
      expect_fused(reduction(op, dtype, "[40, 300]", "[40, 1]", "(1)"));
      expect_fused(reduction(op, dtype, "[40, 300]", "[1, 300]", "(0)"));
      expect_fused(reduction(op, dtype, "[5, 3]", "[5, 1]", "(1)"));
      expect_fused(reduction(op, dtype, "[5, 1]", "[5, 1]", "(1)"));
    }
  }
}

TEST(PlanNest, RowProgramsKeepTheirRowsAndTheirBits) {
  for (const char* shape : {"[5, 40]", "[3, 700]", "[2, 1]", "[1, 30000]"}) {
    std::string type = "f32" + std::string(shape);
    for (const char* axes : {"(1)", "(0)", "(0 1)"}) {
      std::string head = "program main(x: " + type + ") -> " + type + " { return ";
      expect_fused(head + "layer_norm x :axes " + axes + " :eps 0x1p-10:f32 }");
      expect_fused(head + "softmax x :axes " + axes + " }", 4e-7);
    }
  }
}

TEST(PlanNest, TransposesOfEveryOrderAreExact) {
  expect_fused("program main(x: f32[70, 45]) -> f32[45, 70] { return transpose x :perm (1 0) }");
  expect_fused(
      "program main(x: i8[9, 33, 34]) -> i8[34, 9, 33] { return transpose x :perm (2 0 1) }");
  expect_fused(
      "program main(x: f32[40, 50], y: f32[50, 40]) -> f32[40, 50] { return add x (transpose y "
      ":perm (1 0)) }");
}

TEST(PlanNest, ConcatAndPadAreSplitIntoCopies) {
  std::string text =
      "program main(x: f32[7, 5], y: f32[7, 20000]) -> f32[7, 20005] { return concat x y :axis 1 }";
  expect_fused(text);
  Graph graph = parse_program(text);
  Plan plan = build_plan(one_group(graph), host_target());
  EXPECT_EQ(plan.c_text.find("? t"), std::string::npos) << plan.c_text;  // no choice inside a loop
  EXPECT_EQ(plan.c_text.find("? p"), std::string::npos) << plan.c_text;
}

TEST(PlanNest, ScansStartWithTheFirstElement) {
  for (const char* axis : {"0", "1", "2"}) {
    for (const char* dtype : {"f32", "bf16", "i32"}) {
      std::string type = dtype + std::string("[5, 300, 7]");
      expect_fused("program main(x: " + type + ") -> " + type + " { return cumsum x :axis " + axis +
                   " }");
    }
  }
}

TEST(PlanNest, MatmulWithEpilogueEqualsTheInterpreter) {
  expect_fused(
      "program main(a: f32[20, 30], b: f32[30, 50], c: f32[20, 50]) -> f32[20, 50] "
      "{ return relu (add (matmul a b) c) }");
  expect_fused(
      "program main(a: f32[3, 20, 30], b: f32[50, 30]) -> f32[3, 50, 20] { return transpose (sqrt "
      "(abs "
      "(matmul a (broadcast_to (expand_dims (transpose b :perm (1 0)) :axes (0)) :shape (3 30 "
      "50))))) :perm (0 2 1) }");
  expect_fused(
      "program main(a: f64[1, 30], b: f64[30, 1]) -> f64[] { return squeeze (matmul a b) :axes (0 "
      "1) }");
  expect_fused(
      "program main(a: i32[4, 6], b: i32[6, 5]) -> i32[20] { return reshape (neg (matmul a b)) "
      ":shape (20) }");
  expect_fused(
      "program main(a: f16[4, 600], b: f16[600, 5]) -> f16[4, 5] { return add (matmul a b) (matmul "
      "a b) }");
  expect_fused("program main(a: f32[40, 0], b: f32[0, 50]) -> f32[40, 50] { return matmul a b }");
}

/// Twenty norms over axes of different sizes in one group.
TEST(PlanNest, ManyPassesFitOneKernelOrAreSplit) {
  std::string text = "program main(x: f32[3, 5, 7, 11]) -> f32[3, 5, 7, 11] { let v0 = x; ";
  for (int i = 1; i <= 20; ++i) {
    text += "let v" + std::to_string(i) + " = layer_norm v" + std::to_string(i - 1) + " :axes (" +
            std::to_string(1 + i % 3) + ") :eps 0x1p-10:f32; ";
  }
  expect_fused(text + "return v20 }");
}

TEST(PlanNest, PlainTargetGivesTheSameBits) {
  Target plain;
  for (int n : {17, 1300}) {
    expect_fused(reduction("reduce_sum", "f32", "[3, " + std::to_string(n) + "]", "[3, 1]", "(1)"),
                 0, true, plain);
  }
  expect_fused(
      "program main(x: f32[30, 40]) -> f32[30, 40] { return layer_norm x :axes (1) :eps "
      "0x1p-10:f32 }",
      0, true, plain);
}

}  // namespace
}  // namespace bafe

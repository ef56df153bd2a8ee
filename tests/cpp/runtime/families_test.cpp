#include <gtest/gtest.h>

#include <cmath>

#include "bafe/ir/eval.h"
#include "bafe/ir/text.h"
#include "bafe/runtime/background.h"
#include "bafe/runtime/cache.h"
#include "bafe/runtime/engine.h"
#include "bafe/runtime/recompiles.h"
#include "bafe/runtime/samples.h"
#include "bafe/runtime/staging.h"

namespace bafe {
namespace {

Graph program(std::string text, int n) {
  const std::pair<std::string, int> sizes[] = {{"$2", 2 * n}, {"$", n}};
  for (const auto& [name, value] : sizes) {
    for (std::size_t at; (at = text.find(name)) != std::string::npos;) {
      text.replace(at, name.size(), std::to_string(value));
    }
  }
  return parse_program(text).compact();
}

/// Largest relative difference between the executable and the interpreter, on drawn arguments.
double difference(const Graph& graph, const Executable& made) {
  std::vector<Tensor> inputs;
  std::vector<void*> in, out;
  for (const InputInfo& info : graph.inputs()) {
    inputs.emplace_back(info.type);
    for (std::int64_t i = 0; i < inputs.back().count(); ++i) {
      inputs.back().set(i,
                        Scalar::of(info.type.dtype, std::sin(0.37 * static_cast<double>(i)) + 2));
    }
  }
  for (Tensor& input : inputs) in.push_back(input.data());
  const std::vector<Tensor> want = evaluate(graph, inputs);
  std::vector<Tensor> got;
  for (const Tensor& one : want) got.emplace_back(one.type());
  for (Tensor& one : got) out.push_back(one.data());
  made.run(in.data(), out.data());
  double worst = 0;
  for (std::size_t k = 0; k < want.size(); ++k) {
    for (std::int64_t i = 0; i < want[k].count(); ++i) {
      const double a = want[k].at(i).as_double(), b = got[k].at(i).as_double();
      worst = std::max(worst, std::fabs(a - b) / (1 + std::fabs(a)));
    }
  }
  return worst;
}

/// Prepares, waits for what is compiled behind, and compares.
std::shared_ptr<const Executable> prepared(const Graph& graph) {
  auto made = Engine::shared().prepare(graph, {});
  EXPECT_TRUE(finish_compiling(made, {}));
  EXPECT_LT(difference(graph, *made), 1e-4) << print_brief(graph);
  return made;
}

std::int64_t compiles() { return KernelCache::shared()->info().compiles; }

struct Case {
  const char* name;
  const char* text;
  int most;  ///< kernels that all sizes may need
};

class FamiliesOf : public testing::TestWithParam<Case> {};

TEST_P(FamiliesOf, ComputeTheSameForEverySize) {
  const std::int64_t before = compiles();
  for (int n : {5, 8, 12, 13, 2, 3, 4, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100, 127, 200}) {
    prepared(program(GetParam().text, n));
  }
  EXPECT_LE(compiles() - before, GetParam().most);
}

INSTANTIATE_TEST_SUITE_P(
    Programs, FamiliesOf,
    testing::Values(
        Case{"softmax", "program main(x: f32[$, 40]) -> f32[$, 40] { return softmax x :axes (1) }",
             6},
        Case{"rows", "program main(x: f32[7, $]) -> f32[7, 1] { return reduce_sum x :axes (1) }",
             16},
        Case{"product",
             "program main(x: f32[$, 48], w: f32[48, 32]) -> f32[$, 32] "
             "{ return relu (matmul x w) }",
             14},
        Case{"depth",
             "program main(x: f32[24, $], w: f32[$, 32]) -> f32[24, 32] { return matmul x w }", 8},
        Case{"differences",
             "program main(x: f32[$2, 9]) -> f32[$, 9] { return add (slice x :start (0 0) "
             ":size ($ 9) :step (1 1)) (slice x :start ($ 0) :size ($ 9) :step (1 1)) }",
             8},
        Case{"doubled",
             "program main(x: f32[$, 8], y: f32[$2, 8]) -> f32[$2, 8] "
             "{ return mul y (concat x x :axis 0) }",
             8}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Families, RunANewSizeWithoutSearchOrCompiler) {
  const char* text =
      "program main(a: f32[$, 20], b: f32[$, 20]) -> f32[$, 20] { return tanh (mul a b) }";
  for (int n : {8, 12, 20}) prepared(program(text, n));
  const std::int64_t before = compiles();
  for (int n = 40; n < 60; ++n) {
    auto made = Engine::shared().prepare(program(text, n), {});
    EXPECT_EQ(tier_state(*made).pending, false);
    EXPECT_EQ(recompile_outcome(*made), "the kernel for any size is used");
    EXPECT_LT(difference(program(text, n), *made), 1e-4);
  }
  EXPECT_EQ(compiles(), before);
}

TEST(Families, GiveASizeThatIsCalledOftenAKernelToBeTimed) {
  const char* text =
      "program main(a: f32[$, 22], b: f32[$, 22]) -> f32[$, 22] { return exp (sub a b) }";
  for (int n : {8, 12, 20}) prepared(program(text, n));
  const Graph graph = program(text, 50);
  auto made = Engine::shared().prepare(graph, {});
  const std::int64_t before = compiles();
  for (int i = 0; i < 1000; ++i) difference(graph, *made);
  EXPECT_TRUE(wait_for_tiers(made, 60, {}));
  EXPECT_EQ(compiles(), before + 1);
  EXPECT_GE(tier_state(*made).runs, 5) << tier_state(*made).why;
  EXPECT_LT(difference(graph, *made), 1e-4);
}

TEST(Families, LeaveSizesZeroAndOneToTheirOwnKernels) {
  const char* text =
      "program main(a: f32[$, 21], b: f32[$, 21]) -> f32[$, 21] { return exp (mul a b) }";
  for (int n : {8, 1, 12, 0, 20, 31}) prepared(program(text, n));
  EXPECT_NE(recompile_outcome(*prepared(program(text, 1))), "the kernel for any size is used");
}

TEST(SignatureChange, NamesArgumentAxisAndDtype) {
  Graph a = parse_program("program main(x: f32[32, 4], y: f32[4]) -> f32[32, 4] { return neg x }");
  Graph b = parse_program("program main(x: f32[48, 4], y: f64[4]) -> f32[48, 4] { return neg x }");
  EXPECT_EQ(signature_change(a, b), "x: axis 0 was 32, is 48; y: f64, was f32");
  EXPECT_EQ(signature_change(a, a), "a static argument, a captured value or an option differs");
  Graph c = parse_program("program main(x: f32[32], y: f32[4]) -> f32[32] { return neg x }");
  EXPECT_EQ(signature_change(a, c), "x: 1 axes, was 2");
}

}  // namespace
}  // namespace bafe

#include "bafe/runtime/tiered.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "bafe/ir/text.h"
#include "bafe/runtime/error_bound.h"
#include "bafe/runtime/judge.h"

namespace bafe {
namespace {

/// factor * x of 32 floats, after `slow` turns of nothing.
class Fake : public Executable {
 public:
  Fake(float factor, int slow, std::vector<int> order = {0, 1})
      : factor_(factor), slow_(slow), specs_{{{DType::kF32, {Dim(4), Dim(8)}}, std::move(order)}} {}
  std::span<const BufferSpec> inputs() const override { return specs_; }
  std::span<const BufferSpec> outputs() const override { return specs_; }
  void run(void* const* inputs, void* const* outputs, int) const override {
    for (int i = 0; i < slow_; ++i) asm volatile("");
    for (int i = 0; i < 32; ++i)
      static_cast<float*>(outputs[0])[i] = factor_ * static_cast<const float*>(inputs[0])[i];
  }
  const Provenance& provenance() const override { return provenance_; }
  std::int64_t arena_bytes() const override { return 0; }

 private:
  float factor_;
  int slow_;
  std::vector<BufferSpec> specs_;
  Provenance provenance_;
};

std::shared_ptr<const Executable> fake(float factor, int slow, std::vector<int> order = {0, 1}) {
  return std::make_shared<Fake>(factor, slow, std::move(order));
}

StagedProgram doubled(Math math = Math::kReals) {
  StagedProgram program;
  program.graph = parse_program("program main(x: f32[4, 8]) -> f32[4, 8] { return add x x }");
  program.options.math = math;
  return program;
}

float first_result(const Executable& executable) {
  float in[32], out[32];
  for (float& x : in) x = 3;
  void *from = in, *to = out;
  executable.run(&from, &to);
  return out[0];
}

TEST(TieredExecutable, RunsTheFirstUntilAFasterOneIsAdopted) {
  TieredExecutable tiered(fake(2, 20000), "interpreted");
  EXPECT_EQ(first_result(tiered), 6);
  EXPECT_TRUE(tiered.adopt_if_faster(fake(4, 100), "compiled"));
  EXPECT_EQ(first_result(tiered), 12);
  const TierState state = tiered.state();
  EXPECT_EQ(state.tier, "compiled");
  EXPECT_EQ(state.swaps, 1);
  EXPECT_GE(state.runs, 5);
  EXPECT_LT(state.ratio, 0.98);
}

TEST(TieredExecutable, KeepsWhatIsFasterAndSaysSo) {
  TieredExecutable tiered(fake(2, 100), "prebuilt");
  EXPECT_FALSE(tiered.adopt_if_faster(fake(4, 20000), "compiled"));
  EXPECT_EQ(first_result(tiered), 6);
  EXPECT_EQ(tiered.state().tier, "prebuilt");
  EXPECT_NE(tiered.state().why.find("stays aside"), std::string::npos);
  EXPECT_NE(tiered.runner_up(), nullptr);
}

TEST(TieredExecutable, RefusesAnotherOrderOfResults) {
  TieredExecutable tiered(fake(2, 1), "prebuilt");
  EXPECT_FALSE(tiered.adopt(fake(2, 1, {1, 0}), "compiled", ""));
  EXPECT_NE(tiered.state().why.find("order of axes"), std::string::npos) << tiered.state().why;
}

TEST(TieredExecutable, CopiesTheArgumentsOfOneCallWhileSomethingIsPending) {
  TieredExecutable tiered(fake(2, 1), "prebuilt");
  EXPECT_FALSE(tiered.sample()->is_live);
  tiered.expect(std::make_shared<Job>([](Job&) {}));
  first_result(tiered);
  ASSERT_TRUE(tiered.sample()->is_live);
  EXPECT_EQ(static_cast<const float*>(tiered.sample()->inputs.pointers[0])[31], 3);
  tiered.settle("done");
  EXPECT_FALSE(tiered.sample()->is_live);
  EXPECT_EQ(tiered.state().why, "done");
}

TEST(TieredExecutable, ReadersNeverMeetAHalfSwap) {
  TieredExecutable tiered(fake(2, 1), "prebuilt");
  std::atomic<bool> ends{false};
  std::vector<std::thread> readers;
  for (int t = 0; t < 4; ++t) {
    readers.emplace_back([&] {
      while (!ends) EXPECT_EQ(first_result(tiered), 6);
    });
  }
  for (int i = 0; i < 200; ++i) tiered.adopt(fake(2, 1), "compiled", "again");
  ends = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(tiered.state().swaps, 200);
}

TEST(Judge, AdoptsWhatAgreesAndIsFaster) {
  TieredExecutable tiered(fake(2, 20000), "prebuilt");
  Job job([](Job&) {});
  EXPECT_EQ(judge(doubled(), tiered, fake(2, 100), false, job), Judgement::kAdopted);
}

TEST(Judge, RefusesAWrongKernel) {
  for (float wrong : {2.001f, -2.0f, NAN}) {
    TieredExecutable tiered(fake(2, 20000), "prebuilt");
    Job job([](Job&) {});
    tiered.want_compiled();
    EXPECT_EQ(judge(doubled(), tiered, fake(wrong, 1), false, job), Judgement::kDiffers) << wrong;
    EXPECT_EQ(tiered.state().swaps, 0);
    EXPECT_FALSE(tiered.state().reproducer.empty());
  }
}

TEST(Judge, AllowsRoundingButNotInBits) {
  const float next = std::nextafter(2.0f, 3.0f);
  Job job([](Job&) {});
  for (Math math : {Math::kReals, Math::kBits}) {
    TieredExecutable tiered(fake(2, 20000), "prebuilt");
    const Judgement end = judge(doubled(math), tiered, fake(next, 1), false, job);
    EXPECT_EQ(end == Judgement::kDiffers, math == Math::kBits);
  }
}

std::vector<Tensor> drawn(const Graph& graph, DType dtype) {
  std::vector<Tensor> inputs;
  SampleSource random(7);
  for (const InputInfo& input : graph.inputs()) {
    Tensor f32(input.type), out({dtype, input.type.shape});
    draw_elements(input.type, Floats::kSigned, Integers::kBits, random, f32.data());
    for (std::int64_t i = 0; i < f32.count(); ++i) out.set(i, f32.at(i));
    inputs.push_back(std::move(out));
  }
  return inputs;
}

std::string with(std::string text, const std::string& dtype) {
  for (std::size_t at; (at = text.find("T[")) != std::string::npos;) text.replace(at, 1, dtype);
  return text;
}

TEST(ErrorBounds, CoverWhatF32LosesAndLittleMore) {
  struct Case {
    const char* text;
    double most;  // a sum of n terms is bounded by n units of the sum of their sizes
  };
  const Case cases[] = {
      {"program main(a: T[6, 40], b: T[40, 5]) -> T[6, 5] { return tanh (matmul a b) }", 1e-4},
      {"program main(a: T[300]) -> T[1] { return reduce_sum (mul a (exp a)) :axes (0) }", 5e-3},
      {"program main(a: T[9, 4], b: T[9, 4]) -> T[9, 4] "
       "{ return sub (mul a a) (mul (add a b) (sub a b)) }",
       1e-5},
      {"program main(a: T[5, 7]) -> T[1, 7] { return reduce_max (sqrt (abs a)) :axes (0) }", 1e-6},
      {"program main(a: T[5, 7]) -> T[7, 5] { return transpose (sin a) :perm (1 0) }", 1e-6}};
  for (const auto& [text, most] : cases) {
    const Graph narrow = parse_program(with(text, "f32")), wide = parse_program(with(text, "f64"));
    const std::vector<Tensor> inputs = drawn(narrow, DType::kF32);
    const auto bounds = error_bounds(narrow, inputs, {});
    ASSERT_TRUE(bounds) << text;
    const Tensor got = evaluate(narrow, inputs).front();
    const Tensor exact = evaluate(wide, drawn(narrow, DType::kF64)).front();
    for (std::int64_t i = 0; i < got.count(); ++i) {
      const double bound = (*bounds)[0].as<double>()[i];
      EXPECT_LE(std::fabs(got.at(i).as_double() - exact.at(i).as_double()), bound) << text;
      EXPECT_LT(bound, most) << text;
    }
  }
}

TEST(ErrorBounds, AreWideWhereARoundingErrorMayCauseAJump) {
  const Graph graph =
      parse_program("program main(a: f32[2]) -> f32[2] { return floor (sqrt (mul a a)) }");
  Tensor a({DType::kF32, {Dim(2)}});
  a.as<float>()[0] = 3.0f;
  a.as<float>()[1] = 2.5f;
  const auto bounds = error_bounds(graph, std::vector<Tensor>{a}, {});
  ASSERT_TRUE(bounds);
  EXPECT_GE((*bounds)[0].as<double>()[0], 1);
  EXPECT_LT((*bounds)[0].as<double>()[1], 1e-3);
}

TEST(ErrorBounds, KnowThatAnUncertainNumberMayBeZeroAsABool) {
  const Graph graph = parse_program(
      "program main(a: f16[1], b: f16[1]) -> bool[1] { return cast (sub a b) :dtype bool }");
  Tensor a({DType::kF16, {Dim(1)}}), b({DType::kF16, {Dim(1)}});
  a.set(0, Scalar::of(DType::kF16, 1e-4));
  b.set(0, Scalar::of(DType::kF16, 1e-7));
  const Graph rounded = parse_program(
      "program main(a: f16[1], b: f16[1]) -> bool[1] "
      "{ return cast (sub (add a b) a) :dtype bool }");
  const auto bounds = error_bounds(rounded, std::vector<Tensor>{a, b}, {});
  ASSERT_TRUE(bounds);
  EXPECT_EQ((*bounds)[0].as<double>()[0], 1);
  EXPECT_EQ((*error_bounds(graph, std::vector<Tensor>{a, b}, {}))[0].as<double>()[0], 0);
}

TEST(ErrorBounds, DoNotLoseAnUnknownIntegerInAMove) {
  const Graph graph = parse_program(
      "program main(a: bf16[2]) -> i32[2] { let v = cast (mul a a) :dtype i32; "
      "return slice (bitwise_or v v) :start (0) :size (2) :step (1) }");
  Tensor a({DType::kBF16, {Dim(2)}});
  a.set(0, Scalar::of(DType::kBF16, 6.03125));
  a.set(1, Scalar::of(DType::kBF16, 2.5));
  const auto bounds = error_bounds(graph, std::vector<Tensor>{a}, {});
  ASSERT_TRUE(bounds);
  EXPECT_GE((*bounds)[0].as<double>()[0], 1);
}

}  // namespace
}  // namespace bafe

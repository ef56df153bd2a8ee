#include "bafe/runtime/judge.h"

#include <gtest/gtest.h>

#include <cmath>

#include "bafe/ir/text.h"

namespace bafe {
namespace {

constexpr std::int64_t kCount = 1'200'000;  // with its result too large for an error bound

/// `map` of every element; each `period`-th result is then replaced by `wrong`.
class Mapped : public Executable {
 public:
  Mapped(float (*map)(float), int period, float wrong)
      : map_(map), period_(period), wrong_(wrong), specs_{{{DType::kF32, {Dim(kCount)}}, {0}}} {}
  std::span<const BufferSpec> inputs() const override { return specs_; }
  std::span<const BufferSpec> outputs() const override { return specs_; }
  void run(void* const* inputs, void* const* outputs, int) const override {
    const auto* in = static_cast<const float*>(inputs[0]);
    auto* out = static_cast<float*>(outputs[0]);
    for (std::int64_t i = 0; i < kCount; ++i)
      out[i] = period_ && i % period_ == 7 ? wrong_ : map_(in[i]);
  }
  const Provenance& provenance() const override { return provenance_; }
  std::int64_t arena_bytes() const override { return 0; }

 private:
  float (*map_)(float);
  int period_;
  float wrong_;
  std::vector<BufferSpec> specs_;
  Provenance provenance_;
};

float log_of(float x) { return std::log(x); }
float doubled(float x) { return x + x; }
float step_of(float x) { return std::floor(x / 1000); }

/// What judge() would report; arguments from 1 to `most`.
std::string found(const char* body, float (*map)(float), float most, int period, float wrong,
                  Math math = Math::kReals, float first_wrong = 0) {
  StagedProgram program;
  program.graph = parse_program("program main(x: f32[1200000]) -> f32[1200000] { return " +
                                std::string(body) + " }");
  program.options.math = math;
  const Mapped first(map, first_wrong == 0 ? 0 : period, first_wrong), second(map, period, wrong);
  Sample sample(first.inputs());
  auto* x = static_cast<float*>(sample.inputs.pointers[0]);
  for (std::int64_t i = 0; i < kCount; ++i)
    x[i] = 1 + (most - 1) * static_cast<float>(i) / static_cast<float>(kCount);
  std::string how;
  return disagreement(program, first, second, sample, false, how);
}

TEST(Judge, AcceptsALargeProgramThatAgrees) {
  EXPECT_EQ(found("log x", log_of, 1e6f, 0, 0), "");
  EXPECT_EQ(found("floor (div x (fill :value 1000:f32 :shape (1200000)))", step_of, 1e6f, 0, 0),
            "");
}

TEST(Judge, RefusesOneWrongElementInAHundredOfALargeProgram) {
  EXPECT_NE(found("add x x", doubled, 8, 100, 0), "");
  EXPECT_NE(found("add x x", doubled, 8, 100, NAN), "");
  EXPECT_NE(found("floor (div x (fill :value 1000:f32 :shape (1200000)))", step_of, 1e6f, 100, 0),
            "");
}

TEST(Judge, RefusesOneWrongElementInAMillionWhereNothingJumps) {
  EXPECT_NE(found("add x x", doubled, 8, 1'000'000, 0), "");
  EXPECT_EQ(
      found("floor (div x (fill :value 1000:f32 :shape (1200000)))", step_of, 1e6f, 1'000'000, 3),
      "");
}

TEST(Judge, MeasuresByTheResultAndNotByAnArgumentOfAnotherSize) {
  EXPECT_NE(found("log x", log_of, 1e6f, 100, 0), "");  // results up to 14, arguments up to 1e6
}

TEST(Judge, ExpectsNanWhereTheProgramHasItUnlessTheClassIsLoose) {
  EXPECT_NE(found("log x", log_of, 10, 100, 1, Math::kBits, NAN), "");
  EXPECT_EQ(found("log x", log_of, 10, 100, INFINITY, Math::kBits, NAN), "");
  EXPECT_EQ(found("log x", log_of, 10, 100, 1, Math::kReals, NAN), "");
}

}  // namespace
}  // namespace bafe

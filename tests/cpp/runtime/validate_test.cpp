// What validation compares, allows and says.

#include "bafe/runtime/validate.h"

#include <gtest/gtest.h>

#include <functional>

#include "bafe/ir/text.h"
#include "bafe/runtime/executables.h"

namespace bafe {
namespace {

/// The interpreter with its inputs or outputs changed.
class Changed : public Executable {
 public:
  using Change = std::function<void(void*, const Type&)>;
  explicit Changed(const Graph& graph, Change input, Change output)
      : right_(make_interpreted(graph, {}, {})),
        input_(std::move(input)),
        output_(std::move(output)) {}
  std::span<const BufferSpec> inputs() const override { return right_->inputs(); }
  std::span<const BufferSpec> outputs() const override { return right_->outputs(); }
  void run(void* const* inputs, void* const* outputs, int threads) const override {
    for (std::size_t i = 0; i < inputs_count(); ++i)
      if (input_) input_(inputs[i], right_->inputs()[i].type);
    right_->run(inputs, outputs, threads);
    if (output_) output_(outputs[0], right_->outputs()[0].type);
  }
  const Provenance& provenance() const override { return right_->provenance(); }
  std::int64_t arena_bytes() const override { return 0; }

 private:
  std::size_t inputs_count() const { return right_->inputs().size(); }
  std::shared_ptr<const Executable> right_;
  Change input_, output_;
};

template <class T>
Changed::Change each(std::function<T(T)> change) {
  return [change](void* data, const Type& type) {
    auto* values = static_cast<T*>(data);
    const std::int64_t count = type_bytes(type) / static_cast<std::int64_t>(sizeof(T));
    for (std::int64_t i = 0; i < count; ++i) values[i] = change(values[i]);
  };
}

Validation check(const Graph& graph, const Executable& executable, bool rounds = false) {
  ValidationLimits limits;
  limits.rounds = rounds;
  return validate(graph, executable, {}, 100, 100, limits);
}

const char* const kProduct =
    "program main(a: f32[32, 64], b: f32[64, 48]) -> f32[32, 48] { return matmul a b }";
const char* const kBatched =
    "program main(a: f32[3, 4, 64], b: f32[3, 64, 8]) -> f32[3, 4, 8] { return matmul a b }";

TEST(Validation, AllowsRoundedOperandsOnlyWherePlansRoundThem) {
  for (const char* text : {kProduct, kBatched}) {
    const Graph graph = parse_program(text);
    const Changed rounded(graph, each<float>([](float x) { return bf16_to_f32(f32_to_bf16(x)); }),
                          {});
    EXPECT_FALSE(check(graph, rounded).passed);
    EXPECT_TRUE(check(graph, rounded, true).passed) << check(graph, rounded, true).record;
  }
}

TEST(Validation, OfRoundedProductsStillFindsWrongOnes) {
  const Graph graph = parse_program(kProduct);
  const Changed wrong(graph, {}, each<float>([](float x) { return x + 0.75f; }));
  EXPECT_FALSE(check(graph, wrong, true).passed);
}

TEST(Validation, ComparesIntegerQuotientsOnSamplesWithoutZeros) {
  for (const char* op : {"floor_divide", "remainder"}) {
    for (const char* dtype : {"i32", "i64", "i8", "u8"}) {
      std::string text =
          "program main(x: I[50], d: I[50]) -> I[50] { return " + std::string(op) + " x d }";
      for (std::size_t at; (at = text.find("I[")) != std::string::npos;) text.replace(at, 1, dtype);
      const Graph graph = parse_program(text);
      const Validation same = check(graph, Changed(graph, {}, {}));
      EXPECT_TRUE(same.passed) << same.record;
      EXPECT_EQ(same.record.rfind("integers: all 50 elements equal in every bit", 0), 0u) << text;
      const Changed wrong(graph, {}, [](void* data, const Type&) { ++*static_cast<char*>(data); });
      EXPECT_FALSE(check(graph, wrong).passed) << text;
    }
  }
}

TEST(Validation, SaysWhenNothingWasCompared) {
  const Graph graph = parse_program(
      "program main(x: i32[5], d: i32[5]) -> i32[5] { return floor_divide x (sub d d) }");
  const Validation found = check(graph, Changed(graph, {}, {}));
  EXPECT_TRUE(found.passed);
  EXPECT_EQ(found.record, "not compared: the program refuses every sample");
}

}  // namespace
}  // namespace bafe

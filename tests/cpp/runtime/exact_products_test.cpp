#include "bafe/runtime/exact_products.h"

#include <gtest/gtest.h>

#include "bafe/codegen/prebuilt.h"
#include "bafe/ir/text.h"

namespace bafe {
namespace {

Graph product(const std::string& dtype) {
  const std::string type = dtype + "[4, 4]";
  return parse_program("program main(a: " + type + ", b: " + type + ") -> " + type +
                       " { return matmul (add a b) b }");
}

TEST(ExactProducts, AreInterpretedWhereNothingMultipliesAndAddsInOneStep) {
  Target plain, fused;
  fused.isa = Isa::kAvx2;
  fused.fma = true;
  EXPECT_TRUE(needs_interpreted_products(product("f32"), Math::kBits, plain));
  EXPECT_TRUE(needs_interpreted_products(product("f64"), Math::kBits, plain));
  EXPECT_TRUE(needs_interpreted_products(
      parse_program("program main(a: f32[4, 4]) -> f32[4, 4] { return fused_matmul_relu a a }"),
      Math::kBits, plain));
  EXPECT_FALSE(needs_interpreted_products(product("f32"), Math::kBits, fused));
  EXPECT_FALSE(needs_interpreted_products(product("f32"), Math::kReals, plain));
  EXPECT_FALSE(needs_interpreted_products(product("i32"), Math::kBits, plain));
}

TEST(ExactProducts, OfTierZeroAreTheInterpretersThere) {
  LowerOptions lower;
  lower.bits = true;
  const Plan plan = prebuilt_plan(product("f32"), lower, Target{});
  bool interpreted = false;
  for (const Step& step : plan.steps) interpreted |= step.symbol == "evaluate";
  EXPECT_TRUE(interpreted);
}

}  // namespace
}  // namespace bafe

// Which products go through bf16, by class and by what the machine reaches.

#include <gtest/gtest.h>

#include "bafe/cost/product_cost.h"

namespace bafe {
namespace {

Machine with(double bf16, double amx) {
  Target target;
  target.isa = Isa::kAvx512;
  Machine machine = Machine::reference(target);
  machine.fma_gflops_f32 = 238;
  machine.bf16_gflops = bf16;
  machine.amx_gflops = amx;
  return machine;
}

TEST(ProductsThroughBf16, OfF32NeedTilesUnlessRoundingIsAllowed) {
  const Machine tiles = with(480, 3360), vectors = with(480, 0);
  auto taken = [](const Machine& machine, bool bits, bool fast) {
    return uses_pairs(machine_of_class(machine, bits, fast), DType::kF32, 512, 512, 512);
  };
  EXPECT_TRUE(taken(tiles, false, false));
  EXPECT_TRUE(taken(tiles, false, true));
  EXPECT_FALSE(taken(tiles, true, false));
  EXPECT_FALSE(taken(vectors, false, false));
  EXPECT_TRUE(taken(vectors, false, true));
  EXPECT_FALSE(taken(with(240, 0), false, true)) << "no faster than multiply-adds";
}

TEST(ProductsThroughBf16, OfStoredBf16AreTakenButUnderBits) {
  const Machine vectors = with(480, 0);
  auto taken = [&](bool bits) {
    return uses_pairs(machine_of_class(vectors, bits, false), DType::kBF16, 64, 64, 64);
  };
  EXPECT_TRUE(taken(false));
  EXPECT_FALSE(taken(true));
  EXPECT_FALSE(uses_pairs(vectors, DType::kBF16, 4, 64, 64)) << "too small";
}

TEST(ProductsThroughBf16, AreLargeEnoughForTheTermsThatTheyReallyHave) {
  const Machine tiles = machine_of_class(with(480, 3360), false, true),
                terms = machine_of_class(with(480, 3360), false, false),
                vectors = machine_of_class(with(480, 0), false, true);
  auto taken = [](const Machine& machine, double m, double n, double k) {
    return uses_pairs(machine, DType::kF32, m, n, k);
  };
  EXPECT_TRUE(taken(tiles, 100, 100, 100)) << "rounded operands have one term";
  EXPECT_FALSE(taken(terms, 100, 100, 100)) << "exact ones have three";
  EXPECT_TRUE(taken(vectors, 128, 128, 128));
  EXPECT_FALSE(taken(vectors, 8, 1024, 1024)) << "packing costs more than it gains";
  EXPECT_FALSE(taken(vectors, 64, 64, 64)) << "multiply-adds are faster";
}

}  // namespace
}  // namespace bafe

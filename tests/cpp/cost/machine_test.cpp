#include <gtest/gtest.h>

#include "bafe/base/error.h"
#include "bafe/cost/cost_model.h"
#include "bafe/cost/product_cost.h"
#include "bafe/cost/roofline.h"

namespace bafe {
namespace {

TEST(MachineJson, ReadsBackWhatItWrote) {
  Machine machine = Machine::reference(Target{Isa::kAvx512}, 2);
  machine.id = "a \"quoted\" cpu";
  machine.memory_gbs = 17.25;
  Machine copy = Machine::from_json(machine.to_json());
  EXPECT_EQ(copy.to_json(), machine.to_json());
  EXPECT_EQ(copy.id, machine.id);
  EXPECT_EQ(copy.threads, 2);
}

TEST(MachineJson, RejectsDamagedText) {
  std::string good = Machine::reference(Target{}).to_json();
  for (std::size_t cut = 0; cut + 1 < good.size(); cut += 7) {
    EXPECT_THROW(Machine::from_json(good.substr(0, cut)), ParseError) << cut;
  }
  EXPECT_THROW(Machine::from_json("{\"bafe_machine\": 2}"), ParseError);
  EXPECT_THROW(Machine::from_json("{\"bafe_machine\": 1, \"l2_gbs\": 0}"), ParseError);
  EXPECT_THROW(Machine::from_json("{\"bafe_machine\": 1, \"l2_gbs\": nan}"), ParseError);
}

TEST(MachineReference, IsFasterWithWiderVectors) {
  double plain = Machine::reference(Target{Isa::kPlain}).fma_gflops_f32;
  double wide = Machine::reference(Target{Isa::kAvx512}).fma_gflops_f32;
  EXPECT_LT(plain, wide);
}

TEST(Roofline, StreamsSmallSetsFasterThanLargeOnes) {
  Machine machine = Machine::reference(Target{Isa::kAvx512});
  EXPECT_GT(bandwidth_gbs(machine, 8 << 10), bandwidth_gbs(machine, 512 << 10));
  EXPECT_GT(bandwidth_gbs(machine, 512 << 10), bandwidth_gbs(machine, 1 << 30));
}

TEST(Roofline, PricesAProductByItsFlopsAndAMatrixVectorProductByItsBytes) {
  Machine machine = Machine::reference(Target{Isa::kAvx512});
  double square = matmul_ns(machine, DType::kF32, 1, 1024, 1024, 1024);
  EXPECT_GT(square, 2.0 * 1024 * 1024 * 1024 / 200);
  EXPECT_LT(square, 2.0 * 1024 * 1024 * 1024 / 120);
  double vector = matmul_ns(machine, DType::kF32, 1, 1024, 1, 1024);
  EXPECT_LT(vector * 50, square);
}

}  // namespace
}  // namespace bafe

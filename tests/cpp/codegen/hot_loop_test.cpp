// Inner loops of register tiles keep their accumulators in registers, for every tile, dtype and
// vector width; the counting itself on texts made by hand.

#include "bafe/codegen/hot_loop.h"

#include <gtest/gtest.h>

#include "bafe/base/format.h"
#include "bafe/codegen/gemm_text.h"
#include "bafe/codegen/vector_c.h"
#include "codegen/gemm_compile.h"

namespace bafe {
namespace {

TEST(HotLoops, CountsStackOperandsOfInnermostLoopsThatMultiplyAndAdd) {
  HotLoops found = hot_loops(
      "f:\n\tmovq 8(%rsp), %rax\n.L2:\n\tvmovaps (%rsp), %zmm0\n.L3:\n"
      "\tvfmadd231ps (%rsi), %zmm1, %zmm2\n\tvmovaps %zmm2, 64(%rsp)\n\tjne\t.L3\n\tjne\t.L2\n"
      ".L4:\n\taddq 8(%rsp), %rax\n\tjne\t.L4\n\tret\n");
  EXPECT_EQ(found.loops, 1);
  EXPECT_EQ(found.fused, 1);
  EXPECT_EQ(found.spills, 1);
}

TEST(HotLoops, TakesTheFramePointerForTheStackOnlyWhereItIsOne) {
  const std::string loop = ".L3:\n\tvfmadd231ps (%rbp), %zmm1, %zmm2\n\tjne\t.L3\n";
  EXPECT_EQ(hot_loops("f:\n" + loop).spills, 0);
  EXPECT_EQ(hot_loops("f:\n\tmovq\t%rsp, %rbp\n" + loop).spills, 1);
}

struct Shape {
  std::int64_t rows, vectors;
};

/// How a tile reads its operands.
struct Reading {
  const char* name;
  bool pack_b, by_columns, prefetch;
};

void expect_no_spills(const Target& target, const std::vector<Shape>& shapes) {
  constexpr Reading kReadings[] = {{"packed", true, false, false},
                                   {"streamed", false, false, true},
                                   {"columns", false, true, false}};
  for (const Reading& reading : kReadings) {
    std::string text = vector_prelude_c(target);
    int functions = 0;
    for (DType dtype : {DType::kF32, DType::kF64}) {
      GemmTiling t;
      t.spec.name = format("k{}", static_cast<int>(dtype));
      t.spec.dtype = dtype;
      t.spec.m = 1000, t.spec.n = 1003, t.spec.k = 1000;
      t.spec.a.row = reading.by_columns ? 1 : 1000, t.spec.a.col = reading.by_columns ? 1000 : 1;
      t.spec.b.row = t.spec.c.row = 1003;
      t.lanes = vector_lanes(dtype, target);
      t.k_blocks = 3;
      t.pack_b = reading.pack_b;
      t.prefetch_b = reading.prefetch;
      for (const Shape& tallest : shapes) {
        for (std::int64_t rows : {tallest.rows, tallest.rows - 1, (tallest.rows + 1) / 2}) {
          std::string kernel = micro_kernel_c(t, rows, tallest.vectors);
          kernel.replace(0, 6, "");  // not static, or it would not be compiled
          text += kernel;
          ++functions;
        }
      }
    }
    const HotLoops found = hot_loops(assembly_of(text, target));
    EXPECT_GE(found.loops, functions) << reading.name;
    EXPECT_EQ(found.spills, 0) << reading.name;
  }
}

TEST(HotLoops, TilesOfAvx512StayInRegisters) {
  Target target;
  target.isa = Isa::kAvx512, target.fma = true;
  expect_no_spills(target, {{14, 2}, {8, 3}, {6, 4}, {28, 1}});
}

TEST(HotLoops, TilesOfAvx2StayInRegisters) {
  Target target;
  target.isa = Isa::kAvx2, target.fma = true;
  expect_no_spills(target, {{6, 2}, {4, 3}, {12, 1}});
}

TEST(HotLoops, ATileThatIsTooTallIsFound) {
  Target target;
  target.isa = Isa::kAvx2, target.fma = true;
  GemmTiling t;
  t.spec.name = "tall";
  t.spec.dtype = DType::kF32;
  t.spec.m = t.spec.n = t.spec.k = 64;
  t.spec.a.row = t.spec.b.row = t.spec.c.row = 64;
  t.lanes = 8;
  std::string kernel = micro_kernel_c(t, 12, 2);
  kernel.replace(0, 6, "");
  EXPECT_GT(hot_loops(assembly_of(vector_prelude_c(target) + kernel, target)).spills, 0);
}

}  // namespace
}  // namespace bafe

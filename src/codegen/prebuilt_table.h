#pragma once
/// The kernels that were compiled with the library, one table an ISA level. Private to
/// src/codegen/prebuil*.cpp.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bafe/codegen/plan.h"
#include "bafe/cost/target.h"
#include "bafe/ir/dtype.h"

namespace bafe {

/// Elements of one unit of a pointwise kernel: buffers are whole multiples, so loops have no tail.
inline constexpr std::int64_t kPrebuiltStep = 64;
/// Columns that a unit of a reduction along columns takes side by side, where the order of the sum
/// is fixed and where it is free.
inline constexpr std::int64_t kPrebuiltColumns = 256, kPrebuiltFreeColumns = 1024;
/// K of a block of a product, and elements between copied rows of its left operand.
inline constexpr std::int64_t kPrebuiltDepth = 256, kPrebuiltPitch = 272;
inline constexpr int kPrebuiltVectors = 3;  ///< most vectors of a register tile

/// A row of the generated table: plain C there.
struct PrebuiltKernel {
  const char* key;
  KernelFn kernel;
  std::int64_t elements;       ///< of one unit
  std::int64_t scratch_bytes;  ///< without the stack of partial sums
  std::int64_t level_bytes;    ///< of one level of that stack
};

/// "add(f32,f32)f32".
inline std::string prebuilt_key(std::string_view name, const std::vector<DType>& operands,
                                DType result) {
  std::string key(name);
  char mark = '(';
  for (DType d : operands) {
    key += mark + std::string(dtype_info(d).name);
    mark = ',';
  }
  return key + ")" + std::string(dtype_info(result).name);
}

/// The levels that this library has code for; the last is the richest.
std::span<const PrebuiltKernel> prebuilt_table(Isa isa);
/// Position in the table of `isa`, or -1.
int find_prebuilt(Isa isa, std::string_view key);
/// "plain", "avx2", "avx512".
std::string_view level_text(Isa isa);

// Drivers: kernels over the tables. Their sizes are written by the planner (prebuilt_steps.h).
KernelFn pointwise_driver(Isa isa);
KernelFn copy_driver(Isa isa);
KernelFn product_driver(Isa isa);

}  // namespace bafe

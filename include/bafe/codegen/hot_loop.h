#pragma once
/// Counts what matters in the inner loops of compiled kernels, from the assembly text that
/// `cc -S` prints (AT&T form). Accumulators that the compiler keeps on the stack halve a product's
/// speed, and only the assembly tells.

#include <string_view>

namespace bafe {

struct HotLoops {
  int loops = 0;   ///< innermost loops with at least one fused multiply-add
  int fused = 0;   ///< multiply-adds in them
  int spills = 0;  ///< operands in them that lie on the stack
};

HotLoops hot_loops(std::string_view assembly);

}  // namespace bafe

#pragma once
/// Which small integers a program may be fed so that nothing in it rounds.

#include <optional>

#include "bafe/ir/eval.h"
#include "bafe/ir/graph.h"

namespace bafe {

/// The largest m <= 8 such that, with every float input an integer in [-m, m] and every integer
/// input in [0, 6], each intermediate of `graph` is exact in its dtype, in any order of the sums:
/// |value| 2^fraction bits < 2^24 in f32, 2^53 in f64, by ranges. 0 when there is none, or where
/// something divides, takes roots and the like. `rounds`: operands of f32 products must be exact in
/// bf16 too.
int exact_magnitude(const Graph& graph, const ConstantTable& constants, bool rounds);

}  // namespace bafe

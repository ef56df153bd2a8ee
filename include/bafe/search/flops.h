#pragma once
/// How much arithmetic a chosen program asks for, each value counted once.

#include "bafe/cost/schedule.h"

namespace bafe {

/// Floating-point operations of a program: 2 for every multiply-add of a product that touches no
/// known zero (of a symmetric result the lower half), 1 for every element that a reduction or scan
/// reads or that pointwise arithmetic makes; 2/3 n^3 + 2n^2 a column for a system of size n, 2n^3
/// for a routine over one matrix; of a loop its iterations times its body, of a branch the larger
/// body. Movement, conversions, copies and fills count nothing. A value
/// that several groups recompute counts once.
double program_flops(const Program& program);
/// The same of a program without decisions: every product is dense.
double graph_flops(const Graph& graph);

}  // namespace bafe

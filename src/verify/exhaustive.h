#pragma once
/// Pointwise rules on every value of a small type.

#include <optional>
#include <string>

#include "bafe/verify/instance.h"
#include "mini_float.h"

namespace bafe {

/// Every node pointwise, an input or a fill.
bool is_pointwise_graph(const Graph& graph);

struct ExhaustiveResult {
  std::int64_t count = 0;      ///< combinations; 0: too many, or not a graph that can be tried
  std::string counterexample;  ///< empty: both sides agree on all
};

/// All bit patterns of the inputs' own types (8-bit ints, bools, f16, bf16), at most 2^18.
ExhaustiveResult try_all_patterns(const RuleInstance& instance, NumericClass numeric);
/// Floats take the values of `format`, and every operator's result is rounded to it.
ExhaustiveResult try_all_values(const RuleInstance& instance, NumericClass numeric,
                                const MiniFloat& format);

}  // namespace bafe

#pragma once
/// Evaluation of a graph on symbols: every element of every root as a normal form over the reals.

#include <vector>

#include "bafe/ir/graph.h"
#include "bafe/verify/instance.h"
#include "scalar_terms.h"

namespace bafe {

/// Elements of the roots, row-major. With `number_indices`, integer inputs are the numbers 0, 1, 0,
/// 1 … instead of symbols, so that take and gather can read them. Elements that a promised
/// structure fixes are numbers too. NotRepresentable when an operator has no element tree (scans,
/// library routines), a choice of index depends on data, or a form grows too large.
std::vector<std::vector<ScalarTerms::Id>> run_symbolic(
    const Graph& graph, const std::vector<std::vector<FactPromise>>& promises, ScalarTerms& terms,
    bool number_indices);

}  // namespace bafe

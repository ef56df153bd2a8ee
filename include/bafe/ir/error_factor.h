#pragma once
/// How much rounding a program does at most, known before any value is.

#include <map>
#include <span>

#include "bafe/ir/graph.h"

namespace bafe {

/// First-order bound of the rounding error of one result, relative to the same program over
/// absolute values, where the operands' own bounds are `errors`. Rounding counts one unit roundoff
/// of the result's type; moving, comparing, choosing, negating and counting in integers is exact.
/// - Products and quotients add what both sides bring, other operators take the larger side.
/// - A sum of n terms counts n - 1 roundings, in whatever order it is summed; a matrix product one
///   more for each term; a running sum as many as its last element; a routine over a matrix its
///   size. No kernel's tree of sums, and no extra precision inside a kernel, is taken into account.
/// - A function (exp, sqrt …) rounds once and hands on its operand's bound: how steep it is, how
///   badly a matrix is conditioned, and what a loop does inside depends on values.
/// So it is a bound for sums, products and extremes, and a measure for comparing equal programs
/// elsewhere (error_bounds() of runtime is rigorous, and needs values). Sizes are concrete.
double operator_error(Op op, const Attrs& attrs, std::span<const Type> operands, const Type& type,
                      std::span<const double> errors);

/// The same of a whole term. `known` has what is not looked below, and gets what was computed.
double term_error(const Graph& graph, ValueId root, std::map<ValueId, double>& known);

/// term_error() in units of roundoff of the root's type: the error factor.
double error_factor(const Graph& graph, ValueId root, std::map<ValueId, double>& known);
double error_factor(const Graph& graph, ValueId root);

/// How many times `from` is `to`: 1 where both are 0, infinite where only `from` is.
double error_growth(double from, double to);

}  // namespace bafe

#pragma once
/// Index functions taken apart: the cases of their choices, where a bound index stands in them, and
/// the way back from the argument of a bound index to the axis that asks for it.

#include <optional>
#include <string>
#include <vector>

#include "knowledge.h"
#include "sum_form.h"

namespace bafe::generic {

/// One case of a term without choices: on `path` it is `value`.
struct IndexCase {
  Truth path;
  IntTerm value;
};
/// Every choice decided both ways; NotRepresentable when there are too many.
std::vector<IndexCase> cases_of(IntTerm term);
/// The same condition case by case, so that no product holds a choice.
Truth by_cases(Truth what);
/// Choices that the knowledge decides are taken.
IntTerm resolved(IntTerm term, const Knowledge& knowledge);
Truth resolved(Truth what, const Knowledge& knowledge);
/// The same for an index function at axes in [0, rank).
IntTerm resolved_function(IntTerm function, IntTerm rank, const Knowledge& knowledge);

/// A bound index inside a case of an index function:  value(b) = factor * K(argument(b)) + rest.
struct BoundUse {
  std::string name;  ///< of K
  Truth path;        ///< at axis b
  IntTerm axis;      ///< the symbol b
  IntTerm argument, factor, rest;
};
/// All uses in an index function; false when a bound index stands where it cannot be solved for.
bool uses_of(IntTerm function, const std::vector<Binder>& binders, std::vector<BoundUse>& uses);

/// The axis b with argument(b) = t, as a term in t, where `condition` holds.
struct AxisOfArgument {
  IntTerm axis;
  Truth condition;
};
std::optional<AxisOfArgument> solve_argument(const BoundUse& use, IntTerm t);
/// Names of functions that a term asks at exactly `at`.
std::vector<std::string> functions_at(IntTerm term, IntTerm at);
/// Arguments that a function is asked at.
std::vector<IntTerm> arguments_of(Truth what, const std::string& function);
/// a / b where every monomial of a is a multiple of b.
std::optional<IntTerm> exact_quotient(IntTerm a, IntTerm b);

/// Is `t` an axis that the binder runs over?
Truth member(const Binder& binder, IntTerm t);
/// K(t), the function itself.
IntTerm bound_at(const Binder& binder, IntTerm t);
/// Ranges of bound indices, 0 outside.
void assume_ranges(Knowledge& knowledge, const std::vector<Binder>& binders);

}  // namespace bafe::generic

#pragma once
/// Lists of a rule as functions of a generic position: (length, entry), and what more is known of
/// axes (membership, order) and permutations (inverse).

#include <optional>

#include "int_term.h"

namespace bafe::generic {

struct IntList {
  IntTerm length;
  IntFunction at;              ///< entry at a position in [0, length)
  IntPredicate has;            ///< is t an entry? Empty: unknown
  IntFunction position;        ///< of an entry t: at(position(t)) = t. Empty: unknown
  IntFunction before;          ///< number of entries less than t; strictly ascending lists only
  IntFunction skipped;         ///< the b-th natural number that is no entry; ascending lists only
  IntFunction inverse;         ///< of a permutation of [0, length)
  std::vector<IntTerm> items;  ///< of a list written out (is_fixed)
  bool is_fixed = false;
};

/// (list a b …).
IntList fixed_list(std::vector<IntTerm> items);
/// An arbitrary list: entries name(t), length `length`.
IntList symbolic_list(const std::string& name, IntTerm length);
IntList constant_list(IntTerm length, IntTerm value);
/// a then b.
IntList joined(const IntList& a, const IntList& b);
/// The fixed list as axes in ascending order: has, position, before, skipped.
void know_ascending(IntList& list);

}  // namespace bafe::generic

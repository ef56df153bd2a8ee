#pragma once
/// Lists of a rule as functions of a generic position: (length, entry), and what more is known of
/// axes (membership, order) and permutations (inverse).

#include <memory>

#include "int_term.h"

namespace bafe::generic {

struct ShapeAlias;

struct IntList {
  IntTerm length;
  IntFunction at;              ///< entry at a position in [0, length)
  IntPredicate has;            ///< is t an entry? Empty: unknown
  IntFunction position;        ///< of an entry t: at(position(t)) = t. Empty: unknown
  IntFunction before;          ///< number of entries less than t; strictly ascending lists only
  IntFunction skipped;         ///< the b-th natural number that is no entry; ascending lists only
  IntFunction inverse;         ///< of a permutation of [0, length)
  IntTerm distinct_below;      ///< valid: entries differ and lie in [0, distinct_below)
  std::vector<IntTerm> items;  ///< of a list written out (is_fixed)
  bool is_fixed = false;
  bool ascending = false;    ///< strictly, in [0, distinct_below), and has … skipped say so
  bool permutation = false;  ///< of [0, length), and inverse is its inverse
  std::shared_ptr<const ShapeAlias> alias;  ///< of a shape: the same but for axes of size 1
};

/// A shape that is `base` with axes of size 1 put in or left out: row-major positions are the same.
struct ShapeAlias {
  IntList base;
  std::function<IntFunction(const IntFunction&)> to_base;      ///< of an index
  std::function<IntTerm(const IntFunction&, IntTerm)> own_at;  ///< index of the base -> own, at t
};

/// (list a b …). What it says of order (before, skipped) is true where the items ascend.
IntList fixed_list(std::vector<IntTerm> items);
/// An arbitrary list: entries name(t), length `length`.
IntList symbolic_list(const std::string& name, IntTerm length);
IntList constant_list(IntTerm length, IntTerm value);
/// a then b.
IntList joined(const IntList& a, const IntList& b);

/// Product of the entries: product(length, entries), whose laws Knowledge knows.
IntTerm product_of(const IntList& list);
/// Row-major position of an index in a shape, and back: unflatten(s, flatten(s, I))(b) = I(b) and
/// flatten(s, unflatten(s, F)) = F, in range.
IntTerm flatten(const IntList& shape, const IntFunction& index);
IntTerm unflatten(const IntList& shape, IntTerm flat, IntTerm axis);

}  // namespace bafe::generic

#pragma once
/// Values of a rule at a generic rank: type and element.

#include <map>

#include "bafe/ir/attrs.h"
#include "bafe/ir/op.h"
#include "form.h"
#include "int_list.h"

namespace bafe::generic {

/// An element type: one of those in `allowed`, the same wherever `name` is the same.
struct DTypeTerm {
  int variable = -1;  ///< row of DTypeFacts
};

/// What is known of the element types of a rule: sets of dtypes, merged where they must agree.
class DTypeFacts {
 public:
  DTypeTerm any();
  DTypeTerm exactly(DType dtype);
  /// Hypothesis: narrows. False when nothing is left.
  bool assume_in(DTypeTerm d, std::uint32_t allowed);
  bool assume_same(DTypeTerm a, DTypeTerm b);
  void assume_different(DTypeTerm a, DTypeTerm b);  ///< used where one of them is known
  /// Claims.
  bool must_be_in(DTypeTerm d, std::uint32_t allowed) const;
  bool must_be_same(DTypeTerm a, DTypeTerm b) const;
  std::uint32_t allowed(DTypeTerm d) const;
  int root(DTypeTerm d) const;
  std::string text(DTypeTerm d) const;  ///< equal texts are equal dtypes

 private:
  mutable std::vector<int> parent_;
  std::vector<std::uint32_t> allowed_;
};

std::uint32_t dtype_bit(DType dtype);
/// All dtypes of a kind: kBoolKind, kIntKind …
std::uint32_t dtypes_where(const std::function<bool(DType)>& test);

struct ShapedType {
  DTypeTerm dtype;
  IntList shape;  ///< entries are sizes, never negative in a well-typed term
};

/// What a shape rule asks of operands and fields. On the left of a rule it may be assumed; on the
/// right it has to be shown.
struct Claims {
  std::vector<Truth> facts;
  std::vector<IntPredicate> for_all;  ///< hold at every integer; a body has its own guard
  struct DTypeClaim {
    DTypeTerm a, b;               ///< same, when b.variable >= 0
    std::uint32_t allowed = ~0u;  ///< of a
  };
  std::vector<DTypeClaim> dtypes;
  struct Axes {  ///< strictly ascending and inside [0, end)
    IntList list;
    IntTerm end;
  };
  std::vector<Axes> axes;
  struct Permutation {
    IntList list;
    IntTerm length;
  };
  std::vector<Permutation> permutations;
  /// Evaluation fails where data that are used as an index lie outside [0, extent).
  struct Lookup {
    std::string place;  ///< the index at a nameless position of `shape`, as text
    IntTerm extent;
    IntList shape;
  };
  std::vector<Lookup> lookups;  ///< of indices that are no list
  /// (t, v) -> truth: holds at every axis t for every v. Asked at `points`.
  std::vector<std::function<Truth(IntTerm, IntTerm)>> boxes;
  std::vector<IntFunction> points;  ///< places on axis t that matter
};

/// One field of an operator.
struct GenericField {
  AttrKind kind = AttrKind::kInt;
  IntTerm integer;  ///< kInt
  IntList list;     ///< kList
  DTypeTerm dtype;  ///< kDType
  FormRef scalar;   ///< kScalar
  DTypeTerm scalar_dtype;
  std::string text;  ///< kText
};

struct GenericValue {
  ShapedType type;
  ElementAt element;
};

/// A call of one operator, all of whose parts are generic.
struct GenericCall {
  const OpInfo* info = nullptr;
  std::vector<GenericValue> operands;
  std::vector<GenericField> fields;
  DTypeFacts* dtypes = nullptr;
};

/// The generic meaning of an operator: its result, and what its shape rule asks. NotRepresentable
/// where it has none. Movements whose axes must be a set need GenericField::list with has, before
/// and skipped; a transposition needs inverse: see GenericRule::as_axes, as_permutation.
GenericValue generic_meaning(const GenericCall& call, Claims& claims);

}  // namespace bafe::generic

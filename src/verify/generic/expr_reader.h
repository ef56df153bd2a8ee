#pragma once
/// The closed expression language at generic sizes: an expression as a term, and what has to hold
/// for it to have a value.

#include <functional>

#include "bafe/ir/attr_expr.h"
#include "knowledge.h"

namespace bafe::generic {

/// A value of the expression language.
struct ExprTerm {
  enum Kind : std::uint8_t { kInt, kList, kDType, kScalar, kTruth, kText };
  Kind kind = kInt;
  IntTerm integer;
  IntList list;
  DTypeTerm dtype;  ///< kDType; of a kScalar, where known
  FormRef scalar;
  Truth truth;
  std::string text;
};

/// What expressions can ask of a rule.
struct ExprSource {
  std::function<const ShapedType*(int value)> type;  ///< nullptr: not known (yet)
  std::function<FormRef(int value)> constant;        ///< the scalar of a constant value, or nullptr
  std::function<const GenericField*(int variable)> attr;  ///< nullptr: not bound (yet)
};

class ExprReader {
 public:
  ExprReader(const ExprSource& source, DTypeFacts& dtypes) : source_(source), dtypes_(dtypes) {}

  /// NotRepresentable where the expression has no generic meaning. Facts that hold wherever it has
  /// a value are appended to `defined`.
  ExprTerm read(const AttrExpr& expr);
  Claims defined;

 private:
  friend struct ExprFunctions;
  IntTerm int_arg(const AttrExpr& call, std::size_t i);
  IntList list_arg(const AttrExpr& call, std::size_t i);
  Truth truth_arg(const AttrExpr& call, std::size_t i);
  const ShapedType& type_arg(const AttrExpr& call);
  ExprTerm fold(const AttrExpr& call, int step);
  ExprTerm combine(int step, const ExprTerm& a, const ExprTerm& b);
  void need_entries(const IntList& list, const IntPredicate& holds);
  void need(Truth fact) { defined.facts.push_back(fact); }

  const ExprSource& source_;
  DTypeFacts& dtypes_;
};

/// Name of the function that a call calls.
const std::string& function_name(const AttrExpr& call);
bool is_call(const AttrExpr& expr, const char* name);

ExprTerm int_term(IntTerm value);
ExprTerm list_term(IntList value);
/// A field of the kind that the term has.
GenericField field_of(const ExprTerm& term);
ExprTerm term_of(const GenericField& field);
/// The strictly ascending list of all t in [0, end) with the property; `length` of them. Its laws
/// go to `claims`: they hold because such a list exists.
IntList ascending_set(const IntPredicate& has, IntTerm length, IntTerm end, Claims& claims);
/// 0, 1, … n - 1.
IntList counting(IntTerm n);

}  // namespace bafe::generic

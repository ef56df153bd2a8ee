#pragma once
/// Elements: the value of one element of a tensor at a generic index, as a tree.

#include <memory>
#include <string>
#include <vector>

#include "bafe/ir/dtype.h"
#include "bafe/ir/meaning.h"
#include "int_term.h"

namespace bafe::generic {

/// An index is a function from axis number to integer; it may be asked at any axis of its rank.
using AxisIndex = IntFunction;

enum class FormKind : std::uint8_t {
  kRead,     ///< element of class variable `number` at `index`
  kApply,    ///< primitive over args; `name` qualifies (the dtype of a cast)
  kChoose,   ///< args[0] where `condition` holds, else args[1]; only the chosen side exists
  kLiteral,  ///< a number of the context's dtype
  kScalar,   ///< an unknown scalar: the constant of a variable, a scalar field
  kInteger,  ///< an integer as a value of the context's dtype
  kFold,     ///< a reduction over a bound index function
  kLibrary,  ///< element at `index` of what `routine` makes of a matrix; args[0] is the element of
             ///< the matrix at the index function `name`
};

struct Form;
using FormRef = std::shared_ptr<const Form>;

/// An element is total on indices in range of the value's type, given the conditions around it.
struct Form {
  FormKind kind = FormKind::kLiteral;
  Prim prim = Prim::kLiteral;  ///< kApply
  int number = 0;              ///< kRead
  double literal = 0;
  std::string name;     ///< kScalar; kApply: qualifier
  std::string routine;  ///< kLibrary: "inv"
  IntTerm index;        ///< kRead: function term axis -> integer
  IntTerm integer;      ///< kInteger
  Truth condition;      ///< kChoose
  std::vector<FormRef> args;
  // kFold. The bound index K is the function symbol `name`; on every axis t with
  // 0 <= t < axes_end and over(t) = 1 it takes each value in [0, extent(t)) once; args[0] is the
  // body, which reads K as applied(name, {t}).
  ReduceKind reduce = ReduceKind::kSum;
  IntTerm axes_end;  ///< number of axes of what is reduced
  IntTerm over;      ///< function term axis -> 1 or 0
  IntTerm extent;    ///< function term axis -> size
};

using ElementAt = std::function<FormRef(const AxisIndex&)>;

FormRef read_form(int number, const AxisIndex& index);
FormRef apply_form(Prim prim, std::vector<FormRef> args, std::string name = "");
FormRef choose_form(Truth condition, FormRef yes, FormRef no);
FormRef literal_form(double value);
FormRef scalar_form(std::string name);
FormRef integer_form(IntTerm value);
/// `body` is called with the bound index K; the name is new.
FormRef fold_form(ReduceKind reduce, IntTerm axes_end, const IntPredicate& over,
                  const IntFunction& extent, const ElementAt& body);
FormRef library_form(const std::string& routine, IntTerm rank, const IntFunction& size,
                     const ElementAt& matrix, const AxisIndex& at);

std::string text(const FormRef& form);

}  // namespace bafe::generic

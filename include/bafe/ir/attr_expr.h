#pragma once
/// The closed expression language of attributes and conditions: one evaluator
/// for composite definitions, rule right sides, :let and :when. Partial: an undefined or
/// symbolically unknown result is nullopt.

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bafe/ir/attrs.h"
#include "bafe/ir/sexpr.h"
#include "bafe/ir/type.h"

namespace bafe {

/// What an expression can ask of the program it is evaluated in. `value` numbers class variables.
class FactSource {
 public:
  virtual ~FactSource() = default;
  virtual const Type* type(int value) const = 0;
  /// The constant splat of the value, if analysis knows it.
  virtual std::optional<Scalar> constant(int value) const = 0;
  /// `finite in zero identity diagonal lower upper symmetric orthogonal banded` with their extra
  /// arguments.
  virtual bool fact(const std::string& name, int value,
                    const std::vector<AttrValue>& args) const = 0;
};

/// int/list/dtype/scalar, or a truth value.
using ExprValue = std::variant<AttrValue, bool>;

/// A parsed expression. Variables are resolved to numbers at parse time.
struct AttrExpr {
  enum Kind : std::uint8_t { kLiteral, kAttrVar, kValueVar, kCall };
  Kind kind = kLiteral;
  AttrValue literal;
  int variable = -1;
  int function = -1;  ///< row of the function table
  std::vector<AttrExpr> args;
};

/// Resolves `?x` to an attribute variable or a value variable; -1 when unknown.
struct ExprScope {
  std::function<int(const std::string&)> attr_var, value_var;
};

/// ParseError names the position and the nearest known function.
AttrExpr parse_attr_expr(const Sexpr& form, const ExprScope& scope);
std::optional<ExprValue> eval_attr_expr(const AttrExpr& expr,
                                        const std::vector<AttrValue>& attr_vars,
                                        const FactSource& facts);
std::optional<AttrValue> eval_attr(const AttrExpr& expr, const std::vector<AttrValue>& attr_vars,
                                   const FactSource& facts);
/// False when undefined.
bool eval_condition(const AttrExpr& expr, const std::vector<AttrValue>& attr_vars,
                    const FactSource& facts);

/// Name, arity and doc of every function, for messages and for rules/README.md.
struct AttrFunctionInfo {
  std::string name;
  int min_args, max_args;
  std::string doc;
};
const std::vector<AttrFunctionInfo>& attr_functions();

}  // namespace bafe

#pragma once
/// Internal: the function table of attribute expressions.

#include <optional>
#include <vector>

#include "bafe/ir/attr_expr.h"

namespace bafe {

struct ExprContext {
  const std::vector<AttrValue>& attr_vars;
  const FactSource& facts;
};

using ExprResult = std::optional<ExprValue>;
using ExprFunction = ExprResult (*)(const AttrExpr& call, const ExprContext& context);

struct FunctionRow {
  AttrFunctionInfo info;
  bool takes_value;  ///< the first argument is a value variable (or, where it makes sense, an
                     ///< attribute)
  ExprFunction evaluate;
};

const std::vector<FunctionRow>& function_rows();
ExprResult evaluate(const AttrExpr& expr, const ExprContext& context);

// Arguments of a call; nullopt when undefined or of another kind.
std::optional<AttrValue> attr_arg(const AttrExpr& call, std::size_t i, const ExprContext& context);
std::optional<bool> bool_arg(const AttrExpr& call, std::size_t i, const ExprContext& context);
template <class T>
std::optional<T> typed_arg(const AttrExpr& call, std::size_t i, const ExprContext& context) {
  std::optional<AttrValue> value = attr_arg(call, i, context);
  if (!value || !std::holds_alternative<T>(*value)) return std::nullopt;
  return std::get<T>(*value);
}
/// An argument that is a known integer.
std::optional<std::int64_t> known_arg(const AttrExpr& call, std::size_t i,
                                      const ExprContext& context);

inline ExprResult attr_result(AttrValue value) { return ExprValue(std::move(value)); }
inline ExprResult truth(bool value) { return ExprValue(value); }

// attr_arithmetic.cpp
ExprResult fn_add(const AttrExpr& call, const ExprContext& context);
ExprResult fn_sub(const AttrExpr& call, const ExprContext& context);
ExprResult fn_mul(const AttrExpr& call, const ExprContext& context);
ExprResult fn_min(const AttrExpr& call, const ExprContext& context);
ExprResult fn_max(const AttrExpr& call, const ExprContext& context);
ExprResult fn_exact_div(const AttrExpr& call, const ExprContext& context);
/// Truth of a == b; nullopt where symbols leave it open.
std::optional<bool> dims_equal(Dim a, Dim b);
// attr_lists.cpp: appends its rows.
void add_list_functions(std::vector<FunctionRow>& rows);

}  // namespace bafe

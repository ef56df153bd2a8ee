// Attribute expressions: parser, evaluator, facts and logic. In: a form and a scope; later
// variables and facts. Out: a value, or nothing where it is undefined. Invariant: evaluation never
// throws; only parsing does.
#include "bafe/ir/attr_expr.h"

#include <algorithm>

#include "attr_functions.h"
#include "bafe/base/error.h"
#include "bafe/base/format.h"

namespace bafe {
namespace {

using Call = const AttrExpr&;
using Context = const ExprContext&;

const Type* type_arg(Call call, Context c) {
  return call.args[0].kind == AttrExpr::kValueVar ? c.facts.type(call.args[0].variable) : nullptr;
}

ExprResult fn_shape(Call call, Context c) {
  const Type* t = type_arg(call, c);
  if (t == nullptr) return std::nullopt;
  return attr_result(t->shape);
}

ExprResult fn_rank(Call call, Context c) {
  const Type* t = type_arg(call, c);
  if (t == nullptr) return std::nullopt;
  return attr_result(Dim(t->rank()));
}

ExprResult fn_dim(Call call, Context c) {
  const Type* t = type_arg(call, c);
  std::optional<std::int64_t> axis = known_arg(call, 1, c);
  if (t == nullptr || !axis) return std::nullopt;
  std::int64_t i = *axis < 0 ? *axis + t->rank() : *axis;
  if (i < 0 || i >= t->rank()) return std::nullopt;
  return attr_result(t->shape[static_cast<std::size_t>(i)]);
}

ExprResult fn_dtype(Call call, Context c) {
  if (const Type* t = type_arg(call, c)) return attr_result(t->dtype);
  if (call.args[0].kind == AttrExpr::kValueVar) return std::nullopt;
  std::optional<Scalar> s = typed_arg<Scalar>(call, 0, c);
  if (!s) return std::nullopt;
  return attr_result(s->dtype);
}

ExprResult fn_is_float(Call call, Context c) {
  if (call.args[0].kind == AttrExpr::kValueVar) {
    const Type* t = type_arg(call, c);
    if (t == nullptr) return std::nullopt;
    return truth(is_float(t->dtype));
  }
  if (std::optional<DType> d = typed_arg<DType>(call, 0, c)) return truth(is_float(*d));
  std::optional<Scalar> s = typed_arg<Scalar>(call, 0, c);
  if (!s) return std::nullopt;
  return truth(is_float(s->dtype));
}

ExprResult fn_const(Call call, Context c) {
  if (call.args[0].kind != AttrExpr::kValueVar) return std::nullopt;
  std::optional<Scalar> s = c.facts.constant(call.args[0].variable);
  if (!s) return std::nullopt;
  return attr_result(*s);
}

ExprResult fn_fact(Call call, Context c) {
  if (call.args[0].kind != AttrExpr::kValueVar) return std::nullopt;
  std::vector<AttrValue> more;
  for (std::size_t i = 1; i < call.args.size(); ++i) {
    std::optional<AttrValue> v = attr_arg(call, i, c);
    if (!v) return std::nullopt;
    more.push_back(std::move(*v));
  }
  const std::string& name = function_rows()[static_cast<std::size_t>(call.function)].info.name;
  return truth(c.facts.fact(name, call.args[0].variable, more));
}

ExprResult fn_equal(Call call, Context c) {
  std::optional<AttrValue> a = attr_arg(call, 0, c), b = attr_arg(call, 1, c);
  if (!a || !b) return std::nullopt;
  if (const auto* x = std::get_if<Scalar>(&*a); x != nullptr) {
    if (const auto* d = std::get_if<Dim>(&*b); d && d->is_const())
      b = Scalar::of_int(x->dtype, d->value());
    const auto* y = std::get_if<Scalar>(&*b);
    if (y == nullptr) return std::nullopt;
    return truth(y->dtype == DType::kF64 ? x->as_double() == y->as_double() : *x == *y);
  }
  if (const auto* x = std::get_if<Dim>(&*a), *y = std::get_if<Dim>(&*b); x && y) {
    std::optional<bool> same = dims_equal(*x, *y);
    if (!same) return std::nullopt;
    return truth(*same);
  }
  if (a->index() != b->index()) return std::nullopt;
  if (const auto* x = std::get_if<List>(&*a)) {
    const List& y = std::get<List>(*b);
    if (x->size() != y.size()) return truth(false);
    bool open = false;
    for (std::size_t i = 0; i < y.size(); ++i) {
      std::optional<bool> same = dims_equal((*x)[i], y[i]);
      if (same == false) return truth(false);
      open = open || !same;
    }
    if (open) return std::nullopt;
    return truth(true);
  }
  return truth(attrs_equal({*a}, {*b}));
}

std::optional<double> number_arg(Call call, std::size_t i, Context c) {
  std::optional<Scalar> s = typed_arg<Scalar>(call, i, c);
  if (s) return s->as_double();
  std::optional<std::int64_t> n = known_arg(call, i, c);
  if (n) return static_cast<double>(*n);
  return std::nullopt;
}

ExprResult order(Call call, Context c, bool strict) {
  std::optional<Dim> a = typed_arg<Dim>(call, 0, c), b = typed_arg<Dim>(call, 1, c);
  if (a && b) {
    Dim gap = *b - *a;
    if (!gap.is_const()) return std::nullopt;
    return truth(strict ? gap.value() > 0 : gap.value() >= 0);
  }
  std::optional<double> x = number_arg(call, 0, c), y = number_arg(call, 1, c);
  if (!x || !y) return std::nullopt;
  return truth(strict ? *x < *y : *x <= *y);
}

ExprResult fn_less(Call call, Context c) { return order(call, c, true); }
ExprResult fn_at_most(Call call, Context c) { return order(call, c, false); }

ExprResult fn_divides(Call call, Context c) {
  std::optional<std::int64_t> a = known_arg(call, 0, c), b = known_arg(call, 1, c);
  if (!a || !b || *a == 0) return std::nullopt;
  return truth(*a == -1 || *b % *a == 0);  // the machine traps on the least integer over -1
}

ExprResult fn_and(Call call, Context c) {
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    std::optional<bool> b = bool_arg(call, i, c);
    if (!b) return std::nullopt;
    if (!*b) return truth(false);
  }
  return truth(true);
}

ExprResult fn_or(Call call, Context c) {
  bool open = false;
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    std::optional<bool> b = bool_arg(call, i, c);
    if (b == true) return truth(true);
    open = open || !b;
  }
  if (open) return std::nullopt;
  return truth(false);
}

ExprResult fn_not(Call call, Context c) {
  std::optional<bool> b = bool_arg(call, 0, c);
  if (!b) return std::nullopt;
  return truth(!*b);
}

std::vector<FunctionRow> make_rows() {
  std::vector<FunctionRow> rows = {
      {{"shape", 1, 1, "sizes of a value"}, true, fn_shape},
      {{"rank", 1, 1, "number of axes of a value"}, true, fn_rank},
      {{"dim", 2, 2, "(dim ?x i): size of axis i; from the end when i < 0"}, true, fn_dim},
      {{"dtype", 1, 1, "dtype of a value or scalar"}, true, fn_dtype},
      {{"+", 1, 64, "sum; element by element on lists"}, false, fn_add},
      {{"-", 1, 64, "difference, or negation of one"}, false, fn_sub},
      {{"*", 1, 64, "product"}, false, fn_mul},
      {{"min", 1, 64, "smallest"}, false, fn_min},
      {{"max", 1, 64, "largest"}, false, fn_max},
      {{"exact-div", 2, 2, "quotient; undefined when it is not whole"}, false, fn_exact_div},
      {{"=", 2, 2, "equal"}, false, fn_equal},
      {{"<", 2, 2, "less"}, false, fn_less},
      {{"<=", 2, 2, "at most"}, false, fn_at_most},
      {{"divides", 2, 2, "(divides a b): b is a multiple of a"}, false, fn_divides},
      {{"and", 1, 64, "all hold"}, false, fn_and},
      {{"or", 1, 64, "one holds"}, false, fn_or},
      {{"not", 1, 1, "does not hold"}, false, fn_not},
      {{"is-float", 1, 1, "the dtype is a float"}, true, fn_is_float},
      {{"const", 1, 1, "the constant that fills a value, where known"}, true, fn_const},
  };
  for (const char* name : {"finite", "nonzero", "zero", "identity", "diagonal", "lower", "upper",
                           "symmetric", "orthogonal", "leaf"}) {
    rows.push_back({{name, 1, 1, "analysis proves it of a value"}, true, fn_fact});
  }
  rows.push_back(
      {{"in", 3, 3, "(in ?x low high): all elements lie in the interval"}, true, fn_fact});
  rows.push_back(
      {{"banded", 3, 3, "(banded ?x below above): zero outside these diagonals"}, true, fn_fact});
  add_list_functions(rows);
  return rows;
}

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

std::string nearest_function(const std::string& name) {
  std::string best;
  std::size_t least = name.size() + 1;
  for (const FunctionRow& row : function_rows()) {
    std::size_t d = edit_distance(name, row.info.name);
    if (d < least) {
      least = d;
      best = row.info.name;
    }
  }
  return best.empty() ? function_rows()[0].info.name : best;
}

AttrExpr literal_of(AttrValue value) {
  AttrExpr out;
  out.literal = std::move(value);
  return out;
}

AttrExpr parse_variable(const Sexpr& form, const ExprScope& scope, bool wants_value) {
  AttrExpr out;
  int value = scope.value_var ? scope.value_var(form.text) : -1;
  int attr = scope.attr_var ? scope.attr_var(form.text) : -1;
  if (attr < 0 && value < 0) {
    throw ParseError(form.loc, "expression", format("{} is not bound", form.text))
        .fix("bind it on the left side");
  }
  bool is_value = wants_value ? value >= 0 : attr < 0;
  if (is_value && !wants_value) {
    throw ParseError(form.loc, "expression", format("{} is a tensor, not an attribute", form.text))
        .fix(format("ask for a property, like (shape {})", form.text));
  }
  out.kind = is_value ? AttrExpr::kValueVar : AttrExpr::kAttrVar;
  out.variable = is_value ? value : attr;
  return out;
}

AttrExpr parse_expr(const Sexpr& form, const ExprScope& scope, bool wants_value);

AttrExpr parse_call(const Sexpr& form, const ExprScope& scope) {
  const std::string& name = form.items[0].text;
  const std::vector<FunctionRow>& rows = function_rows();
  auto it = std::find_if(rows.begin(), rows.end(),
                         [&](const FunctionRow& r) { return r.info.name == name; });
  if (it == rows.end()) {
    throw ParseError(form.items[0].loc, "expression", format("there is no function {}", name))
        .fix(format("the nearest name is {}", nearest_function(name)));
  }
  int count = static_cast<int>(form.items.size()) - 1;
  if (count < it->info.min_args || count > it->info.max_args) {
    std::string wanted = it->info.min_args == it->info.max_args
                             ? std::to_string(it->info.min_args)
                             : format("{} to {}", it->info.min_args, it->info.max_args);
    throw ParseError(form.loc, "expression",
                     format("{} takes {} arguments, not {}", name, wanted, count))
        .fix(it->info.doc);
  }
  AttrExpr out;
  out.kind = AttrExpr::kCall;
  out.function = static_cast<int>(it - rows.begin());
  for (int i = 0; i < count; ++i) {
    out.args.push_back(
        parse_expr(form.items[static_cast<std::size_t>(i) + 1], scope, it->takes_value && i == 0));
  }
  return out;
}

AttrExpr parse_expr(const Sexpr& form, const ExprScope& scope, bool wants_value) {
  if (form.kind == Sexpr::kInteger) return literal_of(Dim(form.integer));
  if (form.kind == Sexpr::kReal) return literal_of(Scalar::of(DType::kF64, form.real));
  if (form.kind == Sexpr::kText) return literal_of(AttrValue(form.text));
  if (form.kind == Sexpr::kSymbol) {
    if (form.is_variable()) return parse_variable(form, scope, wants_value);
    if (std::optional<DType> d = dtype_from_text(form.text)) return literal_of(*d);
    throw ParseError(form.loc, "expression",
                     format("{} is neither a variable, a number nor a dtype", form.text))
        .fix("variables start with '?'");
  }
  bool numbers = !form.is_bracketed();
  for (const Sexpr& item : form.items) numbers = numbers && item.kind == Sexpr::kInteger;
  if (numbers) {  // (1 0) is a list literal
    List list;
    for (const Sexpr& item : form.items) list.push_back(item.integer);
    return literal_of(std::move(list));
  }
  if (form.items.empty() || form.is_bracketed() || form.items[0].kind != Sexpr::kSymbol) {
    throw ParseError(form.loc, "expression", "a call starts with a function name")
        .fix("write (list a b) for a list");
  }
  return parse_call(form, scope);
}

}  // namespace

const std::vector<FunctionRow>& function_rows() {
  // Never destroyed: the background thread may use it to the end.
  static const auto& rows = *new const std::vector<FunctionRow>(make_rows());
  return rows;
}

ExprResult evaluate(const AttrExpr& expr, const ExprContext& context) {
  switch (expr.kind) {
    case AttrExpr::kLiteral:
      return ExprValue(expr.literal);
    case AttrExpr::kAttrVar: {
      auto i = static_cast<std::size_t>(expr.variable);
      if (i >= context.attr_vars.size()) return std::nullopt;
      return ExprValue(context.attr_vars[i]);
    }
    case AttrExpr::kValueVar:
      return std::nullopt;
    case AttrExpr::kCall:
      break;
  }
  return function_rows()[static_cast<std::size_t>(expr.function)].evaluate(expr, context);
}

std::optional<AttrValue> attr_arg(const AttrExpr& call, std::size_t i, const ExprContext& context) {
  ExprResult value = evaluate(call.args[i], context);
  if (!value || !std::holds_alternative<AttrValue>(*value)) return std::nullopt;
  return std::move(std::get<AttrValue>(*value));
}

std::optional<bool> bool_arg(const AttrExpr& call, std::size_t i, const ExprContext& context) {
  ExprResult value = evaluate(call.args[i], context);
  if (!value) return std::nullopt;
  const bool* truth_value = std::get_if<bool>(&*value);
  return truth_value == nullptr ||
         *truth_value;  // a value that is defined counts as true: (and (const ?x) …)
}

std::optional<std::int64_t> known_arg(const AttrExpr& call, std::size_t i,
                                      const ExprContext& context) {
  std::optional<Dim> d = typed_arg<Dim>(call, i, context);
  if (!d || !d->is_const()) return std::nullopt;
  return d->value();
}

AttrExpr parse_attr_expr(const Sexpr& form, const ExprScope& scope) {
  return parse_expr(form, scope, false);
}

std::optional<ExprValue> eval_attr_expr(const AttrExpr& expr,
                                        const std::vector<AttrValue>& attr_vars,
                                        const FactSource& facts) {
  return evaluate(expr, {attr_vars, facts});
}

std::optional<AttrValue> eval_attr(const AttrExpr& expr, const std::vector<AttrValue>& attr_vars,
                                   const FactSource& facts) {
  ExprResult value = evaluate(expr, {attr_vars, facts});
  if (!value || !std::holds_alternative<AttrValue>(*value)) return std::nullopt;
  return std::get<AttrValue>(std::move(*value));
}

bool eval_condition(const AttrExpr& expr, const std::vector<AttrValue>& attr_vars,
                    const FactSource& facts) {
  ExprResult value = evaluate(expr, {attr_vars, facts});
  if (!value) return false;
  const bool* truth_value = std::get_if<bool>(&*value);
  return truth_value == nullptr || *truth_value;
}

const std::vector<AttrFunctionInfo>& attr_functions() {
  // Never destroyed: the background thread may use it to the end.
  static const std::vector<AttrFunctionInfo>& infos = []() -> auto& {
    auto& out = *new std::vector<AttrFunctionInfo>;
    for (const FunctionRow& row : function_rows()) out.push_back(row.info);
    return out;
  }
  ();
  return infos;
}

}  // namespace bafe

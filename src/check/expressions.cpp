// Attribute expressions and conditions. In: an expression as it was read, bindings, facts. Out: a
// value, a truth, or nothing where it is undefined. Written apart from ir/attr_expr on purpose:
// what the search evaluated wrongly would otherwise be wrong here too.
#include "expressions.h"

#include <algorithm>

#include "bafe/base/error.h"

namespace bafe {
namespace {

using Values = std::vector<AttrValue>;

double number_of(const AttrValue& value) {
  const Scalar* s = std::get_if<Scalar>(&value);
  return s ? s->as_double() : static_cast<double>(integer_of(value));
}

Dim on_sizes(const std::string& f, Dim a, Dim b) {
  if (f == "+") return a + b;
  if (f == "-") return a - b;
  if (f == "*") return a * b;
  if (f == "exact-div" && b == Dim(1)) return a;
  bool known = a.is_const() && b.is_const();
  if (f == "exact-div") {
    if (!known || b.value() == 0 || a.value() % b.value() != 0) throw UndefinedExpression{};
    return a.value() / b.value();
  }
  Dim gap = a - b;
  if (!gap.is_const()) throw UndefinedExpression{};
  return (gap.value() <= 0) == (f == "min") ? a : b;
}

Scalar on_scalars(const std::string& f, Scalar a, Scalar b) {
  if (a.dtype != b.dtype || a.dtype == DType::kBool) throw UndefinedExpression{};
  if (is_float(a.dtype)) {
    double x = a.as_double(), y = b.as_double();
    if (f == "min" || f == "max") return x != x || (f == "min" ? x < y : x > y) ? a : b;
    return Scalar::of(a.dtype, f == "+" ? x + y : f == "-" ? x - y : f == "*" ? x * y : x / y);
  }
  std::int64_t i = a.as_int(), j = b.as_int();
  auto x = static_cast<std::uint64_t>(i), y = static_cast<std::uint64_t>(j);  // integers wrap
  if (f == "+" || f == "-" || f == "*") {
    std::uint64_t r = f == "+" ? x + y : f == "-" ? x - y : x * y;
    return Scalar::of_int(a.dtype, static_cast<std::int64_t>(r));
  }
  if (a.dtype == DType::kU64) throw UndefinedExpression{};
  if (f == "min" || f == "max") return (i < j) == (f == "min") ? a : b;
  if (j == 0 || j == -1 || i % j != 0) throw UndefinedExpression{};
  return Scalar::of_int(a.dtype, i / j);
}

/// A literal beside a scalar takes its dtype.
void bend(const AttrValue& beside, AttrValue& literal) {
  const Scalar* s = std::get_if<Scalar>(&beside);
  const Dim* d = std::get_if<Dim>(&literal);
  const Scalar* real = std::get_if<Scalar>(&literal);
  if (s && d && d->is_const()) literal = Scalar::of_int(s->dtype, d->value());
  if (s && real && is_float(s->dtype) && real->dtype == DType::kF64) literal = real->cast(s->dtype);
}

/// Element by element on lists; an int beside a list stands for every element.
AttrValue combined(const std::string& f, AttrValue a, AttrValue b) {
  const List *la = std::get_if<List>(&a), *lb = std::get_if<List>(&b);
  const Dim *da = std::get_if<Dim>(&a), *db = std::get_if<Dim>(&b);
  if (da && db) return on_sizes(f, *da, *db);
  if ((la || da) && (lb || db)) {
    if (la && lb && la->size() != lb->size()) throw UndefinedExpression{};
    List out;
    for (std::size_t i = 0; i < (la ? la : lb)->size(); ++i)
      out.push_back(on_sizes(f, la ? (*la)[i] : *da, lb ? (*lb)[i] : *db));
    return out;
  }
  bend(a, b);
  bend(b, a);
  const Scalar *x = std::get_if<Scalar>(&a), *y = std::get_if<Scalar>(&b);
  if (!x || !y) throw UndefinedExpression{};
  return on_scalars(f, *x, *y);
}

bool equal(const AttrValue& a, AttrValue b) {
  if (const Scalar* x = std::get_if<Scalar>(&a)) {
    if (const Dim* d = std::get_if<Dim>(&b); d && d->is_const())
      b = Scalar::of_int(x->dtype, d->value());
    const Scalar* y = std::get_if<Scalar>(&b);
    if (!y) throw UndefinedExpression{};
    return y->dtype == DType::kF64 ? x->as_double() == y->as_double() : *x == *y;
  }
  if (a.index() != b.index()) throw UndefinedExpression{};
  const Dim* d = std::get_if<Dim>(&a);
  if (!d && !std::get_if<List>(&a)) return attrs_equal({a}, {b});
  const List l = d ? List{*d} : std::get<List>(a),
             m = d ? List{std::get<Dim>(b)} : std::get<List>(b);
  if (l.size() != m.size()) return false;
  bool open = false;
  for (std::size_t i = 0; i < m.size(); ++i) {
    bool known = (l[i] - m[i]).is_const();
    if (known && l[i] != m[i]) return false;
    open = open || !known;
  }
  if (open) throw UndefinedExpression{};
  return true;
}

template <std::size_t kCount>
bool is_one_of(const std::string& name, const char* const (&names)[kCount]) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

const char* const kTests[] = {"=", "<", "<=", "divides", "subset", "disjoint", "is-float"};
const char* const kArithmetic[] = {"+", "-", "*", "min", "max", "exact-div"};

bool test(const std::string& f, const Values& a) {
  if (f == "is-float" && a.size() == 1) {
    const DType* d = std::get_if<DType>(&a[0]);
    return is_float(d                            ? *d
                    : std::get_if<Scalar>(&a[0]) ? std::get<Scalar>(a[0]).dtype
                                                 : throw UndefinedExpression{});
  }
  if (a.size() != 2) throw UndefinedExpression{};
  if (f == "=") return equal(a[0], a[1]);
  if (f == "<" || f == "<=") {
    const Dim *x = std::get_if<Dim>(&a[0]), *y = std::get_if<Dim>(&a[1]);
    if (x && y) return integer_of(*y - *x) >= (f == "<" ? 1 : 0);
    return f == "<" ? number_of(a[0]) < number_of(a[1]) : number_of(a[0]) <= number_of(a[1]);
  }
  if (f == "divides") {
    if (integer_of(a[0]) == 0) throw UndefinedExpression{};
    return integer_of(a[1]) % integer_of(a[0]) == 0;
  }
  const List &l = list_of_value(a[0]), &m = list_of_value(a[1]);
  if (!is_concrete(l) || !is_concrete(m)) throw UndefinedExpression{};
  return std::all_of(l.begin(), l.end(), [&](Dim d) {
    return (std::find(m.begin(), m.end(), d) != m.end()) == (f == "subset");
  });
}

}  // namespace

std::int64_t integer_of(const AttrValue& value) {
  const Dim* d = std::get_if<Dim>(&value);
  if (!d || !d->is_const()) throw UndefinedExpression{};
  return d->value();
}

const List& list_of_value(const AttrValue& value) {
  const List* l = std::get_if<List>(&value);
  if (!l) throw UndefinedExpression{};
  return *l;
}

std::optional<AttrValue> ExpressionWalk::value(const Sexpr& form) {
  try {
    return argument(form);
  } catch (const UndefinedExpression&) {
    return std::nullopt;
  } catch (const ShapeError&) {  // a size leaves 62 bits
    return std::nullopt;
  }
}

bool ExpressionWalk::condition(const Sexpr& form) {
  try {
    return truth(form);
  } catch (const UndefinedExpression&) {
  } catch (const ShapeError&) {
  }
  return false;
}

AttrValue ExpressionWalk::argument(const Sexpr& form) {
  ExpressionValue out = walk(form);
  if (out.is_truth) throw UndefinedExpression{};
  return std::move(out.value);
}

/// A value that is defined counts as true: (and (const ?x) …).
bool ExpressionWalk::truth(const Sexpr& form) {
  ExpressionValue out = walk(form);
  return !out.is_truth || out.value == AttrValue(Dim(1));
}

ExpressionValue ExpressionWalk::walk(const Sexpr& form) {
  if (form.kind == Sexpr::kInteger) return {Dim(form.integer)};
  if (form.kind == Sexpr::kReal) return {Scalar::of(DType::kF64, form.real)};
  if (form.kind == Sexpr::kText) return {form.text};
  if (const AttrValue* bound = form.is_variable() ? bound_.value(form.text) : nullptr)
    return {*bound};
  if (form.kind == Sexpr::kSymbol) {
    std::optional<DType> dtype = dtype_from_text(form.text);
    if (!dtype) throw UndefinedExpression{};
    return {*dtype};
  }
  List literal;
  for (const Sexpr& item : form.items) {
    if (item.kind == Sexpr::kInteger) literal.push_back(item.integer);
  }
  if (!form.is_bracketed() && literal.size() == form.items.size()) return {std::move(literal)};
  if (form.is_bracketed() || form.items[0].kind != Sexpr::kSymbol) throw UndefinedExpression{};
  return call(form);
}

ExpressionValue ExpressionWalk::call(const Sexpr& form) {
  const std::string& f = form.items[0].text;
  if (form.items.size() > 1 && form.items[1].is_variable()) {
    if (const ValueId* term = bound_.term(form.items[1].text)) return of_term(form, *term);
  }
  if (f == "and" || f == "or" || f == "not") return {Dim(logic(form)), true};
  Values args;
  for (std::size_t i = 1; i < form.items.size(); ++i) args.push_back(argument(form.items[i]));
  if (is_one_of(f, kTests)) return {Dim(test(f, args)), true};
  if (!is_one_of(f, kArithmetic)) return {list_function(f, args)};
  if (args.empty()) throw UndefinedExpression{};
  if (args.size() == 1 && f == "-") return {combined(f, Dim(0), args[0])};
  for (std::size_t i = 1; i < args.size(); ++i) args[0] = combined(f, args[0], args[i]);
  return {args[0]};
}

/// One false operand decides an `and` from the left; any true one an `or`.
bool ExpressionWalk::logic(const Sexpr& form) {
  bool any = form.items[0].is("or"), open = false;
  if (form.items[0].is("not") && form.items.size() == 2) return !truth(form.items[1]);
  for (std::size_t i = 1; i < form.items.size(); ++i) {
    try {
      if (truth(form.items[i]) == any) return any;
    } catch (const UndefinedExpression&) {
      if (!any) throw;
      open = true;
    }
  }
  if (open) throw UndefinedExpression{};
  return !any;
}

ExpressionValue ExpressionWalk::of_term(const Sexpr& form, ValueId term) {
  const std::string& f = form.items[0].text;
  const Type& type = facts_.type_of(term);
  if (f == "shape") return {type.shape};
  if (f == "rank") return {Dim(type.rank())};
  if (f == "dtype") return {type.dtype};
  if (f == "is-float") return {Dim(is_float(type.dtype)), true};
  if (f == "dim" && form.items.size() == 3)
    return {list_function("at", {type.shape, argument(form.items[2])})};
  if (f == "const") {
    std::optional<Scalar> s = facts_.constant_of(term);
    if (!s) throw UndefinedExpression{};
    return {*s};
  }
  std::vector<double> args;
  for (std::size_t i = 2; i < form.items.size(); ++i)
    args.push_back(number_of(argument(form.items[i])));
  return {Dim(facts_.holds(f, term, args)), true};
}

}  // namespace bafe

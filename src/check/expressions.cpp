// Attribute expressions and conditions. In: an expression as it was read, bindings, facts. Out: a
// value, a truth, or nothing where it is undefined. Written apart from ir/attr_expr on purpose:
// what the search evaluated wrongly would otherwise be wrong here too.
#include "expressions.h"

#include <algorithm>

#include "bafe/base/error.h"

namespace bafe {
namespace {

using Ints = std::vector<std::int64_t>;

ExprOutcome of(AttrValue value) { return std::variant<AttrValue, bool>(std::move(value)); }
ExprOutcome of_truth(bool value) { return std::variant<AttrValue, bool>(value); }
bool contains(const Ints& ints, std::int64_t i) {
  return std::find(ints.begin(), ints.end(), i) != ints.end();
}

/// Equal, different, or open because symbols decide.
std::optional<bool> same_size(Dim a, Dim b) {
  Dim gap = a - b;
  if (gap.is_const()) return gap == Dim(0);
  return std::nullopt;
}

std::optional<Dim> on_sizes(const std::string& f, Dim a, Dim b) {
  if (f == "+") return a + b;
  if (f == "-") return a - b;
  if (f == "*") return a * b;
  if (f == "exact-div") {
    if (b == Dim(1)) return a;
    bool whole = a.is_const() && b.is_const() && b.value() != 0 && a.value() % b.value() == 0;
    return whole ? std::optional<Dim>(a.value() / b.value()) : std::nullopt;
  }
  Dim gap = a - b;
  if (!gap.is_const()) return std::nullopt;
  return (gap.value() <= 0) == (f == "min") ? a : b;
}

std::optional<Scalar> on_scalars(const std::string& f, Scalar a, Scalar b) {
  if (a.dtype != b.dtype || a.dtype == DType::kBool) return std::nullopt;
  if (is_float(a.dtype)) {
    double x = a.as_double(), y = b.as_double();
    double r = f == "+"           ? x + y
               : f == "-"         ? x - y
               : f == "*"         ? x * y
               : f == "exact-div" ? x / y
               : f == "min"       ? (x < y || x != x ? x : y)
                                  : (x > y || x != x ? x : y);
    return Scalar::of(a.dtype, r);
  }
  auto x = static_cast<std::uint64_t>(a.as_int()), y = static_cast<std::uint64_t>(b.as_int());
  auto made = [&](std::uint64_t r) {
    return Scalar::of_int(a.dtype, static_cast<std::int64_t>(r));
  };
  if (f == "+") return made(x + y);
  if (f == "-") return made(x - y);
  if (f == "*") return made(x * y);
  if (a.dtype == DType::kU64) return std::nullopt;
  std::int64_t i = a.as_int(), j = b.as_int();
  if (f == "min" || f == "max") return (i < j) == (f == "min") ? a : b;
  if (j == 0 || j == -1 || i % j != 0) return std::nullopt;
  return Scalar::of_int(a.dtype, i / j);
}

/// A literal beside a scalar takes its dtype.
void bend(const AttrValue& beside, AttrValue& literal) {
  const Scalar* s = std::get_if<Scalar>(&beside);
  if (s == nullptr) return;
  const Dim* d = std::get_if<Dim>(&literal);
  const Scalar* real = std::get_if<Scalar>(&literal);
  if (d != nullptr && d->is_const()) {
    literal = Scalar::of_int(s->dtype, d->value());
  } else if (real != nullptr && is_float(s->dtype) && real->dtype == DType::kF64) {
    literal = real->cast(s->dtype);
  }
}

std::optional<AttrValue> combined(const std::string& f, AttrValue a, AttrValue b) {
  const List *la = std::get_if<List>(&a), *lb = std::get_if<List>(&b);
  const Dim *da = std::get_if<Dim>(&a), *db = std::get_if<Dim>(&b);
  if ((la || da) && (lb || db)) {
    if (la && lb && la->size() != lb->size()) return std::nullopt;
    std::size_t n = la ? la->size() : lb ? lb->size() : 1;
    List out;
    for (std::size_t i = 0; i < n; ++i) {
      std::optional<Dim> d = on_sizes(f, la ? (*la)[i] : *da, lb ? (*lb)[i] : *db);
      if (!d) return std::nullopt;
      out.push_back(*d);
    }
    if (la || lb) return AttrValue(std::move(out));
    return AttrValue(out[0]);
  }
  bend(a, b);
  bend(b, a);
  const Scalar *x = std::get_if<Scalar>(&a), *y = std::get_if<Scalar>(&b);
  if (!x || !y) return std::nullopt;
  std::optional<Scalar> r = on_scalars(f, *x, *y);
  return r ? std::optional<AttrValue>(*r) : std::nullopt;
}

template <class T>
const T* find_name(const std::vector<std::pair<std::string, T>>& table, const std::string& name) {
  for (const auto& [known, value] : table) {
    if (known == name) return &value;
  }
  return nullptr;
}

}  // namespace

const ValueId* MatchBindings::term(const std::string& name) const { return find_name(terms, name); }
const AttrValue* MatchBindings::value(const std::string& name) const {
  return find_name(values, name);
}

std::optional<AttrValue> ExpressionWalk::value(const Sexpr& form) {
  ExprOutcome out = walk(form);
  if (!out || !std::holds_alternative<AttrValue>(*out)) return std::nullopt;
  return std::get<AttrValue>(std::move(*out));
}

bool ExpressionWalk::condition(const Sexpr& form) { return truth(form).value_or(false); }

/// A value that is defined counts as true: (and (const ?x) …).
std::optional<bool> ExpressionWalk::truth(const Sexpr& form) {
  ExprOutcome out = walk(form);
  if (!out) return std::nullopt;
  const bool* b = std::get_if<bool>(&*out);
  return b == nullptr || *b;
}

std::optional<std::int64_t> ExpressionWalk::integer(const Sexpr& form) {
  std::optional<AttrValue> v = value(form);
  const Dim* d = v ? std::get_if<Dim>(&*v) : nullptr;
  return d && d->is_const() ? std::optional(d->value()) : std::nullopt;
}

std::optional<double> ExpressionWalk::number(const Sexpr& form) {
  std::optional<AttrValue> v = value(form);
  if (const Scalar* s = v ? std::get_if<Scalar>(&*v) : nullptr) return s->as_double();
  const Dim* d = v ? std::get_if<Dim>(&*v) : nullptr;
  return d && d->is_const() ? std::optional(static_cast<double>(d->value())) : std::nullopt;
}

std::optional<List> ExpressionWalk::list(const Sexpr& form) {
  std::optional<AttrValue> v = value(form);
  const List* l = v ? std::get_if<List>(&*v) : nullptr;
  return l ? std::optional(*l) : std::nullopt;
}

std::optional<Ints> ExpressionWalk::integers(const Sexpr& form) {
  std::optional<List> l = list(form);
  if (!l || !is_concrete(*l)) return std::nullopt;
  return concrete(*l);
}

ExprOutcome ExpressionWalk::walk(const Sexpr& form) {
  if (form.kind == Sexpr::kInteger) return of(Dim(form.integer));
  if (form.kind == Sexpr::kReal) return of(Scalar::of(DType::kF64, form.real));
  if (form.kind == Sexpr::kText) return of(form.text);
  if (form.is_variable()) {
    const AttrValue* bound = bound_.value(form.text);
    return bound ? of(*bound) : std::nullopt;
  }
  if (form.kind == Sexpr::kSymbol) {
    std::optional<DType> dtype = dtype_from_text(form.text);
    return dtype ? of(*dtype) : std::nullopt;
  }
  bool numbers = !form.is_bracketed();
  List literal;
  for (const Sexpr& item : form.items) {
    numbers = numbers && item.kind == Sexpr::kInteger;
    if (numbers) literal.push_back(item.integer);
  }
  if (numbers) return of(std::move(literal));
  if (form.is_bracketed() || form.items[0].kind != Sexpr::kSymbol) return std::nullopt;
  try {
    return call(form);
  } catch (const ShapeError&) {
    return std::nullopt;  // a size leaves 62 bits
  }
}

ExprOutcome ExpressionWalk::call(const Sexpr& form) {
  if (form.items.size() > 1 && form.items[1].is_variable()) {
    if (const ValueId* term = bound_.term(form.items[1].text)) return of_term(form, *term);
  }
  if (ExprOutcome out = logic(form)) return out;
  if (ExprOutcome out = lists(form)) return out;
  return arithmetic(form);
}

ExprOutcome ExpressionWalk::of_term(const Sexpr& form, ValueId term) {
  const std::string& f = form.items[0].text;
  const Type& type = facts_.type_of(term);
  if (f == "shape") return of(type.shape);
  if (f == "rank") return of(Dim(type.rank()));
  if (f == "dtype") return of(type.dtype);
  if (f == "is-float") return of_truth(is_float(type.dtype));
  if (f == "const") {
    std::optional<Scalar> s = facts_.constant_of(term);
    return s ? of(*s) : std::nullopt;
  }
  if (f == "dim") {
    std::optional<std::int64_t> i = form.items.size() == 3 ? integer(form.items[2]) : std::nullopt;
    if (!i) return std::nullopt;
    std::int64_t axis = *i < 0 ? *i + type.rank() : *i;
    if (axis < 0 || axis >= type.rank()) return std::nullopt;
    return of(type.shape[static_cast<std::size_t>(axis)]);
  }
  std::vector<double> args;
  for (std::size_t i = 2; i < form.items.size(); ++i) {
    std::optional<double> x = number(form.items[i]);
    if (!x) return std::nullopt;
    args.push_back(*x);
  }
  return of_truth(facts_.holds(f, term, args));
}

ExprOutcome ExpressionWalk::logic(const Sexpr& form) {
  const std::string& f = form.items[0].text;
  std::size_t n = form.items.size() - 1;
  if (f == "and" || f == "or") {
    bool open = false;
    for (std::size_t i = 1; i <= n; ++i) {
      std::optional<bool> b = truth(form.items[i]);
      if (!b && f == "and") return std::nullopt;
      if (b && *b == (f == "or")) return of_truth(*b);
      open = open || !b;
    }
    return open ? std::nullopt : of_truth(f == "and");
  }
  if (f == "not" && n == 1) {
    std::optional<bool> b = truth(form.items[1]);
    return b ? of_truth(!*b) : std::nullopt;
  }
  if (f == "is-float" && n == 1) {
    std::optional<AttrValue> v = value(form.items[1]);
    if (!v) return std::nullopt;
    if (const DType* d = std::get_if<DType>(&*v)) return of_truth(is_float(*d));
    const Scalar* s = std::get_if<Scalar>(&*v);
    return s ? of_truth(is_float(s->dtype)) : std::nullopt;
  }
  return n == 2 ? compare(form) : std::nullopt;
}

ExprOutcome ExpressionWalk::compare(const Sexpr& form) {
  const std::string& f = form.items[0].text;
  const Sexpr &a = form.items[1], &b = form.items[2];
  if (f == "=") return equal(form);
  if (f == "<" || f == "<=") {
    std::optional<AttrValue> x = value(a), y = value(b);
    if (!x || !y) return std::nullopt;
    const Dim *p = std::get_if<Dim>(&*x), *q = std::get_if<Dim>(&*y);
    if (p && q) {
      Dim gap = *q - *p;
      if (!gap.is_const()) return std::nullopt;
      return of_truth(gap.value() > 0 || (f == "<=" && gap.value() == 0));
    }
    std::optional<double> left = number(a), right = number(b);
    if (!left || !right) return std::nullopt;
    return of_truth(f == "<" ? *left < *right : *left <= *right);
  }
  if (f == "divides") {
    std::optional<std::int64_t> x = integer(a), y = integer(b);
    return x && y && *x != 0 ? of_truth(*y % *x == 0) : std::nullopt;
  }
  if (f != "subset" && f != "disjoint") return std::nullopt;
  std::optional<Ints> x = integers(a), y = integers(b);
  if (!x || !y) return std::nullopt;
  for (std::int64_t i : *x) {
    if (contains(*y, i) != (f == "subset")) return of_truth(false);
  }
  return of_truth(true);
}

ExprOutcome ExpressionWalk::equal(const Sexpr& form) {
  std::optional<AttrValue> a = value(form.items[1]), b = value(form.items[2]);
  if (!a || !b) return std::nullopt;
  if (const Scalar* x = std::get_if<Scalar>(&*a)) {
    if (const Dim* d = std::get_if<Dim>(&*b); d && d->is_const())
      b = Scalar::of_int(x->dtype, d->value());
    const Scalar* y = std::get_if<Scalar>(&*b);
    if (!y) return std::nullopt;
    return of_truth(y->dtype == DType::kF64 ? x->as_double() == y->as_double() : *x == *y);
  }
  if (a->index() != b->index()) return std::nullopt;
  const Dim *p = std::get_if<Dim>(&*a), *q = std::get_if<Dim>(&*b);
  const List *l = std::get_if<List>(&*a), *m = std::get_if<List>(&*b);
  if (!p && !l) return of_truth(attrs_equal({*a}, {*b}));
  if (l && l->size() != m->size()) return of_truth(false);
  bool open = false;
  for (std::size_t i = 0; i < (l ? l->size() : 1); ++i) {
    std::optional<bool> same = l ? same_size((*l)[i], (*m)[i]) : same_size(*p, *q);
    if (same == false) return of_truth(false);
    open = open || !same;
  }
  return open ? std::nullopt : of_truth(true);
}

ExprOutcome ExpressionWalk::arithmetic(const Sexpr& form) {
  const std::string& f = form.items[0].text;
  bool known = f == "+" || f == "-" || f == "*" || f == "min" || f == "max" || f == "exact-div";
  if (!known || form.items.size() < 2) return std::nullopt;
  std::optional<AttrValue> total = value(form.items[1]);
  if (total && form.items.size() == 2 && f == "-") total = combined(f, Dim(0), *total);
  for (std::size_t i = 2; total && i < form.items.size(); ++i) {
    std::optional<AttrValue> next = value(form.items[i]);
    total = next ? combined(f, std::move(*total), std::move(*next)) : std::nullopt;
  }
  return total ? of(std::move(*total)) : std::nullopt;
}

}  // namespace bafe

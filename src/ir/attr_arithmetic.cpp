// Arithmetic of attribute expressions. In: ints, scalars, or lists of ints. Out: the same, element
// by element; an int beside a list stands for every element. Invariant: scalars compute in their
// dtype, so folding equals evaluation.
#include <algorithm>

#include "attr_functions.h"
#include "bafe/base/error.h"

namespace bafe {
namespace {

enum class Step { kAdd, kSub, kMul, kMin, kMax, kExactDiv };

std::optional<Dim> combine(Step step, Dim a, Dim b) {
  switch (step) {
    case Step::kAdd:
      return a + b;
    case Step::kSub:
      return a - b;
    case Step::kMul:
      return a * b;
    case Step::kExactDiv:
      if (b == Dim(1)) return a;
      if (b == Dim(-1)) return Dim(0) - a;  // the machine traps on the least integer over -1
      if (!a.is_const() || !b.is_const() || b.value() == 0 || a.value() % b.value() != 0)
        return std::nullopt;
      return a.value() / b.value();
    case Step::kMin:
    case Step::kMax:
      break;
  }
  if (a == b) return a;
  Dim gap = a - b;
  if (!gap.is_const()) return std::nullopt;
  return (gap.value() < 0) == (step == Step::kMin) ? a : b;
}

double combine_doubles(Step step, double a, double b) {
  switch (step) {
    case Step::kAdd:
      return a + b;
    case Step::kSub:
      return a - b;
    case Step::kMul:
      return a * b;
    case Step::kExactDiv:
      return a / b;
    case Step::kMin:
      return a < b || a != a ? a : b;
    case Step::kMax:
      return a > b || a != a ? a : b;
  }
  return 0;
}

std::optional<std::int64_t> combine_ints(Step step, std::int64_t a, std::int64_t b) {
  auto wrap = [](std::uint64_t v) { return static_cast<std::int64_t>(v); };
  auto ua = static_cast<std::uint64_t>(a), ub = static_cast<std::uint64_t>(b);
  switch (step) {
    case Step::kAdd:
      return wrap(ua + ub);
    case Step::kSub:
      return wrap(ua - ub);
    case Step::kMul:
      return wrap(ua * ub);
    case Step::kExactDiv:
      if (b == 0 || b == -1 || a % b != 0) return std::nullopt;
      return a / b;
    case Step::kMin:
      return std::min(a, b);
    case Step::kMax:
      return std::max(a, b);
  }
  return std::nullopt;
}

std::optional<Scalar> combine(Step step, Scalar a, Scalar b) {
  if (a.dtype != b.dtype || a.dtype == DType::kBool) return std::nullopt;
  if (is_float(a.dtype))
    return Scalar::of(a.dtype, combine_doubles(step, a.as_double(), b.as_double()));
  bool orders = step != Step::kAdd && step != Step::kSub && step != Step::kMul;
  if (orders && a.dtype == DType::kU64)
    return std::nullopt;  // as_int would order large values wrongly
  std::optional<std::int64_t> out = combine_ints(step, a.as_int(), b.as_int());
  if (!out) return std::nullopt;
  return Scalar::of_int(a.dtype, *out);
}

/// A literal beside a scalar takes its dtype: an int always, a real (read as f64) beside a float.
bool meet(AttrValue& a, AttrValue& b) {
  auto* s = std::get_if<Scalar>(&a);
  if (s == nullptr) return false;
  if (const auto* d = std::get_if<Dim>(&b); d != nullptr && d->is_const()) {
    b = Scalar::of_int(s->dtype, d->value());
  } else if (auto* other = std::get_if<Scalar>(&b); other != nullptr) {
    if (is_float(s->dtype) && other->dtype == DType::kF64) b = other->cast(s->dtype);
  }
  return true;
}

std::optional<AttrValue> combine(Step step, AttrValue a, AttrValue b) {
  if (const auto* x = std::get_if<Dim>(&a), *y = std::get_if<Dim>(&b); x && y) {
    std::optional<Dim> out = combine(step, *x, *y);
    if (!out) return std::nullopt;
    return AttrValue(*out);
  }
  const auto *la = std::get_if<List>(&a), *lb = std::get_if<List>(&b);
  if (la != nullptr || lb != nullptr) {
    const auto *da = std::get_if<Dim>(&a), *db = std::get_if<Dim>(&b);
    if ((!la && !da) || (!lb && !db) || (la && lb && la->size() != lb->size())) return std::nullopt;
    List out;
    for (std::size_t i = 0; i < (la ? la : lb)->size(); ++i) {
      std::optional<Dim> d = combine(step, la ? (*la)[i] : *da, lb ? (*lb)[i] : *db);
      if (!d) return std::nullopt;
      out.push_back(*d);
    }
    return AttrValue(std::move(out));
  }
  meet(a, b);
  meet(b, a);
  const auto *sa = std::get_if<Scalar>(&a), *sb = std::get_if<Scalar>(&b);
  if (!sa || !sb) return std::nullopt;
  std::optional<Scalar> out = combine(step, *sa, *sb);
  if (!out) return std::nullopt;
  return AttrValue(*out);
}

ExprResult fold(Step step, const AttrExpr& call, const ExprContext& context) {
  std::optional<AttrValue> total = attr_arg(call, 0, context);
  if (total && call.args.size() == 1 && step == Step::kSub) total = combine(step, Dim(0), *total);
  for (std::size_t i = 1; total && i < call.args.size(); ++i) {
    std::optional<AttrValue> next = attr_arg(call, i, context);
    if (!next) return std::nullopt;
    total = combine(step, std::move(*total), std::move(*next));
  }
  if (!total) return std::nullopt;
  return attr_result(std::move(*total));
}

/// Sizes that leave 62 bits have no value, so the expression has none.
ExprResult fold_guarded(Step step, const AttrExpr& call, const ExprContext& context) {
  try {
    return fold(step, call, context);
  } catch (const ShapeError&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<bool> dims_equal(Dim a, Dim b) {
  if (a == b) return true;
  if ((a - b).is_const()) return false;
  return std::nullopt;
}

ExprResult fn_add(const AttrExpr& call, const ExprContext& c) {
  return fold_guarded(Step::kAdd, call, c);
}
ExprResult fn_sub(const AttrExpr& call, const ExprContext& c) {
  return fold_guarded(Step::kSub, call, c);
}
ExprResult fn_mul(const AttrExpr& call, const ExprContext& c) {
  return fold_guarded(Step::kMul, call, c);
}
ExprResult fn_min(const AttrExpr& call, const ExprContext& c) {
  return fold_guarded(Step::kMin, call, c);
}
ExprResult fn_max(const AttrExpr& call, const ExprContext& c) {
  return fold_guarded(Step::kMax, call, c);
}
ExprResult fn_exact_div(const AttrExpr& call, const ExprContext& c) {
  return fold_guarded(Step::kExactDiv, call, c);
}

}  // namespace bafe

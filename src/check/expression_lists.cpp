// The list functions of rule expressions. In: known lists. Out: lists and ints, or nothing where an
// index lies outside, a symbol stands for an integer, or a list is no permutation.
#include <algorithm>

#include "expressions.h"

namespace bafe {
namespace {

using Ints = std::vector<std::int64_t>;

ExprOutcome of(AttrValue value) { return std::variant<AttrValue, bool>(std::move(value)); }
ExprOutcome of_ints(const Ints& ints) { return of(List(ints.begin(), ints.end())); }

}  // namespace

ExprOutcome ExpressionWalk::lists(const Sexpr& form) {
  const std::string& f = form.items[0].text;
  std::size_t n = form.items.size() - 1;
  if (f == "list" || f == "append") {
    List out;
    for (std::size_t i = 1; i <= n; ++i) {
      std::optional<AttrValue> v = value(form.items[i]);
      const Dim* d = v ? std::get_if<Dim>(&*v) : nullptr;
      const List* l = v && f == "append" ? std::get_if<List>(&*v) : nullptr;
      if (!d && !l) return std::nullopt;
      if (d) out.push_back(*d);
      if (l) out.insert(out.end(), l->begin(), l->end());
    }
    return of(std::move(out));
  }
  if (f == "put" && n == 3) return put(form);
  if (f == "iota" && (n == 1 || n == 2)) {
    std::optional<std::int64_t> a =
        n == 2 ? integer(form.items[1]) : std::optional<std::int64_t>(0);
    std::optional<std::int64_t> b = integer(form.items[n]);
    if (!a || !b || *b < *a || *b > *a + 1024) return std::nullopt;
    Ints out;
    for (std::int64_t i = *a; i < *b; ++i) out.push_back(i);
    return of_ints(out);
  }
  if (f == "swap-last" && n == 1) {
    std::optional<std::int64_t> rank = integer(form.items[1]);
    if (!rank || *rank < 2 || *rank > 1024) return std::nullopt;
    Ints out;
    for (std::int64_t i = 0; i < *rank - 2; ++i) out.push_back(i);
    out.insert(out.end(), {*rank - 1, *rank - 2});
    return of_ints(out);
  }
  return n >= 1 ? more_lists(form) : std::nullopt;
}

ExprOutcome ExpressionWalk::more_lists(const Sexpr& form) {
  const std::string& f = form.items[0].text;
  std::size_t n = form.items.size() - 1;
  static const char* const kNames[] = {"len",     "prod", "at",    "part", "gather",
                                       "inverse", "sort", "minus", "union"};
  if (std::find(std::begin(kNames), std::end(kNames), f) == std::end(kNames)) return std::nullopt;
  std::optional<List> l = list(form.items[1]);
  if (!l) return std::nullopt;
  auto size = static_cast<std::int64_t>(l->size());
  if (f == "len" && n == 1) return of(Dim(size));
  if (f == "prod" && n == 1) return of(num_elements(*l));
  if (f == "at" && n == 2) {
    std::optional<std::int64_t> i = integer(form.items[2]);
    if (!i || *i >= size || *i < -size) return std::nullopt;
    return of((*l)[static_cast<std::size_t>(*i < 0 ? *i + size : *i)]);
  }
  if (f == "part" && n == 3) {
    std::optional<std::int64_t> a = integer(form.items[2]), b = integer(form.items[3]);
    if (!a || !b || *a < 0 || *b < *a || *b > size) return std::nullopt;
    return of(List(l->begin() + *a, l->begin() + *b));
  }
  if (f == "gather" && n == 2) {
    std::optional<Ints> where = integers(form.items[2]);
    if (!where) return std::nullopt;
    List out;
    for (std::int64_t i : *where) {
      if (i < 0 || i >= size) return std::nullopt;
      out.push_back((*l)[static_cast<std::size_t>(i)]);
    }
    return of(std::move(out));
  }
  if (!is_concrete(*l)) return std::nullopt;
  Ints ints = concrete(*l);
  if (f == "sort" || f == "union") {
    for (std::size_t i = 2; i <= n; ++i) {
      std::optional<Ints> next = integers(form.items[i]);
      if (!next || f == "sort") return std::nullopt;
      ints.insert(ints.end(), next->begin(), next->end());
    }
    std::sort(ints.begin(), ints.end());
    if (f == "union") ints.erase(std::unique(ints.begin(), ints.end()), ints.end());
    return of_ints(ints);
  }
  Ints out;
  if (f == "minus" && n == 2) {
    std::optional<Ints> without = integers(form.items[2]);
    if (!without) return std::nullopt;
    for (std::int64_t i : ints) {
      if (std::find(without->begin(), without->end(), i) == without->end()) out.push_back(i);
    }
    return of_ints(out);
  }
  if (f != "inverse" || n != 1) return std::nullopt;
  for (std::int64_t i = 0; i < size; ++i) {
    auto at = std::find(ints.begin(), ints.end(), i);
    if (at == ints.end()) return std::nullopt;
    out.push_back(at - ints.begin());
  }
  return of_ints(out);
}

/// (put list i v): i and v may be lists.
ExprOutcome ExpressionWalk::put(const Sexpr& form) {
  std::optional<List> l = list(form.items[1]);
  std::optional<AttrValue> where = value(form.items[2]), what = value(form.items[3]);
  if (!l || !where || !what) return std::nullopt;
  const Dim *one = std::get_if<Dim>(&*where), *same = std::get_if<Dim>(&*what);
  const List *places = std::get_if<List>(&*where), *values = std::get_if<List>(&*what);
  if ((!one && !places) || (!same && !values)) return std::nullopt;
  std::size_t n = one ? 1 : places->size();
  if (values && values->size() != n) return std::nullopt;
  for (std::size_t i = 0; i < n; ++i) {
    Dim at = one ? *one : (*places)[i];
    if (!at.is_const() || at.value() < 0 || at.value() >= static_cast<std::int64_t>(l->size()))
      return std::nullopt;
    (*l)[static_cast<std::size_t>(at.value())] = same ? *same : (*values)[i];
  }
  return of(std::move(*l));
}

}  // namespace bafe

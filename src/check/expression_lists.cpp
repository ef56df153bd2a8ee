// The list functions of rule expressions. In: values. Out: lists and ints.
#include <algorithm>

#include "expressions.h"

namespace bafe {
namespace {

using Ints = std::vector<std::int64_t>;
using Values = std::vector<AttrValue>;

Ints ints_of(const AttrValue& value) {
  const List& list = list_of_value(value);
  if (!is_concrete(list)) throw UndefinedExpression{};
  return concrete(list);
}

AttrValue of_ints(const Ints& ints) { return List(ints.begin(), ints.end()); }

std::size_t place_in(const List& list, std::int64_t i) {
  if (i < 0 || i >= static_cast<std::int64_t>(list.size())) throw UndefinedExpression{};
  return static_cast<std::size_t>(i);
}

AttrValue iota(std::int64_t from, std::int64_t to) {
  if (to < from || to > from + 1024) throw UndefinedExpression{};
  Ints out;
  for (std::int64_t i = from; i < to; ++i) out.push_back(i);
  return of_ints(out);
}

/// (put list i v): i and v may be lists.
AttrValue put(const Values& a) {
  List out = list_of_value(a[0]);
  Ints where = std::get_if<List>(&a[1]) ? ints_of(a[1]) : Ints{integer_of(a[1])};
  const Dim* same = std::get_if<Dim>(&a[2]);
  if (!same && list_of_value(a[2]).size() != where.size()) throw UndefinedExpression{};
  for (std::size_t i = 0; i < where.size(); ++i)
    out[place_in(out, where[i])] = same ? *same : list_of_value(a[2])[i];
  return out;
}

AttrValue inverse(const Ints& p) {
  Ints out;
  for (std::size_t i = 0; i < p.size(); ++i) {
    auto at = std::find(p.begin(), p.end(), static_cast<std::int64_t>(i));
    if (at == p.end()) throw UndefinedExpression{};
    out.push_back(at - p.begin());
  }
  return of_ints(out);
}

AttrValue gather(const List& list, const Ints& where) {
  List out;
  for (std::int64_t i : where) out.push_back(list[place_in(list, i)]);
  return out;
}

AttrValue append(const Values& args, bool lists) {
  List out;
  for (const AttrValue& arg : args) {
    const Dim* d = std::get_if<Dim>(&arg);
    if (!d && !lists) throw UndefinedExpression{};
    List more = d ? List{*d} : list_of_value(arg);
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

/// Functions of known integers alone.
AttrValue integer_function(const std::string& f, const Values& a) {
  Ints ints = ints_of(a[0]);
  if (f == "inverse" && a.size() == 1) return inverse(ints);
  if (f == "minus" && a.size() == 2) {
    Ints without = ints_of(a[1]), out;
    for (std::int64_t i : ints) {
      if (std::find(without.begin(), without.end(), i) == without.end()) out.push_back(i);
    }
    return of_ints(out);
  }
  if (f != "union" && (f != "sort" || a.size() != 1)) throw UndefinedExpression{};
  for (std::size_t i = 1; i < a.size(); ++i) {
    Ints more = ints_of(a[i]);
    ints.insert(ints.end(), more.begin(), more.end());
  }
  std::sort(ints.begin(), ints.end());
  if (f == "union") ints.erase(std::unique(ints.begin(), ints.end()), ints.end());
  return of_ints(ints);
}

}  // namespace

AttrValue list_function(const std::string& f, const Values& a) {
  std::size_t n = a.size();
  if (f == "list" || f == "append") return append(a, f == "append");
  if (f == "iota" && n == 1) return iota(0, integer_of(a[0]));
  if (f == "iota" && n == 2) return iota(integer_of(a[0]), integer_of(a[1]));
  if (f == "put" && n == 3) return put(a);
  if (f == "swap-last" && n == 1) {
    List out = std::get<List>(iota(0, integer_of(a[0])));
    if (out.size() < 2) throw UndefinedExpression{};
    std::swap(out[out.size() - 1], out[out.size() - 2]);
    return out;
  }
  if (n == 0) throw UndefinedExpression{};
  const List& l = list_of_value(a[0]);
  auto size = static_cast<std::int64_t>(l.size());
  if (f == "len" && n == 1) return Dim(size);
  if (f == "prod" && n == 1) return num_elements(l);
  if (f == "gather" && n == 2) return gather(l, ints_of(a[1]));
  if (f == "at" && n == 2) {
    std::int64_t i = integer_of(a[1]);
    return l[place_in(l, i < 0 ? i + size : i)];
  }
  if (f == "part" && n == 3) {
    std::int64_t from = integer_of(a[1]), to = integer_of(a[2]);
    if (from < 0 || to < from || to > size) throw UndefinedExpression{};
    return List(l.begin() + from, l.begin() + to);
  }
  return integer_function(f, a);
}

}  // namespace bafe

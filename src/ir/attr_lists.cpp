// List functions and tests of attribute expressions. In: known lists. Out: lists, ints, truth.
// Invariant: an index out of range, a symbol where an integer is needed, a list that is no
// permutation: undefined, never an error.
#include <algorithm>

#include "attr_functions.h"
#include "bafe/base/error.h"

namespace bafe {
namespace {

using Call = const AttrExpr&;
using Context = const ExprContext&;
using Integers = std::vector<std::int64_t>;

std::optional<Integers> integers_arg(Call call, std::size_t i, Context c) {
  std::optional<List> list = typed_arg<List>(call, i, c);
  if (!list || !is_concrete(*list)) return std::nullopt;
  return concrete(*list);
}

ExprResult list_result(const Integers& values) {
  return attr_result(List(values.begin(), values.end()));
}

ExprResult fn_list(Call call, Context c) {
  List out;
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    std::optional<Dim> d = typed_arg<Dim>(call, i, c);
    if (!d) return std::nullopt;
    out.push_back(*d);
  }
  return attr_result(std::move(out));
}

ExprResult fn_append(Call call, Context c) {
  List out;
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    std::optional<AttrValue> v = attr_arg(call, i, c);
    if (!v) return std::nullopt;
    if (const auto* d = std::get_if<Dim>(&*v)) {
      out.push_back(*d);
    } else if (const auto* l = std::get_if<List>(&*v)) {
      out.insert(out.end(), l->begin(), l->end());
    } else {
      return std::nullopt;
    }
  }
  return attr_result(std::move(out));
}

ExprResult fn_len(Call call, Context c) {
  std::optional<List> l = typed_arg<List>(call, 0, c);
  if (!l) return std::nullopt;
  return attr_result(Dim(static_cast<std::int64_t>(l->size())));
}

ExprResult fn_at(Call call, Context c) {
  std::optional<List> l = typed_arg<List>(call, 0, c);
  std::optional<std::int64_t> i = known_arg(call, 1, c);
  if (!l || !i) return std::nullopt;
  auto size = static_cast<std::int64_t>(l->size());
  std::int64_t index = *i < 0 ? *i + size : *i;
  if (index < 0 || index >= size) return std::nullopt;
  return attr_result((*l)[static_cast<std::size_t>(index)]);
}

ExprResult fn_part(Call call, Context c) {
  std::optional<List> l = typed_arg<List>(call, 0, c);
  std::optional<std::int64_t> start = known_arg(call, 1, c), stop = known_arg(call, 2, c);
  if (!l || !start || !stop) return std::nullopt;
  if (*start < 0 || *stop < *start || *stop > static_cast<std::int64_t>(l->size()))
    return std::nullopt;
  return attr_result(List(l->begin() + *start, l->begin() + *stop));
}

ExprResult fn_gather(Call call, Context c) {
  std::optional<List> l = typed_arg<List>(call, 0, c);
  std::optional<Integers> where = integers_arg(call, 1, c);
  if (!l || !where) return std::nullopt;
  List out;
  for (std::int64_t i : *where) {
    if (i < 0 || i >= static_cast<std::int64_t>(l->size())) return std::nullopt;
    out.push_back((*l)[static_cast<std::size_t>(i)]);
  }
  return attr_result(std::move(out));
}

/// (put list index value), or (put list indices value-or-values).
ExprResult fn_put(Call call, Context c) {
  std::optional<List> l = typed_arg<List>(call, 0, c);
  std::optional<AttrValue> where = attr_arg(call, 1, c), what = attr_arg(call, 2, c);
  if (!l || !where || !what) return std::nullopt;
  List indices, values;
  if (const auto* d = std::get_if<Dim>(&*where)) {
    indices.push_back(*d);
  } else if (const auto* list = std::get_if<List>(&*where)) {
    indices = *list;
  } else {
    return std::nullopt;
  }
  if (const auto* d = std::get_if<Dim>(&*what)) {
    values.assign(indices.size(), *d);
  } else if (const auto* list = std::get_if<List>(&*what)) {
    values = *list;
  } else {
    return std::nullopt;
  }
  if (values.size() != indices.size()) return std::nullopt;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (!indices[i].is_const() || indices[i].value() < 0) return std::nullopt;
    if (indices[i].value() >= static_cast<std::int64_t>(l->size())) return std::nullopt;
    (*l)[static_cast<std::size_t>(indices[i].value())] = values[i];
  }
  return attr_result(std::move(*l));
}

/// (iota n) or (iota start stop).
ExprResult fn_iota(Call call, Context c) {
  constexpr std::uint64_t kLongest = 1024;
  std::optional<std::int64_t> start = 0, stop = known_arg(call, 0, c);
  if (call.args.size() == 2) {
    start = stop;
    stop = known_arg(call, 1, c);
  }
  if (!start || !stop || *stop < *start) return std::nullopt;
  if (static_cast<std::uint64_t>(*stop) - static_cast<std::uint64_t>(*start) > kLongest) {
    return std::nullopt;
  }
  Integers out;
  for (std::int64_t i = *start; i < *stop; ++i) out.push_back(i);
  return list_result(out);
}

ExprResult fn_sort(Call call, Context c) {
  std::optional<Integers> l = integers_arg(call, 0, c);
  if (!l) return std::nullopt;
  std::sort(l->begin(), l->end());
  return list_result(*l);
}

ExprResult fn_prod(Call call, Context c) {
  std::optional<List> l = typed_arg<List>(call, 0, c);
  if (!l) return std::nullopt;
  try {
    return attr_result(num_elements(*l));
  } catch (const ShapeError&) {
    return std::nullopt;  // leaves 62 bits: no value
  }
}

bool has(const Integers& list, std::int64_t value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

ExprResult fn_minus(Call call, Context c) {
  std::optional<Integers> a = integers_arg(call, 0, c), b = integers_arg(call, 1, c);
  if (!a || !b) return std::nullopt;
  Integers out;
  for (std::int64_t v : *a) {
    if (!has(*b, v)) out.push_back(v);
  }
  return list_result(out);
}

ExprResult fn_union(Call call, Context c) {
  Integers out;
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    std::optional<Integers> l = integers_arg(call, i, c);
    if (!l) return std::nullopt;
    out.insert(out.end(), l->begin(), l->end());
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return list_result(out);
}

ExprResult fn_inverse(Call call, Context c) {
  std::optional<Integers> p = integers_arg(call, 0, c);
  if (!p) return std::nullopt;
  Integers out(p->size(), -1);
  for (std::size_t i = 0; i < p->size(); ++i) {
    std::int64_t v = (*p)[i];
    if (v < 0 || v >= static_cast<std::int64_t>(p->size()) ||
        out[static_cast<std::size_t>(v)] >= 0) {
      return std::nullopt;
    }
    out[static_cast<std::size_t>(v)] = static_cast<std::int64_t>(i);
  }
  return list_result(out);
}

ExprResult fn_swap_last(Call call, Context c) {
  std::optional<std::int64_t> n = known_arg(call, 0, c);
  if (!n || *n < 2 || *n > 1024) return std::nullopt;
  Integers out;
  for (std::int64_t i = 0; i < *n; ++i) out.push_back(i);
  std::swap(out[out.size() - 1], out[out.size() - 2]);
  return list_result(out);
}

ExprResult fn_subset(Call call, Context c) {
  std::optional<Integers> a = integers_arg(call, 0, c), b = integers_arg(call, 1, c);
  if (!a || !b) return std::nullopt;
  return truth(std::all_of(a->begin(), a->end(), [&](std::int64_t v) { return has(*b, v); }));
}

ExprResult fn_disjoint(Call call, Context c) {
  std::optional<Integers> a = integers_arg(call, 0, c), b = integers_arg(call, 1, c);
  if (!a || !b) return std::nullopt;
  return truth(std::none_of(a->begin(), a->end(), [&](std::int64_t v) { return has(*b, v); }));
}

}  // namespace

void add_list_functions(std::vector<FunctionRow>& rows) {
  rows.insert(
      rows.end(),
      {
          {{"list", 0, 64, "the list of its arguments"}, false, fn_list},
          {{"append", 1, 64, "lists and ints, one after the other"}, false, fn_append},
          {{"len", 1, 1, "number of entries"}, false, fn_len},
          {{"at", 2, 2, "(at list i): entry i; from the end when i < 0"}, false, fn_at},
          {{"part", 3, 3, "(part list start stop): entries start to stop - 1"}, false, fn_part},
          {{"gather", 2, 2, "(gather list indices): the entries at the indices"}, false, fn_gather},
          {{"put", 3, 3, "(put list i v): the list with entry i replaced; i and v may be lists"},
           false,
           fn_put},
          {{"iota", 1, 2, "(iota n): 0 to n - 1; (iota start stop)"}, false, fn_iota},
          {{"sort", 1, 1, "ascending"}, false, fn_sort},
          {{"prod", 1, 1, "product of the entries"}, false, fn_prod},
          {{"minus", 2, 2, "entries of the first that are not in the second"}, false, fn_minus},
          {{"union", 1, 64, "all entries, ascending, once each"}, false, fn_union},
          {{"inverse", 1, 1, "of a permutation"}, false, fn_inverse},
          {{"swap-last", 1, 1, "the permutation of n axes that swaps the last two"},
           false,
           fn_swap_last},
          {{"subset", 2, 2, "every entry of the first is in the second"}, false, fn_subset},
          {{"disjoint", 2, 2, "no entry of the first is in the second"}, false, fn_disjoint},
      });
}

}  // namespace bafe

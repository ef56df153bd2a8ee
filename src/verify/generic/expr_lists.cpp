// In: calls of list functions. Out: lists by length, entry, and what more is known of them.
// Invariant: order, membership and inverses are said only of lists that have them.
#include "expr_functions.h"

namespace bafe::generic {

ExprTerm ExprFunctions::list(ExprReader& r, Call call) {
  std::vector<IntTerm> items;
  for (std::size_t i = 0; i < call.args.size(); ++i) items.push_back(r.int_arg(call, i));
  return list_term(fixed_list(std::move(items)));
}

ExprTerm ExprFunctions::append(ExprReader& r, Call call) {
  IntList out = fixed_list({});
  for (const AttrExpr& arg : call.args) {
    ExprTerm part = r.read(arg);
    bool one = part.kind == ExprTerm::kInt;
    if (!one && part.kind != ExprTerm::kList) throw NotRepresentable("a list is needed");
    IntList next = one ? fixed_list({part.integer}) : part.list;
    out = out.is_fixed && out.items.empty() ? next : joined(out, next);
  }
  return list_term(out);
}

ExprTerm ExprFunctions::length(ExprReader& r, Call call) {
  return int_term(r.list_arg(call, 0).length);
}
ExprTerm ExprFunctions::part(ExprReader& r, Call call) {
  IntList x = r.list_arg(call, 0);
  IntTerm start = r.int_arg(call, 1), stop = r.int_arg(call, 2);
  r.need(all_of({at_most(0, start), at_most(start, stop), at_most(stop, x.length)}));
  IntList out;
  out.length = stop - start;
  out.at = [x, start](IntTerm t) { return x.at(t + start); };
  if (x.has && x.position && x.distinct_below.valid()) {
    out.distinct_below = x.distinct_below;
    out.position = [x, start](IntTerm t) { return x.position(t) - start; };
    out.has = [x, start, stop](IntTerm t) {
      IntTerm i = x.position(t);
      return all_of({x.has(t), at_most(start, i), less(i, stop)});
    };
  }
  return list_term(out);
}

ExprTerm ExprFunctions::gather(ExprReader& r, Call call) {
  IntList x = r.list_arg(call, 0), where = r.list_arg(call, 1);
  r.need_entries(where, [n = x.length](IntTerm i) { return in_range(i, n); });
  IntList out;
  out.length = where.length;
  out.at = [x, where](IntTerm t) { return x.at(where.at(t)); };
  if (x.inverse && where.inverse) {
    // Of permutations of one length, which having a value makes sure of.
    out.permutation = x.permutation && where.permutation && x.length == where.length;
    out.inverse = [x, where](IntTerm t) { return where.inverse(x.inverse(t)); };
  }
  if (x.inverse && where.has && where.position && x.distinct_below.valid() &&
      where.distinct_below.valid()) {
    IntTerm end = x.distinct_below;
    out.distinct_below = end;
    out.has = [x, where, end](IntTerm t) {
      return both(in_range(t, end), where.has(x.inverse(t)));
    };
    out.position = [x, where](IntTerm t) { return where.position(x.inverse(t)); };
  }
  return list_term(out);
}

ExprTerm ExprFunctions::put(ExprReader& r, Call call) {
  IntList x = r.list_arg(call, 0);
  ExprTerm where = r.read(call.args[1]), what = r.read(call.args[2]);
  IntList axes = where.kind == ExprTerm::kInt ? fixed_list({where.integer}) : where.list;
  if (where.kind == ExprTerm::kInt) axes.distinct_below = x.length;
  bool known =
      axes.has && axes.position && (what.kind == ExprTerm::kInt || axes.distinct_below.valid());
  if (!known) throw NotRepresentable("put at places that may repeat");
  r.need_entries(axes, [n = x.length](IntTerm i) { return in_range(i, n); });
  IntList out;
  out.length = x.length;
  if (what.kind == ExprTerm::kInt) {
    IntTerm value = what.integer;
    out.at = [x, axes, value](IntTerm t) { return choose(axes.has(t), value, x.at(t)); };
  } else if (what.kind == ExprTerm::kList) {
    IntList values = what.list;
    r.need(equal(values.length, axes.length));
    out.at = [x, axes, values](IntTerm t) {
      return choose(axes.has(t), values.at(axes.position(t)), x.at(t));
    };
  } else {
    throw NotRepresentable("a list is needed");
  }
  return list_term(out);
}

ExprTerm ExprFunctions::iota(ExprReader& r, Call call) {
  IntTerm n = r.int_arg(call, 0);
  if (call.args.size() == 1) {
    r.need(at_most(0, n));
    return list_term(counting(n));
  }
  IntTerm stop = r.int_arg(call, 1);
  r.need(at_most(n, stop));
  IntList out;
  out.length = stop - n;
  out.at = [n](IntTerm t) { return t + n; };
  out.has = [n, stop](IntTerm t) { return both(at_most(n, t), less(t, stop)); };
  out.position = [n](IntTerm t) { return t - n; };
  out.before = [n, stop](IntTerm t) { return choose(less(t, n), 0, smaller(t - n, stop - n)); };
  out.skipped = [n, stop](IntTerm b) { return choose(less(b, n), b, b + stop - n); };
  out.distinct_below = stop;
  out.ascending = true;
  return list_term(out);
}

ExprTerm ExprFunctions::sort(ExprReader& r, Call call) {
  IntList x = r.list_arg(call, 0);
  if (x.is_fixed && x.items.size() <= 1) return list_term(x);
  if (!x.has || !x.distinct_below.valid()) throw NotRepresentable("a list with repetitions");
  return list_term(ascending_set(x.has, x.length, x.distinct_below, r.defined));
}

ExprTerm ExprFunctions::prod(ExprReader& r, Call call) {
  return int_term(product_of(r.list_arg(call, 0)));
}

IntTerm ExprFunctions::count_of(const IntPredicate& has) { return applied("count", {close(has)}); }
ExprTerm ExprFunctions::minus(ExprReader& r, Call call) {
  IntList a = r.list_arg(call, 0), b = r.list_arg(call, 1);
  if (!a.has || !b.has || !a.before || !a.distinct_below.valid()) {
    throw NotRepresentable("a difference of lists that are not in order");
  }
  IntPredicate has = [a, b](IntTerm t) { return both(a.has(t), negation(b.has(t))); };
  return list_term(ascending_set(has, count_of(has), a.distinct_below, r.defined));
}

ExprTerm ExprFunctions::join(ExprReader& r, Call call) {
  std::vector<IntList> parts;
  IntTerm end = 0;
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    parts.push_back(r.list_arg(call, i));
    if (!parts.back().has || !parts.back().distinct_below.valid()) {
      throw NotRepresentable("a union of lists that are no axes");
    }
    end = larger(end, parts.back().distinct_below);
  }
  IntPredicate has = [parts](IntTerm t) {
    std::vector<Truth> any;
    for (const IntList& part : parts) any.push_back(part.has(t));
    return any_of(any);
  };
  return list_term(ascending_set(has, count_of(has), end, r.defined));
}

ExprTerm ExprFunctions::inverse(ExprReader& r, Call call) {
  IntList p = r.list_arg(call, 0);
  if (!p.inverse) throw NotRepresentable("a permutation without a known inverse");
  r.defined.permutations.push_back({p, p.length});
  IntList out;
  out.length = p.length;
  out.at = p.inverse;
  out.inverse = p.at;
  out.position = p.at;
  out.has = [n = p.length](IntTerm t) { return in_range(t, n); };
  out.distinct_below = p.length;
  out.permutation = true;
  return list_term(out);
}

ExprTerm ExprFunctions::swap_last(ExprReader& r, Call call) {
  IntTerm n = r.int_arg(call, 0);
  r.need(at_most(2, n));
  IntList out;
  out.length = n;
  out.at = [n](IntTerm t) {
    return choose(equal(t, n - 1), n - 2, choose(equal(t, n - 2), n - 1, t));
  };
  out.inverse = out.at;
  out.position = out.at;
  out.has = [n](IntTerm t) { return in_range(t, n); };
  out.distinct_below = n;
  out.permutation = true;
  return list_term(out);
}

ExprTerm ExprFunctions::subset(ExprReader& r, Call call) {
  IntList a = r.list_arg(call, 0), b = r.list_arg(call, 1);
  if (!b.has) throw NotRepresentable("membership in a list that is not known");
  return truth_term(for_each(a.length, [a, b](IntTerm i) { return b.has(a.at(i)); }));
}

ExprTerm ExprFunctions::disjoint(ExprReader& r, Call call) {
  IntList a = r.list_arg(call, 0), b = r.list_arg(call, 1);
  if (!b.has) throw NotRepresentable("membership in a list that is not known");
  return truth_term(for_each(a.length, [a, b](IntTerm i) { return negation(b.has(a.at(i))); }));
}

}  // namespace bafe::generic

// In: entries. Out: lists whose laws are those of their making. Invariant: what a list says about
// membership and order is true of it, or unknown symbols until a law is assumed for them.
#include "int_list.h"

namespace bafe::generic {
namespace {

IntTerm pick(const std::vector<IntTerm>& items, IntTerm t) {
  if (items.empty()) return 0;
  IntTerm out = items.back();
  for (std::size_t i = items.size() - 1; i-- > 0;) {
    out = choose(equal(t, static_cast<std::int64_t>(i)), items[i], out);
  }
  return out;
}

/// The inverse of numbers that are a permutation; empty otherwise.
std::vector<IntTerm> inverse_of(const std::vector<IntTerm>& items) {
  std::vector<IntTerm> out(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::int64_t value = 0;
    bool known =
        is_number(items[i], value) && value >= 0 && value < static_cast<std::int64_t>(items.size());
    if (!known || out[static_cast<std::size_t>(value)].valid()) return {};
    out[static_cast<std::size_t>(value)] = static_cast<std::int64_t>(i);
  }
  return out;
}

}  // namespace

IntList fixed_list(std::vector<IntTerm> items) {
  IntList out;
  out.length = static_cast<std::int64_t>(items.size());
  out.items = items;
  out.is_fixed = true;
  out.at = [items](IntTerm t) { return pick(items, t); };
  out.has = [items](IntTerm t) {
    std::vector<Truth> any;
    for (IntTerm item : items) any.push_back(equal(t, item));
    return any_of(any);
  };
  out.position = [items](IntTerm t) {
    IntTerm place = items.empty() ? 0 : static_cast<std::int64_t>(items.size()) - 1;
    for (std::size_t i = items.size(); i-- > 0;) {
      place = choose(equal(t, items[i]), static_cast<std::int64_t>(i), place);
    }
    return place;
  };
  out.before = [items](IntTerm t) {
    IntTerm count = 0;
    for (IntTerm item : items) count = count + choose(less(item, t), 1, 0);
    return count;
  };
  out.skipped = [items](IntTerm b) {
    IntTerm at = b;
    for (IntTerm item : items) at = choose(at_most(item, at), at + 1, at);
    return at;
  };
  std::vector<IntTerm> inverse = inverse_of(items);
  if (inverse.size() == items.size()) {
    out.inverse = [inverse](IntTerm t) { return pick(inverse, t); };
    out.distinct_below = out.length;
    out.permutation = true;
  }
  return out;
}

IntList symbolic_list(const std::string& name, IntTerm length) {
  auto function = [name](const char* suffix) {
    return [name = name + suffix](IntTerm t) { return applied(name, {t}); };
  };
  IntList out;
  out.length = length;
  out.at = function("");
  out.has = [name](IntTerm t) { return predicate(name + ".has", {t}); };
  out.position = function(".position");
  out.before = function(".before");
  out.skipped = function(".skipped");
  out.inverse = function(".inverse");
  return out;
}

IntList constant_list(IntTerm length, IntTerm value) {
  IntList out;
  out.length = length;
  out.at = [value](IntTerm) { return value; };
  return out;
}

IntList joined(const IntList& a, const IntList& b) {
  if (a.is_fixed && b.is_fixed) {
    std::vector<IntTerm> items = a.items;
    items.insert(items.end(), b.items.begin(), b.items.end());
    return fixed_list(std::move(items));
  }
  IntList out;
  out.length = a.length + b.length;
  out.at = [a, b](IntTerm t) { return choose(less(t, a.length), a.at(t), b.at(t - a.length)); };
  if (a.has && b.has) out.has = [a, b](IntTerm t) { return either(a.has(t), b.has(t)); };
  if (out.has && a.position && b.position) {
    out.position = [a, b](IntTerm t) {
      return choose(a.has(t), a.position(t), a.length + b.position(t));
    };
  }
  return out;
}

IntTerm product_of(const IntList& list) {
  if (list.alias) return product_of(list.alias->base);
  std::int64_t count = 0;
  if (is_number(list.length, count) && count >= 0 && count <= 8) {
    IntTerm out = 1;
    for (std::int64_t i = 0; i < count; ++i) out = out * list.at(i);
    return out;
  }
  IntTerm entries = close(list.at);
  if (row(entries).args[0] == IntTerm(1)) return 1;
  return applied("product", {list.length, entries});
}

IntTerm flatten(const IntList& shape, const IntFunction& index) {
  if (shape.alias) return flatten(shape.alias->base, shape.alias->to_base(index));
  IntTerm sizes = close(shape.at), place = close(index);
  IntTerm at = fresh("axis");
  const IntRow& r = row(open(place, at));
  bool back = r.kind == IntKind::kApply && r.name == "unflatten" && r.args[0] == shape.length &&
              r.args[1] == sizes && r.args[3] == at && replace(r.args[2], at, 0) == r.args[2];
  if (back) return r.args[2];
  return applied("flatten", {shape.length, sizes, place});
}

IntTerm unflatten(const IntList& shape, IntTerm flat, IntTerm axis) {
  if (shape.alias) {
    return shape.alias->own_at([&](IntTerm t) { return unflatten(shape.alias->base, flat, t); },
                               axis);
  }
  IntTerm sizes = close(shape.at);
  const IntRow& r = row(flat);
  bool back = r.kind == IntKind::kApply && r.name == "flatten" && r.args[0] == shape.length &&
              r.args[1] == sizes;
  if (back) return open(r.args[2], axis);
  return applied("unflatten", {shape.length, sizes, flat, axis});
}

}  // namespace bafe::generic

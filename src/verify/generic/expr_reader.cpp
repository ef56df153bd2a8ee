// In: expressions over variables of a rule. Out: integer terms, lists, conditions; claims that hold
// wherever the expression has a value. Invariant: what has no exact counterpart is refused.
#include "expr_reader.h"

#include "bafe/base/format.h"

namespace bafe::generic {
namespace {

using Call = const AttrExpr&;

/// Lists of few known entries are written out, so that terms fold.
IntList written_out(IntList list) {
  std::int64_t count = 0;
  if (list.is_fixed || !is_number(list.length, count) || count < 0 || count > 6) return list;
  std::vector<IntTerm> items;
  for (std::int64_t i = 0; i < count; ++i) items.push_back(list.at(i));
  IntList out = fixed_list(std::move(items));
  out.distinct_below = list.distinct_below;
  out.ascending = list.ascending;
  out.permutation = list.permutation;
  out.alias = list.alias;
  if (!out.inverse) out.inverse = list.inverse;
  return out;
}

IntTerm from_end(IntTerm i, IntTerm length) { return choose(less(i, 0), i + length, i); }

}  // namespace

ExprTerm int_term(IntTerm value) {
  ExprTerm out;
  out.integer = value;
  return out;
}

ExprTerm list_term(IntList value) {
  ExprTerm out;
  out.kind = ExprTerm::kList;
  out.list = written_out(std::move(value));
  return out;
}

namespace {

ExprTerm truth_term(Truth value) {
  ExprTerm out;
  out.kind = ExprTerm::kTruth;
  out.truth = value;
  return out;
}

}  // namespace

GenericField field_of(const ExprTerm& term) {
  GenericField out;
  out.integer = term.integer;
  out.list = term.list;
  out.dtype = term.dtype;
  out.scalar = term.scalar;
  out.scalar_dtype = term.dtype;
  out.text = term.text;
  switch (term.kind) {
    case ExprTerm::kInt:
      out.kind = AttrKind::kInt;
      break;
    case ExprTerm::kList:
      out.kind = AttrKind::kList;
      break;
    case ExprTerm::kDType:
      out.kind = AttrKind::kDType;
      break;
    case ExprTerm::kScalar:
      out.kind = AttrKind::kScalar;
      break;
    case ExprTerm::kText:
      out.kind = AttrKind::kText;
      break;
    case ExprTerm::kTruth:
      throw NotRepresentable("a truth value as a field");
  }
  return out;
}

ExprTerm term_of(const GenericField& field) {
  ExprTerm out;
  out.integer = field.integer;
  out.list = field.list;
  out.text = field.text;
  out.scalar = field.scalar;
  out.dtype = field.kind == AttrKind::kScalar ? field.scalar_dtype : field.dtype;
  switch (field.kind) {
    case AttrKind::kInt:
      out.kind = ExprTerm::kInt;
      break;
    case AttrKind::kList:
      out.kind = ExprTerm::kList;
      break;
    case AttrKind::kDType:
      out.kind = ExprTerm::kDType;
      break;
    case AttrKind::kScalar:
      out.kind = ExprTerm::kScalar;
      break;
    case AttrKind::kText:
      out.kind = ExprTerm::kText;
      break;
    case AttrKind::kGraph:
      throw NotRepresentable("a graph as a field");
  }
  return out;
}

IntList ascending_set(const IntPredicate& has, IntTerm length, IntTerm end, Claims& claims) {
  // Equal sets get equal names: the row of the predicate.
  IntList out = symbolic_list(format("set{}", close(has).id), length);
  out.has = has;
  out.inverse = nullptr;
  out.distinct_below = end;
  out.ascending = true;
  claims.axes.push_back({out, end});
  return out;
}

IntList counting(IntTerm n) {
  IntList out;
  out.length = n;
  out.at = [](IntTerm t) { return t; };
  out.has = [n](IntTerm t) { return in_range(t, n); };
  out.position = out.at;
  out.before = [n](IntTerm t) { return choose(less(t, 0), 0, smaller(t, n)); };
  out.skipped = [n](IntTerm b) { return b + n; };
  out.inverse = out.at;
  out.distinct_below = n;
  out.ascending = out.permutation = true;
  return out;
}

IntTerm ExprReader::int_arg(Call call, std::size_t i) {
  ExprTerm out = read(call.args[i]);
  if (out.kind != ExprTerm::kInt) throw NotRepresentable("an integer is needed");
  return out.integer;
}

IntList ExprReader::list_arg(Call call, std::size_t i) {
  ExprTerm out = read(call.args[i]);
  if (out.kind != ExprTerm::kList) throw NotRepresentable("a list is needed");
  return out.list;
}

Truth ExprReader::truth_arg(Call call, std::size_t i) {
  ExprTerm out = read(call.args[i]);
  if (out.kind != ExprTerm::kTruth) throw NotRepresentable("a truth value is needed");
  return out.truth;
}

const ShapedType& ExprReader::type_arg(Call call) {
  bool value = call.args[0].kind == AttrExpr::kValueVar;
  const ShapedType* type = value ? source_.type(call.args[0].variable) : nullptr;
  if (type == nullptr) throw NotRepresentable("the type of a term that is not known");
  return *type;
}

/// The functions of the language, by name.
struct ExprFunctions {
  using Function = ExprTerm (*)(ExprReader& r, Call call);
  enum Step { kAdd, kSub, kMul, kMin, kMax, kExactDiv };

  static ExprTerm shape(ExprReader& r, Call call) { return list_term(r.type_arg(call).shape); }
  static ExprTerm rank(ExprReader& r, Call call) { return int_term(r.type_arg(call).shape.length); }
  static ExprTerm entry(ExprReader& r, const IntList& list, IntTerm i) {
    IntTerm place = from_end(i, list.length);
    r.need(in_range(place, list.length));
    return int_term(list.at(place));
  }
  static ExprTerm dim(ExprReader& r, Call call) {
    return entry(r, r.type_arg(call).shape, r.int_arg(call, 1));
  }
  static ExprTerm at(ExprReader& r, Call call) {
    return entry(r, r.list_arg(call, 0), r.int_arg(call, 1));
  }
  static ExprTerm dtype(ExprReader& r, Call call) {
    ExprTerm out;
    out.kind = ExprTerm::kDType;
    if (call.args[0].kind == AttrExpr::kValueVar) {
      out.dtype = r.type_arg(call).dtype;
    } else {
      ExprTerm scalar = r.read(call.args[0]);
      if (scalar.kind != ExprTerm::kScalar || scalar.dtype.variable < 0) {
        throw NotRepresentable("the dtype of a scalar that is not known");
      }
      out.dtype = scalar.dtype;
    }
    return out;
  }
  static ExprTerm constant(ExprReader& r, Call call) {
    ExprTerm out;
    out.kind = ExprTerm::kScalar;
    bool value = call.args[0].kind == AttrExpr::kValueVar;
    if (value) out.scalar = r.source_.constant(call.args[0].variable);
    if (!out.scalar) throw NotRepresentable("the constant of a term that is not known");
    out.dtype = r.type_arg(call).dtype;
    return out;
  }
  static ExprTerm equals(ExprReader& r, Call call) {
    ExprTerm a = r.read(call.args[0]), b = r.read(call.args[1]);
    if (a.kind == ExprTerm::kInt && b.kind == ExprTerm::kInt) {
      return truth_term(equal(a.integer, b.integer));
    }
    if (a.kind != ExprTerm::kList || b.kind != ExprTerm::kList) {
      throw NotRepresentable("a comparison of other things than integers and lists");
    }
    IntList x = a.list, y = b.list;
    Truth entries = for_each(x.length, [x, y](IntTerm t) { return equal(x.at(t), y.at(t)); });
    return truth_term(both(equal(x.length, y.length), entries));
  }
  static ExprTerm is_less(ExprReader& r, Call call) {
    return truth_term(less(r.int_arg(call, 0), r.int_arg(call, 1)));
  }
  static ExprTerm is_at_most(ExprReader& r, Call call) {
    return truth_term(at_most(r.int_arg(call, 0), r.int_arg(call, 1)));
  }
  static ExprTerm divides(ExprReader& r, Call call) {
    IntTerm a = r.int_arg(call, 0), b = r.int_arg(call, 1);
    r.need(negation(equal(a, 0)));
    return truth_term(equal(b, a * applied("exact_div", {b, a})));
  }
  static ExprTerm conjunction(ExprReader& r, Call call) {
    std::vector<Truth> parts;
    for (std::size_t i = 0; i < call.args.size(); ++i) parts.push_back(r.truth_arg(call, i));
    return truth_term(all_of(parts));
  }
  /// An argument without a value counts as false here.
  static ExprTerm disjunction(ExprReader& r, Call call) {
    std::vector<Truth> parts;
    for (std::size_t i = 0; i < call.args.size(); ++i) {
      ExprReader inner(r.source_, r.dtypes_);
      Truth part = inner.truth_arg(call, i);
      Claims& claims = inner.defined;
      if (!claims.for_all.empty() || !claims.axes.empty() || !claims.permutations.empty()) {
        throw NotRepresentable("a choice of conditions that may have no value");
      }
      for (Truth fact : claims.facts) part = both(part, fact);
      parts.push_back(part);
    }
    return truth_term(any_of(parts));
  }
  static ExprTerm opposite(ExprReader& r, Call call) {
    return truth_term(negation(r.truth_arg(call, 0)));
  }
  template <int step>
  static ExprTerm fold(ExprReader& r, Call call) {
    return r.fold(call, step);
  }

  static ExprTerm list(ExprReader& r, Call call) {
    std::vector<IntTerm> items;
    for (std::size_t i = 0; i < call.args.size(); ++i) items.push_back(r.int_arg(call, i));
    return list_term(fixed_list(std::move(items)));
  }
  static ExprTerm append(ExprReader& r, Call call) {
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
  static ExprTerm length(ExprReader& r, Call call) { return int_term(r.list_arg(call, 0).length); }
  static ExprTerm part(ExprReader& r, Call call) {
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
  static ExprTerm gather(ExprReader& r, Call call) {
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
  static ExprTerm put(ExprReader& r, Call call) {
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
  static ExprTerm iota(ExprReader& r, Call call) {
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
  static ExprTerm sort(ExprReader& r, Call call) {
    IntList x = r.list_arg(call, 0);
    if (x.is_fixed && x.items.size() <= 1) return list_term(x);
    if (!x.has || !x.distinct_below.valid()) throw NotRepresentable("a list with repetitions");
    return list_term(ascending_set(x.has, x.length, x.distinct_below, r.defined));
  }
  static ExprTerm prod(ExprReader& r, Call call) {
    return int_term(product_of(r.list_arg(call, 0)));
  }
  static IntTerm count_of(const IntPredicate& has) { return applied("count", {close(has)}); }
  static ExprTerm minus(ExprReader& r, Call call) {
    IntList a = r.list_arg(call, 0), b = r.list_arg(call, 1);
    if (!a.has || !b.has || !a.before || !a.distinct_below.valid()) {
      throw NotRepresentable("a difference of lists that are not in order");
    }
    IntPredicate has = [a, b](IntTerm t) { return both(a.has(t), negation(b.has(t))); };
    return list_term(ascending_set(has, count_of(has), a.distinct_below, r.defined));
  }
  static ExprTerm join(ExprReader& r, Call call) {
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
  static ExprTerm inverse(ExprReader& r, Call call) {
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
  static ExprTerm swap_last(ExprReader& r, Call call) {
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
  static ExprTerm subset(ExprReader& r, Call call) {
    IntList a = r.list_arg(call, 0), b = r.list_arg(call, 1);
    if (!b.has) throw NotRepresentable("membership in a list that is not known");
    return truth_term(for_each(a.length, [a, b](IntTerm i) { return b.has(a.at(i)); }));
  }
  static ExprTerm disjoint(ExprReader& r, Call call) {
    IntList a = r.list_arg(call, 0), b = r.list_arg(call, 1);
    if (!b.has) throw NotRepresentable("membership in a list that is not known");
    return truth_term(for_each(a.length, [a, b](IntTerm i) { return negation(b.has(a.at(i))); }));
  }

  static const std::map<std::string, Function>& table() {
    static const auto& rows = *new const std::map<std::string, Function>{
        {"shape", shape},     {"rank", rank},
        {"dim", dim},         {"dtype", dtype},
        {"const", constant},  {"+", fold<kAdd>},
        {"-", fold<kSub>},    {"*", fold<kMul>},
        {"min", fold<kMin>},  {"max", fold<kMax>},
        {"=", equals},        {"exact-div", fold<kExactDiv>},
        {"<", is_less},       {"<=", is_at_most},
        {"divides", divides}, {"and", conjunction},
        {"or", disjunction},  {"not", opposite},
        {"list", list},       {"append", append},
        {"len", length},      {"at", at},
        {"part", part},       {"gather", gather},
        {"put", put},         {"iota", iota},
        {"sort", sort},       {"prod", prod},
        {"minus", minus},     {"union", join},
        {"inverse", inverse}, {"swap-last", swap_last},
        {"subset", subset},   {"disjoint", disjoint},
    };
    return rows;
  }
};

namespace {

IntTerm combined(int step, IntTerm a, IntTerm b) {
  switch (step) {
    case ExprFunctions::kAdd:
      return a + b;
    case ExprFunctions::kSub:
      return a - b;
    case ExprFunctions::kMul:
      return a * b;
    case ExprFunctions::kMin:
      return smaller(a, b);
    case ExprFunctions::kMax:
      return larger(a, b);
    default:
      return b == IntTerm(1) ? a : applied("exact_div", {a, b});
  }
}

}  // namespace

void ExprReader::need_entries(const IntList& list, const IntPredicate& holds) {
  for (IntTerm item : list.items) need(holds(item));
  if (list.is_fixed) return;
  defined.for_all.push_back(
      [list, holds](IntTerm t) { return implies(in_range(t, list.length), holds(list.at(t))); });
}

ExprTerm ExprReader::combine(int step, const ExprTerm& a, const ExprTerm& b) {
  bool divides = step == ExprFunctions::kExactDiv;
  if (a.kind == ExprTerm::kInt && b.kind == ExprTerm::kInt) {
    IntTerm out = combined(step, a.integer, b.integer);
    if (divides) need(both(negation(equal(b.integer, 0)), equal(out * b.integer, a.integer)));
    return int_term(out);
  }
  if (a.kind == ExprTerm::kScalar || b.kind == ExprTerm::kScalar) {
    static constexpr Prim prims[] = {Prim::kAdd, Prim::kSub, Prim::kMul,
                                     Prim::kMin, Prim::kMax, Prim::kDiv};
    auto scalar = [](const ExprTerm& t) {
      if (t.kind == ExprTerm::kInt) return integer_form(t.integer);
      if (t.kind != ExprTerm::kScalar) throw NotRepresentable("a scalar beside something else");
      return t.scalar;
    };
    ExprTerm out;
    out.kind = ExprTerm::kScalar;
    out.scalar = apply_form(prims[step], {scalar(a), scalar(b)});
    out.dtype = a.kind == ExprTerm::kScalar && a.dtype.variable >= 0 ? a.dtype : b.dtype;
    return out;
  }
  auto is_list = [](const ExprTerm& t) { return t.kind == ExprTerm::kList; };
  bool fits = (is_list(a) || a.kind == ExprTerm::kInt) && (is_list(b) || b.kind == ExprTerm::kInt);
  if (!fits || divides) throw NotRepresentable("arithmetic on other things than integers");
  IntTerm length = is_list(a) ? a.list.length : b.list.length;
  if (is_list(a) && is_list(b)) need(equal(a.list.length, b.list.length));
  auto entry = [is_list](const ExprTerm& t) {
    return is_list(t) ? t.list.at : IntFunction([n = t.integer](IntTerm) { return n; });
  };
  IntList out;
  out.length = length;
  out.at = [step, x = entry(a), y = entry(b)](IntTerm t) { return combined(step, x(t), y(t)); };
  return list_term(out);
}

ExprTerm ExprReader::fold(Call call, int step) {
  ExprTerm total = read(call.args[0]);
  if (call.args.size() == 1 && step == ExprFunctions::kSub)
    return combine(step, int_term(0), total);
  for (std::size_t i = 1; i < call.args.size(); ++i) {
    total = combine(step, total, read(call.args[i]));
  }
  return total;
}

ExprTerm ExprReader::read(const AttrExpr& expr) {
  ExprTerm out;
  switch (expr.kind) {
    case AttrExpr::kAttrVar: {
      const GenericField* field = source_.attr(expr.variable);
      if (field == nullptr) throw NotRepresentable("a field that is not known");
      return term_of(*field);
    }
    case AttrExpr::kValueVar:
      throw NotRepresentable("a tensor in an expression");
    case AttrExpr::kCall: {
      const std::string& name = attr_functions()[static_cast<std::size_t>(expr.function)].name;
      auto it = ExprFunctions::table().find(name);
      if (it == ExprFunctions::table().end()) {
        throw NotRepresentable(format("{} has no generic meaning", name));
      }
      return it->second(*this, expr);
    }
    case AttrExpr::kLiteral:
      break;
  }
  if (const Dim* dim = std::get_if<Dim>(&expr.literal)) return int_term(dim->value());
  if (const List* list = std::get_if<List>(&expr.literal)) {
    std::vector<IntTerm> items;
    for (Dim d : *list) items.push_back(d.value());
    return list_term(fixed_list(std::move(items)));
  }
  if (const DType* dtype = std::get_if<DType>(&expr.literal)) {
    out.kind = ExprTerm::kDType;
    out.dtype = dtypes_.exactly(*dtype);
  } else if (const Scalar* scalar = std::get_if<Scalar>(&expr.literal)) {
    out.kind = ExprTerm::kScalar;
    out.scalar = literal_form(scalar->as_double());
  } else {
    out.kind = ExprTerm::kText;
    out.text = std::get<std::string>(expr.literal);
  }
  return out;
}

}  // namespace bafe::generic

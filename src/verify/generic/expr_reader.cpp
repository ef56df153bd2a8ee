// In: expressions over variables of a rule. Out: integer terms, lists, conditions; claims that hold
// wherever the expression has a value. Invariant: what has no exact counterpart is refused.
#include "expr_reader.h"

#include "bafe/base/format.h"
#include "expr_functions.h"

namespace bafe::generic {
namespace {

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

}  // namespace

const std::string& function_name(const AttrExpr& call) {
  return attr_functions()[static_cast<std::size_t>(call.function)].name;
}

bool is_call(const AttrExpr& expr, const char* name) {
  return expr.kind == AttrExpr::kCall && function_name(expr) == name;
}

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

ExprTerm truth_term(Truth value) {
  ExprTerm out;
  out.kind = ExprTerm::kTruth;
  out.truth = value;
  return out;
}

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

const std::map<std::string, ExprFunctions::Function>& ExprFunctions::table() {
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

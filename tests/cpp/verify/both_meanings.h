#pragma once
/// One call of an operator at concrete types, asked of both meanings: the generic one (all sizes
/// and ranks) and the one of the operator table (the interpreter).
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "../../../src/verify/generic/op_meaning.h"
#include "bafe/base/error.h"
#include "bafe/ir/eval.h"
#include "bafe/ir/graph.h"
#include "bafe/verify/instance.h"

namespace bafe::generic {

/// What terms without symbols speak of: index functions of folds and indices that are data.
struct Surroundings {
  std::map<std::string, std::vector<std::int64_t>> bound;
  std::vector<Tensor> inputs;
};

inline Surroundings& surroundings() {
  static Surroundings it;
  return it;
}

/// Terms without symbols as numbers: what the opaque functions stand for.
std::int64_t number(IntTerm term);

inline bool holds(Truth what) {
  const TruthRow r = row(what);
  switch (r.kind) {
    case TruthKind::kConstant:
      return r.value;
    case TruthKind::kNonNegative:
      return number(r.terms[0]) >= 0;
    case TruthKind::kZero:
      return number(r.terms[0]) == 0;
    case TruthKind::kPredicate:
      return true;  // layouts
    case TruthKind::kNot:
      return !holds(r.parts[0]);
    case TruthKind::kAnd:
      for (Truth part : r.parts) {
        if (!holds(part)) return false;
      }
      return true;
    case TruthKind::kOr:
      for (Truth part : r.parts) {
        if (holds(part)) return true;
      }
      return false;
  }
  return false;
}

/// Row-major position of an index in a shape; the index must lie inside.
inline std::int64_t position(const Shape& shape, const std::vector<std::int64_t>& at) {
  std::int64_t flat = 0;
  EXPECT_EQ(at.size(), shape.size());
  for (std::size_t i = 0; i < shape.size(); ++i) {
    EXPECT_GE(at[i], 0);
    EXPECT_LT(at[i], shape[i].value());
    flat = flat * shape[i].value() + at[i];
  }
  return flat;
}

/// "data<k>": the integer that operand k holds at an index.
inline std::int64_t looked_up(const Tensor& tensor, const IntRow& r) {
  std::vector<std::int64_t> at;
  if (!tensor.type().shape.empty()) {
    for (IntTerm arg : r.args) at.push_back(number(arg));
  }
  return tensor.at(position(tensor.type().shape, at)).as_int();
}

inline std::int64_t value_of_call(const IntRow& r) {
  const Surroundings& here = surroundings();
  if (auto it = here.bound.find(r.name); it != here.bound.end()) {
    return it->second[static_cast<std::size_t>(number(r.args[0]))];
  }
  if (r.name.rfind("data", 0) == 0) {
    return looked_up(here.inputs[static_cast<std::size_t>(std::stoi(r.name.substr(4)))], r);
  }
  auto entry = [&](std::size_t f, std::int64_t t) { return number(open(r.args[f], IntTerm(t))); };
  std::int64_t n = number(r.args[0]);
  if (r.name == "floor_div") {
    std::int64_t b = number(r.args[1]);
    return b == 0 ? 0 : n >= 0 ? n / b : -((-n + b - 1) / b);
  }
  if (r.name == "product") {
    std::int64_t out = 1;
    for (std::int64_t t = 0; t < n; ++t) out *= entry(1, t);
    return out;
  }
  if (r.name == "flatten") {
    std::int64_t out = 0;
    for (std::int64_t t = 0; t < n; ++t) out = out * entry(1, t) + entry(2, t);
    return out;
  }
  if (r.name == "unflatten") {
    std::int64_t flat = number(r.args[2]), axis = number(r.args[3]);
    for (std::int64_t t = n - 1; t > axis; --t) flat = entry(1, t) == 0 ? 0 : flat / entry(1, t);
    return entry(1, axis) == 0 ? 0 : flat % entry(1, axis);
  }
  if (r.name == "where") {
    for (std::int64_t t = 0; t < n; ++t) {
      if (entry(1, t) == 1) return t;
    }
    return 0;
  }
  ADD_FAILURE() << "an unknown function " << r.name;
  return 0;
}

inline std::int64_t number(IntTerm term) {
  const IntRow r = row(term);
  switch (r.kind) {
    case IntKind::kApply:
      return value_of_call(r);
    case IntKind::kChoice:
      return number(r.args[holds(r.condition) ? 0 : 1]);
    case IntKind::kPolynomial:
      break;
    default:
      ADD_FAILURE() << "a symbol " << text(term);
      return 0;
  }
  std::int64_t sum = 0;
  for (const auto& [monomial, factor] : r.poly) {
    std::int64_t product = factor.integer();
    for (const auto& [atom, exponent] : monomial) {
      for (int i = 0; i < exponent; ++i) product *= number(IntTerm::of_row(atom));
    }
    sum += product;
  }
  return sum;
}

inline IntList list_of(const List& list) {
  std::vector<IntTerm> items;
  for (Dim d : list) items.push_back(d.value());
  return fixed_list(std::move(items));
}

inline bool ascend(const IntList& list, std::int64_t end) {
  std::int64_t last = -1;
  for (IntTerm item : list.items) {
    if (number(item) <= last || number(item) >= end) return false;
    last = number(item);
  }
  return true;
}

inline bool claims_hold(const Claims& claims, const DTypeFacts& dtypes) {
  for (Truth fact : claims.facts) {
    if (!holds(fact)) return false;
  }
  for (const auto& axes : claims.axes) {
    if (!ascend(axes.list, number(axes.end))) return false;
  }
  for (const auto& p : claims.permutations) {
    if (!p.list.permutation || number(p.list.length) != number(p.length)) return false;
  }
  for (const auto& claim : claims.dtypes) {
    if (!dtypes.must_be_in(claim.a, claim.allowed)) return false;
    if (claim.b.variable >= 0 && !dtypes.must_be_same(claim.a, claim.b)) return false;
  }
  for (const IntPredicate& body : claims.for_all) {
    for (int t = -2; t < 9; ++t) {
      if (!holds(body(t))) return false;
    }
  }
  return true;
}

/// One call at concrete types; what both meanings say of it.
class Call {
 public:
  Call(Op op, std::vector<Type> types, Attrs attrs)
      : op_(op), types_(std::move(types)), attrs_(std::move(attrs)) {
    for (std::size_t k = 0; k < types_.size(); ++k) {
      fill(k, [k](std::int64_t i) { return std::int64_t(k + 1) * 100'000 + i; });
    }
  }

  /// The elements of operand k, from their row-major positions.
  template <class Value>
  Call& fill(std::size_t k, Value value) {
    inputs_.resize(types_.size());
    inputs_[k] = Tensor(types_[k]);
    for (std::int64_t i = 0; i < inputs_[k].count(); ++i) {
      inputs_[k].set(i, Scalar::of_int(types_[k].dtype, value(i)));
    }
    return *this;
  }

  /// True when the call is well typed.
  bool compare() {
    TermScope scope;
    DTypeFacts dtypes;
    GenericCall call;
    call.info = &op_info(op_);
    call.dtypes = &dtypes;
    for (std::size_t k = 0; k < types_.size(); ++k) {
      call.operands.push_back({{dtypes.exactly(types_[k].dtype), list_of(types_[k].shape)},
                               [k](const AxisIndex& index) { return read_form(int(k), index); }});
    }
    for (const AttrValue& attr : attrs_) call.fields.push_back(field(attr, dtypes));
    surroundings() = {{}, inputs_};
    std::optional<Type> type;
    std::optional<Tensor> want;
    try {
      type = infer_type(op_, types_, attrs_);
      want = interpreted();
    } catch (const Error&) {
      type.reset();
    }
    Claims claims;
    bool good = true;
    std::optional<GenericValue> value;
    try {
      value = generic_meaning(call, claims);
      good = claims_hold(claims, dtypes);
    } catch (const NotRepresentable&) {
      good = false;  // a list that is no permutation
    }
    EXPECT_EQ(good, type.has_value()) << describe();
    if (!good || !type) return false;
    compare_types(value->type.shape, type->shape);
    EXPECT_EQ(dtypes.allowed(value->type.dtype), dtype_bit(type->dtype)) << describe();
    if (op_info(op_).kind != OpKind::kLibrary) compare_elements(*value, *type, *want);
    return true;
  }

 private:
  static GenericField field(const AttrValue& attr, DTypeFacts& dtypes) {
    GenericField out;
    out.kind = attr_kind(attr);
    if (const Dim* d = std::get_if<Dim>(&attr)) out.integer = d->value();
    if (const List* l = std::get_if<List>(&attr)) out.list = list_of(*l);
    if (const DType* d = std::get_if<DType>(&attr)) out.dtype = dtypes.exactly(*d);
    if (const Scalar* s = std::get_if<Scalar>(&attr)) {
      out.scalar = literal_form(s->as_double());
      out.scalar_dtype = dtypes.exactly(s->dtype);
    }
    return out;
  }

  std::string describe() const {
    std::string out(op_info(op_).name);
    for (const Type& t : types_) out += " " + t.text();
    for (const AttrValue& a : attrs_) out += " " + attr_text(a);
    return out;
  }

  void compare_types(const IntList& shape, const Shape& want) {
    ASSERT_EQ(number(shape.length), static_cast<std::int64_t>(want.size())) << describe();
    for (std::size_t i = 0; i < want.size(); ++i) {
      EXPECT_EQ(number(shape.at(static_cast<std::int64_t>(i))), want[i].value()) << describe();
    }
  }

  Tensor interpreted() const {
    Graph graph;
    std::vector<ValueId> operands;
    for (std::size_t k = 0; k < types_.size(); ++k) {
      InputInfo info;
      info.name = "x" + std::to_string(k);
      info.type = types_[k];
      operands.push_back(graph.add_input(info));
    }
    graph.add_root(graph.add(op_, operands, attrs_));
    return evaluate(graph, inputs_)[0];
  }

  void compare_elements(const GenericValue& value, const Type& type, const Tensor& want) {
    std::vector<std::int64_t> sizes = concrete(type.shape), at(sizes.size(), 0);
    for (std::int64_t flat = 0; flat < want.count(); ++flat) {
      FormRef form = value.element([&](IntTerm t) { return fixed(at, t); });
      EXPECT_EQ(read(*form), want.at(flat).as_int()) << describe() << " element " << flat;
      for (std::size_t i = sizes.size(); i-- > 0;) {
        if (++at[i] < sizes[i]) break;
        at[i] = 0;
      }
    }
  }

  static IntTerm fixed(const std::vector<std::int64_t>& at, IntTerm t) {
    std::vector<IntTerm> items(at.begin(), at.end());
    return fixed_list(std::move(items)).at(t);
  }

  std::int64_t read(const Form& form) {
    if (form.kind == FormKind::kChoose) return read(*form.args[holds(form.condition) ? 0 : 1]);
    if (form.kind == FormKind::kLiteral) return static_cast<std::int64_t>(form.literal);
    if (form.kind == FormKind::kInteger) return number(form.integer);
    if (form.kind == FormKind::kFold) return fold(form);
    if (form.kind == FormKind::kApply) {
      EXPECT_EQ(form.prim, Prim::kMul) << describe();
      return read(*form.args[0]) * read(*form.args[1]);
    }
    EXPECT_EQ(form.kind, FormKind::kRead);
    const Tensor& x = inputs_[static_cast<std::size_t>(form.number)];
    std::vector<std::int64_t> at;
    for (int t = 0; t < x.type().rank(); ++t) at.push_back(number(open(form.index, t)));
    return x.at(position(x.type().shape, at)).as_int();
  }

  /// The bound index takes all values, the last axis fastest.
  std::int64_t fold(const Form& form) {
    std::vector<std::int64_t> axes, sizes;
    for (std::int64_t t = 0; t < number(form.axes_end); ++t) {
      if (number(open(form.over, t)) != 1) continue;
      axes.push_back(t);
      sizes.push_back(number(open(form.extent, t)));
    }
    std::vector<std::int64_t> values;
    std::int64_t count = 1;
    for (std::int64_t size : sizes) count *= size;
    for (std::int64_t flat = 0; flat < count; ++flat) {
      std::vector<std::int64_t> at(static_cast<std::size_t>(number(form.axes_end)), -1);
      std::int64_t rest = flat;
      for (std::size_t i = axes.size(); i-- > 0; rest /= sizes[i]) {
        at[static_cast<std::size_t>(axes[i])] = rest % sizes[i];
      }
      surroundings().bound[form.name] = at;
      values.push_back(read(*form.args[0]));
    }
    surroundings().bound.erase(form.name);
    return folded(form.reduce, values);
  }

  static std::int64_t folded(ReduceKind kind, const std::vector<std::int64_t>& values) {
    auto largest = std::max_element(values.begin(), values.end());
    auto smallest = std::min_element(values.begin(), values.end());
    std::int64_t sum = 0, product = 1;
    for (std::int64_t v : values) {
      sum += v;
      product *= v;
    }
    switch (kind) {
      case ReduceKind::kSum:
        return sum;
      case ReduceKind::kProd:
        return product;
      case ReduceKind::kMax:
        return *largest;
      case ReduceKind::kMin:
        return *smallest;
      case ReduceKind::kArgMax:
        return largest - values.begin();
      case ReduceKind::kArgMin:
        return smallest - values.begin();
    }
    return 0;
  }

  Op op_;
  std::vector<Type> types_;
  Attrs attrs_;
  std::vector<Tensor> inputs_;
};

}  // namespace bafe::generic

// The generic meaning of a movement and its meaning in the operator table must not drift apart:
// both are asked at many concrete types, good ones and bad ones.
#include <gtest/gtest.h>

#include "../../../src/verify/generic/op_meaning.h"
#include "bafe/base/error.h"
#include "bafe/ir/eval.h"
#include "bafe/ir/graph.h"
#include "bafe/verify/instance.h"

namespace bafe::generic {
namespace {

/// Terms without symbols as numbers: what the opaque functions stand for.
std::int64_t number(IntTerm term);

bool holds(Truth what) {
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

std::int64_t value_of_call(const IntRow& r) {
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

std::int64_t number(IntTerm term) {
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

IntList list_of(const List& list) {
  std::vector<IntTerm> items;
  for (Dim d : list) items.push_back(d.value());
  return fixed_list(std::move(items));
}

bool ascend(const IntList& list, std::int64_t end) {
  std::int64_t last = -1;
  for (IntTerm item : list.items) {
    if (number(item) <= last || number(item) >= end) return false;
    last = number(item);
  }
  return true;
}

bool claims_hold(const Claims& claims) {
  for (Truth fact : claims.facts) {
    if (!holds(fact)) return false;
  }
  for (const auto& axes : claims.axes) {
    if (!ascend(axes.list, number(axes.end))) return false;
  }
  for (const auto& p : claims.permutations) {
    if (!p.list.permutation || number(p.list.length) != number(p.length)) return false;
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
      : op_(op), types_(std::move(types)), attrs_(std::move(attrs)) {}

  /// True when the call is well typed.
  bool compare() {
    TermScope scope;
    DTypeFacts dtypes;
    GenericCall call;
    call.info = &op_info(op_);
    call.dtypes = &dtypes;
    for (std::size_t k = 0; k < types_.size(); ++k) {
      call.operands.push_back({{dtypes.exactly(DType::kI64), list_of(types_[k].shape)},
                               [k](const AxisIndex& index) { return read_form(int(k), index); }});
    }
    for (const AttrValue& attr : attrs_) call.fields.push_back(field(attr, dtypes));
    std::optional<Type> type;
    try {
      type = infer_type(op_, types_, attrs_);
    } catch (const ShapeError&) {
    }
    Claims claims;
    bool good = true;
    std::optional<GenericValue> value;
    try {
      value = generic_meaning(call, claims);
      good = claims_hold(claims);
    } catch (const NotRepresentable&) {
      good = false;  // a list that is no permutation
    }
    EXPECT_EQ(good, type.has_value()) << describe();
    if (!good || !type) return false;
    compare_types(value->type.shape, type->shape);
    compare_elements(*value, *type);
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

  void compare_elements(const GenericValue& value, const Type& type) {
    Graph graph;
    std::vector<ValueId> operands;
    std::vector<Tensor> inputs;
    for (std::size_t k = 0; k < types_.size(); ++k) {
      InputInfo info;
      info.name = "x" + std::to_string(k);
      info.type = types_[k];
      operands.push_back(graph.add_input(info));
      inputs.emplace_back(types_[k]);
      for (std::int64_t i = 0; i < inputs[k].count(); ++i) {
        inputs[k].set(i, Scalar::of_int(DType::kI64, std::int64_t(k + 1) * 100'000 + i));
      }
    }
    graph.add_root(graph.add(op_, operands, attrs_));
    Tensor want = evaluate(graph, inputs)[0];
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
    EXPECT_EQ(form.kind, FormKind::kRead);
    const Shape& shape = types_[static_cast<std::size_t>(form.number)].shape;
    std::int64_t flat = 0;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      std::int64_t at = number(open(form.index, static_cast<std::int64_t>(i)));
      EXPECT_GE(at, 0) << describe();
      EXPECT_LT(at, shape[i].value()) << describe();
      flat = flat * shape[i].value() + at;
    }
    return (form.number + 1) * 100'000 + flat;
  }

  Op op_;
  std::vector<Type> types_;
  Attrs attrs_;
};

class Movements : public ::testing::Test {
 protected:
  Type type(int rank) {
    Type out{DType::kI64, {}};
    for (int i = 0; i < rank; ++i) out.shape.push_back(dice.pick(sizes));
    return out;
  }
  List numbers(std::size_t count, int low, int high) {
    List out;
    for (std::size_t i = 0; i < count; ++i) out.push_back(low + dice.below(high - low + 1));
    return out;
  }
  List axes(int end) {
    List out;
    for (int i = 0; i < end; ++i) {
      if (dice.chance(40)) out.push_back(i);
    }
    if (dice.chance(10)) out.push_back(dice.below(5) - 1);
    return out;
  }
  /// Calls until `wanted` were well typed.
  template <class Make>
  void run(int wanted, Make make) {
    int good = 0;
    for (int i = 0; i < 60 * wanted && good < wanted; ++i) {
      Call call = make();
      good += call.compare() ? 1 : 0;
      if (HasFailure()) return;
    }
    EXPECT_GE(good, wanted);
  }
  std::vector<std::int64_t> sizes = {0, 1, 1, 2, 3, 4};
  Dice dice{7};
};

TEST_F(Movements, TransposeAgrees) {
  run(60, [&] {
    Type x = type(dice.below(4));
    List perm = numbers(x.shape.size(), 0, std::max(0, x.rank() - 1));
    if (dice.chance(5)) perm.push_back(0);
    return Call(Op::kTranspose, {x}, {perm});
  });
}

TEST_F(Movements, ReshapeAgrees) {
  run(60, [&] {
    Type x = type(dice.below(4));
    List shape = type(dice.below(5)).shape;
    if (dice.chance(60)) {
      shape = x.shape;
      for (std::size_t i = 0; i + 1 < shape.size(); ++i) std::swap(shape[i], shape[i + 1]);
      if (shape.size() > 1 && dice.chance(50)) {
        shape[0] = shape[0] * shape[1];
        shape.erase(shape.begin() + 1);
      }
    }
    return Call(Op::kReshape, {x}, {shape});
  });
}

TEST_F(Movements, BroadcastAgrees) {
  run(60, [&] {
    Type x = type(dice.below(4));
    List shape = x.shape;
    for (Dim& d : shape) {
      if (d == Dim(1) || dice.chance(10)) d = dice.pick(sizes);
    }
    return Call(Op::kBroadcastTo, {x}, {shape});
  });
}

TEST_F(Movements, ExpandedAndSqueezedAxesAgree) {
  run(60, [&] {
    Type x = type(dice.below(4));
    return Call(Op::kExpandDims, {x}, {axes(x.rank() + 2)});
  });
  run(60, [&] {
    Type x = type(dice.below(4));
    List chosen = axes(x.rank());
    for (Dim a : chosen) {
      bool inside = a.value() >= 0 && a.value() < x.rank();
      if (inside && dice.chance(90)) x.shape[static_cast<std::size_t>(a.value())] = 1;
    }
    return Call(Op::kSqueeze, {x}, {chosen});
  });
}

TEST_F(Movements, SlicesAgree) {
  run(60, [&] {
    Type x = type(dice.below(3));
    std::size_t n = x.shape.size();
    return Call(Op::kSlice, {x}, {numbers(n, -1, 3), numbers(n, 0, 3), numbers(n, -2, 2)});
  });
}

TEST_F(Movements, WindowsAgree) {
  sizes = {0, 1, 2, 3, 5, 7};
  run(60, [&] {
    Type x = type(dice.below(4));
    List chosen = axes(x.rank());
    std::size_t n = chosen.size();
    return Call(Op::kWindows, {x}, {chosen, numbers(n, 1, 3), numbers(n, 1, 3), numbers(n, 1, 2)});
  });
}

TEST_F(Movements, ConcatAgrees) {
  run(60, [&] {
    Type x = type(1 + dice.below(3));
    std::vector<Type> parts = {x};
    int axis = dice.below(x.rank() + 1) - (dice.chance(5) ? 1 : 0);
    for (int k = dice.below(3); k > 0; --k) {
      parts.push_back(x);
      if (axis >= 0 && axis < x.rank()) {
        parts.back().shape[static_cast<std::size_t>(axis)] = dice.pick(sizes);
      }
      if (dice.chance(10)) parts.back().shape[0] = dice.pick(sizes);
    }
    return Call(Op::kConcat, parts, {Dim(axis)});
  });
}

TEST_F(Movements, PadAndIotaAgree) {
  run(60, [&] {
    Type x = type(dice.below(4));
    std::size_t n = x.shape.size();
    int low = dice.chance(10) ? -1 : 0;
    return Call(Op::kPad, {x},
                {numbers(n, low, 2), numbers(n, 0, 2), Scalar::of_int(DType::kI64, -7)});
  });
  run(20, [&] {
    List shape = type(dice.below(4)).shape;
    return Call(Op::kIota, {}, {DType::kI64, shape, Dim(dice.below(4))});
  });
}

}  // namespace
}  // namespace bafe::generic

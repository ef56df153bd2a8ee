// Construction of shaped operators in NumPy's manners. In: operands and attributes as a user gives
// them. Out: nodes in normal form: explicit casts, equal batch sizes, reductions that keep their
// axes with a squeeze behind them.
#include <algorithm>
#include <tuple>

#include "bafe/base/format.h"
#include "bafe/ir/builder.h"
#include "expand.h"
#include "manners.h"
#include "op_rules.h"

namespace bafe {
namespace {

using rules_of_ops::with_operands;

List all_axes(int rank) {
  List out;
  for (int i = 0; i < rank; ++i) out.push_back(i);
  return out;
}

/// Gives the value of one call where an operator has manners of its own beyond axes and dtypes.
using Manner = ValueId (*)(Builder& b, std::span<const ValueId> operands, const Attrs& attrs);

/// Operators that are called through a method of the builder.
const std::vector<std::pair<Op, Manner>>& manners() {
  // Never destroyed: the background thread may use it to the end.
  static const auto& rows = *new const std::vector<std::pair<Op, Manner>>{
      {Op::kReshape, [](Builder& b, std::span<const ValueId> x,
                        const Attrs& a) { return b.reshape(x[0], attr_list(a, 0)); }},
      {Op::kBroadcastTo, [](Builder& b, std::span<const ValueId> x,
                            const Attrs& a) { return b.broadcast(x[0], attr_list(a, 0)); }},
      {Op::kExpandDims, [](Builder& b, std::span<const ValueId> x,
                           const Attrs& a) { return b.expand_dims(x[0], attr_list(a, 0)); }},
      {Op::kMatmul,
       [](Builder& b, std::span<const ValueId> x, const Attrs&) { return b.matmul(x[0], x[1]); }},
  };
  return rows;
}

/// Batch sizes of both operands made equal; the last `kept` axes are left alone.
std::pair<ValueId, ValueId> equal_batch(Builder& b, std::string_view subject, ValueId x,
                                        ValueId y) {
  Type tx = b.type(x), ty = b.type(y);
  auto batch_of = [](const Type& t) {
    return Type{t.dtype, Shape(t.shape.begin(), t.shape.end() - 2)};
  };
  const Type batches[] = {batch_of(tx), batch_of(ty)};
  Shape batch;
  try {
    batch = broadcast_shapes(subject, batches);
  } catch (const ShapeError&) {
    const Type operands[] = {tx, ty};
    throw with_operands(ShapeError({}, std::string(subject), "batch sizes do not broadcast"),
                        operands)
        .fix("make the leading axes equal, or size 1");
  }
  auto widen = [&](ValueId v, const Type& t) {
    Shape shape = batch;
    shape.insert(shape.end(), t.shape.end() - 2, t.shape.end());
    return b.broadcast(v, shape);
  };
  return {widen(x, tx), widen(y, ty)};
}

void require_axes(std::string_view subject, const Type& t, const Type& a, const Type& b) {
  if (t.rank() > 0) return;
  const Type operands[] = {a, b};
  throw with_operands(ShapeError({}, std::string(subject), "a 0-d value has no inner axis"),
                      operands)
      .fix("multiply by a scalar with *");
}

}  // namespace

ValueId Builder::matmul(ValueId a, ValueId b) {
  try {
    Type ta = type(a), tb = type(b);
    require_axes("matmul", ta, ta, tb);
    require_axes("matmul", tb, ta, tb);
    bool row = ta.rank() == 1, column = tb.rank() == 1;
    Dim inner_a = ta.shape.back(), inner_b = tb.shape[column ? 0 : tb.shape.size() - 2];
    if (inner_a != inner_b) {  // named here, before vectors get an axis the user never wrote
      const Type operands[] = {ta, tb};
      rules_of_ops::throw_inner_sizes(operands);
    }
    const ValueId both[] = {a, b};
    DType d = common_dtype(both);
    ValueId x = cast(a, d), y = cast(b, d);
    if (row) x = expand_dims(x, {0});
    if (column) y = expand_dims(y, {1});
    std::tie(x, y) = equal_batch(*this, "matmul", x, y);
    ValueId out = add(Op::kMatmul, {x, y}, {});
    List gone;
    int rank = type(out).rank();
    if (row) gone.push_back(rank - 2);
    if (column) gone.push_back(rank - 1);
    return gone.empty() ? out : squeeze(out, gone);
  } catch (Error& error) {
    error.place(loc_);
    throw;
  }
}

ValueId Builder::reduce(Op op, ValueId x, std::optional<List> axes, bool keepdims) {
  const OpInfo& info = op_info(op);
  try {
    Type t = type(x);
    // NumPy lets a 0-d value be reduced over axis 0 or -1.
    bool on_scalar = axes && t.rank() == 0 && (*axes == List{0} || *axes == List{-1});
    if (on_scalar) axes = List{};
    bool picks = info.reduce == ReduceKind::kArgMax || info.reduce == ReduceKind::kArgMin;
    if (picks && t.rank() == 0)
      return squeeze(reduce(op, expand_dims(x, {0}), List{0}, true), List{0});
    List over = axes ? normal_axes(info.name, std::move(*axes), t.rank(), t) : all_axes(t.rank());
    bool is_reduction = info.kind == OpKind::kReduction;
    const ValueId operands[] = {x};
    ValueId out = call(op, operands, {over});
    bool drops = is_reduction || composite_reduces(info);
    return keepdims || !drops ? out : squeeze(out, over);
  } catch (Error& error) {
    error.place(loc_);
    throw;
  }
}

ValueId Builder::cumsum(ValueId x, std::optional<Dim> axis) {
  ValueId flat = axis ? x : reshape(x, {-1});
  const ValueId operands[] = {flat};
  return call(Op::kCumsum, operands, {axis ? *axis : Dim(0)});
}

ValueId Builder::reshape(ValueId x, List shape) {
  const Type t = type(x);
  auto guess = std::find(shape.begin(), shape.end(), Dim(-1));
  if (guess != shape.end()) {
    *guess = Dim(1);
    bool one = std::find(shape.begin(), shape.end(), Dim(-1)) == shape.end();
    Dim rest = num_elements(shape), have = num_elements(t.shape);
    bool known = rest.is_const() && have.is_const() && rest.value() != 0;
    if (one && known && have.value() % rest.value() == 0) {
      *guess = have.value() / rest.value();
    } else if (one && rest == Dim(1)) {
      *guess = have;
    } else if (!one || have != rest || rest == Dim(0)) {
      *guess = Dim(-1);
      const Type operands[] = {t};
      throw with_operands(
          ShapeError(loc_, "reshape", format("no size fits the -1 of {}", shape_text(shape))),
          operands)
          .fix("let one size be -1, and the others divide the number of elements");
    }
  }
  return add(Op::kReshape, {x}, {std::move(shape)});
}

ValueId Builder::transpose(ValueId x, List perm) {
  int rank = type(x).rank();
  if (perm.empty()) {
    for (int i = rank; i-- > 0;) perm.push_back(i);
  }
  const ValueId operands[] = {x};
  return call(Op::kTranspose, operands, {std::move(perm)});
}

ValueId Builder::concat(std::span<const ValueId> parts, Dim axis) {
  return call(Op::kConcat, parts, {axis});
}

ValueId Builder::stack(std::span<const ValueId> parts, Dim axis) {
  std::vector<ValueId> wide;
  for (ValueId v : parts) {
    if (type(v).shape != type(parts[0]).shape) {
      const Type operands[] = {type(parts[0]), type(v)};
      throw with_operands(ShapeError(loc_, "stack", "parts have different shapes"), operands)
          .fix("give all parts one shape, or use concat");
    }
    wide.push_back(expand_dims(v, {axis}));
  }
  return concat(wide, axis);
}

ValueId Builder::slice(ValueId x, List start, List size, List step) {
  return add(Op::kSlice, {x}, {std::move(start), std::move(size), std::move(step)});
}

ValueId Builder::squeeze(ValueId x, std::optional<List> axes) {
  const Type t = type(x);
  if (!axes) {
    axes.emplace();
    for (int i = 0; i < t.rank(); ++i) {
      if (t.shape[static_cast<std::size_t>(i)] == Dim(1)) axes->push_back(i);
    }
  }
  const ValueId operands[] = {x};
  return axes->empty() ? x : call(Op::kSqueeze, operands, {std::move(*axes)});
}

ValueId Builder::expand_dims(ValueId x, List axes) {
  const Type t = type(x);
  try {
    axes = normal_axes("expand_dims", std::move(axes), t.rank() + static_cast<int>(axes.size()), t);
  } catch (Error& error) {
    error.place(loc_);
    throw;
  }
  return add(Op::kExpandDims, {x}, {std::move(axes)});
}

ValueId Builder::call_shaped(const OpInfo& info, std::span<const ValueId> operands, Attrs attrs) {
  for (const auto& [op, manner] : manners()) {
    if (op == info.op) return manner(*this, operands, attrs);
  }
  std::vector<ValueId> values(operands.begin(), operands.end());
  if (!values.empty()) attrs = normal_attrs(info, type(values[0]), std::move(attrs));
  for (AttrValue& a : attrs) {  // pad's value is cast to the array, as NumPy casts it
    bool is_value =
        info.kind == OpKind::kMovement && attr_kind(a) == AttrKind::kScalar && !values.empty();
    if (is_value) a = std::get<Scalar>(a).cast(type(values[0]).dtype);
  }
  bool sums = info.reduce == ReduceKind::kSum || info.reduce == ReduceKind::kProd;
  bool accumulates = (info.kind == OpKind::kReduction || info.kind == OpKind::kScan) && sums;
  if (accumulates) values[0] = cast(values[0], sum_of(type(values[0]).dtype));
  bool promotes = info.arity == kVariadic || info.kind == OpKind::kLibrary;
  if (promotes) {
    DType d = common_dtype(values);
    if (info.kind == OpKind::kLibrary && !is_float(d)) d = DType::kF64;
    for (ValueId& v : values) v = cast(v, d);
  }
  if (info.kind == OpKind::kLibrary && values.size() == 2) return call_solver(info, values);
  return add(info.op, std::move(values), std::move(attrs));
}

/// A vector on the right is one column; batch sizes broadcast.
ValueId Builder::call_solver(const OpInfo& info, std::vector<ValueId> values) {
  bool column = type(values[1]).rank() == 1;
  if (column) values[1] = expand_dims(values[1], {1});
  if (type(values[0]).rank() >= 2 && type(values[1]).rank() >= 2) {
    std::tie(values[0], values[1]) = equal_batch(*this, info.name, values[0], values[1]);
  }
  ValueId out = add(info.op, std::move(values), {});
  return column ? squeeze(out, List{-1}) : out;
}

}  // namespace bafe

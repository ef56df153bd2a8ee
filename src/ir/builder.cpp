// Checked construction: dtypes, broadcasting, composites. In: operators called as NumPy allows.
// Out: nodes in normal form. Invariant: a call whose result is its operand element for element adds
// no node; errors carry the place.
#include "bafe/ir/builder.h"

#include <algorithm>

#include "bafe/base/format.h"
#include "expand.h"
#include "manners.h"
#include "op_rules.h"

namespace bafe {
namespace {

/// Does the tree read operand 0 at the output index itself?
bool is_identity(const Element& tree) {
  if (!tree || tree->prim != Prim::kRead || tree->number != 0) return false;
  for (std::size_t i = 0; i < tree->args.size(); ++i) {
    const ElementNode& index = *tree->args[i];
    if (index.prim != Prim::kIndex || index.number != static_cast<std::int64_t>(i)) return false;
  }
  return true;
}

/// reshape and broadcast_to to the operand's own shape: seen without a tree, so symbols are fine.
bool keeps_shape(const Attrs& attrs, const Type& result) {
  return attrs.size() == 1 && attr_kind(attrs[0]) == AttrKind::kList &&
         attr_list(attrs, 0) == result.shape;
}

}  // namespace

/// A value that bends like a Python scalar: a weak input, or a pointwise result of such values
/// only.
bool Builder::is_weak(ValueId id) const {
  const Node& n = graph_.node(id);
  if (is_input(n.op))
    return graph_.inputs()[static_cast<std::size_t>(attr_int(n.attrs, 0).value())].weak;
  const OpInfo& info = op_info(n.op);
  if (info.kind != OpKind::kPointwise || !n.attrs.empty()) return false;
  return std::all_of(n.operands.begin(), n.operands.end(),
                     [this](ValueId v) { return is_weak(v); });
}

DType Builder::common_dtype(std::span<const ValueId> operands) const {
  std::optional<DType> strong, weak;
  for (ValueId v : operands) {
    std::optional<DType>& side = is_weak(v) ? weak : strong;
    side = side ? promote(*side, type(v).dtype) : type(v).dtype;
  }
  if (!strong) return *weak;
  return weak ? promote_weak(*strong, dtype_info(*weak).kind) : *strong;
}

ValueId Builder::add(Op op, std::vector<ValueId> operands, Attrs attrs) {
  std::vector<Type> types;
  for (ValueId v : operands) types.push_back(type(v));
  const OpInfo& info = op_info(op);
  try {
    if (operands.size() == 1 && info.kind == OpKind::kMovement) {
      Type result = infer_type(op, types, attrs);
      bool same = result == types[0] &&
                  (keeps_shape(attrs, result) || is_identity(op_element(op, types, attrs, result)));
      if (same) return operands[0];
    }
    std::size_t before = graph_.size();
    ValueId id = graph_.add(op, std::move(operands), std::move(attrs));
    if (graph_.size() > before && !loc_.file.empty()) graph_.set_loc(id, loc_);
    return id;
  } catch (Error& error) {
    error.place(loc_);
    throw;
  }
}

ValueId Builder::call(Op op, std::span<const ValueId> operands, Attrs attrs) {
  const OpInfo& info = op_info(op);
  for (ValueId v : operands)
    BAFE_CHECK(v.index() < graph_.size(), "an operand is a node of this graph");
  try {
    rules_of_ops::check_call(info, operands.size(), attrs);
    if (is_input(op)) {
      throw ShapeError({}, "input", "inputs are declared, not called").fix("add it to the graph");
    }
    if (info.kind == OpKind::kPointwise) return pointwise(info, operands, std::move(attrs));
    if (info.kind == OpKind::kExpand) return expand(info, operands, attrs);
    if (info.kind == OpKind::kNamed) return named(op, operands);
    return call_shaped(info, operands, std::move(attrs));
  } catch (Error& error) {
    error.place(loc_);
    throw;
  }
}

ValueId Builder::call(std::string_view name, std::span<const ValueId> operands, Attrs attrs) {
  std::optional<Op> op = op_from_text(name);
  if (!op) {
    throw ParseError(loc_, std::string(name), "there is no such operator")
        .fix("use an operator of the table");
  }
  return call(*op, operands, std::move(attrs));
}

ValueId Builder::cast(ValueId x, DType to) {
  if (type(x).dtype == to) return x;
  return add(Op::kCast, {x}, {to});
}

ValueId Builder::literal(Scalar value, ValueId like) {
  return graph_.add_fill(value, type(like).shape);
}

ValueId Builder::broadcast(ValueId x, const Shape& shape) {
  if (type(x).shape == shape) return x;
  std::size_t rank = type(x).shape.size();
  if (rank > shape.size()) {
    const Type operands[] = {type(x)};
    throw rules_of_ops::with_operands(
        ShapeError(loc_, "broadcast_to",
                   format("rank {} is more than the rank of {}", rank, shape_text(shape))),
        operands)
        .fix("broadcasting only adds axes");
  }
  List axes;
  for (std::size_t i = 0; i + rank < shape.size(); ++i)
    axes.push_back(static_cast<std::int64_t>(i));
  ValueId wide = axes.empty() ? x : add(Op::kExpandDims, {x}, {axes});
  return add(Op::kBroadcastTo, {wide}, {shape});
}

ValueId Builder::pointwise(const OpInfo& info, std::span<const ValueId> operands, Attrs attrs) {
  std::vector<ValueId> cast_to = cast_operands(info, operands);
  if (info.dtype_rule == DTypeRule::kRounding && !is_float(type(cast_to[0]).dtype))
    return cast_to[0];
  if (info.dtype_rule == DTypeRule::kCast && attrs.size() == 1 &&
      attrs[0] == AttrValue(type(cast_to[0]).dtype)) {
    return cast_to[0];
  }
  if (cast_to.size() > 1) {
    std::vector<Type> types;
    for (ValueId v : operands) types.push_back(type(v));
    Shape shape = broadcast_shapes(info.name, types);
    for (ValueId& v : cast_to) v = broadcast(v, shape);
  }
  return add(info.op, std::move(cast_to), std::move(attrs));
}

std::vector<ValueId> Builder::cast_operands(const OpInfo& info, std::span<const ValueId> operands) {
  std::vector<ValueId> out(operands.begin(), operands.end());
  if (info.dtype_rule == DTypeRule::kCast) return out;
  std::size_t first = info.dtype_rule == DTypeRule::kWhere ? 1 : 0;
  if (first == 1) out[0] = cast(out[0], DType::kBool);
  DType d = common_dtype(operands.subspan(first));
  switch (info.dtype_rule) {
    case DTypeRule::kNumber:
    case DTypeRule::kShift:
      if (d == DType::kBool) d = DType::kI8;
      break;
    case DTypeRule::kFloat:
    case DTypeRule::kTest:
      d = float_of(d);
      break;
    case DTypeRule::kDivide:
      if (!is_float(d)) d = DType::kF64;
      break;
    case DTypeRule::kLogical:
      d = DType::kBool;
      break;
    default:
      break;
  }
  for (std::size_t i = first; i < out.size(); ++i) out[i] = cast(out[i], d);
  return out;
}

ValueId Builder::expand(const OpInfo& info, std::span<const ValueId> operands, const Attrs& attrs) {
  std::vector<ValueId> values(operands.begin(), operands.end());
  Attrs fields = normal_attrs(info, type(operands[0]), attrs);
  // Over axes, 16-bit floats would round (and overflow) at every step; NumPy keeps float32 inside
  // too.
  DType own = type(values[0]).dtype;
  bool widens = !fields.empty() && is_float(own) && dtype_bytes(own) == 2;
  if (widens) values[0] = cast(values[0], DType::kF32);
  try {
    ValueId result = expand_composite(*this, info, values, fields);
    return widens ? cast(result, own) : result;
  } catch (Error& error) {
    if (error.subject() != info.name) error.about(std::string(info.name) + ": " + error.subject());
    throw;
  }
}

ValueId Builder::named(Op op, std::span<const ValueId> operands) {
  const OpInfo& info = op_info(op);
  BAFE_CHECK(info.kind == OpKind::kNamed, "named() is called with a named composite");
  std::vector<ValueId> values(operands.begin(), operands.end());
  DType d = common_dtype(operands);
  for (ValueId& v : values) v = cast(v, d);
  return add(op, std::move(values), {});
}

Shape broadcast_shapes(std::string_view subject, std::span<const Type> operands) {
  std::size_t rank = 0;
  for (const Type& t : operands) rank = std::max(rank, t.shape.size());
  Shape out(rank, Dim(1));
  for (std::size_t back = 1; back <= rank; ++back) {
    Dim& size = out[rank - back];
    for (const Type& t : operands) {
      if (t.shape.size() < back) continue;
      Dim d = t.shape[t.shape.size() - back];
      if (d == Dim(1) || d == size) continue;
      if (size == Dim(1)) {
        size = d;
        continue;
      }
      std::vector<int> axes;
      for (const Type& o : operands) axes.push_back(o.rank() - static_cast<int>(back));
      throw rules_of_ops::with_operands(
          ShapeError({}, std::string(subject),
                     format("sizes {} and {} do not broadcast", size.text(), d.text())),
          operands, axes)
          .fix(
              "sizes must be equal or 1, counted from the last axis; reshape or slice one operand");
    }
  }
  return out;
}

}  // namespace bafe

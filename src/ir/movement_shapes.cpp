// Shape rules of operators that move elements. In: operand types and attributes in normal form
// (axes not negative). Out: the result type. Invariant: a size comparison that symbols leave open
// is an error, never a guess.
#include "bafe/ir/binding.h"
#include "op_rules.h"

namespace bafe::rules_of_ops {
namespace {

std::size_t at(std::int64_t axis) { return static_cast<std::size_t>(axis); }

void require_integer_index(std::string_view subject, Operands operands) {
  if (is_integer(operands[1].dtype)) return;
  throw with_operands(DTypeError({}, std::string(subject), "indices must be integers"), operands)
      .fix("cast the indices to i64");
}

void require_same_length(std::string_view subject, std::string_view field, const List& list,
                         Operands operands) {
  if (list.size() == operands[0].shape.size()) return;
  throw with_operands(
      ShapeError({}, std::string(subject),
                 format("{} has {} entries for rank {}", field, list.size(), operands[0].rank())),
      operands)
      .fix("give one entry an axis");
}

}  // namespace

Type transpose_shape(Operands operands, const Attrs& attrs) {
  const List& perm = attr_list(attrs, 0);
  const Type& x = operands[0];
  std::vector<bool> seen(x.shape.size());
  bool valid = perm.size() == x.shape.size();
  Type out{x.dtype, {}};
  for (std::size_t i = 0; valid && i < perm.size(); ++i) {
    std::int64_t axis = known("transpose", "an axis", perm[i]);
    valid = axis >= 0 && axis < x.rank() && !seen[at(axis)];
    if (!valid) break;
    seen[at(axis)] = true;
    out.shape.push_back(x.shape[at(axis)]);
  }
  if (valid) return out;
  throw with_operands(
      ShapeError({}, "transpose",
                 format("{} is not a permutation of {} axes", attr_text(perm), x.rank())),
      operands)
      .fix("name every axis once");
}

Type reshape_shape(Operands operands, const Attrs& attrs) {
  const Shape& shape = attr_list(attrs, 0);
  check_sizes("reshape", shape);
  Dim have = num_elements(operands[0].shape), want = num_elements(shape);
  if (have == want) return {operands[0].dtype, shape};
  throw with_operands(ShapeError({}, "reshape",
                                 format("{} elements do not fill {}, which has {}", have.text(),
                                        shape_text(shape), want.text())),
                      operands)
      .fix("keep the number of elements, or let one size be -1");
}

Type broadcast_shape(Operands operands, const Attrs& attrs) {
  const Shape& shape = attr_list(attrs, 0);
  const Type& x = operands[0];
  check_sizes("broadcast_to", shape);
  if (shape.size() != x.shape.size()) {
    throw with_operands(
        ShapeError({}, "broadcast_to",
                   format("rank {} differs from the rank of {}", x.rank(), shape_text(shape))),
        operands)
        .fix("add axes of size 1 with expand_dims");
  }
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (x.shape[i] == shape[i] || x.shape[i] == Dim(1)) continue;
    throw with_operands(
        ShapeError({}, "broadcast_to",
                   format("size {} does not stretch to {}", x.shape[i].text(), shape[i].text())),
        operands, {static_cast<int>(i)})
        .fix("only axes of size 1 can be stretched");
  }
  return {x.dtype, shape};
}

Type expand_dims_shape(Operands operands, const Attrs& attrs) {
  const List& axes = attr_list(attrs, 0);
  const Type& x = operands[0];
  int rank = x.rank() + static_cast<int>(axes.size());
  check_axes("expand_dims", axes, rank, operands);
  Type out{x.dtype, {}};
  std::size_t next = 0;
  for (int i = 0; i < rank; ++i) out.shape.push_back(contains(axes, i) ? Dim(1) : x.shape[next++]);
  return out;
}

Type squeeze_shape(Operands operands, const Attrs& attrs) {
  const List& axes = attr_list(attrs, 0);
  const Type& x = operands[0];
  check_axes("squeeze", axes, x.rank(), operands);
  Type out{x.dtype, {}};
  for (int i = 0; i < x.rank(); ++i) {
    if (!contains(axes, i)) {
      out.shape.push_back(x.shape[at(i)]);
    } else if (x.shape[at(i)] != Dim(1)) {
      throw with_operands(ShapeError({}, "squeeze", format("axis {} does not have size 1", i)),
                          operands, {i})
          .fix("squeeze only axes of size 1");
    }
  }
  return out;
}

namespace {

/// With every symbol at least 1.
bool is_never_negative(Dim dim) {
  if (dim.is_const()) return dim.value() >= 0;
  const auto linear = linear_dim(dim);
  return linear && linear->factor >= 0 && linear->factor + linear->offset >= 0;
}

/// Is it known, with symbols, that the first and the last index lie inside the axis? An empty slice
/// does too.
bool stays_inside(Dim start, Dim size, Dim step, Dim extent) {
  if (!step.is_const() || step == Dim(0) || (start.is_const() && size.is_const())) return false;
  const Dim last = start + (size - Dim(1)) * step;
  const bool forward = step.value() > 0;
  const Dim low = forward ? start : last, room = extent - Dim(1) - (forward ? last : start);
  return is_never_negative(low) && is_never_negative(room);
}

}  // namespace

Type slice_shape(Operands operands, const Attrs& attrs) {
  const List &start = attr_list(attrs, 0), &size = attr_list(attrs, 1), &step = attr_list(attrs, 2);
  const Type& x = operands[0];
  require_same_length("slice", "start", start, operands);
  require_same_length("slice", "size", size, operands);
  require_same_length("slice", "step", step, operands);
  check_sizes("slice", size);
  for (std::size_t i = 0; i < size.size(); ++i) {
    if (start[i] == Dim(0) && step[i] == Dim(1) && size[i] == x.shape[i])
      continue;  // whole axis, any size
    if (stays_inside(start[i], size[i], step[i], x.shape[i])) continue;
    std::int64_t first = known("slice", "a start", start[i]),
                 count = known("slice", "a size", size[i]);
    std::int64_t stride = known("slice", "a step", step[i]),
                 extent = known("slice", "a sliced axis", x.shape[i]);
    if (count == 0) continue;
    __int128 last = first + static_cast<__int128>(count - 1) * stride;
    if (stride != 0 && first >= 0 && first < extent && last >= 0 && last < extent) continue;
    throw with_operands(
        ShapeError({}, "slice",
                   format("start {} size {} step {} leaves the axis", first, count, stride)),
        operands, {static_cast<int>(i)})
        .fix("keep every index inside the axis; a step is not 0");
  }
  return {x.dtype, size};
}

Type windows_shape(Operands operands, const Attrs& attrs) {
  const List &axes = attr_list(attrs, 0), &window = attr_list(attrs, 1);
  const List &stride = attr_list(attrs, 2), &dilation = attr_list(attrs, 3);
  Type out = operands[0];
  check_axes("windows", axes, out.rank(), operands);
  for (const List* list : {&window, &stride, &dilation}) {
    if (list->size() == axes.size()) continue;
    throw with_operands(ShapeError({}, "windows",
                                   format("{} has {} entries for {} axes", attr_text(*list),
                                          list->size(), axes.size())),
                        operands)
        .fix("give window, stride and dilation one entry an axis");
  }
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::int64_t count = known("windows", "a window", window[i]),
                       step = known("windows", "a stride", stride[i]),
                       spread = known("windows", "a dilation", dilation[i]),
                       extent = known("windows", "a windowed axis", out.shape[at(axes[i].value())]);
    const __int128 span = static_cast<__int128>(count - 1) * spread + 1;
    const bool is_empty = extent == 0 && span == 1;
    if (count < 1 || step < 1 || spread < 1 || (span > extent && !is_empty)) {
      throw with_operands(ShapeError({}, "windows",
                                     format("window {} stride {} dilation {} does not fit the axis",
                                            count, step, spread)),
                          operands, {static_cast<int>(axes[i].value())})
          .fix("entries are at least 1, and a window with its dilation lies inside its axis");
    }
    const std::int64_t last = extent - static_cast<std::int64_t>(span);
    out.shape[at(axes[i].value())] = Dim(is_empty ? 0 : last / step + 1);
    out.shape.push_back(window[i]);
  }
  check_sizes("windows", out.shape);
  return out;
}

Type concat_shape(Operands operands, const Attrs& attrs) {
  Type out = operands[0];
  int axis = check_axis("concat", attr_int(attrs, 0), out.rank(), operands);
  for (std::size_t k = 1; k < operands.size(); ++k) {
    const Type& part = operands[k];
    const Type pair[] = {operands[0], part};
    if (part.dtype != out.dtype) {
      throw with_operands(DTypeError({}, "concat", format("part {} has another dtype", k)), pair)
          .fix("cast the parts");
    }
    if (part.rank() != out.rank()) {
      throw with_operands(ShapeError({}, "concat", format("part {} has another rank", k)), pair)
          .fix("give all parts the same number of axes");
    }
    for (int i = 0; i < out.rank(); ++i) {
      if (i == axis || part.shape[at(i)] == out.shape[at(i)]) continue;
      throw with_operands(
          ShapeError({}, "concat", format("part {} has another size on axis {}", k, i)), pair,
          {i, i})
          .fix(format("only axis {} may differ", axis));
    }
    out.shape[at(axis)] = out.shape[at(axis)] + part.shape[at(axis)];
  }
  check_sizes("concat", out.shape);
  return out;
}

Type pad_shape(Operands operands, const Attrs& attrs) {
  const List &low = attr_list(attrs, 0), &high = attr_list(attrs, 1);
  const Type& x = operands[0];
  require_same_length("pad", "low", low, operands);
  require_same_length("pad", "high", high, operands);
  if (attr_scalar(attrs, 2).dtype != x.dtype) {
    throw with_operands(
        DTypeError({}, "pad", format("value {} has another dtype", attr_text(attrs[2]))), operands)
        .fix("give the value the dtype of the array");
  }
  Type out = x;
  for (std::size_t i = 0; i < low.size(); ++i) {
    if (known("pad", "a width", low[i]) < 0 || known("pad", "a width", high[i]) < 0) {
      throw with_operands(ShapeError({}, "pad", "widths must not be negative"), operands)
          .fix("slice to make an axis shorter");
    }
    out.shape[i] = low[i] + x.shape[i] + high[i];
  }
  check_sizes("pad", out.shape);
  return out;
}

Type take_shape(Operands operands, const Attrs& attrs) {
  const Type &x = operands[0], &index = operands[1];
  int axis = check_axis("take", attr_int(attrs, 0), x.rank(), operands);
  require_integer_index("take", operands);
  Type out{x.dtype, {}};
  out.shape.assign(x.shape.begin(), x.shape.begin() + axis);
  out.shape.insert(out.shape.end(), index.shape.begin(), index.shape.end());
  out.shape.insert(out.shape.end(), x.shape.begin() + axis + 1, x.shape.end());
  check_sizes("take", out.shape);
  if (x.shape[at(axis)] == Dim(0) && num_elements(index.shape) != Dim(0)) {
    throw with_operands(ShapeError({}, "take", "nothing can be taken from an axis of size 0"),
                        operands, {axis})
        .fix("index with an empty array, or take from another axis");
  }
  return out;
}

Type gather_shape(Operands operands, const Attrs& attrs) {
  const Type &x = operands[0], &index = operands[1];
  int axis = check_axis("gather", attr_int(attrs, 0), x.rank(), operands);
  require_integer_index("gather", operands);
  if (index.rank() != x.rank()) {
    throw with_operands(ShapeError({}, "gather", "ranks differ"), operands)
        .fix("give the indices the array's rank");
  }
  for (int i = 0; i < x.rank(); ++i) {
    if (i == axis || index.shape[at(i)] == x.shape[at(i)]) continue;
    throw with_operands(ShapeError({}, "gather", format("sizes differ on axis {}", i)), operands,
                        {i, i})
        .fix(format("only axis {} may differ", axis));
  }
  if (x.shape[at(axis)] == Dim(0) && num_elements(index.shape) != Dim(0)) {
    throw with_operands(ShapeError({}, "gather", "nothing can be taken from an axis of size 0"),
                        operands, {axis})
        .fix("index with an empty array, or gather along another axis");
  }
  return {x.dtype, index.shape};
}

}  // namespace bafe::rules_of_ops

// The words that shape rules, element rules and their messages share. In: operand types and
// attributes. Out: detail lines, checked axes, folded index trees. Invariant: a message names every
// operand with its type.
#include <algorithm>

#include "op_rules.h"

namespace bafe::rules_of_ops {

std::vector<std::string> operand_lines(Operands operands, const std::vector<int>& axes) {
  static constexpr std::string_view kNames = "abcdefgh";
  std::vector<std::string> lines;
  std::size_t width = 0;
  for (const Type& t : operands) width = std::max(width, t.text().size());
  for (std::size_t i = 0; i < operands.size() && i < kNames.size(); ++i) {
    const Type& t = operands[i];
    std::string name = operands.size() == 1 ? "x" : std::string(1, kNames[i]);
    int axis = i < axes.size() ? axes[i] : -1;
    if (axis < 0 || axis >= t.rank()) {
      lines.push_back(format("{}  {}", name, t.text()));
    } else {
      lines.push_back(format("{}  {:<{}}   axis {} is {}", name, t.text(), width, axis,
                             t.shape[static_cast<std::size_t>(axis)].text()));
    }
  }
  return lines;
}

void check_call(const OpInfo& info, std::size_t operands, const Attrs& attrs) {
  bool counted =
      info.arity == kVariadic ? operands > 0 : operands == static_cast<std::size_t>(info.arity);
  if (!counted) {
    std::string wanted = info.arity == kVariadic ? "one or more" : std::to_string(info.arity);
    throw ShapeError({}, std::string(info.name),
                     format("takes {} operands, not {}", wanted, operands))
        .fix("pass the operands that the operator lists");
  }
  const std::vector<AttrField>& fields = tensor_ops().spec(info.id).fields;
  if (attrs.size() != fields.size()) {
    throw ShapeError({}, std::string(info.name),
                     format("takes {} fields, not {}", fields.size(), attrs.size()))
        .fix("give every field a value");
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (attr_kind(attrs[i]) == fields[i].kind) continue;
    static constexpr const char* kKindNames[] = {"an integer", "a list", "a dtype",
                                                 "a scalar",   "a text", "a graph"};
    throw ShapeError({}, std::string(info.name),
                     format("field {} must be {}, not {}", fields[i].name,
                            kKindNames[static_cast<int>(fields[i].kind)], attr_text(attrs[i])))
        .fix("give the field a value of its kind");
  }
}

std::int64_t known(std::string_view subject, std::string_view what, Dim value) {
  if (value.is_const()) return value.value();
  throw ShapeError({}, std::string(subject),
                   format("{} is {}, which is not a known integer", what, value.text()))
      .fix("call with arrays of known sizes");
}

int check_axis(std::string_view subject, Dim axis, int rank, Operands operands) {
  std::int64_t a = known(subject, "an axis", axis);
  if (a >= 0 && a < rank) return static_cast<int>(a);
  auto error = with_operands(
      ShapeError({}, std::string(subject), format("axis {} is out of range for rank {}", a, rank)),
      operands);
  if (rank == 0) throw error.fix("a 0-d value has no axes; leave the axis out");
  throw error.fix(format("use an axis from {} to {}", -rank, rank - 1));
}

void check_axes(std::string_view subject, const List& axes, int rank, Operands operands) {
  int previous = -1;
  for (Dim axis : axes) {
    int a = check_axis(subject, axis, rank, operands);
    if (a <= previous) {
      throw with_operands(
          ShapeError({}, std::string(subject),
                     format("axes {} must ascend without repetition", attr_text(axes))),
          operands)
          .fix("name every axis once, in ascending order");
    }
    previous = a;
  }
}

void check_sizes(std::string_view subject, const Shape& shape) {
  for (Dim d : shape) {
    if (d.is_const() && d.value() < 0) {
      throw ShapeError({}, std::string(subject),
                       format("shape {} has a negative size", shape_text(shape)))
          .fix("sizes start at 0; only reshape takes one -1");
    }
  }
  num_elements(shape);  // throws when the count leaves 62 bits
}

bool contains(const List& list, std::int64_t value) {
  return std::find(list.begin(), list.end(), Dim(value)) != list.end();
}

std::vector<Element> indices_of(int rank) {
  std::vector<Element> out;
  for (int axis = 0; axis < rank; ++axis) out.push_back(element::index(axis));
  return out;
}

Element index_add(const Element& a, std::int64_t b) {
  if (b == 0) return a;
  if (a->prim == Prim::kInteger) return element::integer(a->number + b);
  if (b < 0) return a - element::integer(-b);
  return a + element::integer(b);
}

Element index_mul(const Element& a, std::int64_t b) {
  if (b == 1) return a;
  if (a->prim == Prim::kInteger) return element::integer(a->number * b);
  return a * element::integer(b);
}

}  // namespace bafe::rules_of_ops

// Shape rules of leaves and of operators that keep a type. In: attributes. Out: the type they
// spell. Invariant: no negative size passes.
#include <algorithm>

#include "op_rules.h"

namespace bafe::rules_of_ops {
namespace {

/// "order(0 2 1)" names every axis once; "blocked(48)" gives a width.
bool names_layout(const std::string& text, int rank) {
  if (text == "row" || text == "col" || text == "blocked" || text == "tc") return true;
  std::size_t open = text.find('(');
  if (open == std::string::npos || text.back() != ')') return false;
  std::vector<std::int64_t> numbers;
  std::int64_t number = -1;
  for (char c : text.substr(open + 1)) {
    if (c >= '0' && c <= '9') {
      number = (number < 0 ? 0 : number) * 10 + (c - '0');
      if (number > 1'000'000) return false;
    } else if (c == ' ' || c == ')') {
      if (number >= 0) numbers.push_back(number);
      number = -1;
    } else {
      return false;
    }
  }
  std::string head = text.substr(0, open);
  if (head == "blocked") return numbers.size() == 1 && numbers[0] > 0;
  std::sort(numbers.begin(), numbers.end());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] != static_cast<std::int64_t>(i)) return false;
  }
  return head == "order" && numbers.size() == static_cast<std::size_t>(rank);
}

}  // namespace

Type input_shape(Operands, const Attrs& attrs) {
  check_sizes("input", attr_list(attrs, 2));
  return {attr_dtype(attrs, 1), attr_list(attrs, 2)};
}

Type fill_shape(Operands, const Attrs& attrs) {
  check_sizes("fill", attr_list(attrs, 1));
  return {attr_scalar(attrs, 0).dtype, attr_list(attrs, 1)};
}

Type constant_shape(Operands, const Attrs& attrs) {
  check_sizes("constant", attr_list(attrs, 2));
  return {attr_dtype(attrs, 1), attr_list(attrs, 2)};
}

Type iota_shape(Operands operands, const Attrs& attrs) {
  const Shape& shape = attr_list(attrs, 1);
  check_sizes("iota", shape);
  check_axis("iota", attr_int(attrs, 2), static_cast<int>(shape.size()), operands);
  return {attr_dtype(attrs, 0), shape};
}

Type layout_shape(Operands operands, const Attrs& attrs) {
  const std::string& layout = attr_string(attrs, 0);
  if (names_layout(layout, operands[0].rank())) return operands[0];
  throw with_operands(
      ShapeError({}, "layout_transform", format("\"{}\" is not a layout of this value", layout)),
      operands)
      .fix("use row, col, blocked, tc, or an order of all axes such as order(0 2 1)");
}

}  // namespace bafe::rules_of_ops

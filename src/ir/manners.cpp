// NumPy's manners for attributes. In: fields as a user gives them. Out: fields in normal form.
// Invariant: every axis that leaves here lies in [0, rank) and axis lists ascend without
// repetition.
#include "manners.h"

#include <algorithm>

#include "bafe/base/format.h"
#include "op_rules.h"

namespace bafe {

using rules_of_ops::with_operands;

Dim normal_axis(std::string_view subject, Dim axis, int rank, const Type& x) {
  if (axis.is_const() && axis.value() < 0 && axis.value() >= -rank) return axis + Dim(rank);
  const Type operands[] = {x};
  return rules_of_ops::check_axis(subject, axis, rank, operands);
}

List normal_axes(std::string_view subject, List axes, int rank, const Type& x) {
  std::string given = attr_text(axes);
  for (Dim& axis : axes) axis = normal_axis(subject, axis, rank, x);
  std::sort(axes.begin(), axes.end(), [](Dim a, Dim b) { return a.value() < b.value(); });
  if (std::adjacent_find(axes.begin(), axes.end()) == axes.end()) return axes;
  const Type operands[] = {x};
  throw with_operands(
      ShapeError({}, std::string(subject), format("axes {} name one axis twice", given)), operands)
      .fix("name every axis once");
}

namespace {

/// Lists with an entry for each of the axes follow them into their order.
void order_with_axes(const Attrs& given, std::size_t field, const std::string& subject,
                     const Type& x, Attrs& attrs) {
  const List &axes = std::get<List>(given[field]), &order = std::get<List>(attrs[field]);
  for (std::size_t f = field + 1; f < attrs.size(); ++f) {
    if (attr_kind(attrs[f]) != AttrKind::kList) continue;
    List& list = std::get<List>(attrs[f]);
    if (list.size() != axes.size()) continue;  // the shape rule says what is wrong
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const auto place =
          std::find(order.begin(), order.end(), normal_axis(subject, axes[i], x.rank(), x));
      list[static_cast<std::size_t>(place - order.begin())] = std::get<List>(given[f])[i];
    }
  }
}

}  // namespace

Attrs normal_attrs(const OpInfo& info, const Type& x, Attrs attrs) {
  const std::vector<AttrField>& fields = tensor_ops().spec(info.id).fields;
  int rank = x.rank();
  for (std::size_t i = 0; i < fields.size() && i < attrs.size(); ++i) {
    if (attr_kind(attrs[i]) != fields[i].kind) continue;  // infer_type says what is wrong
    if (fields[i].name == "axis") {
      attrs[i] = normal_axis(info.name, std::get<Dim>(attrs[i]), rank, x);
    } else if (fields[i].name == "axes") {
      const Attrs given = attrs;
      attrs[i] = normal_axes(info.name, std::get<List>(std::move(attrs[i])), rank, x);
      order_with_axes(given, i, std::string(info.name), x, attrs);
    } else if (fields[i].name == "perm") {
      for (Dim& axis : std::get<List>(attrs[i])) axis = normal_axis(info.name, axis, rank, x);
    }
  }
  return attrs;
}

}  // namespace bafe

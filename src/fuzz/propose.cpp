// In: fields of an operator and the types of its operands. Out: values for the fields. A name that
// is not known here gets small integers, of which the type rule takes what it can.

#include "propose.h"

#include <algorithm>
#include <map>

#include "bafe/base/format.h"

namespace bafe {

List Proposer::permutation(int rank) {
  List out;
  for (int i = 0; i < rank; ++i) out.insert(out.begin() + chance_.below(i + 1), Dim(i));
  return out;
}

List Proposer::subset(int rank) {
  List out;
  for (int i = 0; i < rank; ++i) {
    if (chance_.percent(50)) out.push_back(i);
  }
  if (out.empty() && rank > 0) out.push_back(chance_.below(rank));
  return out;
}

Proposer::AxisPart Proposer::part_of(std::int64_t n) {
  AxisPart out;
  const std::int64_t by = 1 + (chance_.percent(50) ? 0 : chance_.below(3));
  const bool is_empty = n == 0 || chance_.percent(4);
  out.size = is_empty ? 0 : 1 + chance_.below((n - 1) / by + 1);
  if (!is_empty && chance_.percent(25)) out.size = (n - 1) / by + 1;
  const std::int64_t slack = is_empty ? 0 : n - 1 - (out.size - 1) * by;
  out.start = slack > 0 ? chance_.below(slack + 1) : 0;
  out.step = by;
  if (!is_empty && chance_.percent(25)) {
    out.start += (out.size - 1) * by;
    out.step = -by;
  }
  out.window = 1 + (n > 0 ? chance_.below(std::min<std::int64_t>(n, 3)) : 0);
  out.stride = 1 + chance_.below(3);
  out.dilation =
      out.window > 1 ? 1 + chance_.below(std::max<std::int64_t>((n - 1) / (out.window - 1), 1)) : 1;
  out.low = chance_.below(3);
  out.high = chance_.below(3);
  return out;
}

/// For operators that reshape, stretch or make: one of the three is likely to be taken.
List Proposer::shape_like(const Type& first) {
  List out;
  if (chance_.percent(30)) return pool_.shape(chance_.below(pool_.limits().most_rank + 1));
  if (chance_.percent(40)) {
    out = first.shape;
    for (Dim& n : out) {
      if (n == Dim(1)) n = pool_.size();
    }
    return out;
  }
  std::int64_t left = num_elements(first.shape).value();
  if (left == 0) {
    out = first.shape;
    std::reverse(out.begin(), out.end());
    return out;
  }
  while (left > 1 && static_cast<int>(out.size()) + 1 < pool_.limits().most_rank) {
    std::int64_t n = 2 + chance_.below(8);
    if (left % n != 0) n = chance_.percent(50) ? left : 1;
    out.push_back(n);
    left /= n;
  }
  if (left > 1 || (out.empty() && chance_.percent(50))) out.push_back(left);
  return out;
}

List Proposer::parts(const std::string& name, const Type& first) {
  static const std::map<std::string, std::int64_t AxisPart::*> kMembers = {
      {"start", &AxisPart::start},   {"size", &AxisPart::size},
      {"step", &AxisPart::step},     {"window", &AxisPart::window},
      {"stride", &AxisPart::stride}, {"dilation", &AxisPart::dilation},
      {"low", &AxisPart::low},       {"high", &AxisPart::high}};
  const auto member = kMembers.find(name);
  List out;
  if (member == kMembers.end()) {
    for (int i = 0; i < first.rank(); ++i) out.push_back(chance_.below(4));
    return out;
  }
  for (int i = 0; i < first.rank(); ++i) {
    if (axes_.empty() || std::find(axes_.begin(), axes_.end(), Dim(i)) != axes_.end())
      out.push_back(parts_[static_cast<std::size_t>(i)].*member->second);
  }
  return out;
}

List Proposer::list_of(const std::string& name, const Type& first, int rank) {
  if (name == "perm") return permutation(rank);
  if (name == "shape") return shape_like(first);
  if (name != "axes") return parts(name, first);
  List ones;
  for (int i = 0; i < rank; ++i) {
    if (first.shape[static_cast<std::size_t>(i)] == Dim(1)) ones.push_back(i);
  }
  if (!ones.empty() && chance_.percent(50))
    axes_ = ones;
  else
    axes_ =
        chance_.percent(40) && rank > 0 ? List{chance_.below(rank)} : subset(rank + (rank == 0));
  return axes_;
}

AttrValue Proposer::attr(const AttrField& field, const Type& first) {
  const int rank = first.rank();
  switch (field.kind) {
    case AttrKind::kInt: {
      const bool is_axis = field.name == "axis" && rank > 0;
      const Dim number(is_axis ? chance_.below(rank) : chance_.below(6) - 2);
      return number;
    }
    case AttrKind::kList:
      return list_of(field.name, first, rank);
    case AttrKind::kDType:
      return pool_.dtype();
    case AttrKind::kScalar:
      return field.name == "eps" ? Scalar::of(DType::kF64, 1e-2)
                                 : Scalar::of(first.dtype, chance_.below(9) - 4);
    default: {
      std::string text = chance_.percent(50) ? "col" : "row";
      if (field.name != "layout") text = format("fuzz{}", chance_.below(1000));
      return text;
    }
  }
}

Attrs Proposer::attrs(std::span<const AttrField> fields, std::span<const Type> operands) {
  const Type first = operands.empty() ? pool_.any_type() : operands[0];
  axes_.clear();
  parts_.clear();
  for (Dim n : first.shape) parts_.push_back(part_of(n.value()));
  Attrs out;
  for (const AttrField& field : fields) out.push_back(attr(field, first));
  return out;
}

Type Proposer::related(const Type& first, int which) {
  Type out = first;
  Shape& shape = out.shape;
  switch (which) {
    case 0:
      return out;
    case 1:  // a bias
      if (!shape.empty()) shape = {shape.back()};
      return out;
    case 2:
      shape.clear();
      return out;
    case 3:  // the right side of a product
      if (shape.size() < 2) return out;
      shape[shape.size() - 2] = shape.back();
      shape.back() = pool_.size();
      return out;
    case 4:  // a part to be joined, or a right side of a system
      if (!shape.empty()) shape[static_cast<std::size_t>(chance_.below(out.rank()))] = pool_.size();
      return out;
    case 5:  // a bias behind a product of some width
      shape = {pool_.size()};
      return out;
    default:  // an index
      static const std::vector<DType> kIndices = {DType::kI64, DType::kI32, DType::kI8,
                                                  DType::kU16};
      out.dtype = chance_.of(kIndices);
      if (chance_.percent(50)) shape = pool_.shape(chance_.below(3));
      return out;
  }
}

}  // namespace bafe

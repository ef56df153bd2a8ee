// In: what is known around a node. Out: a plausible type or field value, drawn by name and kind of
// the field, so a new operator with known field names needs no edit here.
#include "samplers.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace bafe {
namespace {

std::int64_t size_at(const Type& type, int axis) {
  return type.shape[static_cast<std::size_t>(axis)].value();
}

List random_permutation(int n, Dice& dice) {
  List p;
  for (int i = 0; i < n; ++i) p.push_back(i);
  if (n >= 2 && dice.chance(50)) {
    std::swap(p[p.size() - 1], p[p.size() - 2]);
    return p;
  }
  for (std::size_t i = p.size(); i > 1; --i) {
    std::swap(p[i - 1], p[static_cast<std::size_t>(dice.below(static_cast<int>(i)))]);
  }
  return p;
}

/// A sorted set of axes: of the operand, of its size-1 axes, or of a result with more axes.
List random_axes(const std::vector<Type>& operands, const std::optional<Type>& wanted, Dice& dice) {
  int rank = operands.empty() ? 0 : operands[0].rank();
  List axes;
  if (wanted && wanted->rank() > rank) {
    for (int i = 0; i < wanted->rank(); ++i) axes.push_back(i);
    while (static_cast<int>(axes.size()) > wanted->rank() - rank) {
      axes.erase(axes.begin() + dice.below(static_cast<int>(axes.size())));
    }
    return axes;
  }
  bool ones_only = dice.chance(40);
  int limit = rank + (dice.chance(30) ? 1 + dice.below(2) : 0);
  for (int i = 0; i < limit; ++i) {
    if (ones_only && i < rank && size_at(operands[0], i) != 1) continue;
    if (dice.chance(limit <= 1 ? 80 : 50)) axes.push_back(i);
  }
  return axes;
}

/// A shape with the same elements: flat, one axis split, or with axes of size 1.
List reshaped(const List& shape, Dice& dice) {
  Dim total = num_elements(shape);
  List out;
  switch (dice.below(4)) {
    case 0:
      return {total};
    case 1:
      out = shape;
      out.insert(out.begin() + dice.below(static_cast<int>(out.size()) + 1), Dim(1));
      return out;
    case 2:
      for (Dim d : shape) {
        if (d != Dim(1)) out.push_back(d);
      }
      return out;
    default:
      break;
  }
  out = shape;
  for (std::size_t i = 0; i + 1 < out.size(); ++i) {
    if (dice.chance(50)) continue;
    out[i] = out[i] * out[i + 1];
    out.erase(out.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    break;
  }
  return out;
}

List broadcast_shape_of(const List& shape, const InstanceOptions& options, Dice& dice) {
  List out = shape;
  for (Dim& d : out) {
    if (d == Dim(1) && dice.chance(80)) d = dice.pick(options.sizes);
  }
  return out;
}

/// start, size and step of one axis, within `extent`.
void sample_axis_slice(std::int64_t extent, std::optional<std::int64_t> size, Dice& dice,
                       List& start, List& sizes, List& step) {
  static const std::vector<std::int64_t> steps = {1, 1, 1, 2, -1};
  std::int64_t s = dice.pick(steps);
  std::int64_t reach = extent == 0 ? 0 : (extent - 1) / std::abs(s) + 1;
  std::int64_t n = size ? *size : dice.chance(30) ? reach : dice.below(static_cast<int>(reach) + 1);
  std::int64_t span = n > 0 ? (n - 1) * std::abs(s) : 0;
  std::int64_t room = std::max<std::int64_t>(0, extent - 1 - span);
  std::int64_t low = dice.below(static_cast<int>(room) + 1);
  if (n == 0) low = 0;
  start.push_back(s > 0 || n == 0 ? low : low + span);
  sizes.push_back(n);
  step.push_back(s);
}

void sample_slice(const Type& operand, const std::optional<Type>& wanted,
                  std::map<std::string, AttrValue>& scratch, Dice& dice) {
  List start, size, step;
  bool fits = wanted && wanted->rank() == operand.rank();
  for (int i = 0; i < operand.rank(); ++i) {
    std::optional<std::int64_t> n;
    if (fits) n = size_at(*wanted, i);
    sample_axis_slice(size_at(operand, i), n, dice, start, size, step);
  }
  scratch["start"] = start;
  scratch["size"] = size;
  scratch["step"] = step;
}

/// window, stride and dilation of each of the sampled axes.
AttrValue sample_windows(const std::string& name, const Type& operand,
                         std::map<std::string, AttrValue>& scratch, Dice& dice) {
  if (!scratch.count(name)) {
    const List axes = scratch.count("axes") ? std::get<List>(scratch.at("axes")) : List{};
    List window, stride, dilation;
    for (Dim axis : axes) {
      const bool known = axis.is_const() && axis.value() < operand.rank();
      const std::int64_t extent = known ? size_at(operand, static_cast<int>(axis.value())) : 1;
      const std::int64_t count = 1 + dice.below(static_cast<int>(std::min<std::int64_t>(
                                         std::max<std::int64_t>(extent, 1), 3)));
      const bool fits = (count - 1) * 2 < extent;
      window.push_back(count);
      stride.push_back(1 + dice.below(2));
      dilation.push_back(fits ? 1 + dice.below(2) : 1);
    }
    scratch["window"] = window;
    scratch["stride"] = stride;
    scratch["dilation"] = dilation;
  }
  return scratch.at(name);
}

std::optional<AttrValue> sample_list(const std::string& name, const std::vector<Type>& operands,
                                     const std::optional<Type>& wanted,
                                     const InstanceOptions& options,
                                     std::map<std::string, AttrValue>& scratch, Dice& dice) {
  if (name == "perm") {
    return random_permutation(operands.empty() ? 0 : operands[0].rank(), dice);
  }
  if (name == "axes") return scratch["axes"] = random_axes(operands, wanted, dice);
  if (name == "shape") {
    if (wanted && dice.chance(80)) return wanted->shape;
    if (operands.empty()) return List{dice.pick(options.sizes)};
    return dice.chance(50) ? broadcast_shape_of(operands[0].shape, options, dice)
                           : reshaped(operands[0].shape, dice);
  }
  if (operands.empty()) return std::nullopt;
  if (name == "start" || name == "size" || name == "step") {
    if (!scratch.count(name)) sample_slice(operands[0], wanted, scratch, dice);
    return scratch.at(name);
  }
  if (name == "window" || name == "stride" || name == "dilation") {
    return sample_windows(name, operands[0], scratch, dice);
  }
  List amounts;  // low and high of pad
  for (int i = 0; i < operands[0].rank(); ++i) amounts.push_back(dice.below(3));
  return amounts;
}

}  // namespace

Type sample_type(const InstanceOptions& options, int rank, const std::vector<Type>& known,
                 const std::optional<Type>& wanted, Dice& dice) {
  Type type{options.dtype, {}};
  std::vector<const Type*> models;
  for (const Type& t : known) models.push_back(&t);
  if (wanted) models.push_back(&*wanted);
  if (!models.empty()) {
    const Type& model =
        *models[static_cast<std::size_t>(dice.below(static_cast<int>(models.size())))];
    type = model;
    int choice = dice.below(10);
    if (choice < 5) return type;
    if (choice < 8 && model.rank() >= 2) {  // an operand of a product
      std::size_t last = type.shape.size() - 1;
      if (choice == 5) {
        type.shape[last - 1] = type.shape[last];
        type.shape[last] = dice.pick(options.sizes);
      } else if (choice == 6) {
        type.shape[last] = type.shape[last - 1];
        type.shape[last - 1] = dice.pick(options.sizes);
      } else {
        type.shape[last] = dice.pick(options.sizes);
      }
      return type;
    }
    if (choice == 8 && model.rank() >= 1) {
      std::size_t axis = static_cast<std::size_t>(dice.below(model.rank()));
      type.shape[axis] = dice.chance(50) ? Dim(1) : Dim(dice.pick(options.sizes));
      return type;
    }
    if (dice.chance(40)) type.dtype = options.dtype;
    if (model.rank() >= 1 && dice.chance(50)) {  // the last axes only
      type.shape.erase(type.shape.begin(), type.shape.begin() + dice.below(model.rank() + 1));
      return type;
    }
    type.shape.clear();
  }
  for (int i = 0; i < rank; ++i) {
    type.shape.push_back(dice.chance(25) ? Dim(1) : Dim(dice.pick(options.sizes)));
  }
  if (dice.chance(20)) type.dtype = dice.chance(60) ? DType::kBool : DType::kI64;
  return type;
}

std::optional<AttrValue> sample_field(const AttrField& field, const std::vector<Type>& operands,
                                      const std::optional<Type>& wanted,
                                      const InstanceOptions& options,
                                      std::map<std::string, AttrValue>& scratch, Dice& dice) {
  int rank = operands.empty() ? 0 : operands[0].rank();
  switch (field.kind) {
    case AttrKind::kList:
      return sample_list(field.name, operands, wanted, options, scratch, dice);
    case AttrKind::kInt:
      if (field.name == "axis") return Dim(rank == 0 ? 0 : dice.below(rank));
      return Dim(dice.below(5) - 2);
    case AttrKind::kDType:
      if (options.field_dtype) return *options.field_dtype;
      if (wanted && dice.chance(80)) return wanted->dtype;
      return static_cast<DType>(dice.below(kDTypeCount));
    case AttrKind::kScalar:
      return Scalar::of_int(operands.empty() ? options.dtype : operands[0].dtype,
                            dice.below(5) - 2);
    case AttrKind::kText:
      return std::string(dice.chance(50) ? "row" : "col");
    case AttrKind::kGraph:
      break;
  }
  return std::nullopt;
}

}  // namespace bafe

// In: the inputs of an instance with their promised facts. Out: tensors. A promise shapes the
// values last, so that it holds whatever the kind of data.
#include <algorithm>
#include <cmath>
#include <limits>

#include "bafe/verify/check.h"
#include "promises.h"

namespace bafe {
namespace {

double special(Dice& dice) {
  switch (dice.below(8)) {
    case 0:
      return std::numeric_limits<double>::quiet_NaN();
    case 1:
      return std::numeric_limits<double>::infinity();
    case 2:
      return -std::numeric_limits<double>::infinity();
    case 3:
      return 0.0;
    case 4:
      return -0.0;
    case 5:
      return 1e-40;
    default:
      return dice.normal();
  }
}

double pole(Dice& dice) {
  static const std::vector<double> values = {0, 0, 0, 1, 1, -1, -1, 2, -2, 0.5, -0.5, 3};
  return dice.pick(values);
}

double draw(DataKind kind, Dice& dice) {
  switch (kind) {
    case DataKind::kPlain:
      return dice.normal();
    case DataKind::kLarge:
      return 1e4 * dice.normal();
    case DataKind::kSmall:
      return 1e-4 * dice.normal();
    case DataKind::kOffset:
      return 1e4 + dice.normal();
    case DataKind::kSorted:
      return dice.normal();  // sorted afterwards
    case DataKind::kOneHot:
      return 0;
    case DataKind::kCancelling:
      return 1e3 * dice.normal();  // mirrored afterwards
    case DataKind::kSpecial:
      return special(dice);
    case DataKind::kPoles:
      return pole(dice);
    case DataKind::kIntegers:
      return dice.below(7) - 3;
    case DataKind::kWide:
      return dice.chance(50) ? 1e4 * (2 * dice.uniform() - 1) : 1e3 * dice.normal();
    case DataKind::kEdges:
      return dice.normal();  // for ints
  }
  return 0;
}

/// An integer near an edge; how far is as likely a little as a lot.
std::int64_t edge(DType dtype, Dice& dice) {
  const int bits = dtype_info(dtype).bits;
  const bool has_sign = dtype_info(dtype).kind == kIntKind;
  const std::uint64_t top = std::uint64_t{1} << (bits - 1);
  const std::uint64_t edges[] = {top, has_sign ? top - 1 : 2 * top - 1, 0, 1 << 24,
                                 std::uint64_t{1} << 53};
  const std::uint64_t near = edges[dice.below(5)];
  const std::uint64_t far = dice.next() >> (64 - 1 - dice.below(bits));
  return static_cast<std::int64_t>(dice.chance(50) ? near + far : near - far);
}

/// Every other value becomes the negation of the one before, plus noise; then all are shuffled.
void mirror(std::vector<double>& values, Dice& dice) {
  for (std::size_t i = 1; i < values.size(); i += 2) values[i] = dice.normal() - values[i - 1];
  for (std::size_t i = values.size(); i > 1; --i) {
    std::swap(values[i - 1], values[static_cast<std::size_t>(dice.below(static_cast<int>(i)))]);
  }
}

void fill_floats(Tensor& t, DataKind kind, Dice& dice) {
  std::int64_t n = t.count();
  std::vector<double> values;
  for (std::int64_t i = 0; i < n; ++i) values.push_back(draw(kind, dice));
  if (kind == DataKind::kSorted) std::sort(values.begin(), values.end());
  if (kind == DataKind::kCancelling) mirror(values, dice);
  for (std::int64_t i = 0; i < n; ++i) {
    t.set(i, Scalar::of(t.type().dtype, values[static_cast<std::size_t>(i)]));
  }
  if (kind == DataKind::kOneHot && n > 0) {
    t.set(static_cast<std::int64_t>(dice.next() % static_cast<std::uint64_t>(n)),
          Scalar::of(t.type().dtype, 1));
  }
}

void fill_integers(Tensor& t, DataKind kind, int index_limit, Dice& dice) {
  DType dtype = t.type().dtype;
  for (std::int64_t i = 0; i < t.count(); ++i) {
    std::int64_t value = static_cast<std::int64_t>(dice.next());
    if (dtype == DType::kBool) value &= 1;
    if (kind == DataKind::kOneHot) value = i == 0;
    if (kind == DataKind::kSmall || dice.chance(30)) value = (value & 15) - 5;
    if (dtype == DType::kBool) value = value != 0 && dice.chance(50);
    if (kind == DataKind::kEdges && dtype != DType::kBool) value = edge(dtype, dice);
    if (index_limit > 0 && dtype != DType::kBool) value = dice.below(index_limit);
    t.set(i, Scalar::of_int(dtype, value));
  }
}

}  // namespace

double promised_number(const AttrValue& value) {
  if (const Dim* dim = std::get_if<Dim>(&value)) return static_cast<double>(dim->value());
  const Scalar* scalar = std::get_if<Scalar>(&value);
  return scalar == nullptr ? 0 : scalar->as_double();
}

namespace {

/// What a structural fact says about element (row, column) of the last two axes.
double structured(const FactPromise& promise, std::int64_t row, std::int64_t column, double value) {
  const std::string& name = promise.name;
  if (name == "zero") return 0;
  if (name == "identity" || name == "orthogonal") return row == column ? 1 : 0;
  if (name == "diagonal") return row == column ? value : 0;
  if (name == "lower") return column <= row ? value : 0;
  if (name == "upper") return column >= row ? value : 0;
  if (name == "banded" && promise.args.size() == 2) {
    double below = promised_number(promise.args[0]), above = promised_number(promise.args[1]);
    return static_cast<double>(row - column) <= below && static_cast<double>(column - row) <= above
               ? value
               : 0;
  }
  if (name == "finite") return std::isfinite(value) ? value : 1;
  if (name == "nonzero") return std::fabs(value) < 1e-4 ? 1 : value;
  if (name == "in" && promise.args.size() == 2) {
    double low = promised_number(promise.args[0]), high = promised_number(promise.args[1]);
    return std::isfinite(value) ? std::clamp(value, low, high) : low;
  }
  return value;
}

}  // namespace

void keep_promise(Tensor& t, const FactPromise& promise) {
  const Shape& shape = t.type().shape;
  std::int64_t columns = shape.empty() ? 1 : shape.back().value();
  std::int64_t rows = shape.size() < 2 ? 1 : shape[shape.size() - 2].value();
  for (std::int64_t i = 0; i < t.count(); ++i) {
    std::int64_t column = i % columns, row = i / columns % rows;
    double value = t.at(i).as_double();
    if (promise.name == "symmetric" && column < row) {
      value = t.at(i - row * columns - column + column * columns + row).as_double();
    }
    t.set(i, Scalar::of(t.type().dtype, structured(promise, row, column, value)));
  }
}

const char* data_kind_text(DataKind kind) {
  static constexpr const char* names[] = {"plain",  "scale 1e4", "scale 1e-4", "offset 1e4",
                                          "sorted", "one-hot",   "cancelling", "special",
                                          "pole",   "integer",   "wide",       "edge"};
  return names[static_cast<std::size_t>(kind)];
}

std::vector<Tensor> draw_inputs(const RuleInstance& instance, DataKind kind, int index_limit,
                                Dice& dice) {
  std::vector<Tensor> tensors;
  for (std::size_t i = 0; i < instance.graph.inputs().size(); ++i) {
    Tensor t(instance.graph.inputs()[i].type);
    if (is_float(t.type().dtype)) {
      fill_floats(t, kind, dice);
    } else {
      fill_integers(t, kind, index_limit, dice);
    }
    for (const FactPromise& promise : instance.promises[i]) keep_promise(t, promise);
    tensors.push_back(std::move(t));
  }
  return tensors;
}

}  // namespace bafe

// In: a program and arguments. Out: bounds of its rounding errors. Every node is evaluated alone,
// in f64, on operands moved by their bounds: the interpreter's element trees are the only
// definition of an operator, so a new one needs no line here. Bounds are never negative; NaN
// becomes infinite.

#include "bafe/runtime/error_bound.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "bafe/base/error.h"
#include "bafe/ir/builder.h"
#include "bafe/ir/op.h"
#include "bafe/ir/rounding.h"
#include "bafe/search/flops.h"
#include "bound_turns.h"

namespace bafe {
namespace {

constexpr double kUlps = 4;              // of one operator: exp, erf and their like take up to two
constexpr std::size_t kMostCorners = 3;  // operands whose corners are all tried
constexpr double kInfinite = std::numeric_limits<double>::infinity();

Type in_f64(const Type& type) {
  return is_float(type.dtype) ? Type{DType::kF64, type.shape} : type;
}

/// Floats as f64; the rest as it is.
Tensor wide(const Tensor& value) {
  if (!is_float(value.type().dtype)) return value;
  Tensor out(in_f64(value.type()));
  for (std::int64_t i = 0; i < value.count(); ++i) out.as<double>()[i] = value.at(i).as_double();
  return out;
}

/// Stops at the ends of the type.
std::int64_t moved_integer(Scalar from, double by) {
  const DTypeInfo& info = dtype_info(from.dtype);
  const bool is_unsigned = info.kind == kUIntKind;
  const __int128 least = is_unsigned ? 0 : -(__int128{1} << (info.bits - 1));
  const __int128 most = (__int128{1} << (is_unsigned ? info.bits : info.bits - 1)) - 1;
  const __int128 old = is_unsigned ? __int128{from.bits} : __int128{from.as_int()};
  return static_cast<std::int64_t>(std::clamp(old + static_cast<__int128>(by), least, most));
}

/// `value` with every element moved `side` times its bound; a bool with a bound turns over on one
/// side, integers stop at their ends.
Tensor moved(const Tensor& value, const Tensor& bound, double side) {
  Tensor out(value.type());
  for (std::int64_t i = 0; i < value.count(); ++i) {
    const Scalar old = value.at(i);
    const double by = bound.as<double>()[i];
    if (is_float(old.dtype)) {
      out.as<double>()[i] = old.as_double() + side * by;
    } else {
      std::int64_t next = moved_integer(old, side * std::ceil(std::min(by, 0x1p64)));
      if (old.dtype == DType::kBool) next = (by > 0 && side > 0) != (old.as_int() != 0) ? 1 : 0;
      out.set(i, Scalar::of_int(old.dtype, next));
    }
  }
  return out;
}

Tensor magnitudes(const Tensor& value, const Tensor* bound = nullptr) {
  Tensor out(value.type());
  for (std::int64_t i = 0; i < value.count(); ++i)
    out.as<double>()[i] = std::fabs(value.as<double>()[i]) + (bound ? bound->as<double>()[i] : 0);
  return out;
}

/// A difference of that size may be a number that wrapped around: those between are then not known.
double half_range(DType dtype) { return std::ldexp(1.0, dtype_info(dtype).bits - 1); }

double smallest_normal(DType dtype) {
  return dtype == DType::kF64 ? 0x1p-1022 : dtype == DType::kF16 ? 0x1p-14 : 0x1p-126;
}

double largest_finite(DType dtype) {
  return dtype == DType::kF64   ? std::numeric_limits<double>::max()
         : dtype == DType::kF16 ? 65504
         : dtype == DType::kF32 ? double(std::numeric_limits<float>::max())
                                : 0x1.fep127;
}

Tensor zeros(const Type& type) { return Tensor({DType::kF64, type.shape}); }

bool is_zero(const Tensor& bound) {
  return std::all_of(bound.as<double>(), bound.as<double>() + bound.count(),
                     [](double b) { return b == 0; });
}

class Bounds {
 public:
  Bounds(const Graph& graph, const BoundLimits& limits) : graph_(graph), limits_(limits) {}

  bool run(std::vector<Tensor> values) {
    values_.resize(values.size());
    bounds_.resize(values.size());
    for (ValueId id : graph_.live()) {
      values_[id.index()] = exact_value(id, values[id.index()]);
      if (!bound(id)) return false;
      for (std::int64_t i = 0; i < bounds_[id.index()].count(); ++i) {
        double& b = bounds_[id.index()].as<double>()[i];
        if (std::isnan(b)) b = kInfinite;
      }
    }
    return true;
  }
  const Tensor& of(ValueId id) const { return bounds_[id.index()]; }

 private:
  /// In f64, from operands in f64: what the node means over the reals.
  Tensor exact_value(ValueId id, const Tensor& rounded) const {
    const Node& node = graph_.node(id);
    const OpKind kind = op_info(node.op).kind;
    if (kind == OpKind::kLeaf || kind == OpKind::kLibrary || kind == OpKind::kControl)
      return wide(rounded);
    std::vector<Tensor> operands;
    for (ValueId operand : node.operands) operands.push_back(values_[operand.index()]);
    return apply(node, operands);
  }

  /// One operator, alone, on these operands.
  Tensor apply(const Node& node, const std::vector<Tensor>& operands) const {
    Graph one;
    std::vector<ValueId> ids;
    for (const Tensor& operand : operands) {
      InputInfo info;
      info.type = operand.type();
      ids.push_back(one.add_input(std::move(info)));
    }
    Attrs attrs = node.attrs;
    for (AttrValue& attr : attrs) {
      if (DType* dtype = std::get_if<DType>(&attr); dtype && is_float(*dtype)) *dtype = DType::kF64;
    }
    one.set_roots({one.add(node.op, ids, attrs)});
    return evaluate(one, operands).front();
  }

  /// Adds what moving the operands by their bounds changes: every corner of their box. Where an
  /// operator is not monotone inside it, its steepest slope or a pole decides.
  void add_moves(ValueId id, Tensor& out) const {
    const Node& node = graph_.node(id);
    std::vector<Tensor> operands;
    std::vector<std::size_t> moving;
    for (std::size_t k = 0; k < node.operands.size(); ++k) {
      operands.push_back(values_[node.operands[k].index()]);
      if (!is_zero(bounds_[node.operands[k].index()])) moving.push_back(k);
    }
    const Tensor at = apply(node, operands);
    std::vector<double> most(static_cast<std::size_t>(out.count()), 0);
    const auto corners = moving.size() <= kMostCorners ? std::size_t{1} << moving.size() : 0;
    for (std::size_t corner = 0; corner < corners; ++corner)
      widen(node, corner_of(node, operands, moving, corner), at, most);
    if (corners == 0) {  // operators of many operands copy elements
      for (double side : {1.0, -1.0}) {
        std::vector<Tensor> there = operands;
        for (std::size_t k : moving)
          there[k] = moved(operands[k], bounds_[node.operands[k].index()], side);
        widen(node, there, at, most);
      }
    }
    if (op_info(node.op).kind == OpKind::kPointwise) {
      std::vector<MovingOperand> all;
      for (ValueId v : node.operands) all.push_back({values_[v.index()], bounds_[v.index()]});
      add_turns(op_info(node.op).value, node.type.dtype, all, most);
    }
    for (std::int64_t i = 0; i < out.count(); ++i)
      out.as<double>()[i] += most[static_cast<std::size_t>(i)];
  }

  std::vector<Tensor> corner_of(const Node& node, const std::vector<Tensor>& operands,
                                const std::vector<std::size_t>& moving, std::size_t corner) const {
    std::vector<Tensor> there = operands;
    for (std::size_t i = 0; i < moving.size(); ++i) {
      const std::size_t k = moving[i];
      there[k] = moved(operands[k], bounds_[node.operands[k].index()],
                       (corner >> i & 1) != 0 ? 1.0 : -1.0);
    }
    return there;
  }

  void widen(const Node& node, const std::vector<Tensor>& there, const Tensor& at,
             std::vector<double>& most) const {
    const Tensor value = apply(node, there);
    for (std::int64_t i = 0; i < value.count(); ++i) {
      const double a = value.at(i).as_double(), b = at.at(i).as_double();
      double& change = most[static_cast<std::size_t>(i)];
      if (a == b) continue;
      change = std::max(change, std::isnan(a - b) ? kInfinite : std::fabs(a - b));
      if (is_integer(node.type.dtype) && change >= half_range(node.type.dtype)) change = kInfinite;
    }
  }

  /// Relative to the largest value that a kernel may have here, and half the smallest number.
  void add_rounding(ValueId id, Tensor& out) const {
    const Tensor& value = values_[id.index()];
    if (!is_float(value.type().dtype)) return;
    const double unit = bound_unit(graph_.type(id).dtype);
    const double least = unit * smallest_normal(graph_.type(id).dtype);
    const double most = largest_finite(graph_.type(id).dtype);
    for (std::int64_t i = 0; i < out.count(); ++i) {
      double& bound = out.as<double>()[i];
      const double size = std::fabs(value.as<double>()[i]);
      bound += kUlps * (unit * (size + bound) + least);
      if (size + bound > most) bound = kInfinite;
    }
  }

  /// u * terms * S, and what the operands' errors add up to: the program over absolute values.
  void add_sums(ValueId id, double terms, Tensor& out) const {
    const Node& node = graph_.node(id);
    std::vector<Tensor> sizes, with_errors;
    for (ValueId operand : node.operands) {
      const Tensor& value = values_[operand.index()];
      sizes.push_back(magnitudes(value));
      with_errors.push_back(magnitudes(value, &bounds_[operand.index()]));
    }
    const Tensor s = apply(node, sizes), t = apply(node, with_errors);
    const DType dtype = graph_.type(id).dtype;
    const double unit = bound_unit(dtype);
    const double least = unit * smallest_normal(dtype), most = largest_finite(dtype);
    double relative = (terms + kUlps) * unit;
    const OpInfo& info = op_info(node.op);
    std::optional<Tensor> parts;
    if (info.kind == OpKind::kReduction && info.reduce == ReduceKind::kProd)
      parts = largest_products(node, with_errors[0]);
    if (limits_.rounds && info.kind == OpKind::kContraction && dtype == DType::kF32)
      relative += 0x1p-7 + 0x1p-15;
    for (std::int64_t i = 0; i < out.count(); ++i) {
      const double size = s.as<double>()[i];
      const double with_errors_size = std::max(size, t.as<double>()[i]);
      double& bound = out.as<double>()[i];
      bound += relative * with_errors_size + (with_errors_size - size) +
               (terms + kUlps) * least * (parts ? std::max(1.0, parts->as<double>()[i]) : 1);
      const double largest = parts ? parts->as<double>()[i] : with_errors_size;
      if (largest + bound > most) bound = kInfinite;
    }
  }

  /// The largest that a product of some of the factors can be.
  Tensor largest_products(const Node& node, const Tensor& factors) const {
    Tensor out = factors;
    for (std::int64_t i = 0; i < out.count(); ++i)
      out.as<double>()[i] = std::max(1.0, out.as<double>()[i]);
    return apply(node, {out});
  }

  double terms_of(ValueId id) const {
    const Node& node = graph_.node(id);
    const Type& from = graph_.type(node.operands[0]);
    if (op_info(node.op).kind == OpKind::kContraction)
      return static_cast<double>(concrete(from.shape).back());
    const double count = static_cast<double>(values_[node.operands[0].index()].count());
    return count / std::max(1.0, static_cast<double>(values_[id.index()].count()));
  }

  bool bound(ValueId id) {
    const Node& node = graph_.node(id);
    const OpInfo& info = op_info(node.op);
    Tensor out = zeros(node.type);
    const bool is_exact = std::all_of(node.operands.begin(), node.operands.end(),
                                      [&](ValueId v) { return is_zero(bounds_[v.index()]); });
    switch (info.kind) {
      case OpKind::kLeaf:
        break;
      case OpKind::kPointwise:
        if (!is_exact) add_moves(id, out);
        add_rounding(id, out);
        break;
      case OpKind::kMovement:
      case OpKind::kLayout:
        if (!is_exact) add_moves(id, out);
        if (has_moving_places(node)) std::fill_n(out.as<double>(), out.count(), kInfinite);
        break;
      case OpKind::kScan:
      case OpKind::kReduction:
      case OpKind::kContraction:
        if (!is_float(node.type.dtype)) {
          if (!is_exact) std::fill_n(out.as<double>(), out.count(), kInfinite);
        } else if (info.kind == OpKind::kReduction && !adds(info.reduce)) {
          if (!is_exact) add_moves(id, out);
        } else {
          const double along = info.kind == OpKind::kScan ? most_along(id) : terms_of(id);
          add_sums(id, along, out);
        }
        break;
      default:
        return false;
    }
    bounds_[id.index()] = std::move(out);
    return true;
  }

  /// Is an element read from a place that may be another one?
  bool has_moving_places(const Node& node) const {
    return std::any_of(node.operands.begin(), node.operands.end(),
                       [&](ValueId v) {
                         return graph_.type(v).dtype != node.type.dtype &&
                                !is_zero(bounds_[v.index()]);
                       }) ||
           (node.operands.size() > 1 && !is_float(node.type.dtype) &&
            !is_zero(bounds_[node.operands[1].index()]));
  }

  static bool adds(ReduceKind kind) { return kind != ReduceKind::kMax && kind != ReduceKind::kMin; }
  double most_along(ValueId id) const {
    double most = 1;
    for (std::int64_t size : concrete(graph_.type(id).shape))
      most = std::max(most, static_cast<double>(size));
    return most;
  }

  const Graph& graph_;
  const BoundLimits& limits_;
  std::vector<Tensor> values_, bounds_;
};

bool is_small(const Graph& graph, const BoundLimits& limits) {
  double elements = 0;
  for (ValueId id : graph.live()) {
    double count = 1;
    for (std::int64_t size : concrete(graph.type(id).shape)) count *= static_cast<double>(size);
    elements += count;
  }
  return elements <= limits.elements && static_cast<double>(graph_flops(graph)) <= limits.flops;
}

}  // namespace

double bound_unit(DType dtype) { return dtype == DType::kF64 ? 0x1p-43 : unit_roundoff(dtype); }

std::optional<std::vector<Tensor>> error_bounds(const Graph& given, std::span<const Tensor> inputs,
                                                const ConstantTable& constants,
                                                const BoundLimits& limits) {
  if (!is_small(given, limits)) return std::nullopt;
  try {
    const Graph graph = flatten_named(given);
    Bounds bounds(graph, limits);
    if (!bounds.run(evaluate_all(graph, inputs, constants))) return std::nullopt;
    std::vector<Tensor> out;
    for (ValueId root : graph.roots()) out.push_back(bounds.of(root));
    return out;
  } catch (const Error&) {  // an operand that was moved may be refused: an index, a singular matrix
    return std::nullopt;
  }
}

}  // namespace bafe

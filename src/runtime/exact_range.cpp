// In: a program. Out: how large integers may be that pass through it without rounding. Every value
// has a largest magnitude and a number of binary places; operators outside the ring have neither.

#include "bafe/runtime/exact_range.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "bafe/ir/builder.h"
#include "bafe/ir/op.h"
#include "bafe/ir/rounding.h"

namespace bafe {
namespace {

constexpr int kMostMagnitude = 8;
constexpr double kSmallInteger = 6;  // Integers::kSmall
constexpr int kMostPlaces = 20;

struct Range {
  double most = 0;
  int places = 0;
  std::optional<double> splat = {};  ///< all elements are this number
};
using MaybeRange = std::optional<Range>;

double highest_of(DType dtype) {
  const DTypeInfo& info = dtype_info(dtype);
  if (info.kind == kBoolKind) return 1;
  return std::ldexp(1, info.kind == kUIntKind ? info.bits : info.bits - 1);
}

/// The range if `dtype` holds all of it; integers wrap, exactly.
MaybeRange held(Range range, DType dtype) {
  if (!is_float(dtype)) {
    range.most = std::min(range.most, highest_of(dtype));
    range.places = 0;
    return range;
  }
  if (range.places > kMostPlaces) return std::nullopt;
  if (range.most * std::ldexp(1, range.places) >= 1 / unit_roundoff(dtype)) return std::nullopt;
  return range;
}

MaybeRange of_number(double value) {
  Range out{std::fabs(value), 0, value};
  if (!std::isfinite(value)) return std::nullopt;
  while (out.places <= kMostPlaces &&
         std::ldexp(value, out.places) != std::floor(std::ldexp(value, out.places)))
    ++out.places;
  if (out.places > kMostPlaces) return std::nullopt;
  return out;
}

MaybeRange joined(const MaybeRange& a, const MaybeRange& b) {
  if (!a || !b) return std::nullopt;
  Range out{std::max(a->most, b->most), std::max(a->places, b->places)};
  if (a->splat && a->splat == b->splat) out.splat = a->splat;
  return out;
}

class Ranges {
 public:
  Ranges(const Graph& graph, const ConstantTable& constants, bool rounds, double input)
      : graph_(graph), constants_(constants), rounds_(rounds), input_(input) {}

  bool all_exact() {
    ranges_.resize(graph_.size());
    for (ValueId id : graph_.live()) {
      MaybeRange range = of(id);
      if (range) range = held(*range, graph_.type(id).dtype);
      if (!range) return false;
      ranges_[id.index()] = *range;
    }
    return true;
  }

 private:
  const Range& operand(const Node& node, std::size_t k) const {
    return ranges_[node.operands[k].index()];
  }
  static double count_of(const Type& type) {
    double count = 1;
    for (std::int64_t size : concrete(type.shape)) count *= static_cast<double>(size);
    return count;
  }

  MaybeRange of(ValueId id) const {
    const Node& node = graph_.node(id);
    const OpInfo& info = op_info(node.op);
    switch (info.kind) {
      case OpKind::kLeaf:
        return of_leaf(node);
      case OpKind::kPointwise:
        return of_tree(info.value, node);
      case OpKind::kLayout:
        return operand(node, 0);
      case OpKind::kMovement:
        return of_movement(node);
      case OpKind::kContraction:
        return of_product(node);
      case OpKind::kReduction:
        return of_reduction(node, info.reduce);
      case OpKind::kScan: {
        Range out = operand(node, 0);
        out.most *= std::max(1.0, count_of(node.type));
        out.splat.reset();
        return out;
      }
      default:
        return std::nullopt;
    }
  }

  MaybeRange of_leaf(const Node& node) const {
    if (is_fill(node.op)) return of_number(attr_scalar(node.attrs, 0).as_double());
    if (is_input(node.op)) return Range{is_float(node.type.dtype) ? input_ : kSmallInteger, 0};
    const auto constant = constants_.find(attr_string(node.attrs, 0));
    if (constant == constants_.end()) return std::nullopt;
    MaybeRange out = Range{};
    for (std::int64_t i = 0; out && i < constant->second.count(); ++i)
      out = joined(out, of_number(constant->second.at(i).as_double()));
    return out;
  }

  MaybeRange of_movement(const Node& node) const {
    MaybeRange out;
    for (ValueId operand : node.operands) {
      if (graph_.type(operand).dtype != node.type.dtype && node.operands.size() > 1) continue;
      out = out ? joined(out, ranges_[operand.index()]) : ranges_[operand.index()];
    }
    std::vector<Type> types;
    for (ValueId operand : node.operands) types.push_back(graph_.type(operand));
    const Element tree = op_element(node.op, types, node.attrs, node.type);
    if (!tree) return std::nullopt;
    return with_numbers(tree, node.type, out ? *out : Range{});
  }

  /// What a tree puts beside the elements that it reads.
  static MaybeRange with_numbers(const Element& tree, const Type& type, Range so_far) {
    if (tree->prim == Prim::kRead) return so_far;
    if (tree->prim == Prim::kLiteral) return joined(so_far, of_number(tree->literal));
    if (tree->prim == Prim::kOfIndex) {
      double most = 1;
      for (std::int64_t size : concrete(type.shape)) most = std::max(most, double(size));
      if (tree->args[0]->prim == Prim::kInteger)
        most = std::fabs(static_cast<double>(tree->args[0]->number));
      return joined(so_far, Range{most, 0});
    }
    MaybeRange out = so_far;
    for (std::size_t i = tree->prim == Prim::kSelect ? 1 : 0; out && i < tree->args.size(); ++i)
      out = with_numbers(tree->args[i], type, *out);
    return out;
  }

  MaybeRange of_product(const Node& node) const {
    const Range &a = operand(node, 0), &b = operand(node, 1);
    if (rounds_ && node.type.dtype == DType::kF32) {
      if (!held(a, DType::kBF16) || !held(b, DType::kBF16)) return std::nullopt;
    }
    const double terms = static_cast<double>(concrete(graph_.type(node.operands[0]).shape).back());
    return Range{terms * a.most * b.most, a.places + b.places};
  }

  MaybeRange of_reduction(const Node& node, ReduceKind kind) const {
    const Range& a = operand(node, 0);
    const double terms =
        count_of(graph_.type(node.operands[0])) / std::max(1.0, count_of(node.type));
    switch (kind) {
      case ReduceKind::kSum:
        return Range{terms * a.most, a.places};
      case ReduceKind::kProd:
        if (terms > 64) return std::nullopt;
        return Range{std::pow(std::max(a.most, 1.0), terms), a.places * static_cast<int>(terms)};
      case ReduceKind::kMax:
      case ReduceKind::kMin:
        return Range{a.most, a.places};
      default:
        return Range{count_of(graph_.type(node.operands[0])), 0};
    }
  }

  /// A pointwise tree; every float subtree has the node's dtype or an operand's.
  MaybeRange of_tree(const Element& tree, const Node& node) const {
    std::vector<Range> args;
    if (tree->prim == Prim::kArg) return operand(node, static_cast<std::size_t>(tree->number));
    if (tree->prim == Prim::kLiteral) return of_number(tree->literal);
    for (const Element& arg : tree->args) {
      const MaybeRange range = of_tree(arg, node);
      if (!range) return std::nullopt;
      args.push_back(*range);
    }
    const MaybeRange out = of_prim(tree->prim, args, node);
    const DType in =
        node.operands.empty() ? node.type.dtype : graph_.type(node.operands.back()).dtype;
    return out ? held(*out, is_float(node.type.dtype) ? node.type.dtype : in) : out;
  }

  MaybeRange of_prim(Prim prim, const std::vector<Range>& a, const Node& node) const {
    const bool has_floats = is_float(graph_.type(node.operands.back()).dtype);
    switch (prim) {
      case Prim::kNeg:
      case Prim::kAbs:
      case Prim::kCast:
        return Range{a[0].most, is_float(node.type.dtype) ? a[0].places : 0};
      case Prim::kAdd:
      case Prim::kSub:
        return Range{a[0].most + a[1].most, std::max(a[0].places, a[1].places)};
      case Prim::kMul:
        return Range{a[0].most * a[1].most, a[0].places + a[1].places};
      case Prim::kDiv:
        return quotient(a[0], a[1]);
      case Prim::kMin:
      case Prim::kMax:
        return Range{std::max(a[0].most, a[1].most), std::max(a[0].places, a[1].places)};
      case Prim::kSelect:
        return Range{std::max(a[1].most, a[2].most), std::max(a[1].places, a[2].places)};
      case Prim::kFloor:
      case Prim::kCeil:
      case Prim::kRint:
        return Range{a[0].most + 1, 0};
      case Prim::kLt:
      case Prim::kLe:
      case Prim::kEq:
      case Prim::kAnd:
      case Prim::kOr:
      case Prim::kXor:
      case Prim::kNot:
      case Prim::kIsNan:
      case Prim::kIsFinite:
        return Range{1, 0};
      default:
        if (has_floats || is_float(node.type.dtype)) return std::nullopt;
        return Range{highest_of(node.type.dtype), 0};
    }
  }

  /// By a power of two that all elements of the divisor are.
  static MaybeRange quotient(const Range& a, const Range& b) {
    int exponent = 0;
    if (!b.splat || std::frexp(*b.splat, &exponent) != 0.5) return std::nullopt;
    return Range{std::ldexp(a.most, 1 - exponent), std::max(0, a.places + exponent - 1)};
  }

  const Graph& graph_;
  const ConstantTable& constants_;
  bool rounds_;
  double input_;
  std::vector<Range> ranges_;
};

}  // namespace

int exact_magnitude(const Graph& given, const ConstantTable& constants, bool rounds) {
  const Graph graph = flatten_named(given);
  for (int magnitude = kMostMagnitude; magnitude > 0; --magnitude) {
    if (Ranges(graph, constants, rounds, magnitude).all_exact()) return magnitude;
  }
  return 0;
}

}  // namespace bafe

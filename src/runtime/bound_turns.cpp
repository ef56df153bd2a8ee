// In: the element tree of a pointwise operator, its operands and how far they may be off. Out: what
// the corners of that box do not show: turning points, poles, jumps, and operands of which nothing
// is known. Invariant: `most` never falls.

#include "bound_turns.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bafe {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr double kMostKnown = 0x1p53;  // of an integer that may be off

struct Moving {
  double value = 0, by = 0;
  bool reaches(double point) const { return by > 0 && !(std::fabs(value - point) > by); }
};

class Turns {
 public:
  Turns(DType result, const std::vector<MovingOperand>& operands)
      : result_(result), operands_(operands) {}

  void of(const Element& tree, std::vector<double>& most) const {
    for (const Element& arg : tree->args) of(arg, most);
    if (tree->args.empty() || !turns(tree->prim)) return;
    for (std::size_t i = 0; i < most.size(); ++i) {
      const auto at = static_cast<std::int64_t>(i);
      const Moving a = operand(tree->args[0], at);
      const Moving b = tree->args.size() > 1 ? operand(tree->args[1], at) : Moving();
      if (a.by > 0 || b.by > 0) most[i] = std::max(most[i], change(tree->prim, a, b));
    }
  }

 private:
  bool turns(Prim prim) const {
    if (prim == Prim::kEq || prim == Prim::kCast)
      return result_ == DType::kBool;  // others are continuous there
    if (prim >= Prim::kBitAnd && prim <= Prim::kShr) return result_ != DType::kBool;
    return prim == Prim::kSin || prim == Prim::kCos || prim == Prim::kGelu || prim == Prim::kSilu ||
           prim == Prim::kDiv || prim == Prim::kFloorDiv || prim == Prim::kMod ||
           prim == Prim::kPow;
  }

  /// A tree that is neither an operand nor a number is taken for exact.
  Moving operand(const Element& tree, std::int64_t at) const {
    if (tree->prim == Prim::kLiteral) return {tree->literal, 0};
    if (tree->prim != Prim::kArg) return {std::numeric_limits<double>::quiet_NaN(), 0};
    const MovingOperand& from = operands_[static_cast<std::size_t>(tree->number)];
    return {from.value.at(at).as_double(), from.by.as<double>()[at]};
  }

  static double change(Prim prim, Moving a, Moving b) {
    switch (prim) {
      case Prim::kSin:
      case Prim::kCos:
        return a.by;
      case Prim::kGelu:
      case Prim::kSilu:
        return 1.13 * a.by;
      case Prim::kDiv:
      case Prim::kFloorDiv:
        return b.reaches(0) ? kInfinite : 0;
      case Prim::kPow:
        return a.reaches(0) && !(b.value >= b.by) ? kInfinite : 0;
      case Prim::kCast:
        return a.reaches(0) ? 1 : 0;
      case Prim::kEq:
        return std::fabs(a.value - b.value) > a.by + b.by ? 0 : 1;
      case Prim::kMod:
        return change_of_remainder(a, b);
      default:
        return kInfinite;  // bits of a number that may be another one
    }
  }

  /// Linear unless the quotient's whole part changes.
  static double change_of_remainder(Moving a, Moving b) {
    if (b.value == 0 || b.reaches(0)) return kInfinite;
    const double first = std::floor((a.value - a.by) / (b.value - b.by));
    for (double x : {a.value - a.by, a.value + a.by}) {
      for (double y : {b.value - b.by, b.value + b.by}) {
        if (!(std::floor(x / y) == first)) return std::fabs(b.value) + b.by;
      }
    }
    return 0;
  }

  DType result_;
  const std::vector<MovingOperand>& operands_;
};

/// Only the chosen operand counts.
bool is_choice(const Element& tree) {
  return tree->prim == Prim::kSelect &&
         std::all_of(tree->args.begin(), tree->args.end(),
                     [](const Element& arg) { return arg->prim == Prim::kArg; });
}

}  // namespace

bool is_unknown(double by, DType dtype) {
  return std::isinf(by) || (!is_float(dtype) && by > kMostKnown);
}

void add_turns(const Element& tree, DType result, const std::vector<MovingOperand>& operands,
               std::vector<double>& most) {
  Turns(result, operands).of(tree, most);
  if (is_choice(tree)) return;
  const double any = result == DType::kBool ? 1 : kInfinite;
  for (const MovingOperand& operand : operands) {
    const DType dtype = operand.value.type().dtype;
    for (std::size_t i = 0; i < most.size(); ++i) {
      if (is_unknown(operand.by.as<double>()[i], dtype)) most[i] = std::max(most[i], any);
    }
  }
}

}  // namespace bafe

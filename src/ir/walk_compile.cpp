// Element tree -> steps. In: a tree without Reduce and the operand types. Out: steps in postorder,
// one a distinct subtree, with a lane each. Invariant: a step reads only registers of earlier steps
// and leaf columns; numbers without a type of their own take the lane of their context.
#include <map>
#include <optional>
#include <tuple>

#include "bafe/base/error.h"
#include "bafe/ir/walk.h"

namespace bafe {
namespace {

/// Does the tree only choose among stored values? Then bits are moved and nothing is computed.
bool only_moves(const Element& tree) {
  switch (tree->prim) {
    case Prim::kArg:
    case Prim::kRead:
    case Prim::kLiteral:
    case Prim::kOfIndex:
      return true;
    case Prim::kSelect:
      return only_moves(tree->args[1]) && only_moves(tree->args[2]);
    default:
      return false;
  }
}

bool can_fail(const Element& tree) {
  if (tree->prim == Prim::kLookup || tree->prim == Prim::kPow) return true;
  for (const Element& a : tree->args) {
    if (can_fail(a)) return true;
  }
  return false;
}

bool is_index_leaf(Prim prim) {
  return prim == Prim::kIndex || prim == Prim::kBound || prim == Prim::kInteger ||
         prim == Prim::kToIndex || prim == Prim::kLookup;
}

bool is_truth(Prim prim) {
  switch (prim) {
    case Prim::kLt:
    case Prim::kLe:
    case Prim::kEq:
    case Prim::kAnd:
    case Prim::kOr:
    case Prim::kXor:
    case Prim::kNot:
    case Prim::kIsNan:
    case Prim::kIsFinite:
      return true;
    default:
      return false;
  }
}

bool joins_truths(Prim prim) {
  return prim == Prim::kAnd || prim == Prim::kOr || prim == Prim::kXor || prim == Prim::kNot;
}

}  // namespace

class WalkCompiler {
 public:
  WalkCompiler(Walker& walker, std::span<const Type> operands, DType result)
      : walker_(walker), operands_(operands), result_(result) {}

  void compile(const Element& tree, bool computes) {
    bool raw = !computes && only_moves(tree);
    Lane want = raw ? Lane::kRaw : lane_of(result_);
    walker_.root_lane_ = natural(tree, raw).value_or(want);
    walker_.root_ = emit(tree, want, -1, raw);
    walker_.columns_ = std::vector<Column>(static_cast<std::size_t>(registers_));
  }

 private:
  /// Lane of the subtree by itself; none for numbers that bend to their context.
  std::optional<Lane> natural(const Element& tree, bool raw) const {
    const ElementNode& node = *tree;
    if (is_index_leaf(node.prim)) return Lane::kI64;
    if (is_truth(node.prim)) return Lane::kBool;
    switch (node.prim) {
      case Prim::kArg:
      case Prim::kRead:
        return raw ? Lane::kRaw : lane_of(operands_[static_cast<std::size_t>(node.number)].dtype);
      case Prim::kLiteral:
        return std::nullopt;
      case Prim::kOfIndex:
      case Prim::kCast:
        return raw ? Lane::kRaw : lane_of(result_);
      default:
        break;
    }
    for (std::size_t i = node.prim == Prim::kSelect ? 1 : 0; i < node.args.size(); ++i) {
      if (std::optional<Lane> lane = natural(node.args[i], raw)) return lane;
    }
    return std::nullopt;
  }

  int emit(const Element& tree, Lane want, int mask, bool raw) {
    Lane lane = natural(tree, raw).value_or(want);
    auto key = std::make_tuple(&*tree, lane, mask);
    if (auto it = done_.find(key); it != done_.end()) return it->second;
    int reg = emit_new(tree, lane, mask, raw);
    done_.emplace(key, reg);
    return reg;
  }

  int emit_new(const Element& tree, Lane lane, int mask, bool raw) {
    const ElementNode& node = *tree;
    WalkStep step;
    step.prim = node.prim;
    step.lane = lane;
    step.dtype = result_;
    step.mask = mask;
    step.number = node.number;
    step.literal = node.literal;
    if (node.prim == Prim::kIndex) return leaf(walker_.index_registers_, node.number);
    if (node.prim == Prim::kBound) return leaf(walker_.bound_registers_, node.number);
    if (node.prim == Prim::kSelect) return emit_select(step, node, raw);
    if (node.prim == Prim::kArg || node.prim == Prim::kRead) return emit_read(step, node);
    Lane inner = lane;
    if (node.prim == Prim::kOfIndex || node.prim == Prim::kLookup) {
      inner = Lane::kI64;
    } else if (is_truth(node.prim) || node.prim == Prim::kToIndex || node.prim == Prim::kCast) {
      inner = operand_lane(node);
      step.lane = inner;
    }
    bool joins = joins_truths(node.prim);
    if (joins) step.lane = Lane::kBool;
    for (std::size_t i = 0; i < node.args.size(); ++i) {
      int reg = joins ? emit_truth(node.args[i], mask) : emit(node.args[i], inner, mask, false);
      (i == 0 ? step.a : step.b) = reg;
    }
    return push(std::move(step));
  }

  Lane operand_lane(const ElementNode& node) const {
    for (const Element& a : node.args) {
      if (std::optional<Lane> lane = natural(a, false)) return *lane;
    }
    return Lane::kF64;
  }

  /// Of a number, anything but zero is true.
  int emit_truth(const Element& tree, int mask) {
    Lane lane = natural(tree, false).value_or(Lane::kBool);
    int reg = emit(tree, lane, mask, false);
    if (lane == Lane::kBool) return reg;
    WalkStep step;
    step.prim = Prim::kCast;
    step.lane = lane;
    step.dtype = DType::kBool;
    step.a = reg;
    return push(std::move(step));
  }

  int emit_select(WalkStep step, const ElementNode& node, bool raw) {
    step.a = emit_truth(node.args[0], step.mask);
    int then_mask = can_fail(node.args[1]) ? chosen(step.mask, step.a, true) : step.mask;
    int else_mask = can_fail(node.args[2]) ? chosen(step.mask, step.a, false) : step.mask;
    step.b = emit(node.args[1], step.lane, then_mask, raw);
    step.c = emit(node.args[2], step.lane, else_mask, raw);
    return push(std::move(step));
  }

  /// Register of `mask and condition` (or `mask and not condition`).
  int chosen(int mask, int condition, bool is_then) {
    int reg = condition;
    if (!is_then) reg = push_truth(Prim::kNot, condition, -1);
    return mask < 0 ? reg : push_truth(Prim::kAnd, mask, reg);
  }
  int push_truth(Prim prim, int a, int b) {
    WalkStep step;
    step.prim = prim;
    step.lane = Lane::kBool;
    step.a = a;
    step.b = b;
    return push(std::move(step));
  }

  int emit_read(WalkStep step, const ElementNode& node) {
    BAFE_CHECK(static_cast<std::size_t>(node.number) < operands_.size(),
               "a tree reads its operands");
    const Type& type = operands_[static_cast<std::size_t>(node.number)];
    step.dtype = type.dtype;
    if (node.prim == Prim::kRead) {
      BAFE_CHECK(node.args.size() == type.shape.size(), "a read has one index an axis");
      step.sizes = concrete(type.shape);
      step.strides = row_major_strides(step.sizes);
      for (const Element& a : node.args) {
        step.indices.push_back(emit(a, Lane::kI64, step.mask, false));
      }
    }
    return push(std::move(step));
  }

  int leaf(std::vector<int>& registers, std::int64_t i) {
    auto at = static_cast<std::size_t>(i);
    if (registers.size() <= at) registers.resize(at + 1, -1);
    if (registers[at] < 0) registers[at] = registers_++;
    return registers[at];
  }

  int push(WalkStep step) {
    step.dst = registers_++;
    walker_.steps_.push_back(std::move(step));
    return registers_ - 1;
  }

  Walker& walker_;
  std::span<const Type> operands_;
  DType result_;
  int registers_ = 0;
  std::map<std::tuple<const ElementNode*, Lane, int>, int> done_;
};

Walker::Walker(const Element& tree, std::span<const Type> operands, DType result,
               std::string subject, bool computes)
    : subject_(std::move(subject)) {
  WalkCompiler(*this, operands, result).compile(tree, computes);
}

std::int64_t* Walker::leaf_column(const std::vector<int>& registers, int i) {
  auto at = static_cast<std::size_t>(i);
  if (at >= registers.size() || registers[at] < 0) return nullptr;
  return columns_[static_cast<std::size_t>(registers[at])].fill<std::int64_t>();
}

void fill_coordinate(std::int64_t flat, std::int64_t stride, std::int64_t size, int n,
                     std::int64_t* column) {
  std::int64_t value = flat / stride % size;
  std::int64_t left = stride - flat % stride;
  for (int i = 0; i < n; ++i) {
    column[i] = value;
    if (--left == 0) {
      left = stride;
      if (++value == size) value = 0;
    }
  }
}

}  // namespace bafe

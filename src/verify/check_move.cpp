// In: a move. Out: whether the bytes of its operand in the first state are the bytes of its result
// in the second, on many instances. Storing a value means walking its elements in the order of a
// state.
#include <algorithm>
#include <cstring>

#include "bafe/base/format.h"
#include "bafe/ir/eval.h"
#include "bafe/verify/check.h"

namespace bafe {
namespace {

/// Axes from outermost to innermost in memory.
std::vector<int> axis_order(const MoveState& state, const std::vector<AttrValue>& attrs, int rank) {
  bool col = state.kind == MoveState::Kind::kCol;
  if (state.kind == MoveState::Kind::kVariable) col = attr_string(attrs, state.attr_var) == "col";
  std::vector<int> order;
  for (int i = 0; i < rank; ++i) order.push_back(col ? rank - 1 - i : i);
  return order;
}

/// The elements of a row-major tensor in another order of axes.
std::vector<std::uint64_t> stored(const Tensor& tensor, const std::vector<int>& order) {
  std::vector<std::int64_t> sizes = concrete(tensor.type().shape);
  std::vector<std::int64_t> strides = row_major_strides(sizes);
  std::vector<std::uint64_t> bytes;
  std::vector<std::int64_t> index(order.size(), 0);
  for (std::int64_t k = 0; k < tensor.count(); ++k) {
    std::int64_t flat = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      flat += index[i] * strides[static_cast<std::size_t>(order[i])];
    }
    bytes.push_back(tensor.at(flat).bits);
    for (std::size_t i = order.size(); i-- > 0;) {
      if (++index[i] < sizes[static_cast<std::size_t>(order[i])]) break;
      index[i] = 0;
    }
  }
  return bytes;
}

bool same_bytes(const Move& move, RuleInstance& instance, const std::vector<Tensor>& inputs) {
  Graph graph = instance.graph;
  std::vector<ValueId> roots(graph.roots().begin(), graph.roots().end());
  roots.push_back(instance.classes[move.operand]);
  graph.set_roots(roots);
  std::vector<Tensor> values = evaluate(graph, inputs);
  auto bytes = [&](const Tensor& t, const MoveState& state) {
    return stored(t, axis_order(state, instance.attrs, t.type().rank()));
  };
  std::vector<std::uint64_t> left = bytes(values[0], move.to);
  // `any` promises nothing about the operand: the two terms are compared in the final state.
  if (move.from.kind == MoveState::Kind::kAny) return left == bytes(values[1], move.to);
  return left == bytes(values[2], move.from) && left == bytes(values[1], move.to);
}

}  // namespace

CheckResult check_move(const Move& move, const CheckOptions& options) {
  CheckResult result;
  Dice dice(options.seed);
  InstanceMaker maker(move.rewrite);
  for (int i = 0; i < 16 * options.instances; ++i) {  // each is cheap
    InstanceOptions shape{i % 2 == 0 ? DType::kF32 : DType::kI16, {0, 1, 2, 3, 5}, 3, 1024};
    int attempts = options.attempts;
    auto instance = maker.make(shape, dice, attempts);
    if (!instance) continue;
    ++result.instances;
    std::vector<Tensor> inputs = draw_inputs(*instance, DataKind::kPlain, 0, dice);
    if (same_bytes(move, *instance, inputs)) continue;
    result.failure = "values";
    for (const Tensor& t : inputs) result.counterexample += tensor_text(t) + "\n";
    for (std::size_t a = 0; a < instance->attrs.size(); ++a) {
      result.counterexample +=
          format("{} = {}\n", move.rewrite.attr_names[a], attr_text(instance->attrs[a]));
    }
    result.counterexample += "the bytes differ in the states that the move names";
    return result;
  }
  if (result.instances == 0) {
    result.failure = "vacuous";
    result.counterexample = "no match was found on any sizes";
    return result;
  }
  result.dtypes = {DType::kF32, DType::kI16};
  result.passed = true;
  return result;
}

}  // namespace bafe

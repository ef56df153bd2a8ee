// In: an instance whose nodes are pointwise, so that its shape does not matter. Out: whether both
// sides agree on every combination of input values. All combinations lie in one axis, and the
// interpreter runs over it.
#include "exhaustive.h"

#include <algorithm>
#include <cmath>

#include "bafe/base/format.h"
#include "bafe/ir/eval.h"
#include "compare.h"
#include "promises.h"

namespace bafe {
namespace {

constexpr std::int64_t kMostCombinations = 1 << 18;

using Choices = std::vector<std::vector<Scalar>>;  ///< values by input

bool keeps(const FactPromise& promise, double value) {
  if (promise.name == "nonzero") return value != 0;
  if (promise.name == "finite") return std::isfinite(value);
  if (promise.name != "in") return false;
  return value >= promised_number(promise.args[0]) && value <= promised_number(promise.args[1]);
}

void drop_unpromised(const RuleInstance& instance, Choices& choices) {
  for (std::size_t i = 0; i < choices.size(); ++i) {
    auto breaks = [&](const Scalar& value) {
      return !std::all_of(
          instance.promises[i].begin(), instance.promises[i].end(),
          [&](const FactPromise& promise) { return keeps(promise, value.as_double()); });
    };
    choices[i].erase(std::remove_if(choices[i].begin(), choices[i].end(), breaks),
                     choices[i].end());
  }
}

std::int64_t combinations(const Choices& choices) {
  std::int64_t count = 1;
  for (const auto& values : choices) {
    count *= static_cast<std::int64_t>(values.size());
    if (count > kMostCombinations) return 0;
  }
  return count;
}

/// One axis with all combinations.
std::vector<Tensor> spread(const Choices& choices, std::int64_t count) {
  std::vector<Tensor> tensors;
  std::int64_t repeat = 1;
  for (const auto& values : choices) {
    Tensor t(Type{values[0].dtype, {Dim(count)}});
    auto n = static_cast<std::int64_t>(values.size());
    for (std::int64_t k = 0; k < count; ++k) {
      t.set(k, values[static_cast<std::size_t>(k / repeat % n)]);
    }
    repeat *= n;
    tensors.push_back(std::move(t));
  }
  return tensors;
}

/// Runs node by node; `finish` changes each result before the next node reads it.
template <class Finish>
std::vector<Tensor> run_nodes(const Graph& graph, const std::vector<Tensor>& inputs,
                              std::int64_t count, bool in_double, Finish finish) {
  std::vector<Tensor> values(graph.size());
  for (ValueId id : graph.live()) {
    const Node& node = graph.node(id);
    Tensor& out = values[id.index()];
    if (is_input(node.op)) {
      out = inputs[static_cast<std::size_t>(attr_int(node.attrs, 0).value())];
      continue;
    }
    Graph single;
    std::vector<ValueId> operands;
    std::vector<Tensor> arguments;
    if (is_fill(node.op)) {
      Scalar value = attr_scalar(node.attrs, 0);
      if (in_double && is_float(value.dtype)) value = value.cast(DType::kF64);
      single.add_root(single.add_fill(value, {Dim(count)}));
    } else {
      for (ValueId operand : node.operands) {
        InputInfo info;
        info.type = values[operand.index()].type();
        operands.push_back(single.add_input(std::move(info)));
        arguments.push_back(values[operand.index()]);
      }
      single.add_root(single.add(node.op, operands, node.attrs));
    }
    out = std::move(evaluate(single, arguments)[0]);
    finish(out);
  }
  return values;
}

std::string difference_text(const RuleInstance& instance, const std::vector<Tensor>& inputs,
                            const Difference& difference) {
  std::string out;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Scalar s = inputs[i].at(difference.element);
    out += format("{} = {} {}\n  ", instance.graph.inputs()[i].name,
                  dtype_info(instance.graph.inputs()[i].type.dtype).name,
                  is_float(s.dtype) ? format("{:.9g}", s.as_double()) : format("{}", s.as_int()));
  }
  return out + difference.detail;
}

template <class Finish>
ExhaustiveResult compare_all(const RuleInstance& instance, NumericClass numeric, Choices choices,
                             bool in_double, Finish finish) {
  ExhaustiveResult result;
  drop_unpromised(instance, choices);
  result.count = combinations(choices);
  if (result.count == 0 || choices.empty()) return {};
  std::vector<Tensor> inputs = spread(choices, result.count);
  std::vector<Tensor> values = run_nodes(instance.graph, inputs, result.count, in_double, finish);
  const auto& roots = instance.graph.roots();
  for (std::size_t pair = 0; 2 * pair < roots.size(); ++pair) {
    auto difference = exact_difference(values[roots[2 * pair].index()],
                                       values[roots[2 * pair + 1].index()], numeric);
    if (difference) {
      result.counterexample = difference_text(instance, inputs, *difference);
      return result;
    }
  }
  return result;
}

}  // namespace

bool is_pointwise_graph(const Graph& graph) {
  for (ValueId id : graph.live()) {
    const Node& node = graph.node(id);
    bool leaf = is_input(node.op) || is_fill(node.op);
    if (!leaf && op_info(node.op).kind != OpKind::kPointwise) return false;
  }
  return true;
}

ExhaustiveResult try_all_patterns(const RuleInstance& instance, NumericClass numeric) {
  Choices choices;
  for (const InputInfo& input : instance.graph.inputs()) {
    const DTypeInfo& info = dtype_info(input.type.dtype);
    bool is_bool = input.type.dtype == DType::kBool;
    if (info.bits > 16) return {};
    std::uint64_t count = is_bool ? 2 : std::uint64_t{1} << info.bits;
    std::vector<Scalar> values;
    for (std::uint64_t bits = 0; bits < count; ++bits) values.push_back({input.type.dtype, bits});
    choices.push_back(std::move(values));
  }
  if (!is_pointwise_graph(instance.graph) || combinations(choices) == 0) return {};
  return compare_all(instance, numeric, std::move(choices), false, [](Tensor&) {});
}

ExhaustiveResult try_all_values(const RuleInstance& instance, NumericClass numeric,
                                const MiniFloat& format) {
  Choices choices;
  for (const InputInfo& input : instance.graph.inputs()) {
    std::vector<Scalar> values;
    if (is_float(input.type.dtype)) {
      for (double value : format.values()) values.push_back(Scalar::of(DType::kF64, value));
    } else if (input.type.dtype == DType::kBool) {
      values = {Scalar::of_int(DType::kBool, 0), Scalar::of_int(DType::kBool, 1)};
    } else {
      return {};
    }
    choices.push_back(std::move(values));
  }
  if (!is_pointwise_graph(instance.graph)) return {};
  for (ValueId id : instance.graph.live()) {  // a conversion would leave the format
    const Node& node = instance.graph.node(id);
    for (const AttrValue& attr : node.attrs) {
      if (std::holds_alternative<DType>(attr) && !is_input(node.op)) return {};
    }
  }
  return compare_all(instance, numeric, std::move(choices), true, [&](Tensor& t) {
    if (!is_float(t.type().dtype)) return;
    for (std::int64_t i = 0; i < t.count(); ++i) {
      t.set(i, Scalar::of(t.type().dtype, format.round(t.at(i).as_double())));
    }
  });
}

}  // namespace bafe

// In: a rewrite. Out: an input on which the sides differ though nothing was rounded: small integers
// whose every intermediate value is an integer, and, where a side only adds, multiplies and moves,
// residues modulo 2^61 - 1. A factor that is off by one part in a million shows here and hides in a
// tolerance.
#include <cmath>

#include "bafe/base/format.h"
#include "bafe/ir/eval.h"
#include "bafe/ir/zp.h"
#include "bafe/verify/check.h"

namespace bafe {
namespace {

constexpr int kInstances = 10;
constexpr double kExactLimit = 0x1p50;

bool reads_values(const Element& tree) {
  if (tree->prim == Prim::kArg || tree->prim == Prim::kRead || tree->prim == Prim::kLiteral) {
    return true;
  }
  for (const Element& arg : tree->args) {
    if (reads_values(arg)) return true;
  }
  return false;
}

/// Only sums, products and choices by position: exact in every commutative ring.
bool in_ring(const Element& tree) {
  const ElementNode& n = *tree;
  switch (n.prim) {
    case Prim::kArg:
    case Prim::kRead:
      return true;
    case Prim::kLiteral:
      return n.literal == std::floor(n.literal) && std::fabs(n.literal) < 1e6;
    case Prim::kSelect:
      return !reads_values(n.args[0]) && in_ring(n.args[1]) && in_ring(n.args[2]);
    case Prim::kReduce:
      return n.reduce <= ReduceKind::kProd && in_ring(n.args[0]);
    case Prim::kNeg:
    case Prim::kAdd:
    case Prim::kSub:
    case Prim::kMul:
      for (const Element& arg : n.args) {
        if (!in_ring(arg)) return false;
      }
      return true;
    default:
      return false;
  }
}

bool ring_graph(const Graph& graph) {
  for (ValueId id : graph.live()) {
    const Node& node = graph.node(id);
    if (!is_float(node.type.dtype)) return false;
    if (is_input(node.op)) continue;
    if (is_fill(node.op)) {
      double value = attr_scalar(node.attrs, 0).as_double();
      if (value != std::floor(value) || std::fabs(value) > 1e6) return false;
      continue;
    }
    std::vector<Type> operands;
    for (ValueId operand : node.operands) operands.push_back(graph.type(operand));
    Element tree = op_element(node.op, operands, node.attrs, node.type);
    if (!tree || !in_ring(tree)) return false;
  }
  return true;
}

std::string inputs_text(const RuleInstance& instance, const Rewrite& rewrite,
                        const std::vector<Tensor>& inputs) {
  std::string out;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    out += format("\n  {} = {}", instance.graph.inputs()[i].name, tensor_text(inputs[i]));
  }
  for (std::size_t i = 0; i < instance.attrs.size(); ++i) {
    out += format("\n  {} = {}", rewrite.attr_names[i], attr_text(instance.attrs[i]));
  }
  return out;
}

bool all_integers(const std::vector<Tensor>& values) {
  for (const Tensor& t : values) {
    for (std::int64_t i = 0; i < t.count() && is_float(t.type().dtype); ++i) {
      double x = t.at(i).as_double();
      if (!(std::fabs(x) < kExactLimit) || x != std::floor(x)) return false;
    }
  }
  return true;
}

/// Small integers in f64; false when the sides differ.
bool same_integers(const Rewrite& rewrite, const RuleInstance& instance, const Graph& graph,
                   const std::vector<Tensor>& inputs, CheckResult& result) {
  std::vector<Tensor> values;
  try {
    values = evaluate_all(graph, inputs);
  } catch (const ShapeError&) {
    return true;
  }
  if (!all_integers(values)) return true;
  for (std::size_t p = 0; 2 * p < graph.roots().size(); ++p) {
    const Tensor& left = values[graph.roots()[2 * p].index()];
    const Tensor& right = values[graph.roots()[2 * p + 1].index()];
    for (std::int64_t i = 0; i < left.count(); ++i) {
      if (left.at(i).as_double() == right.at(i).as_double()) continue;
      result.counterexample =
          "integer values" + inputs_text(instance, rewrite, inputs) +
          format("\n  left  = {}\n  right = {}\n  element {} differs without any rounding",
                 tensor_text(left), tensor_text(right), i);
      return false;
    }
  }
  return true;
}

/// Residues; false when the sides differ.
bool same_residues(const Rewrite& rewrite, const RuleInstance& instance, const Graph& graph,
                   const std::vector<Tensor>& inputs, Dice& dice, CheckResult& result) {
  if (!ring_graph(graph)) return true;
  std::vector<ZpTensor> residues;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    ZpTensor t{inputs[i].type(), {}};
    for (std::int64_t k = 0; k < inputs[i].count(); ++k) {
      bool fixed = !instance.promises[i].empty();
      t.values.push_back(fixed ? zp_of_scalar(inputs[i].at(k)) : dice.next() % kZpPrime);
    }
    residues.push_back(std::move(t));
  }
  std::vector<ZpTensor> roots = evaluate_zp(graph, residues);
  for (std::size_t p = 0; 2 * p < roots.size(); ++p) {
    for (std::size_t i = 0; i < roots[2 * p].values.size(); ++i) {
      if (roots[2 * p].values[i] == roots[2 * p + 1].values[i]) continue;
      result.counterexample = "residues modulo 2^61 - 1" + inputs_text(instance, rewrite, inputs) +
                              format("\n  element {}: the left side is {}, the right side {}", i,
                                     roots[2 * p].values[i], roots[2 * p + 1].values[i]);
      return false;
    }
  }
  return true;
}

}  // namespace

CheckResult check_exact(const Rewrite& rewrite, const CheckOptions& options) {
  CheckResult result;
  result.passed = true;
  InstanceMaker maker(rewrite);
  Dice dice(options.seed + 53);
  for (int i = 0; i < kInstances; ++i) {
    InstanceOptions shape{DType::kF32, {0, 1, 2, 3, 5}, 3, 256};
    int attempts = i == 0 ? options.attempts : 60;
    auto instance = maker.make(shape, dice, attempts);
    if (!instance) break;
    Graph graph = in_double(instance->graph);
    std::vector<Tensor> inputs;
    std::vector<Tensor> drawn = draw_inputs(*instance, DataKind::kIntegers, 2, dice);
    for (std::size_t k = 0; k < drawn.size(); ++k) {
      Tensor t(graph.inputs()[k].type);
      for (std::int64_t e = 0; e < t.count(); ++e) t.set(e, drawn[k].at(e));
      inputs.push_back(std::move(t));
    }
    ++result.instances;
    result.passed = same_integers(rewrite, *instance, graph, inputs, result) &&
                    same_residues(rewrite, *instance, graph, inputs, dice, result);
    if (result.passed) continue;
    result.failure = "values";
    return result;
  }
  return result;
}

}  // namespace bafe

// In: a rewrite of class finite or weaker. Out: an input of ordinary numbers where exactly one side
// has a value. Sides that are equal over the reals wherever the left one is defined can still turn
// 0/0 into 1; such a rule needs a fact that keeps the pole out. Computed in f64, so that rounding
// shows nothing.
#include <cmath>

#include "bafe/base/format.h"
#include "bafe/ir/eval.h"
#include "bafe/verify/check.h"

namespace bafe {
namespace {

constexpr int kInstancesPerKind = 6, kDraws = 4;

std::string text_of(const RuleInstance& instance, const std::vector<Tensor>& inputs,
                    const Rewrite& rewrite, const Tensor& left, const Tensor& right,
                    std::int64_t element, DataKind kind) {
  std::string out = format("{} values", data_kind_text(kind));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    out += format("\n  {} = {}", instance.graph.inputs()[i].name, tensor_text(inputs[i]));
  }
  for (std::size_t i = 0; i < instance.attrs.size(); ++i) {
    out += format("\n  {} = {}", rewrite.attr_names[i], attr_text(instance.attrs[i]));
  }
  return out + format(
                   "\n  left  = {}\n  right = {}\n  element {}: the left side is {}, the right "
                   "side {}",
                   tensor_text(left), tensor_text(right), element, left.at(element).as_double(),
                   right.at(element).as_double());
}

std::vector<Tensor> values_of(const Graph& graph, const std::vector<Tensor>& inputs) {
  try {
    return evaluate(graph, inputs);
  } catch (const ShapeError&) {
    return {};
  }
}

/// One draw; false when a side has a value that the other one lacks.
bool same_domain(const Rewrite& rewrite, const RuleInstance& instance, const Graph& graph,
                 DataKind kind, Dice& dice, CheckResult& result) {
  std::vector<Tensor> inputs;
  std::vector<Tensor> drawn = draw_inputs(instance, kind, 2, dice);
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    Tensor t(graph.inputs()[i].type);
    for (std::int64_t k = 0; k < t.count(); ++k) t.set(k, drawn[i].at(k));
    inputs.push_back(std::move(t));
  }
  std::vector<Tensor> roots = values_of(graph, inputs);
  for (std::size_t pair = 0; 2 * pair < roots.size(); ++pair) {
    const Tensor& left = roots[2 * pair];
    const Tensor& right = roots[2 * pair + 1];
    for (std::int64_t i = 0; i < left.count() && is_float(left.type().dtype); ++i) {
      double l = left.at(i).as_double(), r = right.at(i).as_double();
      bool gains = !std::isfinite(l) && std::isfinite(r);
      bool loses = kind == DataKind::kPoles && std::isfinite(l) && !std::isfinite(r);
      if (!gains && !loses) continue;
      if (kind == DataKind::kWide && rewrite.numeric >= NumericClass::kDomain) {
        result.overflows = true;
        continue;
      }
      result.failure = kind == DataKind::kWide ? "overflow" : "domain";
      result.counterexample = text_of(instance, inputs, rewrite, left, right, i, kind);
      return false;
    }
  }
  return true;
}

}  // namespace

CheckResult check_domain(const Rewrite& rewrite, const CheckOptions& options) {
  CheckResult result;
  result.passed = true;
  if (rewrite.numeric < NumericClass::kFinite) return result;
  InstanceMaker maker(rewrite);
  Dice dice(options.seed + 29);
  InstanceOptions shape{DType::kF32, {1, 2, 3}, 3, 64};
  for (DataKind kind : {DataKind::kPoles, DataKind::kWide}) {
    for (int i = 0; i < kInstancesPerKind && result.passed; ++i) {
      int attempts = i == 0 ? options.attempts : 60;
      auto instance = maker.make(shape, dice, attempts);
      if (!instance) break;
      ++result.instances;
      Graph graph = in_double(instance->graph);
      for (int draw = 0; draw < kDraws && result.passed; ++draw) {
        result.passed = same_domain(rewrite, *instance, graph, kind, dice, result);
      }
    }
  }
  return result;
}

}  // namespace bafe

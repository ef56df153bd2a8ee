// In: a rule. Out: whether each direction keeps types, values and stability, or the first
// counterexample in numbers. Small sizes come first, so a counterexample is short.
#include "bafe/verify/check.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "bafe/base/format.h"
#include "bafe/ir/eval.h"
#include "compare.h"

namespace bafe {
namespace {

struct Palette {
  std::vector<std::int64_t> sizes;
  int max_rank;
  std::int64_t max_elements;
};

const std::vector<Palette>& palettes() {
  static const std::vector<Palette> all = {{{1, 2}, 2, 64},
                                           {{2, 3, 5}, 4, 1024},
                                           {{0, 1, 3}, 4, 1024},
                                           {{1, 7, 17}, 3, 8192},
                                           {{33, 64, 100}, 2, 16384}};
  return all;
}

/// Values of all roots; nullopt when the program has none for these inputs (an index out of range).
std::optional<std::vector<Tensor>> run(const Graph& graph, const std::vector<Tensor>& inputs) {
  try {
    return evaluate(graph, inputs);
  } catch (const ShapeError&) {
    return std::nullopt;
  }
}

struct Evaluated {
  std::vector<Tensor> inputs, roots;
};

std::optional<Evaluated> evaluate_instance(const RuleInstance& instance, DataKind kind,
                                           Dice& dice) {
  for (int index_limit : {0, 3, 2, 1}) {
    Evaluated out;
    out.inputs = draw_inputs(instance, kind, index_limit, dice);
    if (auto roots = run(instance.graph, out.inputs)) {
      out.roots = std::move(*roots);
      return out;
    }
  }
  return std::nullopt;
}

std::string counterexample(const Rewrite& rewrite, const RuleInstance& instance,
                           const Evaluated& values, std::size_t pair, DataKind kind,
                           const Difference& difference) {
  std::string out = format("{} values", data_kind_text(kind));
  for (std::size_t i = 0; i < values.inputs.size(); ++i) {
    out += format("\n  {} = {}", instance.graph.inputs()[i].name, tensor_text(values.inputs[i]));
  }
  for (std::size_t i = 0; i < instance.attrs.size(); ++i) {
    out += format("\n  {} = {}", rewrite.attr_names[i], attr_text(instance.attrs[i]));
  }
  out += format("\n  left  = {}\n  right = {}", tensor_text(values.roots[2 * pair]),
                tensor_text(values.roots[2 * pair + 1]));
  return out + "\n  " + difference.detail;
}

bool is_exact(NumericClass numeric) { return numeric <= NumericClass::kFinite; }

/// The roots in f64: tells rounding errors from wrong answers.
std::optional<std::vector<Tensor>> exact_roots(const RuleInstance& instance,
                                               const Evaluated& values) {
  Graph reference = in_double(instance.graph);
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < values.inputs.size(); ++i) {
    Tensor t(reference.inputs()[i].type);
    for (std::int64_t k = 0; k < t.count(); ++k) t.set(k, values.inputs[i].at(k));
    inputs.push_back(std::move(t));
  }
  return run(reference, inputs);
}

struct Draw {
  Evaluated values;
  std::vector<Tensor> exact;
};

/// One pair of roots on several draws of data.
std::optional<std::string> compare_pair(const Rewrite& rewrite, const RuleInstance& instance,
                                        const std::vector<Draw>& draws, std::size_t pair,
                                        DataKind kind) {
  DType dtype = draws[0].values.roots[2 * pair].type().dtype;
  bool exact = is_exact(rewrite.numeric) || !is_float(dtype);
  ErrorBudget budget(dtype);
  for (const Draw& draw : draws) {
    if (!exact) budget.learn(draw.values.roots[2 * pair], draw.exact[2 * pair]);
  }
  for (const Draw& draw : draws) {
    const Tensor& left = draw.values.roots[2 * pair];
    const Tensor& right = draw.values.roots[2 * pair + 1];
    auto difference = exact ? exact_difference(left, right, rewrite.numeric)
                            : budget.excess(left, right, draw.exact[2 * pair]);
    if (difference) return counterexample(rewrite, instance, draw.values, pair, kind, *difference);
  }
  return std::nullopt;
}

/// Evaluates one instance; false and `result.counterexample` set when a pair differs.
bool compare_instance(const Rewrite& rewrite, const RuleInstance& instance, DataKind kind,
                      Dice& dice, const char* failure, CheckResult& result) {
  std::int64_t elements =
      num_elements(instance.graph.type(instance.graph.roots()[0]).shape).value();
  int count = is_exact(rewrite.numeric) ? 1 : elements < 32 ? 10 : 3;
  std::vector<Draw> draws;
  for (int i = 0; i < count; ++i) {
    auto values = evaluate_instance(instance, kind, dice);
    if (!values) continue;
    std::vector<Tensor> exact;
    if (!is_exact(rewrite.numeric)) {
      auto roots = exact_roots(instance, *values);
      if (!roots) continue;
      exact = std::move(*roots);
    }
    draws.push_back({std::move(*values), std::move(exact)});
  }
  if (draws.empty()) return true;
  ++result.instances;
  for (std::size_t pair = 0; 2 * pair < instance.graph.roots().size(); ++pair) {
    if (auto found = compare_pair(rewrite, instance, draws, pair, kind)) {
      result.counterexample = std::move(*found);
      result.failure = failure;
      return false;
    }
  }
  return true;
}

bool tests_for_special(const Pattern& pattern) {
  if (pattern.kind != Pattern::Kind::kOperator) return false;
  const OpInfo& info = op_info(op_of(pattern.op));
  if (info.kind == OpKind::kPointwise && info.dtype_rule == DTypeRule::kTest) return true;
  return std::any_of(pattern.children.begin(), pattern.children.end(), tests_for_special);
}

/// Data that a class speaks about. A left side that asks for NaN or Inf must answer on them under
/// any class: isnan is never just false.
std::vector<DataKind> value_kinds(const Rewrite& rewrite, DType dtype) {
  std::vector<DataKind> kinds = {DataKind::kPlain, DataKind::kOneHot};
  if (!is_float(dtype)) {
    kinds.push_back(DataKind::kSmall);
    kinds.push_back(DataKind::kEdges);
    return kinds;
  }
  bool special = rewrite.numeric <= NumericClass::kSigns;
  for (const RootPattern& root : rewrite.left.roots) {
    special = special || tests_for_special(root.pattern);
  }
  if (special) kinds.push_back(DataKind::kSpecial);
  return kinds;
}

/// Runs `use` on instances over all palettes of one dtype; false when it was false. A dtype without
/// a match on the first palette is given up unless `insist`. `most` becomes the largest number of
/// tries one match took.
template <class Use>
bool for_instances(const InstanceMaker& maker, DType dtype, int per_palette, int attempts,
                   bool insist, Dice& dice, int& made, int& most, Use use) {
  for (const Palette& palette : palettes()) {
    InstanceOptions options{dtype, palette.sizes, palette.max_rank, palette.max_elements};
    for (int i = 0; i < per_palette; ++i) {
      int tries = attempts;
      auto instance = maker.make(options, dice, tries);
      if (!instance) break;
      ++made;
      most = std::max(most, tries);
      if (!use(*instance)) return false;
    }
    if (made == 0 && !insist) return true;
  }
  return true;
}

}  // namespace

CheckResult check_values(const Rewrite& rewrite, const CheckOptions& options) {
  static constexpr std::array<DType, kDTypeCount> order = {
      DType::kF32, DType::kI32, DType::kBool, DType::kF64, DType::kI64, DType::kU8, DType::kI8,
      DType::kU32, DType::kF16, DType::kBF16, DType::kI16, DType::kU16, DType::kU64};
  CheckResult result;
  Dice dice(options.seed);
  InstanceMaker maker(rewrite);
  bool any = false;
  int most = 0;
  try {
    for (DType dtype : order) {
      int made = 0;
      // Once one dtype works, another that never fits is not covered by the rule; it is given up
      // early.
      int attempts = any ? std::min(options.attempts, 6 + 2 * most) : options.attempts;
      int count = dtype == DType::kF32 ? 2 * options.instances : (options.instances + 1) / 2;
      bool ok = for_instances(
          maker, dtype, count, attempts, !any, dice, made, most, [&](RuleInstance& instance) {
            for (DataKind kind : value_kinds(rewrite, dtype)) {
              if (!compare_instance(rewrite, instance, kind, dice, "values", result)) return false;
            }
            return true;
          });
      if (made > 0) result.dtypes.push_back(dtype);
      any = any || made > 0;
      if (!ok) return result;
    }
  } catch (const RuleError& error) {
    result.failure = "types";
    result.counterexample = error.what();
    return result;
  }
  if (result.instances == 0) {
    result.failure = "vacuous";
    result.counterexample = "no match was found on any sizes and dtypes";
    return result;
  }
  result.passed = true;
  return result;
}

CheckResult check_stability(const Rewrite& rewrite, const CheckOptions& options) {
  CheckResult result;
  result.passed = true;
  if (is_exact(rewrite.numeric)) return result;
  Dice dice(options.seed + 17);
  InstanceMaker maker(rewrite);
  result.dtypes = {DType::kF32};
  int made = 0, most = 0;
  result.passed =
      for_instances(maker, DType::kF32, options.instances, options.attempts, true, dice, made, most,
                    [&](RuleInstance& instance) {
                      for (int kind = 0; kind < static_cast<int>(DataKind::kSpecial); ++kind) {
                        if (!compare_instance(rewrite, instance, static_cast<DataKind>(kind), dice,
                                              "stability", result)) {
                          return false;
                        }
                      }
                      return true;
                    });
  return result;
}

namespace {

/// One of the checks after the values. It may be the first to meet a match with an ill-typed side.
CheckResult check_further(CheckResult (*check)(const Rewrite&, const CheckOptions&),
                          const Rewrite& rewrite, const CheckOptions& options) {
  try {
    return check(rewrite, options);
  } catch (const RuleError& error) {
    CheckResult result;
    result.failure = "types";
    result.counterexample = error.what();
    return result;
  }
}

}  // namespace

CheckResult check_rule(const Rule& rule, const CheckOptions& options) {
  if (rule.move) return check_move(*rule.move, options);
  CheckResult total;
  for (const Rewrite& rewrite : rule.rewrites) {
    CheckResult values = check_values(rewrite, options);
    total.instances += values.instances;
    total.dtypes = values.dtypes;
    for (auto check : {check_stability, check_domain, check_exact}) {
      if (!values.passed) break;
      CheckResult next = check_further(check, rewrite, options);
      total.instances += next.instances;
      total.overflows = total.overflows || next.overflows;
      values.passed = next.passed;
      values.failure = next.failure;
      values.counterexample = next.counterexample;
    }
    if (!values.passed) {
      total.failure = values.failure;
      total.counterexample = (rewrite.forward ? "" : "right to left: ") + values.counterexample;
      return total;
    }
  }
  total.passed = true;
  return total;
}

}  // namespace bafe

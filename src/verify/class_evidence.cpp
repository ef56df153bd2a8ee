// In: one direction of a rule. Out: why equal values over the reals are equal bits, by family of
// dtypes. A rule is tried on every value of a small type where that can be done, because there a
// wrong class cannot hide.
#include "class_evidence.h"

#include <algorithm>
#include <set>

#include "bafe/base/format.h"
#include "bafe/ir/builder.h"
#include "exhaustive.h"
#include "symbolic_run.h"

namespace bafe {
namespace {

constexpr int kAttempts = 200, kTries = 24, kSmallInstances = 6;

/// One element of every input. Drawn types vary; only an instance whose inputs are of the asked
/// type, or bools, says something about it.
std::optional<RuleInstance> scalar_instance(const InstanceMaker& maker, DType dtype, Dice& dice) {
  InstanceOptions shape{dtype, {1, 2, 3}, 0, 8};
  for (int i = 0; i < kTries; ++i) {
    int attempts = kAttempts;
    auto instance = maker.make(shape, dice, attempts);
    if (!instance) return std::nullopt;
    auto fits = [dtype](const InputInfo& input) {
      return input.type.dtype == dtype || input.type.dtype == DType::kBool;
    };
    const auto& inputs = instance->graph.inputs();
    bool has = std::any_of(inputs.begin(), inputs.end(),
                           [dtype](const InputInfo& input) { return input.type.dtype == dtype; });
    if (has && std::all_of(inputs.begin(), inputs.end(), fits)) return instance;
  }
  return std::nullopt;
}

/// Are all pairs of roots the same form under `laws`, with no help?
bool same_forms(const RuleInstance& instance, ScalarTerms::Laws laws) {
  Graph graph = flatten_named(instance.graph);
  for (bool number_indices : {false, true}) {
    try {
      ScalarTerms terms(laws);
      auto roots = run_symbolic(graph, instance.promises, terms, number_indices);
      for (std::size_t p = 0; 2 * p < roots.size(); ++p) {
        for (std::size_t k = 0; k < roots[2 * p].size(); ++k) {
          auto refuse = [](ScalarTerms::Id, ScalarTerms::Id) { return false; };
          if (!terms.equal(roots[2 * p][k], roots[2 * p + 1][k], refuse)) return false;
        }
      }
      return true;
    } catch (const NotRepresentable&) {
      continue;
    }
  }
  return false;
}

bool reads_values(const Element& tree) {
  if (tree->prim == Prim::kArg || tree->prim == Prim::kRead) return true;
  return std::any_of(tree->args.begin(), tree->args.end(), reads_values);
}

/// Operators on values: a choice by position counts as none, a reduction as what it repeats.
void collect_prims(const Element& tree, std::set<Prim>& prims) {
  if (tree->prim == Prim::kRead) return;
  if (tree->prim == Prim::kReduce) {
    static constexpr Prim step[] = {Prim::kAdd, Prim::kMul, Prim::kMax,
                                    Prim::kMin, Prim::kMax, Prim::kMin};
    prims.insert(step[static_cast<std::size_t>(tree->reduce)]);
  } else {
    prims.insert(tree->prim);
  }
  bool by_position = tree->prim == Prim::kSelect && !reads_values(tree->args[0]);
  for (std::size_t i = by_position ? 1 : 0; i < tree->args.size(); ++i) {
    collect_prims(tree->args[i], prims);
  }
}

std::set<Prim> prims_of(const Graph& graph) {
  std::set<Prim> prims;
  for (ValueId id : graph.live()) {
    const Node& node = graph.node(id);
    if (is_input(node.op) || is_fill(node.op)) continue;
    std::vector<Type> operands;
    for (ValueId operand : node.operands) operands.push_back(graph.type(operand));
    Element tree = op_element(node.op, operands, node.attrs, node.type);
    if (tree) collect_prims(tree, prims);
  }
  return prims;
}

/// Proven over the reals with these operators alone, an identity holds in every commutative ring,
/// or in every total order.
std::string algebra_by_prims(const Graph& graph) {
  static const std::set<Prim> both = {Prim::kArg, Prim::kLiteral, Prim::kSelect};
  static const std::set<Prim> ring = {Prim::kAdd, Prim::kSub, Prim::kMul, Prim::kNeg};
  static const std::set<Prim> order = {Prim::kMax, Prim::kMin, Prim::kLt, Prim::kLe,
                                       Prim::kEq,  Prim::kAnd, Prim::kOr, Prim::kNot};
  bool in_ring = true, in_order = true;
  for (Prim prim : prims_of(graph)) {
    if (both.count(prim) > 0) continue;
    in_ring = in_ring && ring.count(prim) > 0;
    in_order = in_order && order.count(prim) > 0;
  }
  return in_ring ? "a commutative ring" : in_order ? "a total order" : "";
}

std::string algebra_of(const RuleInstance& instance) {
  std::string algebra = algebra_by_prims(instance.graph);
  return !algebra.empty() && same_forms(instance, ScalarTerms::Laws::kReals) ? algebra : "";
}

class Evidence {
 public:
  Evidence(const Rewrite& rewrite, const ProofOptions& options)
      : rewrite_(rewrite), maker_(rewrite), dice_(options.seed + 41) {}

  ClassEvidence run() {
    bool pointwise = false;
    if (auto any = first_instance()) pointwise = is_pointwise_graph(any->graph);
    out_.shown = true;
    if (!pointwise) {
      structure();
      wide_integers();
    } else {
      if (rewrite_.numeric <= NumericClass::kSigns) floats();
      bool small = false;
      for (DType dtype : {DType::kI8, DType::kU8}) small = integers(dtype) || small;
      for (DType dtype :
           {DType::kI16, DType::kU16, DType::kI32, DType::kU32, DType::kI64, DType::kU64}) {
        if (!small) integers(dtype);
      }
      bools();
    }
    return std::move(out_);
  }

 private:
  std::optional<RuleInstance> first_instance() {
    for (DType dtype : {DType::kF32, DType::kI32, DType::kBool}) {
      InstanceOptions shape{dtype, {1, 2}, 2, 64};
      int attempts = kAttempts;
      if (auto instance = maker_.make(shape, dice_, attempts)) return instance;
    }
    return std::nullopt;
  }

  void say(const std::string& text) { out_.text += (out_.text.empty() ? "" : "; ") + text; }
  void lacks(const std::string& text) {
    out_.shown = false;
    say(text);
  }

  /// True when the run covered something; a difference is kept.
  bool tried(const ExhaustiveResult& result, const std::string& what) {
    if (!result.counterexample.empty()) {
      out_.shown = false;
      out_.counterexample = what + "\n  " + result.counterexample;
      return true;
    }
    if (result.count > 0) say(format("{}: all {} combinations", what, result.count));
    return result.count > 0;
  }

  /// Small sizes: every element is made by the same operations from the same elements.
  void structure() {
    if (rewrite_.numeric > NumericClass::kSigns) return;
    int same = 0;
    for (int i = 0; i < kSmallInstances; ++i) {
      InstanceOptions shape{DType::kF32, {1, 2, 3}, 3, 40};
      int attempts = kAttempts;
      auto instance = maker_.make(shape, dice_, attempts);
      if (!instance) continue;
      if (!same_forms(*instance, ScalarTerms::Laws::kSameOperations)) {
        lacks("not shown: values compared on instances only");
        return;
      }
      ++same;
    }
    if (same == 0) return lacks("values compared on instances only");
    say(format("the same operations in the same order on {} small sizes", same));
  }

  void floats() {
    auto wide = scalar_instance(maker_, DType::kF32, dice_);
    auto half = scalar_instance(maker_, DType::kF16, dice_);
    if (!wide && !half) return;
    bool same = wide && same_forms(*wide, ScalarTerms::Laws::kSameOperations);
    if (same) say("floats: the same operations");
    bool all = half && tried(try_all_patterns(*half, rewrite_.numeric), "f16");
    if (!all && wide) {
      all = tried(try_all_values(*wide, rewrite_.numeric, MiniFloat{4, 3}), "8-bit floats") ||
            tried(try_all_values(*wide, rewrite_.numeric, MiniFloat{3, 2}), "6-bit floats");
    }
    if (!same && !all) lacks("floats: values compared on instances only");
  }

  /// False when no instance has this type.
  bool integers(DType dtype) {
    auto instance = scalar_instance(maker_, dtype, dice_);
    if (!instance) return false;
    std::string name(dtype_info(dtype).name);
    if (tried(try_all_patterns(*instance, NumericClass::kBits), name)) return true;
    if (same_forms(*instance, ScalarTerms::Laws::kSameOperations)) {
      say(name + ": the same operations");
      return true;
    }
    std::string algebra = algebra_of(*instance);
    if (algebra.empty()) {
      // What z3 shows of order alone, or of a ring, over the reals holds for integers too.
      out_.integers_open = algebra_by_prims(instance->graph).empty();
      lacks(name + ": values compared on instances only");
    } else {
      say(format("{}: proven in {}", name, algebra));
    }
    return true;
  }

  /// Sums and extremes together: what holds over the reals need not hold where a sum wraps around.
  void wide_integers() {
    for (DType dtype : {DType::kI8, DType::kU8, DType::kI32, DType::kI64, DType::kU32}) {
      InstanceOptions shape{dtype, {1, 2, 3}, 3, 40};
      for (int i = 0; i < kSmallInstances; ++i) {
        int attempts = kAttempts;
        auto instance = maker_.make(shape, dice_, attempts);
        if (!instance) break;
        bool has = false;
        for (const InputInfo& input : instance->graph.inputs())
          has = has || input.type.dtype == dtype;
        if (!has || !algebra_by_prims(instance->graph).empty()) continue;
        out_.integers_open = true;
        return;
      }
    }
  }

  void bools() {
    if (auto instance = scalar_instance(maker_, DType::kBool, dice_)) {
      tried(try_all_patterns(*instance, NumericClass::kBits), "bool");
    }
  }

  const Rewrite& rewrite_;
  InstanceMaker maker_;
  Dice dice_;
  ClassEvidence out_;
};

}  // namespace

ClassEvidence find_class_evidence(const Rewrite& rewrite, const ProofOptions& options) {
  try {
    return Evidence(rewrite, options).run();
  } catch (const RuleError&) {
    return {};  // an instance without a right side: the checks have reported it
  }
}

}  // namespace bafe

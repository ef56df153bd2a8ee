#pragma once
/// Facts of tensor e-classes: type, splat constant, shape of the non-zero part, range of the
/// elements, weight-only.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bafe/egraph/egraph.h"
#include "bafe/ir/interval.h"
#include "bafe/ir/op.h"
#include "bafe/ir/structure.h"
#include "bafe/rules/rule_program.h"

namespace bafe {

/// A constant splat. `magnitude` bounds the terms it was summed from: rounding is relative to it,
/// not to the value.
struct ConstantFact {
  Scalar value;
  double magnitude = 0;
};

struct Facts {
  Type type;
  bool known = false;  ///< a node has been seen
  std::optional<ConstantFact> constant;
  Structure structure;
  Interval range;
  bool weight_only = false;
};

/// The Analysis of the search. Options say what `bits` forbids.
class TensorAnalysis : public Analysis {
 public:
  /// fold_sums: constants may be folded through float sums (class `reals`).
  explicit TensorAnalysis(bool fold_sums) : fold_sums_(fold_sums) {}
  /// Zeros of a matrix count as zeros of its products (class `finite`). Before the first node.
  void assume_finite(bool yes) { finite_ = yes; }
  bool assumes_finite() const { return finite_; }
  /// Are the operands of a product, or of an operator that commutes, each other's transpose, as
  /// nodes of their classes say?
  bool is_mirrored(const EGraph& graph, NodeId node) const;

  const Facts& facts(ClassId cls) const { return facts_[cls.index()]; }
  /// What one node proves, from the facts of its operands' classes.
  Facts node_facts(const EGraph& graph, NodeId node) const;
  /// `finite zero identity diagonal lower upper symmetric orthogonal` without arguments, `in lo
  /// hi`, `banded below above`.
  bool fact(const std::string& name, ClassId cls, const std::vector<AttrValue>& args) const;
  /// Declares the types of inputs is not needed (the leaf carries its type); this adds what the
  /// caller knows beyond.
  void assert_structure(EGraph& graph, ClassId cls, const Structure& structure);

  void open(const EGraph& graph, ClassId cls) override;
  bool learn(const EGraph& graph, NodeId node, ClassId cls) override;
  MergeResult merge(const EGraph& graph, ClassId into, ClassId from) override;
  void modify(EGraph& graph, ClassId cls) override;
  NodeId literal_node(const EGraph& graph, ClassId cls, double literal) const override;

 private:
  /// A node that computes the class's constant from constants; the representative without one.
  NodeId computing_node(const EGraph& graph, ClassId cls) const;
  static void narrow(Facts& facts);
  bool join(const EGraph& graph, Facts& into, const Facts& from) const;

  std::vector<Facts> facts_;
  bool fold_sums_, finite_ = false;
};

}  // namespace bafe

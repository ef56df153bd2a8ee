#pragma once
/// The values that a program under construction has, each with its elements on probe inputs.

#include <functional>
#include <optional>
#include <vector>

#include "bafe/fuzz/generate.h"
#include "bafe/ir/eval.h"

namespace bafe {

class ValuePool {
 public:
  ValuePool(std::uint64_t seed, const GenerateLimits& limits);

  Chance chance;
  Graph graph;
  Builder builder;

  const Type& type(ValueId v) const { return graph.type(v); }
  std::int64_t count(ValueId v) const { return num_elements(type(v).shape).value(); }
  std::int64_t size(ValueId v, int axis) const {
    return type(v).shape[static_cast<std::size_t>(axis)].value();
  }
  int rank(ValueId v) const { return type(v).rank(); }

  DType dtype();  ///< the program's favourites first
  DType float_dtype();
  std::int64_t size();
  Shape shape(int rank);
  Type any_type() { return {dtype(), shape(chance.below(limits_.most_rank + 1))}; }

  ValueId input(Type type, bool weak = false);
  /// A value that passes, recent ones likelier; else a new input of the type that `fresh` gives.
  ValueId pick(const std::function<bool(const Type&)>& passes, const std::function<Type()>& fresh);
  ValueId any(int least_rank = 0);
  ValueId floats(int least_rank = 0);
  /// Another operand for a pointwise operator: of the same shape, or one that stretches to it.
  ValueId beside(ValueId x);

  /// What a value is on the probe inputs.
  struct Judgement {
    bool fails = false;    ///< some node throws
    bool is_wild = false;  ///< NaN, infinities, or numbers too large to go on with
  };
  /// Evaluates what was added since the last call.
  Judgement judge(ValueId value);
  void keep(ValueId v) { values_.push_back(v); }
  const std::vector<ValueId>& values() const { return values_; }
  const GenerateLimits& limits() const { return limits_; }

 private:
  Tensor probe(const Type& type);
  Tensor evaluate_node(const Node& node);

  GenerateLimits limits_;
  std::vector<ValueId> values_;
  std::vector<Tensor> probes_;  ///< by ValueId; empty where a node failed
  std::vector<DType> favourites_;
  bool is_edgy_ = false;  ///< sizes around register tiles instead of small ones
};

}  // namespace bafe

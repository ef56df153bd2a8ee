#pragma once
/// Checked construction in NumPy's manners: promotion, broadcasting, negative axes, vectors in
/// matmul. What it leaves in the graph is the normal form.

#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bafe/ir/graph.h"

namespace bafe {

class Builder {
 public:
  explicit Builder(Graph& graph) : graph_(graph) {}
  /// Nodes made from now on are placed here; errors name it.
  void set_loc(SourceLoc loc) { loc_ = std::move(loc); }

  /// Any operator of the table by its row, composites included (expanded). Pointwise operands are
  /// promoted and broadcast; for shaped operators attributes are as ops.def lists them, with
  /// negative axes allowed.
  ValueId call(Op op, std::span<const ValueId> operands, Attrs attrs = {});
  ValueId call(std::string_view name, std::span<const ValueId> operands, Attrs attrs = {});

  ValueId cast(ValueId x, DType to);                 ///< x itself when it has the type
  ValueId literal(Scalar value, ValueId like);       ///< fill with the shape of `like`
  ValueId broadcast(ValueId x, const Shape& shape);  ///< NumPy rules, ranks may differ
  ValueId reshape(ValueId x, List shape);            ///< one -1 allowed
  ValueId transpose(ValueId x, List perm);           ///< empty: reverse the axes
  ValueId matmul(ValueId a, ValueId b);              ///< rank 1 and batch dims as NumPy
  /// op is a reduction or a composite over axes; empty optional axes = all. Sums of small ints
  /// accumulate as NumPy.
  ValueId reduce(Op op, ValueId x, std::optional<List> axes, bool keepdims);
  ValueId cumsum(ValueId x, std::optional<Dim> axis);
  ValueId concat(std::span<const ValueId> parts, Dim axis);
  ValueId stack(std::span<const ValueId> parts, Dim axis);
  /// NumPy basic slicing, already resolved to start/size/step on every axis.
  ValueId slice(ValueId x, List start, List size, List step);
  ValueId squeeze(ValueId x, std::optional<List> axes);
  ValueId expand_dims(ValueId x, List axes);                ///< axes of the result
  ValueId named(Op op, std::span<const ValueId> operands);  ///< kNamed composite kept as a node

  Graph& graph() { return graph_; }
  const Type& type(ValueId id) const { return graph_.type(id); }

 private:
  ValueId add(Op op, std::vector<ValueId> operands, Attrs attrs);
  ValueId pointwise(const OpInfo& info, std::span<const ValueId> operands, Attrs attrs);
  ValueId expand(const OpInfo& info, std::span<const ValueId> operands, const Attrs& attrs);
  ValueId call_shaped(const OpInfo& info, std::span<const ValueId> operands, Attrs attrs);
  ValueId call_solver(const OpInfo& info, std::vector<ValueId> values);
  std::vector<ValueId> cast_operands(const OpInfo& info, std::span<const ValueId> operands);
  DType common_dtype(std::span<const ValueId> operands) const;
  bool is_weak(ValueId id) const;
  bool find_weak(ValueId id) const;

  Graph& graph_;
  SourceLoc loc_;
  mutable std::unordered_map<ValueId, bool>
      weak_;  ///< answers of is_weak; a shared value is walked once
};

/// Shape that NumPy broadcasting gives; ShapeError names the clashing axis.
Shape broadcast_shapes(std::string_view subject, std::span<const Type> operands);
/// A graph in which every kNamed node is replaced by its definition.
Graph flatten_named(const Graph& graph);

}  // namespace bafe

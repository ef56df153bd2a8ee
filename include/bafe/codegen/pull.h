#pragma once
/// The value of any element of a program as an expression: element trees of operators composed from
/// the result back to stored buffers.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "bafe/codegen/expr.h"
#include "bafe/ir/graph.h"

namespace bafe {

/// A stored value as the kernel sees it.
struct Source {
  int buffer = -1;                    ///< position in the kernel's slot list
  std::vector<std::int64_t> strides;  ///< in elements, one an axis
};

class Puller {
 public:
  /// `source_of` gives the buffer of a stored value, nullptr for values to be computed in place.
  /// `bits` rounds f16 and bf16 after every operator.
  using SourceOf = std::function<const Source*(ValueId)>;
  Puller(const Graph& graph, ExprPool& pool, SourceOf source_of, bool bits)
      : graph_(graph), pool_(pool), source_of_(std::move(source_of)), bits_(bits) {}

  /// Reductions may use these loop variables as bound variables when extents agree, so that a pass
  /// over a row and the loop that stores the row share one variable.
  void set_row_candidates(std::vector<int> vars) { candidates_ = std::move(vars); }
  /// `value` at exactly `indices` is `known`; at other indices the pull fails.
  void bind(ValueId value, std::vector<Ex> indices, Ex known);

  /// As bind, at whatever indices it is first asked for; see asked().
  void bind_anywhere(ValueId value, Ex known) {
    any_ = value;
    any_value_ = known;
  }
  /// Indices at which the bound value was asked for; nothing when it was not.
  const std::optional<std::vector<Ex>>& asked() const { return asked_; }

  Ex value(ValueId id, const std::vector<Ex>& indices);
  /// The operator of a value pulled as a stream, even if it has a buffer (outputs of the kernel).
  Ex computed(ValueId id, const std::vector<Ex>& indices);

  /// Values that no expression can give (matrix products, scans, host routines): they need a buffer
  /// first.
  const std::set<ValueId>& needs_buffer() const { return needs_buffer_; }
  /// A bound value was asked for elsewhere than at its indices.
  bool failed() const { return failed_; }
  /// The graph value of a kReduce node.
  ValueId reduction_of(Ex reduce) const { return reductions_.at(reduce.id); }

 private:
  struct Site {  ///< one element of one node
    const Node* node = nullptr;
    std::vector<Ex> indices;
    std::vector<Ex> args;   ///< pointwise: operand values
    std::vector<Ex> bound;  ///< bound variables of Reduce
  };
  Ex pointwise(const Node& node, const OpInfo& info, const std::vector<Ex>& indices);
  Ex shaped(ValueId id, const Node& node, const OpInfo& info, const std::vector<Ex>& indices);
  Ex tree(const Element& t, DType want, Site& site);
  Ex arithmetic(const Element& t, DType want, Site& site);
  Ex index_tree(const Element& t, Site& site);
  Ex select(const Element& t, DType want, Site& site);
  Ex literal(DType dtype, double number);
  Ex reduce_tree(const Element& t, DType want, Site& site);
  Ex condition(const Element& t, Site& site);
  bool is_index(const Element& t) const;
  DType type_of(const Element& t, DType want, const Site& site) const;
  Ex load(const Source& source, ValueId id, const std::vector<Ex>& indices);
  std::vector<int> bound_vars(const std::vector<Dim>& extents, const std::vector<Ex>& indices);

  const Graph& graph_;
  ExprPool& pool_;
  SourceOf source_of_;
  bool bits_ = false;
  bool failed_ = false;
  Ex guard_;  ///< condition under which the current operand is read; invalid: always
  std::vector<int> candidates_;
  std::vector<std::vector<int>> bound_sets_;
  std::map<std::pair<std::uint64_t, std::vector<Ex>>, Ex> memo_;
  std::map<ValueId, std::pair<std::vector<Ex>, Ex>> bound_values_;
  std::map<std::uint32_t, ValueId> reductions_;
  std::set<ValueId> needs_buffer_;
  ValueId any_;
  Ex any_value_;
  std::optional<std::vector<Ex>> asked_;
};

}  // namespace bafe

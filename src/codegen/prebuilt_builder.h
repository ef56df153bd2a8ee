#pragma once
/// Traced programs to plans of prebuilt steps. Private to src/codegen/prebuilt*.cpp.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bafe/codegen/prebuilt.h"
#include "bafe/ir/graph.h"

namespace bafe {

/// Where a value's elements are: in a slot by strides, or the same number everywhere.
struct StoredView {
  int slot = -1;  ///< -1: `fill`
  Scalar fill;
  std::int64_t offset = 0;  ///< elements
  std::vector<std::int64_t> strides;
};

class PrebuiltBuilder {
 public:
  PrebuiltBuilder(const Graph& graph, const LowerOptions& options, const Target& target);
  Plan run();

 private:
  using Strides = std::vector<std::int64_t>;

  // prebuilt_plan.cpp
  void place_leaves();
  void lower(ValueId id);
  void leaf(ValueId id);
  void movement(ValueId id);
  void interpret(ValueId id);
  // prebuilt_control.cpp: loops and branches.
  void control(ValueId id);
  int row_slot(ValueId id);
  void place_roots();
  void place_root(std::size_t k, std::vector<bool>& is_taken);
  std::string symbol(std::string_view key) const;
  int new_slot(const Type& type, std::vector<int> order);
  Step& add_step(std::string key, std::string label);

  // prebuilt_moves.cpp: copies.
  StoredView copied(const StoredView& view, const Type& type, const std::vector<int>& order);
  void copy_into(int slot, const StoredView& from, const Strides& to, const Type& type,
                 std::int64_t to_offset = 0);
  /// The value by rows in a slot of its own or another's, copied only if it is not.
  StoredView by_rows(ValueId id);
  bool is_dense(const StoredView& view, const Shape& shape, const std::vector<int>& order) const;

  // prebuilt_boxes.cpp: operands side by side, or in a frame.
  struct Painted {
    StoredView view;  // its offset is that of the box
    Strides lo, hi;
  };
  bool boxes(ValueId id);
  bool paint(const Element& tree, const Node& node, const Strides& lo, const Strides& hi,
             std::vector<Painted>& out) const;

  // prebuilt_group.cpp: runs of pointwise operators.
  void pointwise(ValueId id);
  int kernel_of(const Node& node) const;
  /// Ends the run that is being collected.
  void flush();
  void emit_group(const std::vector<ValueId>& nodes);
  std::vector<ValueId> loads_of(const std::vector<ValueId>& nodes,
                                const std::vector<bool>& inside) const;
  void turn_loads(const std::vector<ValueId>& loads, const std::vector<int>& order);
  void store_group(const std::vector<ValueId>& nodes, const std::vector<bool>& inside,
                   const std::vector<int>& order, const std::function<void(ValueId, int)>& store);
  std::int64_t bytes_of_element(ValueId id) const { return dtype_bytes(graph_.type(id).dtype); }
  bool is_read_outside(ValueId id, const std::vector<bool>& inside) const;
  std::vector<int> order_of_group(const std::vector<ValueId>& nodes,
                                  const std::vector<ValueId>& loads) const;
  /// Ready: no longer part of the run.
  void need(ValueId id);

  // prebuilt_reduce.cpp: reductions and products.
  bool reduce(ValueId id);
  bool try_rows(ValueId id, const StoredView& view);
  bool try_columns(ValueId id, const StoredView& view);
  bool add_reduction(ValueId id, const StoredView& view, const std::string& kind,
                     const Strides& sizes);
  bool product(ValueId id);

  const Graph graph_;
  Target target_;
  LowerOptions options_;
  Plan plan_;
  std::vector<StoredView> views_;            // by value
  std::vector<std::vector<ValueId>> users_;  // live ones
  std::vector<bool> is_root_, is_pending_;   // pending: computed by the open run
  std::vector<ValueId> open_;
  std::vector<std::vector<int>> root_orders_;  // by value
};

/// Axes as loops: sizes and, for every view, strides; neighbours that all views walk as one are
/// one.
struct LoopAxes {
  std::vector<std::int64_t> dims;
  std::vector<std::vector<std::int64_t>> strides;  ///< by view, then axis
};
/// The axes `order` of a box, slowest first, without those of size 1.
LoopAxes loop_axes(const Shape& shape, const std::vector<int>& order,
                   const std::vector<const std::vector<std::int64_t>*>& views);

}  // namespace bafe

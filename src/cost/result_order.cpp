// Orders of results. In: a graph in plan form with the orders of its leaves. Out: the axis order of
// one root. Every value below the root has strides: those of a dense array for a leaf and for the
// result of arithmetic, those of a view for a movement; 0 along an axis of size 1 or repeated,
// which tells nothing. Arithmetic stores along the strides of its operands.

#include "bafe/cost/result_order.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <numeric>
#include <optional>

#include "bafe/base/options.h"
#include "bafe/cost/access.h"
#include "bafe/ir/op.h"

namespace bafe {
namespace {

using Strides = std::vector<std::int64_t>;

bool tells_nothing(const Strides& strides) {
  return std::all_of(strides.begin(), strides.end(), [](std::int64_t s) { return s == 0; });
}

/// Must axis `outer` become the inner one of the two? nullopt: no operand tells.
std::optional<bool> exchanges(const std::vector<const Strides*>& operands, int outer, int inner) {
  std::optional<bool> exchange;
  for (const Strides* strides : operands) {
    const std::int64_t a = std::abs((*strides)[static_cast<std::size_t>(outer)]);
    const std::int64_t b = std::abs((*strides)[static_cast<std::size_t>(inner)]);
    if (a == 0 || b == 0) continue;
    if (b <= a) exchange = false;  // where operands disagree, row-major wins
    if (!exchange) exchange = true;
  }
  return exchange;
}

}  // namespace

Strides dense_strides(const Shape& shape, const std::vector<int>& order) {
  Strides strides(shape.size(), 0);
  std::int64_t run = 1;
  for (std::size_t i = order.size(); i-- > 0;) {
    const auto axis = static_cast<std::size_t>(order[i]);
    const std::int64_t size = size_of(shape[axis]);
    if (size > 1) strides[axis] = run;
    run *= std::max<std::int64_t>(size, 1);
  }
  return strides;
}

std::vector<int> common_order(const std::vector<const Strides*>& operands, std::size_t rank) {
  std::vector<int> fastest_first(rank);
  std::iota(fastest_first.rbegin(), fastest_first.rend(), 0);
  for (std::size_t i = 1; i < rank; ++i) {
    std::size_t to = i;
    for (std::size_t j = i; j-- > 0;) {
      const std::optional<bool> exchange = exchanges(operands, fastest_first[i], fastest_first[j]);
      if (!exchange) continue;
      if (!*exchange) break;
      to = j;
    }
    const auto at = [&](std::size_t k) {
      return fastest_first.begin() + static_cast<std::ptrdiff_t>(k);
    };
    std::rotate(at(to), at(i), at(i + 1));
  }
  return {fastest_first.rbegin(), fastest_first.rend()};
}

namespace {

class OrderOfResult {
 public:
  OrderOfResult(const Graph& graph, const std::vector<Layout>& leaves)
      : graph_(graph), leaves_(leaves) {}

  std::vector<int> of(ValueId root) {
    const int rank = graph_.type(root).rank();
    if (rank < 2 || !collect(root)) return Layout::row(rank).order;
    for (ValueId id : below_) {
      if (!add(id)) return Layout::row(rank).order;
    }
    return common_order({&strides_.at(root)}, static_cast<std::size_t>(rank));
  }

 private:
  OpKind kind_of(ValueId id) const { return op_info(graph_.node(id).op).kind; }

  /// What the root is made of, operands first; false where that is more than arithmetic on leaves.
  bool collect(ValueId root) {
    std::map<ValueId, bool> met{{root, true}};
    below_ = {root};
    bool computes = false;
    for (std::size_t i = 0; i < below_.size(); ++i) {
      const OpKind kind = kind_of(below_[i]);
      computes |= kind == OpKind::kPointwise;
      if (kind == OpKind::kLeaf) continue;
      if (kind != OpKind::kPointwise && kind != OpKind::kMovement) return false;
      for (ValueId operand : graph_.node(below_[i]).operands) {
        if (met.emplace(operand, true).second) below_.push_back(operand);
      }
      if (below_.size() > kMaxGroupNodes) return false;
    }
    std::sort(below_.begin(), below_.end());
    return computes;
  }

  bool add(ValueId id) {
    const Node& node = graph_.node(id);
    const Shape& shape = node.type.shape;
    if (kind_of(id) == OpKind::kLeaf) {
      strides_[id] = is_fill(graph_, id) ? Strides(shape.size(), 0)
                                         : dense_strides(shape, leaves_[id.index()].order);
      return true;
    }
    if (kind_of(id) == OpKind::kPointwise) {
      std::vector<const Strides*> operands;
      for (ValueId operand : node.operands) operands.push_back(&strides_.at(operand));
      const bool scalar = std::all_of(operands.begin(), operands.end(),
                                      [](const Strides* s) { return tells_nothing(*s); });
      strides_[id] = scalar ? Strides(shape.size(), 0)  // of one element, only repeated here
                            : dense_strides(shape, common_order(operands, shape.size()));
      return true;
    }
    if (node.operands.empty()) return false;
    const std::optional<Access> access = operand_access(graph_, id);
    if (!access) return false;
    const Strides& from = strides_.at(node.operands[0]);
    Strides strides(shape.size(), 0);
    for (std::size_t d = 0; d < shape.size(); ++d) {
      if (size_of(shape[d]) <= 1) continue;
      for (std::size_t axis = 0; axis < from.size(); ++axis)
        strides[d] += from[axis] * (*access)[axis].step[d];
    }
    strides_[id] = std::move(strides);
    return true;
  }

  const Graph& graph_;
  const std::vector<Layout>& leaves_;
  std::vector<ValueId> below_;
  std::map<ValueId, Strides> strides_;
};

}  // namespace

std::vector<int> result_order(const Graph& graph, const std::vector<Layout>& leaves, ValueId root) {
  return OrderOfResult(graph, leaves).of(root);
}

std::vector<int> root_order(const Graph& graph, const std::vector<Layout>& leaves, ValueId root,
                            bool read_by_routine) {
  int rank = graph.type(root).rank();
  const Node& node = graph.node(root);
  if (op_info(node.op).kind == OpKind::kLayout)
    return layout_from_text(attr_string(node.attrs, 0), rank).order;
  if (read_by_routine || option("BAFE_LAYOUTS") == "row") return Layout::row(rank).order;
  return result_order(graph, leaves, root);
}

Layout leaf_layout(const Graph& graph, ValueId id) {
  int rank = graph.type(id).rank();
  if (!is_input(graph, id)) return Layout::row(rank);
  int index = static_cast<int>(attr_int(graph.node(id).attrs, 0).value());
  return layout_from_text(graph.inputs()[static_cast<std::size_t>(index)].layout, rank);
}

}  // namespace bafe

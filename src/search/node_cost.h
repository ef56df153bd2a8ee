#pragma once
/// The additive surrogate of extraction: what one e-node costs by itself, and what storing and
/// loading cost.

#include <span>
#include <vector>

#include "bafe/cost/cost_model.h"
#include "term_graph.h"

namespace bafe {

/// How an e-node treats orders and forms.
enum class NodeRole : std::uint8_t {
  kInput,     ///< a buffer of the caller
  kFill,      ///< a stream for nothing
  kView,      ///< reads its operand at a permuted or affine place: no arithmetic
  kStream,    ///< pointwise, other movement: one value an element
  kReduce,    ///< reads a stream, makes a stream
  kContract,  ///< reads buffers, makes a stream in either order
  kRoutine,   ///< row-major buffers in and out
};

struct NodeInfo {
  NodeRole role = NodeRole::kStream;
  bool swaps_order = false;  ///< a view that exchanges the last two axes
  double own_ns = 0;
};

/// What a node would cost whose operands and result have these types.
NodeInfo node_info(const Machine& machine, Op op, const Attrs& attrs,
                   std::span<const Type> operands, const Type& result);
/// What a product would cost whose operands have these zeros.
double node_product_ns(const Machine& machine, std::span<const Type> operands, const Type& result,
                       const Structure& a, const Structure& b, bool mirrored);

class NodeCosts {
 public:
  NodeCosts(const TermGraph& terms, const CostModel& cost);
  const NodeInfo& node(NodeId id) const { return infos_[id.index()]; }
  double store_ns(ClassId cls) const { return stores_[cls.index()]; }
  double load_ns(ClassId cls) const { return loads_[cls.index()]; }
  /// Extra time to read operand `which` of a contraction in column order, or pulled from a stream.
  double col_operand_ns(ClassId cls, int which) const {
    return loads_[cls.index()] * (which == 1 ? 0.4 : 0.1);
  }
  double stream_operand_ns(ClassId cls) const { return 1.5 * loads_[cls.index()]; }

 private:
  const Machine& machine_;
  std::vector<NodeInfo> infos_;
  std::vector<double> stores_, loads_;
};

}  // namespace bafe

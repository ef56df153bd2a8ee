// Comes in: a node. Goes out: whether its result is its operand's memory. Invariant: the answer
// follows from the element tree alone, whatever the operator.

#include "bafe/cost/row_major.h"

#include "bafe/cost/access.h"
#include "bafe/ir/dim.h"
#include "bafe/ir/op.h"
#include "bafe/ir/walk_affine.h"

namespace bafe {

bool keeps_row_major(const Graph& graph, ValueId movement) {
  const Node& node = graph.node(movement);
  if (node.operands.size() != 1 || op_info(node.op).kind != OpKind::kMovement) return false;
  const Type operands[] = {graph.type(node.operands[0])};
  std::vector<std::int64_t> from, to;
  for (Dim size : operands[0].shape) from.push_back(size_of(size));
  for (Dim size : node.type.shape) to.push_back(size_of(size));
  if (element_count(operands[0].shape) != element_count(node.type.shape)) return false;
  Element tree = op_element(node.op, operands, node.attrs, node.type);
  if (!tree || tree->prim != Prim::kRead) return false;
  const auto read = affine_read(tree, from, to, {});
  const std::vector<std::int64_t> strides = row_major_strides(to);
  bool same = read && read->base == 0;
  for (std::size_t axis = 0; axis < to.size() && same; ++axis) {
    same = to[axis] <= 1 || read->index[axis] == strides[axis];
  }
  return same;
}

}  // namespace bafe

// Arithmetic of a program. In: a graph with concrete sizes. Out: operations, each live value once.
// What a kernel does beyond that (recomputation, padding) is the cost model's business.

#include "bafe/search/flops.h"

#include <algorithm>
#include <map>
#include <vector>

#include "bafe/cost/access.h"
#include "bafe/cost/product_cost.h"
#include "bafe/ir/control.h"
#include "bafe/ir/op.h"

namespace bafe {
namespace {

double elements_of(const Graph& graph, ValueId id) {
  return static_cast<double>(element_count(graph.type(id).shape));
}

double last_size(const Graph& graph, ValueId id) {
  const Shape& shape = graph.type(id).shape;
  return shape.empty() ? 1 : static_cast<double>(size_of(shape.back()));
}

/// How many elements of each value anyone reads: `stored` ones are made whole, of the others no
/// more than what a slice lets through.
std::vector<double> demand(const Graph& graph, const std::vector<bool>& stored) {
  std::vector<double> wanted(graph.size(), 0);
  std::vector<ValueId> live = graph.live();
  for (std::size_t i = live.size(); i-- > 0;) {
    ValueId id = live[i];
    const Node& node = graph.node(id);
    OpKind kind = op_info(node.op).kind;
    bool streams = kind == OpKind::kPointwise || kind == OpKind::kMovement;
    if (stored[id.index()]) wanted[id.index()] = elements_of(graph, id);
    for (ValueId operand : node.operands) {
      double all = elements_of(graph, operand);
      double read = streams ? std::min(all, wanted[id.index()]) : all;
      wanted[operand.index()] = std::max(wanted[operand.index()], read);
    }
  }
  return wanted;
}

double node_flops(const Graph& graph, ValueId id, double wanted) {
  const Node& node = graph.node(id);
  switch (op_info(node.op).kind) {
    case OpKind::kPointwise:
      return op_info(node.op).dtype_rule == DTypeRule::kCast ? 0 : wanted;
    case OpKind::kReduction:
    case OpKind::kScan:
      return elements_of(graph, node.operands[0]);
    case OpKind::kContraction:
      return 2 * elements_of(graph, id) * last_size(graph, node.operands[0]);
    case OpKind::kLibrary: {
      double cube = elements_of(graph, node.operands[0]) * last_size(graph, node.operands[0]);
      if (node.operands.size() == 1) return 2 * cube;
      double columns = elements_of(graph, id) * last_size(graph, node.operands[0]);
      return 2.0 / 3 * cube + 2 * columns;
    }
    case OpKind::kControl: {
      double each = 0;
      if (!is_first_sibling(graph, id)) return 0;
      for (const auto& body : bodies_of(node.attrs)) each = std::max(each, graph_flops(*body));
      return each * static_cast<double>(assumed_iterations(graph, node));
    }
    default:
      return 0;
  }
}

}  // namespace

double program_flops(const Program& program) {
  const Graph& graph = program.graph;
  std::vector<bool> stored(graph.size(), false);
  std::map<ValueId, double> products;
  for (const Group& group : program.groups) {
    for (ValueId id : group.outputs) stored[id.index()] = true;
    for (ValueId id : group.nodes) {
      if (op_info(graph.node(id).op).kind != OpKind::kContraction) continue;
      products[id] = product_flops(product_shape(program, group, id));
    }
  }
  std::vector<double> wanted = demand(graph, stored);
  double total = 0;
  for (ValueId id : graph.live()) {
    auto product = products.find(id);
    total +=
        product != products.end() ? product->second : node_flops(graph, id, wanted[id.index()]);
  }
  return total;
}

double graph_flops(const Graph& graph) {
  double total = 0;
  for (ValueId id : graph.live()) total += node_flops(graph, id, elements_of(graph, id));
  return total;
}

}  // namespace bafe

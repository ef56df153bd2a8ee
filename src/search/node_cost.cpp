// Prices of single e-nodes. In: classes with types and a machine. Out: nanoseconds that add up.
// Every price is above zero, so that a cheapest derivation has no cycle.

#include "node_cost.h"

#include <algorithm>

#include "bafe/cost/access.h"
#include "bafe/cost/product_cost.h"
#include "bafe/cost/roofline.h"
#include "bafe/ir/builder.h"

namespace bafe {
namespace {

constexpr double kTiny = 1e-3;  // of a node that costs nothing: ties go to the shorter program

/// The node as a graph of its own over inputs of the operand types: access questions are asked of
/// graphs.
struct Probe {
  Graph graph;
  ValueId id;
};

Probe probe_of(Op op, const Attrs& attrs, std::span<const Type> types) {
  Probe probe;
  std::vector<ValueId> operands;
  for (const Type& type : types) {
    InputInfo info;
    info.type = type;
    operands.push_back(probe.graph.add_input(info));
  }
  probe.id = probe.graph.add(op, std::move(operands), attrs);
  return probe;
}

bool swaps_last_axes(const std::vector<int>& map) {
  std::size_t rank = map.size();
  if (rank < 2) return false;
  for (std::size_t i = 0; i + 2 < rank; ++i) {
    if (map[i] != static_cast<int>(i)) return false;
  }
  return map[rank - 1] == static_cast<int>(rank) - 2 && map[rank - 2] == static_cast<int>(rank) - 1;
}

NodeInfo movement_info(double slots, Op op, const Attrs& attrs, std::span<const Type> operands,
                       const Type& result) {
  NodeInfo info;
  Probe probe = probe_of(op, attrs, operands);
  if (operands.size() == 1) {
    if (auto map = axis_permutation(probe.graph, probe.id))
      info.swaps_order = swaps_last_axes(*map);
    if (operand_access(probe.graph, probe.id)) info.role = NodeRole::kView;
  }
  double elements = static_cast<double>(element_count(result.shape));
  info.own_ns = kTiny + elements * movement_weight(probe.graph, probe.id) / slots;
  return info;
}

/// A name costs what its definition costs: the code is the same.
double definition_ns(const Machine& machine, Op op, const Attrs& attrs,
                     std::span<const Type> operands) {
  Probe probe = probe_of(op, attrs, operands);
  probe.graph.add_root(probe.id);
  Graph definition = flatten_named(probe.graph);
  double total = 0;
  for (ValueId id : definition.live()) {
    const Node& node = definition.node(id);
    std::vector<Type> types;
    for (ValueId operand : node.operands) types.push_back(definition.type(operand));
    total += node_info(machine, node.op, node.attrs, types, node.type).own_ns;
  }
  return total;
}

}  // namespace

double node_product_ns(const Machine& machine, std::span<const Type> operands, const Type& result,
                       const Structure& a, const Structure& b, bool mirrored) {
  ProductShape shape = product_shape(operands[0], result);
  shape.a = a;
  shape.b = b;
  shape.mirrored = mirrored;
  return product_ns(machine, shape) + machine.step_ns;
}

NodeInfo node_info(const Machine& machine, Op op, const Attrs& attrs,
                   std::span<const Type> operands, const Type& result) {
  double elements = static_cast<double>(element_count(result.shape));
  double slots = slots_per_ns(machine, result.dtype);
  NodeInfo info;
  info.own_ns = kTiny;
  switch (op_info(op).kind) {
    case OpKind::kLeaf:
      info.role = attr_kind(attrs[0]) == AttrKind::kScalar ? NodeRole::kFill : NodeRole::kInput;
      return info;
    case OpKind::kPointwise:
      info.own_ns += elements * (element_weight(op) + 0.1) / slots;
      return info;
    case OpKind::kMovement:
      return movement_info(slots, op, attrs, operands, result);
    case OpKind::kReduction:
      info.role = NodeRole::kReduce;
      info.own_ns +=
          static_cast<double>(element_count(operands[0].shape)) / slots + 0.5 * machine.step_ns;
      return info;
    case OpKind::kContraction:
      info.role = NodeRole::kContract;
      info.own_ns += node_product_ns(machine, operands, result, {}, {}, false);
      return info;
    case OpKind::kScan:
      info.role = NodeRole::kReduce;
      info.own_ns += elements * 8 / slots + machine.step_ns;
      return info;
    case OpKind::kNamed:
      info.role = NodeRole::kRoutine;
      info.own_ns += definition_ns(machine, op, attrs, operands);
      return info;
    case OpKind::kControl:  // the same for every way around it
      info.role = NodeRole::kRoutine;
      info.own_ns += 20 * machine.step_ns;
      return info;
    default:
      info.role = NodeRole::kRoutine;
      info.own_ns += elements * static_cast<double>(
                                    size_of(result.shape.empty() ? Dim(1) : result.shape.back())) +
                     20 * machine.step_ns;
      return info;
  }
}

namespace {

/// The price of a product with what the classes of its operands are known to skip.
double skipping_product_ns(const TermGraph& terms, const Machine& machine, NodeId node,
                           std::span<const Type> operands, const Type& result) {
  const EGraph& egraph = terms.egraph;
  auto facts = [&](int i) {
    return terms.analysis.facts(
        egraph.class_of(egraph.children(node)[static_cast<std::size_t>(i)]));
  };
  Structure a = facts(0).structure, b = facts(1).structure;
  bool mirrored = terms.analysis.is_mirrored(egraph, node);
  return node_product_ns(machine, operands, result, a, b, mirrored);
}

}  // namespace

NodeCosts::NodeCosts(const TermGraph& terms, const CostModel& cost) : machine_(cost.machine()) {
  const EGraph& egraph = terms.egraph;
  infos_.resize(egraph.num_born());
  stores_.resize(egraph.class_bound(), 0);
  loads_.resize(egraph.class_bound(), 0);
  for (ClassId cls : egraph.classes()) {
    const Type& type = terms.analysis.facts(cls).type;
    double bytes = bytes_of(type);
    loads_[cls.index()] = bytes / bandwidth_gbs(machine_, bytes) + kTiny;
    stores_[cls.index()] = loads_[cls.index()] + machine_.step_ns;
    for (NodeId node : egraph.nodes(cls)) {
      std::vector<Type> operands;
      for (NodeId child : egraph.children(node))
        operands.push_back(terms.analysis.facts(egraph.class_of(child)).type);
      infos_[node.index()] = node_info(machine_, op_of(egraph.op(node)),
                                       egraph.attrs().record(egraph.attr(node)), operands, type);
      if (terms.analysis.assumes_finite() && infos_[node.index()].role == NodeRole::kContract)
        infos_[node.index()].own_ns =
            kTiny + skipping_product_ns(terms, machine_, node, operands, type);
    }
  }
}

}  // namespace bafe

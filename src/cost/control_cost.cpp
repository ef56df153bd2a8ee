// Prices of loops and branches. In: a program with decided bodies. Out: nanoseconds, flops and
// bytes of one of its loops, from what its body was predicted to cost.

#include "bafe/cost/control_cost.h"

#include <algorithm>

#include "bafe/ir/control.h"

namespace bafe {

GroupCost control_cost(const Program& program, ValueId id, const Machine& machine) {
  GroupCost cost;
  cost.ns = machine.step_ns;
  if (!is_first_sibling(program.graph, id)) return cost;
  const Node& node = program.graph.node(id);
  for (const auto& graph : bodies_of(node.attrs)) {
    const Program* body = program.body(*graph);
    if (!body) continue;  // not decided yet; it is the same for every way around it
    GroupCost one;
    one.ns = body->predicted_ns;
    for (const Group& group : body->groups) {
      one.flops += group.flops;
      one.bytes += group.bytes;
    }
    if (one.ns > cost.ns) cost = one;
  }
  const auto times = static_cast<double>(assumed_iterations(program.graph, node));
  cost.ns = std::max(machine.step_ns, times * cost.ns);
  cost.flops *= times;
  cost.bytes *= times;
  return cost;
}

}  // namespace bafe

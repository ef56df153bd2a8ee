#include "bafe/ir/used_inputs.h"

#include "bafe/base/error.h"

namespace bafe {
namespace {

std::size_t input_number(const Node& node) {
  return static_cast<std::size_t>(attr_int(node.attrs, 0).value());
}

}  // namespace

std::vector<bool> used_inputs(const Graph& graph) {
  std::vector<bool> used(graph.inputs().size(), false);
  for (ValueId id : graph.live()) {
    const Node& node = graph.node(id);
    if (is_input(node.op)) used[input_number(node)] = true;
  }
  return used;
}

Graph keep_inputs(const Graph& graph, const std::vector<bool>& keep) {
  Graph out;
  std::vector<ValueId> made(graph.size());
  std::vector<ValueId> inputs(graph.inputs().size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (keep[i]) inputs[i] = out.add_input(graph.inputs()[i]);
  }
  for (ValueId id : graph.live()) {
    const Node& node = graph.node(id);
    if (is_input(node.op)) {
      if (!inputs[input_number(node)].valid()) continue;
      made[id.index()] = inputs[input_number(node)];
      continue;
    }
    std::vector<ValueId> operands;
    for (ValueId v : node.operands) {
      BAFE_CHECK(made[v.index()].valid(), "a used input is not kept");
      operands.push_back(made[v.index()]);
    }
    made[id.index()] = out.add(node.op, std::move(operands), node.attrs);
    if (const SourceLoc loc = graph.loc(id); loc.line > 0) out.set_loc(made[id.index()], loc);
  }
  for (ValueId root : graph.roots()) {
    BAFE_CHECK(made[root.index()].valid(), "a used input is not kept");
    out.add_root(made[root.index()]);
  }
  return out.compact();
}

}  // namespace bafe

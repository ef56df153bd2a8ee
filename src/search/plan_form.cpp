// Makes a graph fit for grouping. In: any valid graph. Out: the same program without named nodes
// whose roots are distinct and computed. Copies are layout_transform nodes, the identity on values.

#include <set>

#include "bafe/cost/access.h"
#include "bafe/cost/schedule.h"
#include "bafe/ir/builder.h"
#include "bafe/search/plan.h"

namespace bafe {
namespace {

ValueId copy_of(Graph& graph, ValueId value) {
  return graph.add(*op_from_text("layout_transform"), {value}, {std::string("row")});
}

bool is_row_buffer(const Graph& graph, ValueId id) {
  if (op_info(graph.node(id).op).kind != OpKind::kLeaf)
    return true;  // made by a group, stored as we like
  if (is_fill(graph, id)) return false;
  if (!is_input(graph, id)) return true;
  int index = static_cast<int>(attr_int(graph.node(id).attrs, 0).value());
  return layout_from_text(graph.inputs()[static_cast<std::size_t>(index)].layout,
                          graph.type(id).rank())
      .is_row();
}

}  // namespace

Graph plan_form(const Graph& graph) {
  Graph source = flatten_named(graph).compact();
  Graph result;
  std::vector<ValueId> map(source.size());
  std::vector<ValueId> inputs;
  for (const InputInfo& info : source.inputs()) inputs.push_back(result.add_input(info));
  for (std::size_t i = 0; i < source.size(); ++i) {
    ValueId id(static_cast<std::uint32_t>(i));
    const Node& node = source.node(id);
    if (is_input(source, id)) {
      map[i] = inputs[static_cast<std::size_t>(attr_int(node.attrs, 0).value())];
      continue;
    }
    bool library = is_routine(op_info(node.op).kind);
    std::vector<ValueId> operands;
    for (ValueId operand : node.operands) {
      ValueId moved = map[operand.index()];
      if (library && !is_row_buffer(result, moved)) moved = copy_of(result, moved);
      operands.push_back(moved);
    }
    map[i] = result.add(node.op, std::move(operands), node.attrs);
    result.set_loc(map[i], source.loc(id));
  }
  std::set<ValueId> taken;
  for (ValueId root : source.roots()) {
    ValueId value = map[root.index()];
    if (op_info(result.node(value).op).kind == OpKind::kLeaf) value = copy_of(result, value);
    while (!taken.insert(value).second) value = copy_of(result, value);
    result.add_root(value);
  }
  return result;
}

}  // namespace bafe

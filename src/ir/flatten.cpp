// Named composites replaced by their definitions. In: a graph. Out: a graph of the same roots
// without kNamed nodes. Invariant: every other node is copied as it is; inputs keep their order.
#include "bafe/ir/builder.h"
#include "expand.h"

namespace bafe {

Graph flatten_named(const Graph& graph) {
  Graph out;
  Builder builder(out);
  std::vector<ValueId> renamed(graph.size());
  std::vector<ValueId> inputs;
  for (const InputInfo& info : graph.inputs()) inputs.push_back(out.add_input(info));
  for (ValueId id : graph.live()) {
    const Node& n = graph.node(id);
    const OpInfo& info = op_info(n.op);
    std::vector<ValueId> operands;
    for (ValueId v : n.operands) operands.push_back(renamed[v.index()]);
    ValueId& fresh = renamed[id.index()];
    if (is_input(n.op)) {
      fresh = inputs[static_cast<std::size_t>(attr_int(n.attrs, 0).value())];
    } else if (info.kind == OpKind::kNamed) {
      builder.set_loc(graph.loc(id));
      fresh = expand_composite(builder, info, operands, n.attrs);
    } else {
      fresh = out.add(n.op, std::move(operands), n.attrs);
    }
    if (SourceLoc loc = graph.loc(id); !loc.file.empty()) out.set_loc(fresh, std::move(loc));
  }
  for (ValueId root : graph.roots()) out.add_root(renamed[root.index()]);
  return out;
}

}  // namespace bafe

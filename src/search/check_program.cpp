// The promises of Program, asserted. In: a decided program. Out: nothing, or InternalError naming
// the group. Each clause is checked from the data alone, without the planner's own tables.

#include <algorithm>
#include <map>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/cost/access.h"
#include "bafe/search/plan.h"

namespace bafe {
namespace {

[[noreturn]] void broken(std::size_t group, const std::string& fact) {
  throw InternalError({}, format("group {}", group), fact);
}

void check_group(const Program& program, std::size_t g, std::map<ValueId, std::size_t>& made) {
  const Group& group = program.groups[g];
  std::string why;
  auto kind = legal_group(program.graph, group.nodes, group.outputs, &why);
  if (!kind) broken(g, why);
  if (*kind != group.kind) broken(g, format("is a {} group", group_kind_text(*kind)));
  auto inside = [&](ValueId id) {
    return std::find(group.nodes.begin(), group.nodes.end(), id) != group.nodes.end();
  };
  for (ValueId id : group.nodes) {
    bool output = std::find(group.outputs.begin(), group.outputs.end(), id) != group.outputs.end();
    bool buffer = program.layouts[id.index()].form == Layout::kBuffer;
    if (buffer != output)
      broken(g, format("value {} is {} output", id.index(),
                       output ? "a stream but an" : "stored but no"));
    for (ValueId operand : program.graph.node(id).operands) {
      bool leaf = op_info(program.graph.node(operand).op).kind == OpKind::kLeaf;
      if (!leaf && !inside(operand) && !made.count(operand))
        broken(g, format("reads value {} too early", operand.index()));
    }
  }
  for (ValueId id : group.outputs) {
    if (!inside(id)) broken(g, format("does not compute its output {}", id.index()));
    if (!made.emplace(id, g).second) broken(g, format("stores value {} again", id.index()));
  }
}

}  // namespace

void check_program(const Program& program) {
  BAFE_CHECK(program.layouts.size() == program.graph.size(), "every value has a layout");
  for (std::size_t i = 0; i < program.layouts.size(); ++i) {
    std::vector<int> order = program.layouts[i].order;
    std::sort(order.begin(), order.end());
    int rank = program.graph.type(ValueId(static_cast<std::uint32_t>(i))).rank();
    BAFE_CHECK(order == Layout::row(rank).order, "an order is a permutation of the axes");
  }
  std::map<ValueId, std::size_t> made;
  for (std::size_t g = 0; g < program.groups.size(); ++g) check_group(program, g, made);
  for (ValueId root : program.graph.roots()) {
    BAFE_CHECK(made.count(root), "every root is stored by a group");
  }
}

}  // namespace bafe

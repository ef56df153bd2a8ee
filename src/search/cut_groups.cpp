// In: a decided program. Out: the same program with one group in two: a stream value inside becomes
// a buffer, what computes it a group before the rest. Invariant: both parts are legal groups, and
// no value is stored that another group computes for itself.

#include <algorithm>
#include <optional>
#include <set>

#include "bafe/base/format.h"
#include "bafe/search/cuts.h"
#include "bafe/search/plan.h"

namespace bafe {
namespace {

bool contains(const std::vector<ValueId>& values, ValueId id) {
  return std::find(values.begin(), values.end(), id) != values.end();
}

/// `outputs` and what they need among `within`, without passing `barrier`.
std::vector<ValueId> cone(const Graph& graph, const std::vector<ValueId>& outputs,
                          const std::vector<ValueId>& within, ValueId barrier) {
  std::set<ValueId> seen(outputs.begin(), outputs.end());
  std::vector<ValueId> work = outputs;
  while (!work.empty()) {
    ValueId id = work.back();
    work.pop_back();
    for (ValueId operand : graph.node(id).operands) {
      if (operand == barrier || !contains(within, operand)) continue;
      if (seen.insert(operand).second) work.push_back(operand);
    }
  }
  return {seen.begin(), seen.end()};
}

bool complete(Program& program, Group& group, const CostModel& cost) {
  auto kind = legal_group(program.graph, group.nodes, group.outputs);
  if (!kind) return false;
  group.kind = *kind;
  GroupCost price = cost.group_cost(program, group);
  group.predicted_ns = price.ns;
  group.flops = price.flops;
  group.bytes = price.bytes;
  return true;
}

std::optional<Program> cut_at(const Program& program, std::size_t g, ValueId at,
                              const CostModel& cost) {
  Program cut = program;
  Layout& layout = cut.layouts[at.index()];
  layout = Layout::row(program.graph.type(at).rank());
  const std::vector<ValueId>& nodes = program.groups[g].nodes;
  Group first, second;
  first.outputs = {at};
  first.nodes = cone(program.graph, first.outputs, nodes, ValueId{});
  second.outputs = program.groups[g].outputs;
  second.nodes = cone(program.graph, second.outputs, nodes, at);
  if (!complete(cut, first, cost) || !complete(cut, second, cost)) return std::nullopt;
  cut.groups[g] = std::move(second);
  cut.groups.insert(cut.groups.begin() + static_cast<std::ptrdiff_t>(g), std::move(first));
  cut.predicted_ns = cost.program_ns(cut);
  return cut;
}

/// Values that groups compute, by how many groups.
std::vector<int> holders(const Program& program) {
  std::vector<int> count(program.graph.size(), 0);
  for (const Group& group : program.groups) {
    for (ValueId id : group.nodes) ++count[id.index()];
  }
  return count;
}

}  // namespace

std::vector<CutProgram> cut_groups(const Program& program, const CostModel& cost, std::size_t most,
                                   double worst) {
  std::vector<CutProgram> result;
  std::vector<int> count = holders(program);
  for (std::size_t g = 0; g < program.groups.size(); ++g) {
    std::optional<CutProgram> best;
    for (ValueId id : program.groups[g].nodes) {
      if (contains(program.groups[g].outputs, id) || count[id.index()] != 1) continue;
      std::optional<Program> cut = cut_at(program, g, id, cost);
      if (!cut || (best && best->program.predicted_ns <= cut->predicted_ns)) continue;
      std::string_view name = op_info(program.graph.node(id).op).name;
      best = CutProgram{std::move(*cut), format("group {} cut after {} %{}", g, name, id.index())};
    }
    if (!best || best->program.predicted_ns > worst * program.predicted_ns) continue;
    auto place = std::upper_bound(
        result.begin(), result.end(), best->program.predicted_ns,
        [](double ns, const CutProgram& other) { return ns < other.program.predicted_ns; });
    result.insert(place, std::move(*best));
    if (result.size() > most) result.pop_back();
  }
  return result;
}

}  // namespace bafe

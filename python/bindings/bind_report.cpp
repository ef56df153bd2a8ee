// What the report page shows and nothing else asks for. In: programs and steps of a search. Out:
// plain lists: programs as nodes, the machine, how far rules are proven.

#include "bindings.h"

#include <map>

#include "bafe/cost/cost_model.h"
#include "bafe/cost/target.h"
#include "bafe/egraph/egraph.h"
#include "bafe/rules/rule_lock.h"
#include "bafe/rules/rule_set.h"
#include "bafe/runtime/calibrate.h"
#include "bafe/runtime/recompiles.h"

namespace bafe::python {
namespace {

/// The number of each value in a list of nodes.
using Places = std::map<ValueId, std::size_t>;

std::string name_of(const Graph& graph, const Node& node) {
  const bool is_argument =
      op_info(node.op).kind == OpKind::kLeaf && attr_kind(node.attrs[0]) == AttrKind::kInt;
  if (!is_argument) return {};
  return graph.inputs()[static_cast<std::size_t>(attr_int(node.attrs, 0).value())].name;
}

/// (operator, fields, operands, type, place, name): the fields are spelt as in e-graphs.
py::tuple node_to_python(const Graph& graph, ValueId id, const Places& places) {
  const Node& node = graph.node(id);
  const OpSpec& spec = tensor_ops().spec(id_of(node.op));
  py::list operands;
  for (ValueId operand : node.operands) operands.append(places.at(operand));
  const SourceLoc loc = graph.loc(id);
  return py::make_tuple(spec.name, fields_text(spec, node.attrs), operands, node.type.text(),
                        loc.line > 0 ? loc.text() : std::string(), name_of(graph, node));
}

py::list numbers_of(std::span<const ValueId> values, const Places& places) {
  py::list out;
  for (ValueId value : values) out.append(places.at(value));
  return out;
}

/// The nodes that the roots need; `places` learns their numbers.
py::dict graph_to_python(const Graph& graph, Places& places) {
  py::list nodes;
  for (ValueId id : graph.live()) {
    nodes.append(node_to_python(graph, id, places));
    places.emplace(id, places.size());
  }
  py::dict out;
  out["nodes"] = nodes;
  out["roots"] = numbers_of(graph.roots(), places);
  return out;
}

py::dict program_to_python(const Program& program) {
  Places places;
  py::dict out = graph_to_python(program.graph, places);
  py::list layouts, groups;
  for (ValueId id : program.graph.live()) layouts.append(program.layouts[id.index()].text());
  for (const Group& group : program.groups) groups.append(numbers_of(group.nodes, places));
  out["layouts"] = layouts;
  out["groups"] = groups;
  return out;
}

/// All terms of one proof, whether or not its written program needs them.
py::dict chain_to_python(const Graph& terms) {
  Places places;
  py::list nodes;
  for (std::uint32_t i = 0; i < terms.size(); ++i) {
    nodes.append(node_to_python(terms, ValueId(i), places));
    places.emplace(ValueId(i), i);
  }
  py::dict out;
  out["nodes"] = nodes;
  out["roots"] = numbers_of(terms.roots(), places);
  return out;
}

std::vector<std::uint32_t> indices_of(const std::vector<ValueId>& values) {
  std::vector<std::uint32_t> out;
  for (ValueId value : values) out.push_back(value.index());
  return out;
}

/// (status, by which argument) of each rule: of the built-in lock where it vouches for the text.
py::list rule_proofs(const std::vector<std::string>& names) {
  const auto added = current_rules();
  const RuleSet& rules = added ? *added : RuleSet::builtin();
  const RuleLock& lock = builtin_rule_lock().lock;
  py::list out;
  for (const std::string& name : names) {
    const Rule* rule = rules.find(name);
    if (!rule) rule = RuleSet::classic().find(name);
    const RuleStamp* stamp = rule ? lock.find(name) : nullptr;
    const bool holds = stamp && stamp_refusal(lock, *rule).empty();
    const std::string none;
    out.append(py::make_tuple(holds ? stamp->status : none, holds ? stamp->engine : none));
  }
  return out;
}

}  // namespace

void add_graphs(const Graph& written, const SearchResult& found, py::dict& out) {
  Places places;
  out["written_graph"] = graph_to_python(written, places);
  out["chosen_graph"] = program_to_python(found.program);
  std::map<const Graph*, std::size_t> chains;
  py::list chain_list, steps;
  for (const ExplainStep& step : found.steps) {
    if (!step.terms) {
      steps.append(py::none());
      continue;
    }
    const auto [chain, is_new] = chains.emplace(step.terms.get(), chains.size());
    if (is_new) chain_list.append(chain_to_python(*step.terms));
    py::dict one;
    one["chain"] = chain->second;
    one["left"] = step.left.index();
    one["right"] = step.right.index();
    one["state"] = indices_of(step.state);
    steps.append(one);
  }
  out["chains"] = chain_list;
  out["step_terms"] = steps;
}

void bind_report(py::module_& module) {
  module.def("machine_json",
             [](int threads) { return current_machine(host_target(), threads).to_json(); });
  module.def("rule_proofs", &rule_proofs);
  module.def(
      "signature_change",
      [](const TracedProgram* before, const TracedProgram& now) {
        return before ? signature_change(before->graph, now.graph) : std::string("first signature");
      },
      py::arg("before").none(true), py::arg("now"));
  module.def("recompile_outcome", [](const Executable& made) { return recompile_outcome(made); });
}

}  // namespace bafe::python

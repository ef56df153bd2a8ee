// E-graphs as Python objects: read, write, priced anew, extracted.

#include "bindings.h"

#include "bafe/cost/product_cost.h"
#include "bafe/cost/roofline.h"
#include "bafe/cost/target.h"
#include "bafe/runtime/calibrate.h"
#include "bafe/search/egraph_json.h"

namespace bafe::python {
namespace {

std::uint32_t class_of_name(const NamedEGraph& egraph, const std::string& name) {
  for (std::uint32_t c = 0; c < egraph.class_names.size(); ++c) {
    if (egraph.class_names[c] == name) return c;
  }
  throw ParseError({}, "egraph", "there is no class \"" + name + "\"")
      .fix("use a name that EGraph.classes lists");
}

py::dict extract(const NamedEGraph& egraph, const std::optional<std::vector<std::string>>& roots,
                 std::optional<std::int64_t> work) {
  NamedEGraph asked = egraph;
  if (roots) {
    asked.graph.roots.clear();
    for (const std::string& name : *roots) asked.graph.roots.push_back(class_of_name(egraph, name));
  }
  DagLimits limits;
  if (work) limits.work = *work;
  DagChoice choice;
  {
    const Unlocked unlocked;
    choice = asked.extract(limits);
  }
  py::dict choices, out;
  for (std::size_t c = 0; c < choice.node_of_class.size(); ++c) {
    std::uint32_t node = choice.node_of_class[c];
    if (node != kNoNode) choices[py::str(egraph.class_names[c])] = egraph.node_names[node];
  }
  out["cost"] = choice.cost;
  out["lower_bound"] = choice.lower_bound;
  out["gap"] = choice.gap();
  out["optimal"] = choice.is_optimal();
  out["work"] = choice.work;
  out["choices"] = choices;
  out["dot"] = egraph_to_dot(egraph, &choice);
  return out;
}

py::list nodes_to_python(const NamedEGraph& egraph) {
  py::list out;
  for (std::size_t i = 0; i < egraph.graph.nodes.size(); ++i) {
    const CostGraph::Node& node = egraph.graph.nodes[i];
    py::list children;
    for (std::uint32_t child : node.children) children.append(egraph.class_names[child]);
    out.append(py::make_tuple(egraph.node_names[i], egraph.ops[i], egraph.class_names[node.cls],
                              py::tuple(children), node.cost));
  }
  return out;
}

std::shared_ptr<NamedEGraph> priced_anew(const NamedEGraph& egraph,
                                         const std::vector<double>& costs) {
  auto out = std::make_shared<NamedEGraph>(egraph);
  for (std::size_t i = 0; i < costs.size() && i < out->graph.nodes.size(); ++i)
    out->graph.nodes[i].cost = costs[i];
  return out;
}

/// on_host: prices of this machine, as the engine's search has them; else of the reference machine,
/// the same everywhere.
std::shared_ptr<NamedEGraph> of_program(const TracedProgram& program, const EngineOptions& given,
                                        bool on_host) {
  const auto rules = current_rules();
  SearchOptions options;
  options.math = given.math;
  options.budget = given.budget;
  options.time_budget_ms = given.time_budget_ms;
  options.deep = given.deep;
  options.rules = rules.get();
  const Unlocked unlocked;
  std::optional<RooflineModel> prices;
  if (on_host) {
    prices.emplace(machine_of_class(current_machine(host_target(), 1), given.math == Math::kBits,
                                    given.math == Math::kFast));
    options.cost = &*prices;
  }
  return std::make_shared<NamedEGraph>(egraph_of_search(program.graph, options));
}

}  // namespace

void bind_egraph(py::module_& module) {
  py::class_<NamedEGraph, std::shared_ptr<NamedEGraph>>(module, "CostEGraph")
      .def_property_readonly("num_nodes", [](const NamedEGraph& e) { return e.graph.nodes.size(); })
      .def_property_readonly("num_classes",
                             [](const NamedEGraph& e) { return e.graph.num_classes; })
      .def_property_readonly("roots",
                             [](const NamedEGraph& e) {
                               std::vector<std::string> names;
                               for (std::uint32_t root : e.graph.roots)
                                 names.push_back(e.class_names[root]);
                               return names;
                             })
      .def_property_readonly("classes", [](const NamedEGraph& e) { return e.class_names; })
      .def_property_readonly("class_types", [](const NamedEGraph& e) { return e.class_types; })
      .def("nodes", &nodes_to_python)
      .def("json", &egraph_to_json)
      .def("dot", [](const NamedEGraph& e) { return egraph_to_dot(e); })
      .def("priced_anew", &priced_anew)
      .def("extract", &extract);
  module.def("egraph_from_json", [](const std::string& text, const std::string& place) {
    const Unlocked unlocked;
    return std::make_shared<NamedEGraph>(egraph_from_json(text, place));
  });
  module.def("egraph_of_program", &of_program, py::arg("program"), py::arg("options"),
             py::arg("on_host") = false);
}

}  // namespace bafe::python

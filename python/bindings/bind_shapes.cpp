// Sizes: the topic "recompiles", programs for many sizes, sizes as text.

#include <map>

#include "bindings.h"

#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/ir/binding.h"
#include "bafe/ir/generalise.h"
#include "bafe/ir/text.h"
#include "bafe/runtime/recompiles.h"

namespace bafe::python {
namespace {

void log_recompile(const std::string& name, const TracedProgram* before, const TracedProgram& now,
                   const Executable& made) {
  const std::string change =
      before ? signature_change(before->graph, now.graph) : std::string("first signature");
  log("recompiles", format("{}: {}: {}", name, change, recompile_outcome(made)));
}

std::vector<Graph> graphs_of(const std::vector<std::shared_ptr<TracedProgram>>& programs) {
  std::vector<Graph> out;
  for (const auto& program : programs) out.push_back(program->graph.compact());
  return out;
}

void teach_sizes(const TracedProgram& program, const EngineOptions& options,
                 const std::vector<std::shared_ptr<TracedProgram>>& samples) {
  EngineOptions with = options;
  if (!with.rules) with.rules = current_rules();
  Engine::shared().teach_sizes(program.graph, with, program.constants, graphs_of(samples));
}

py::dict size_family(const TracedProgram& program, const EngineOptions& options) {
  EngineOptions with = options;
  if (!with.rules) with.rules = current_rules();
  const SizeFamily found = Engine::shared().size_family(program.graph, with);
  py::dict out;
  out["general"] = found.is_general;
  out["inputs"] = found.inputs;
  out["symbols"] = found.symbols;
  out["kernels"] = found.kernels;
  out["refused"] = found.refused;
  return out;
}

/// The program that all samples are cases of: types of inputs and results over its symbols; or why
/// there is none.
py::object symbolic_types(const std::vector<std::shared_ptr<TracedProgram>>& samples) {
  std::string why;
  const std::optional<SymbolicProgram> found = generalise(graphs_of(samples), &why);
  if (!found) return py::str(why);
  auto type = [](const Type& t) {
    std::vector<std::string> sizes;
    for (Dim size : t.shape) sizes.push_back(size.text());
    return py::make_tuple(std::string(dtype_info(t.dtype).name), sizes);
  };
  py::list inputs, roots;
  for (int i = 0; i < found->inputs; ++i)
    inputs.append(type(found->graph.inputs()[static_cast<std::size_t>(i)].type));
  for (ValueId root : found->graph.roots()) roots.append(type(found->graph.type(root)));
  return py::make_tuple(inputs, roots);
}

/// A size as its canonical text; nothing when it is none.
std::optional<std::string> size_text(const std::string& text) {
  const std::optional<Dim> size = dim_from_text(text);
  if (!size) return std::nullopt;
  return size->text();
}

/// Its value where the symbols have these.
std::int64_t size_value(const std::string& text, const std::map<std::string, std::int64_t>& sizes) {
  const std::optional<Dim> size = dim_from_text(text);
  Binding binding;
  for (const auto& [symbol, value] : sizes) binding.set(symbol, value);
  if (!size) throw ShapeError({}, "size", text + " is no size").fix("write a name or a polynomial");
  return dim_value(*size, binding).value_or(-1);
}

}  // namespace

void bind_shapes(py::module_& module) {
  module.def("teach_sizes", &teach_sizes);
  module.def("size_family", &size_family);
  module.def("symbolic_types", &symbolic_types);
  module.def("size_text", &size_text);
  module.def("size_value", &size_value);
  module.def("log_enabled", [](const std::string& topic) { return log_enabled(topic); });
  module.def("log_recompile", &log_recompile, py::arg("name"), py::arg("before").none(true),
             py::arg("now"), py::arg("made"));
}

}  // namespace bafe::python

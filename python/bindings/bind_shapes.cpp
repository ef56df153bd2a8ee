// The topic "recompiles".

#include "bindings.h"

#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/runtime/recompiles.h"

namespace bafe::python {
namespace {

void log_recompile(const std::string& name, const TracedProgram* before, const TracedProgram& now,
                   const Executable& made) {
  const std::string change =
      before ? signature_change(before->graph, now.graph) : std::string("first signature");
  log("recompiles", format("{}: {}: {}", name, change, recompile_outcome(made)));
}

}  // namespace

void bind_shapes(py::module_& module) {
  module.def("log_enabled", [](const std::string& topic) { return log_enabled(topic); });
  module.def("log_recompile", &log_recompile, py::arg("name"), py::arg("before").none(true),
             py::arg("now"), py::arg("made"));
}

}  // namespace bafe::python

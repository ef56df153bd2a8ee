// In: compiled programs and arguments. Out: what was compared before they were trusted, and how far
// rounding may move their results.

#include "bafe/base/digest.h"
#include "bafe/runtime/cache.h"
#include "bafe/runtime/error_bound.h"
#include "bafe/runtime/toolchain.h"
#include "bindings.h"
#include "numpy_api.h"

namespace bafe::python {
namespace {

/// The validation record of the cache entry of that key; None when there is none.
py::object validation_record(const std::string& key) {
  const auto digest = Digest::from_hex(key);
  if (!digest) return py::none();
  const auto entry = KernelCache::shared()->load(*digest);
  return entry ? py::object(py::str(entry->validation)) : py::none();
}

/// Bytes of the machine code and what the loader needs beside it; None without an entry.
py::object code_bytes(const std::string& key) {
  const auto digest = Digest::from_hex(key);
  const auto entry = digest ? KernelCache::shared()->load(*digest) : nullptr;
  return entry ? py::object(py::int_(entry->code.size())) : py::none();
}

/// The assembly text of generated C, made by the compiler and the flags that kernels are made with.
std::string assembly_of(const std::string& c_text) {
  const Unlocked unlocked;
  std::string why;
  const std::optional<Compiler> compiler = find_compiler(&why);
  if (!compiler) throw CompileError({}, "as_text", why).fix("install gcc or clang, or set BAFE_CC");
  CompileResult made =
      compile_assembly(*compiler, c_text, host_target(), CompileLimits::from_options());
  if (made.status != CompileStatus::kOk) throw compile_error(made);
  return std::move(made.code);
}

/// (command, who chose it), or (None, why there is none).
py::tuple compiler_in_use() {
  std::string why;
  const std::optional<Compiler> found = find_compiler(&why);
  if (!found) return py::make_tuple(py::none(), why);
  return py::make_tuple(found->command, found->source);
}

/// For each result an array of bounds; None when the program is too large or has no such rule.
py::object error_bound_arrays(const TracedProgram& program, const std::string& math,
                              const py::list& arrays) {
  std::vector<Tensor> inputs;
  for (const auto& array : arrays)
    inputs.push_back(tensor_of_array(reinterpret_cast<PyArrayObject*>(array.ptr())));
  std::optional<std::vector<Tensor>> bounds;
  {
    Unlocked unlocked;
    BoundLimits limits;
    limits.flops = 1e9;
    limits.elements = 1e8;
    limits.rounds = math == "fast";
    bounds = error_bounds(program.graph, inputs, program.constants, limits);
  }
  if (!bounds) return py::none();
  py::list out;
  for (const Tensor& bound : *bounds)
    out.append(py::reinterpret_steal<py::object>(array_of_tensor(bound)));
  return out;
}

}  // namespace

void bind_validation(py::module_& module) {
  module.def("validation_record", &validation_record);
  module.def("code_bytes", &code_bytes);
  module.def("assembly_of", &assembly_of);
  module.def("compiler_in_use", &compiler_in_use);
  module.def("error_bound", &error_bound_arrays);
}

}  // namespace bafe::python

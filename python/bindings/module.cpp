// bafe._core: what Python needs of the C++ library. Each bind_*.cpp adds its part.

#include "bindings.h"
#include "numpy_api.h"

PYBIND11_MODULE(_core_of_main_interpreter, module) {
  using namespace bafe::python;
  if (!import_numpy()) throw pybind11::error_already_set();
  module.attr("__version__") = BAFE_VERSION;
  bind_errors(module);
  bind_ir(module);
  bind_rules(module);
  bind_search(module);
  bind_egraph(module);
  bind_runtime(module);
  bind_tuning(module);
  bind_function(module);
  bind_record(module);
  bind_tiers(module);
  bind_shapes(module);
  bind_memory(module);
  bind_host_steps(module);
  bind_validation(module);
  bind_report(module);
}

/// What Python looks for. Function objects, pybind11's types and NumPy's C API belong to one
/// interpreter; in a second one the import would hang on the first's lock.
extern "C" PYBIND11_EXPORT PyObject* PyInit__core() {
  if (PyInterpreterState_Get() == PyInterpreterState_Main())
    return PyInit__core_of_main_interpreter();
  PyErr_SetString(PyExc_ImportError,
                  "bafe: only the main interpreter of a process can use BAFE\n"
                  "  fix: import it there, or start another process");
  return nullptr;
}

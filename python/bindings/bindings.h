#pragma once
/// What the binding files share. pybind11 is included here and nowhere else; NumPy's C API in
/// numpy_api.h.

#include <pybind11/functional.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <exception>
#include <memory>
#include <string>

#include "bafe/base/error.h"
#include "bafe/ir/builder.h"
#include "bafe/runtime/engine.h"

namespace bafe::python {

namespace py = pybind11;

/// Lets other Python threads run while it lives; `Locked` inside takes the lock back for a while.
/// A thread that would take the lock of an interpreter that ends sleeps for ever: CPython would end
/// it by unwinding, which no destructor survives.
class Unlocked {
 public:
  Unlocked();
  ~Unlocked();
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  PyThreadState* state_;
};

/// Holds the interpreter lock, on any thread and whether or not it is held already.
class Locked {
 public:
  Locked();
  ~Locked();
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  PyThreadState* state_;  ///< what an Unlocked around this one has put aside, or nullptr
  PyGILState_STATE ensured_ = PyGILState_UNLOCKED;
};

[[noreturn]] void sleep_for_ever();

/// A finished program with its constants, handed from tracing to the engine.
struct TracedProgram {
  Graph graph;
  ConstantTable constants;
};

void bind_errors(py::module_& module);
void bind_ir(py::module_& module);
void bind_rules(py::module_& module);
void bind_search(py::module_& module);
void bind_egraph(py::module_& module);
void bind_runtime(py::module_& module);
void bind_tuning(py::module_& module);
void bind_function(py::module_& module);
void bind_tiers(py::module_& module);
void bind_shapes(py::module_& module);
void bind_record(py::module_& module);
void bind_memory(py::module_& module);
void bind_validation(py::module_& module);
void bind_report(py::module_& module);
void bind_host_steps(
    py::module_& module);  ///< registers NumPy's routines for steps of codegen/host.h

/// Sets the Python exception for a C++ one; every user error has its class (bind_error.cpp).
/// Without one, CPython is ending this thread, which sleeps instead.
void set_python_error(std::exception_ptr error);

DType dtype_of_python(
    const py::handle& dtype);  ///< str, np.dtype or type; DTypeError naming what fits
AttrValue attr_of_python(const py::handle& value, AttrKind kind, DType like, const char* field);
py::object attr_to_python(const AttrValue& value);
py::tuple shape_to_python(const Shape& shape);
SourceLoc loc_of_python(const py::handle& loc);  ///< None or (file, line)

/// Built-in and added rules; nullptr when nothing was added.
std::shared_ptr<const RuleSet> current_rules();

/// For explain(): the programs as nodes, and the program after each step (bind_report.cpp).
void add_graphs(const Graph& written, const SearchResult& found, py::dict& out);

/// True when a Python signal handler raised (Ctrl-C); polled by long C++ calls. Takes the GIL.
bool python_interrupted();

}  // namespace bafe::python

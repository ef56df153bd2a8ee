// Exception classes: one Python class for each C++ class of base/error.h, all derived from
// BafeError.

#include <cerrno>
#include <system_error>

#include "bafe/base/division_error.h"
#include "bafe/base/interrupted.h"
#include "bindings.h"

namespace bafe::python {
namespace {

struct Classes {
  PyObject *base, *shape, *parse, *rule, *dtype, *trace, *compile, *internal, *division;
};
Classes classes;

PyObject* make(py::module_& module, const char* name, const char* doc, PyObject* builtin) {
  const std::string full = std::string("bafe.") + name;
  py::tuple bases = py::make_tuple(py::handle(PyExc_Exception));
  if (builtin) bases = py::make_tuple(py::handle(classes.base), py::handle(builtin));
  PyObject* type = PyErr_NewExceptionWithDoc(full.c_str(), doc, bases.ptr(), nullptr);
  if (!type) throw py::error_already_set();
  module.add_object(name, py::reinterpret_borrow<py::object>(type));
  return type;
}

}  // namespace

void set_python_error(std::exception_ptr error) {
  if (!error) sleep_for_ever();
  try {
    std::rethrow_exception(error);
  } catch (const DivisionError& e) {
    PyErr_SetString(classes.division, e.what());
  } catch (const ShapeError& e) {
    PyErr_SetString(classes.shape, e.what());
  } catch (const ParseError& e) {
    PyErr_SetString(classes.parse, e.what());
  } catch (const RuleError& e) {
    PyErr_SetString(classes.rule, e.what());
  } catch (const DTypeError& e) {
    PyErr_SetString(classes.dtype, e.what());
  } catch (const TraceError& e) {
    PyErr_SetString(classes.trace, e.what());
  } catch (const CompileError& e) {
    PyErr_SetString(classes.compile, e.what());
  } catch (const InternalError& e) {
    PyErr_SetString(classes.internal, e.what());
  } catch (const Interrupted&) {  // what a signal handler raised, if it did
    if (!PyErr_Occurred()) PyErr_SetNone(PyExc_KeyboardInterrupt);
  } catch (py::error_already_set& e) {
    e.restore();
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& e) {
    PyErr_SetString(PyExc_RuntimeError, e.what());
  }
}

void bind_errors(py::module_& module) {
  classes.base = make(module, "BafeError", "Base of every error BAFE raises.", nullptr);
  classes.shape = make(module, "ShapeError", "Shapes or axes do not fit.", PyExc_ValueError);
  classes.division =
      make(module, "DivisionError",
           "An integer was divided by zero. Raised where a division that the chosen program still\n"
           "computes meets a zero; divisions whose result is not used may be left out.",
           PyExc_ZeroDivisionError);
  classes.parse = make(module, "ParseError", "A text is malformed.", PyExc_ValueError);
  classes.rule = make(module, "RuleError", "A rewrite rule is wrong.", PyExc_ValueError);
  classes.dtype = make(module, "DTypeError", "An element type does not fit.", PyExc_TypeError);
  classes.trace = make(module, "TraceError", "A function cannot be traced.", PyExc_TypeError);
  classes.compile = make(module, "CompileError", "The C compiler failed.", PyExc_RuntimeError);
  classes.internal =
      make(module, "InternalError", "A broken invariant of BAFE itself.", PyExc_RuntimeError);
  py::register_exception_translator([](std::exception_ptr error) {
    try {
      if (error) std::rethrow_exception(error);
    } catch (const Error&) {
      set_python_error(std::current_exception());
    } catch (const std::system_error& e) {  // what() is "path: reason"
      const std::string what = e.what();
      errno = e.code().value();
      PyErr_SetFromErrnoWithFilename(PyExc_OSError, what.substr(0, what.rfind(": ")).c_str());
    }
  });
}

}  // namespace bafe::python

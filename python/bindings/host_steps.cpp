// Host steps by NumPy: what codegen/host.h describes becomes arrays over the step's buffers, and
// NumPy's own function writes the last of them. May be called on any thread; takes the GIL.

#include "bindings.h"
#include "numpy_api.h"

#include <algorithm>
#include <array>

#include "bafe/base/log.h"
#include "bafe/codegen/host.h"
#include "bafe/runtime/backend.h"
#include "bafe/runtime/executor.h"

namespace bafe::python {
namespace {

/// NumPy's functions, found once.
struct Routines {
  PyObject *matmul, *sum, *prod, *max, *min, *argmax, *argmin;
  PyObject* reduce_names;  // ("axis", "out", "keepdims")
  PyObject* out_name;      // ("out",)
};

PyObject* reduction_of(const py::module_& numpy, const char* ufunc) {
  return py::object(numpy.attr(ufunc).attr("reduce")).release().ptr();
}

/// Found while the module loads: a look-up during a step may let go of the interpreter lock.
const Routines* found = nullptr;

const Routines* find_routines() {
  const py::module_ numpy = py::module_::import("numpy");
  auto function = [&](const char* name) { return py::object(numpy.attr(name)).release().ptr(); };
  return new Routines{function("matmul"),
                      reduction_of(numpy, "add"),
                      reduction_of(numpy, "multiply"),
                      reduction_of(numpy, "maximum"),
                      reduction_of(numpy, "minimum"),
                      function("argmax"),
                      function("argmin"),
                      py::make_tuple("axis", "out", "keepdims").release().ptr(),
                      py::make_tuple("out").release().ptr()};
}

/// New reference; the array does not own its memory. Operands too are marked writable, though
/// nothing writes them: NumPy's argmax copies an array that is not.
PyObject* array_over(void* buffer, const HostView& view) {
  PyArray_Descr* descr = descr_of_dtype(view.dtype);
  if (!descr) return nullptr;
  std::array<npy_intp, kMostHostRank> dims, strides;
  std::copy(view.dims.begin(), view.dims.end(), dims.begin());
  std::copy(view.strides.begin(), view.strides.end(), strides.begin());
  return PyArray_NewFromDescr(&PyArray_Type, descr, static_cast<int>(view.dims.size()), dims.data(),
                              strides.data(), static_cast<char*>(buffer) + view.offset,
                              NPY_ARRAY_WRITEABLE, nullptr);
}

/// The arrays of one step, and the axes.
class Operands {
 public:
  Operands(void* const* slots, const std::int64_t* sizes) : sizes_(sizes) {
    for (std::int64_t i = 0; i < sizes_.count(); ++i) {
      PyObject* array = array_over(slots[i], sizes_.next_view());
      is_good_ = is_good_ && array;
      arrays_[static_cast<std::size_t>(i)] = array;
    }
  }
  ~Operands() {
    for (PyObject* array : arrays_) Py_XDECREF(array);
  }
  Operands(const Operands&) = delete;
  Operands& operator=(const Operands&) = delete;

  bool is_good() const { return is_good_; }
  PyObject* operator[](std::size_t i) const { return arrays_[i]; }
  /// An integer for one axis, a tuple for several.
  py::object axis() const {
    const std::span<const std::int64_t> axes = sizes_.axes();
    if (axes.size() == 1) return py::int_(axes[0]);
    py::tuple out(axes.size());
    for (std::size_t i = 0; i < axes.size(); ++i) out[i] = py::int_(axes[i]);
    return out;
  }

 private:
  HostSizes sizes_;
  std::array<PyObject*, 3> arrays_{};
  bool is_good_ = true;
};

bool multiply(const Operands& operands) {
  PyObject* args[] = {operands[0], operands[1], operands[2]};
  PyObject* done = PyObject_Vectorcall(found->matmul, args, 2, found->out_name);
  Py_XDECREF(done);
  return done;
}

bool copy(const Operands& operands) {
  return PyArray_CopyInto(reinterpret_cast<PyArrayObject*>(operands[1]),
                          reinterpret_cast<PyArrayObject*>(operands[0])) == 0;
}

bool reduce(PyObject* routine, const Operands& operands) {
  const py::object axis = operands.axis();
  PyObject* args[] = {operands[0], axis.ptr(), operands[1], Py_True};
  PyObject* done = PyObject_Vectorcall(routine, args, 1, found->reduce_names);
  Py_XDECREF(done);
  return done;
}

template <bool (*Run)(const Operands&)>
int run_host(void* const* slots, const std::int64_t* sizes, void*, std::int64_t, std::int64_t) {
  const Locked locked;
  const Operands operands(slots, sizes);
  if (operands.is_good() && Run(operands)) return kKernelOk;
  log("dispatch", "NumPy refused a host step");
  PyErr_Clear();
  return kKernelHost;
}

template <PyObject* Routines::*Routine>
bool reduce_by(const Operands& operands) {
  return reduce(found->*Routine, operands);
}

/// The program as written with every group that can be a host step made one: (number of host steps,
/// results). For tests, which otherwise could not choose what a race decides.
py::tuple host_values(const TracedProgram& program, const EngineOptions& options,
                      const py::list& arrays) {
  const Program chosen = Engine::shared().search(program.graph, options).program;
  LowerOptions lower;
  lower.host = host_groups(chosen, host_target(), lower);
  Plan plan = build_plan(chosen, host_target(), lower);
  std::shared_ptr<const Module> module;
  if (!plan.c_text.empty()) {
    const CompileResult made = cpu_backend().compile(plan.c_text, CompileLimits::from_options());
    if (made.status != CompileStatus::kOk) throw compile_error(made);
    module = cpu_backend().load(made.code);
  }
  const auto steps = std::count_if(plan.steps.begin(), plan.steps.end(),
                                   [](const Step& step) { return step.kind == StepKind::kHost; });
  std::vector<py::object> results;
  std::vector<void*> inputs, outputs(static_cast<std::size_t>(plan.outputs));
  for (const auto& array : arrays)
    inputs.push_back(PyArray_DATA(reinterpret_cast<PyArrayObject*>(array.ptr())));
  py::list out;
  for (const Slot& slot : plan.slots) {
    if (slot.kind != SlotKind::kOutput) continue;
    py::object made = py::reinterpret_steal<py::object>(new_array(slot.type, slot.order));
    outputs[static_cast<std::size_t>(slot.index)] =
        PyArray_DATA(reinterpret_cast<PyArrayObject*>(made.ptr()));
    out.append(made);
  }
  const Executor executor(std::move(plan), std::move(module), cpu_backend(), program.constants);
  executor.run(inputs.data(), outputs.data(), 1);
  return py::make_tuple(steps, out);
}

}  // namespace

void bind_host_steps(py::module_& module) {
  found = find_routines();
  module.def("host_values", &host_values);
  register_kernel("host.matmul", run_host<multiply>);
  register_kernel("host.copy", run_host<copy>);
  register_kernel("host.sum", run_host<reduce_by<&Routines::sum>>);
  register_kernel("host.prod", run_host<reduce_by<&Routines::prod>>);
  register_kernel("host.max", run_host<reduce_by<&Routines::max>>);
  register_kernel("host.min", run_host<reduce_by<&Routines::min>>);
  register_kernel("host.argmax", run_host<reduce_by<&Routines::argmax>>);
  register_kernel("host.argmin", run_host<reduce_by<&Routines::argmin>>);
}

}  // namespace bafe::python

// Tuning on a call's arguments, and the profile store.

#include <errno.h>

#include <cstring>
#include <system_error>

#include "bafe/runtime/executables.h"
#include "bafe/runtime/store.h"
#include "bafe/runtime/tiered.h"
#include "bafe/runtime/tuner.h"
#include "bindings.h"
#include "numpy_api.h"

namespace bafe::python {
namespace {

/// Copies of the arrays, each dense in the order that the program reads; nullptr with a Python
/// error set.
std::shared_ptr<Sample> sample_of(std::span<const BufferSpec> specs, const py::list& arrays) {
  auto sample = std::make_shared<Sample>(specs);
  sample->is_live = true;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const py::object array = arrays[i];
    PyObject* dense = array_in_order(reinterpret_cast<PyArrayObject*>(array.ptr()),
                                     specs[i].type.dtype, specs[i].order);
    if (!dense) return nullptr;
    sample->inputs.copy_in(i, PyArray_DATA(reinterpret_cast<PyArrayObject*>(dense)),
                           type_bytes(specs[i].type));
    Py_DECREF(dense);
  }
  return sample;
}

py::dict arm_to_python(const ArmReport& arm) {
  py::dict out;
  out["what"] = arm.what;
  out["state"] = arm_state_name(arm.state);
  out["predicted_ns"] = arm.predicted_ns;
  out["warm_ns"] = arm.median.warm_ns;
  out["cold_ns"] = arm.median.cold_ns;
  out["ratio"] = arm.ratio;
  out["rounds"] = arm.rounds;
  out["stored"] = arm.is_stored;
  out["reason"] = arm.reason;
  return out;
}

py::dict report_to_python(const TuningReport& report) {
  py::dict out;
  py::list candidates;
  for (const ArmReport& arm : report.arms) candidates.append(arm_to_python(arm));
  out["candidates"] = candidates;
  out["winner"] = report.arms.empty() ? "" : report.arms[report.winner].what;
  out["speed_up"] = report.speed_up;
  out["interval"] = py::make_tuple(report.low, report.high);
  out["builds"] = report.builds;
  out["rounds"] = report.rounds;
  out["seconds"] = report.seconds;
  out["complete"] = report.is_complete;
  out["ended"] = report.ended;
  return out;
}

/// tune(program, options, arrays, seconds, call_ns, tell): `tell(share, what)` hears of progress.
py::dict tune_program_now(const TracedProgram& program, EngineOptions options,
                          const py::list& arrays, double seconds, double call_ns,
                          const py::object& tell) {
  if (!options.rules) options.rules = current_rules();
  std::vector<BufferSpec> specs;
  for (const InputInfo& input : program.graph.inputs())
    specs.push_back({input.type, input_order(input)});
  if (specs.size() != arrays.size())
    throw InternalError({}, "autotune", "every input of the program has an array");
  const std::shared_ptr<Sample> sample = sample_of(specs, arrays);
  if (!sample) throw py::error_already_set();
  TuningLimits limits;
  limits.seconds = seconds;
  limits.call_ns = call_ns;
  limits.stop = python_interrupted;
  limits.progress = [&](double share, const std::string& what) {
    const Locked locked;
    try {
      tell(share, what);
    } catch (py::error_already_set& error) {
      error.discard_as_unraisable("bafe.autotune");
    }
  };
  TuningReport report;
  {
    const Unlocked unlocked;
    report = Engine::shared().tune(program.graph, options, program.constants, sample, limits);
  }
  return report_to_python(report);
}

/// time_steps(executable, arrays, runs): nanoseconds of each step of each run.
std::vector<std::vector<double>> time_steps(const Executable& executable, const py::list& arrays,
                                            int runs) {
  const std::shared_ptr<Sample> sample = sample_of(executable.inputs(), arrays);
  if (!sample) throw py::error_already_set();
  Buffers results(executable.outputs());
  std::vector<std::vector<double>> out;
  const Unlocked unlocked;
  const TimingPause quiet;
  for (int i = 0; i < runs; ++i)
    out.push_back(executable.time_steps(sample->inputs.pointers.data(), results.pointers.data()));
  return out;
}

py::tuple merge_profiles(const std::vector<std::string>& sources, const std::string& into) {
  MergeCount total;
  try {
    const Unlocked unlocked;
    ProfileStore store(into);
    for (const std::string& source : sources) {
      const MergeCount count = store.merge_from(source);
      total.timings += count.timings;
      total.steps += count.steps;
      total.machines += count.machines;
    }
  } catch (const std::system_error& error) {
    errno = error.code().value();
    PyErr_SetFromErrnoWithFilename(PyExc_OSError, into.c_str());
    throw py::error_already_set();
  }
  return py::make_tuple(total.timings, total.steps, total.machines);
}

}  // namespace

void bind_tuning(py::module_& module) {
  module.def("time_steps", &time_steps);
  module.def("tune", &tune_program_now);
  module.def("profile_merge", &merge_profiles);
  module.def("profile_path", [] { return ProfileStore::shared().path(); });
}

}  // namespace bafe::python

// Cache, autotune, machine model, options, operator names.

#include <cerrno>
#include <system_error>

#include "bindings.h"
#include "numpy_api.h"

#include "bafe/base/log.h"
#include "bafe/base/options.h"
#include "bafe/base/thread_pool.h"
#include "bafe/base/trace.h"
#include "bafe/cost/cost_model.h"
#include "bafe/cost/target.h"
#include "bafe/runtime/autotune.h"
#include "bafe/runtime/cache.h"
#include "bafe/runtime/calibrate.h"

namespace bafe::python {

void bind_cost(py::module_& module);  // bind_cost.cpp

namespace {

py::dict cache_info() {
  const CacheInfo info = KernelCache::shared()->info();
  py::dict out;
  out["hits"] = info.hits;
  out["misses"] = info.misses;
  out["compiles"] = info.compiles;
  out["compile_failures"] = info.compile_failures;
  out["removed"] = info.removed;
  out["entries"] = info.entries;
  out["bytes"] = info.bytes;
  out["dir"] = info.dir;
  return out;
}

/// An OSError with number and path, as open() raises it.
[[noreturn]] void raise_os_error(const std::system_error& error, const std::string& path) {
  errno = error.code().value();
  PyErr_SetFromErrnoWithFilename(PyExc_OSError, path.c_str());
  throw py::error_already_set();
}

std::int64_t cache_export(const std::string& path, bool this_machine) {
  try {
    const Unlocked unlocked;
    return KernelCache::shared()->export_to(path, this_machine ? host_target().text() : "");
  } catch (const std::system_error& error) {
    raise_os_error(error, path);
  }
}

py::tuple cache_import(const std::string& path) {
  KernelCache::Imported counts;
  try {
    const Unlocked unlocked;
    counts = KernelCache::shared()->import_from(path);
  } catch (const std::system_error& error) {
    raise_os_error(error, path);
  }
  return py::make_tuple(counts.added, counts.known, counts.other_build, counts.refused);
}

py::dict autotune_stats() {
  const AutotuneStats stats = Autotune::shared().stats();
  py::dict out;
  out["total_calls"] = stats.total_calls;
  out["total_compiles"] = stats.total_compiles;
  out["total_refits"] = stats.total_refits;
  out["total_invalidations"] = stats.total_invalidations;
  out["last_refit_r_squared"] = stats.last_refit_r_squared;
  out["log_size"] = stats.log_size;
  return out;
}

py::dict autotune_model() {
  const LinearModel model = Autotune::shared().model();
  py::dict out;
  out["weights"] = model.weights;
  out["bias"] = model.bias;
  out["r_squared"] = model.r_squared;
  out["n_samples"] = model.n_samples;
  out["valid"] = model.valid;
  return out;
}

/// BAFE 0.1's seven numbers, reported from the machine model: ns per flop and byte, and the fixed
/// prices.
py::dict calibrated(const Machine& machine) {
  py::dict out;
  out["alpha_flops"] = 1.0 / machine.fma_gflops_f32;
  out["beta_bytes"] = 1.0 / machine.memory_gbs;
  out["gamma_intermediate"] = machine.step_ns;
  out["delta_fuse"] = -machine.step_ns;
  out["epsilon_layout_conv"] = 2.0 / machine.memory_gbs;
  out["zeta_layout_fuse"] = -1.0 / machine.memory_gbs;
  out["eta_contiguous"] = 1.0 / machine.l2_gbs;
  return out;
}

void bind_autotune(py::module_& module) {
  module.def("configure_autotune", [](int threshold, double drift, int warmup, int iters) {
    Autotune::shared().configure({threshold, drift, warmup, iters});
  });
  module.def("autotune_stats", &autotune_stats);
  module.def("autotune_model", &autotune_model);
  module.def("autotune_refit", [] { return Autotune::shared().refit(); });
  module.def("autotune_reset", [] { Autotune::shared().reset(); });
  module.def("autotune_dump_log",
             [](const std::string& path) { return Autotune::shared().dump_log(path); });
}

}  // namespace

void bind_runtime(py::module_& module) {
  bind_autotune(module);
  bind_cost(module);
  module.def("cache_info", &cache_info);
  module.def("cache_clear", [] { KernelCache::shared()->clear(); });
  module.def("cache_verify", [] {
    const Unlocked unlocked;
    const auto verdict = KernelCache::shared()->verify();
    return std::pair(verdict.good, verdict.removed);
  });
  module.def("cache_flush", [] {
    const Unlocked unlocked;
    KernelCache::shared()->flush();
  });
  module.def("cache_export", &cache_export);
  module.def("cache_import", &cache_import);
  module.def("calibrate", [] {
    Machine machine;
    {
      const Unlocked unlocked;
      machine = calibrate(host_target(), usable_threads(), true);
      if (usable_threads() > 1) calibrate(host_target(), 1, true);  // programs are priced for one
    }
    return calibrated(machine);
  });
  module.def("calibrated_cost_model",
             [] { return calibrated(current_machine(host_target(), usable_threads())); });
  module.def("usable_threads", &usable_threads);
  module.def("set_usable_threads", &set_usable_threads);
  module.def("take_warnings", [] { return take_warnings(); });
  module.def("host_target", [] { return host_target().text(); });
  module.def("option", [](const std::string& name) { return option(name); });
  module.def("trace_start", &trace_start, py::arg("most") = kMostTraceEvents);
  module.def("trace_events", [] { return trace_json(trace_events()); });
  module.def("trace_is_on", &trace_is_on);
  module.def("trace_stop", [] { return trace_json(trace_stop()); });
  module.def("option_table", [] {
    py::list out;
    for (const OptionInfo& info : option_table()) {
      out.append(py::make_tuple(std::string(info.name), std::string(info.fallback),
                                std::string(info.doc)));
    }
    return out;
  });
  module.def("operator_names", [] {
    py::set out;
    for (const OpInfo& info : all_ops()) {
      if (info.kind != OpKind::kLeaf) out.add(py::str(std::string(info.name)));
    }
    return out;
  });
  module.def("is_supported", [](const py::handle& array) {
    return dtype_of_descr(PyArray_DESCR(reinterpret_cast<PyArrayObject*>(array.ptr()))).has_value();
  });
  module.def("dtype_name", [](const py::handle& dtype) {
    return std::string(dtype_info(dtype_of_python(dtype)).name);
  });
}

}  // namespace bafe::python

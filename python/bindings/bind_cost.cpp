// The learned cost model for Python: models fitted to samples, ways of a program built and timed
// one by one (benchmarks/cost_model.py), and the kernels that a profile store holds.

#include "bindings.h"

#include "bafe/cost/residual.h"
#include "bafe/runtime/arm_picker.h"
#include "bafe/runtime/step_samples.h"
#include "bafe/runtime/timed_way.h"

namespace bafe::python {
namespace {

/// (family, features, predicted_ns, measured_ns, warm)
using SampleTuple = std::tuple<std::string, std::vector<double>, double, double, bool>;

SampleTuple tuple_of(const StepSample& s) {
  return {s.family, s.features, s.predicted_ns, s.measured_ns, s.warm};
}

std::vector<StepSample> samples_of(const std::vector<SampleTuple>& tuples) {
  std::vector<StepSample> out;
  for (const auto& [family, features, predicted, measured, warm] : tuples)
    out.push_back({family, features, predicted, measured, warm});
  return out;
}

std::pair<double, double> pair_of(const Estimate& estimate) {
  return {estimate.ns, estimate.sigma};
}

void bind_model(py::module_& module) {
  py::class_<ResidualModel>(module, "ResidualModel")
      .def_static("fit",
                  [](const std::vector<SampleTuple>& tuples) {
                    const std::vector<StepSample> samples = samples_of(tuples);
                    const Unlocked unlocked;
                    return ResidualModel::fit(samples);
                  })
      .def("knows", &ResidualModel::knows)
      .def("estimate",
           [](const ResidualModel& model, const SampleTuple& tuple) {
             const StepSample s = samples_of({tuple})[0];
             return pair_of(model.estimate({s.family, s.features}, s.predicted_ns, s.warm));
           })
      .def("estimate_held_out",
           [](const ResidualModel& model, const std::vector<SampleTuple>& tuples) {
             std::vector<std::pair<double, double>> out;
             for (const Estimate& estimate : model.estimate_held_out(samples_of(tuples)))
               out.push_back(pair_of(estimate));
             return out;
           })
      .def("families",
           [](const ResidualModel& model) {
             py::dict out;
             for (const auto& info : model.families())
               out[py::str(info.family)] = py::make_tuple(info.kernels, info.noise);
             return out;
           })
      .def_property_readonly("identity", &ResidualModel::identity);
}

void bind_ways(py::module_& module) {
  py::class_<TimedWay, std::shared_ptr<TimedWay>>(module, "TimedWay")
      .def_property_readonly("what", &TimedWay::what)
      .def_property_readonly("predicted_ns", &TimedWay::predicted_ns)
      .def_property_readonly("code", &TimedWay::code)
      .def("time",
           [](const TimedWay& way, double sample_ns) {
             const Unlocked unlocked;
             return way.time(sample_ns);
           })
      .def("time_steps",
           [](const TimedWay& way) {
             const Unlocked unlocked;
             return way.time_steps();
           })
      .def("samples", [](const TimedWay& way, const std::vector<double>& step_ns) {
        std::vector<SampleTuple> out;
        for (const StepSample& sample : way.samples(step_ns)) out.push_back(tuple_of(sample));
        return out;
      });
  module.def("timed_ways", [](const TracedProgram& program, EngineOptions options, int most) {
    if (!options.rules) options.rules = current_rules();
    const Unlocked unlocked;
    return timed_ways(program.graph, options, static_cast<std::size_t>(std::max(most, 1)));
  });
}

/// (predicted_ns, sigma, kind)
using PriorTuple = std::tuple<double, double, int>;

void bind_picker(py::module_& module) {
  py::class_<ArmPicker>(module, "ArmPicker")
      .def(py::init([](const std::vector<PriorTuple>& tuples) {
        std::vector<ArmPrior> priors;
        for (const auto& [ns, sigma, kind] : tuples) priors.push_back({ns, sigma, kind});
        return ArmPicker(std::move(priors));
      }))
      .def("observe", &ArmPicker::observe)
      .def("drop", &ArmPicker::drop)
      .def("adopt", &ArmPicker::adopt)
      .def("next", &ArmPicker::next);
}

}  // namespace

void bind_cost(py::module_& module) {
  bind_picker(module);
  bind_model(module);
  bind_ways(module);
  module.def("step_feature_names", [] {
    std::vector<std::string> out;
    for (std::string_view name : step_feature_names()) out.emplace_back(name);
    return out;
  });
  module.def("stored_samples", [](const std::string& path) {
    ProfileStore store(path);
    std::vector<std::pair<std::string, SampleTuple>> out;
    for (const StepRow& row : store.steps())
      out.emplace_back(row.machine, tuple_of(sample_of(row)));
    return out;
  });
  module.def("store_samples",
             [](const std::string& path, const std::string& program, const std::string& machine,
                const std::vector<SampleTuple>& tuples) {
               std::vector<StepRow> rows = rows_of(samples_of(tuples));
               for (StepRow& row : rows) {
                 row.program = program;
                 row.configuration = "benchmark";
                 row.machine = machine;
                 row.samples = 1;
               }
               return ProfileStore(path).add(rows);
             });
}

}  // namespace bafe::python

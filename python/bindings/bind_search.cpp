// Search and engine options, what a search found, compiled programs.

#include "bindings.h"

#include <algorithm>

#include "bafe/base/format.h"
#include "bafe/ir/text.h"
#include "bafe/runtime/certificates.h"
#include "bafe/runtime/product_notes.h"
#include "bafe/search/flops.h"
#include "bafe/search/listing.h"

namespace bafe::python {
namespace {

Math math_of(const std::string& text) {
  if (text == "bits") return Math::kBits;
  if (text == "reals") return Math::kReals;
  if (text == "fast") return Math::kFast;
  throw TraceError({}, "jit", format("math={:?} is unknown", text))
      .fix("use \"bits\", \"reals\" or \"fast\"");
}

Tier tier_of(const std::string& text) {
  if (text == "auto") return Tier::kAuto;
  if (text == "compiled") return Tier::kCompiled;
  if (text == "interpreted") return Tier::kInterpreted;
  throw TraceError({}, "jit", format("tier={:?} is unknown", text))
      .fix("use \"auto\", \"compiled\" or \"interpreted\"");
}

EngineOptions make_options(const std::string& math, std::optional<SearchBudget> budget,
                           std::optional<double> time_budget_ms, bool deep, const std::string& tier,
                           int threads, bool autotune) {
  EngineOptions options;
  options.math = math_of(math);
  options.budget = std::move(budget);
  options.time_budget_ms = time_budget_ms;
  options.deep = deep;
  options.tier = tier_of(tier);
  options.threads = threads;
  options.autotune = autotune;
  options.interrupted = python_interrupted;
  return options;
}

py::dict stats_to_python(const SearchStats& stats) {
  py::dict out;
  out["alternatives"] = stats.alternatives;
  out["matches_accepted"] = stats.matches_accepted;
  out["nodes_before"] = stats.nodes_before;
  out["nodes_after"] = stats.nodes_after;
  out["classes_before"] = stats.classes_before;
  out["classes_after"] = stats.classes_after;
  out["iterations"] = stats.iterations;
  out["work_units"] = stats.work_units;
  out["stop_reason"] = stats.stop_reason;
  out["regime"] = stats.regime;
  out["ms"] = stats.ms;
  return out;
}

py::list steps_to_python(const std::vector<ExplainStep>& steps) {
  py::list out;
  for (const ExplainStep& step : steps) {
    py::dict one;
    one["rule"] = step.rule;
    one["kind"] = step.kind;
    one["forward"] = step.forward;
    one["before"] = step.before;
    one["after"] = step.after;
    one["class"] = step.numeric;
    one["premises"] = step.premises;
    one["why"] = step.why;
    out.append(one);
  }
  return out;
}

py::list candidates_to_python(const std::vector<CandidateSummary>& candidates) {
  py::list out;
  for (const CandidateSummary& candidate : candidates) {
    py::dict one;
    one["program"] = candidate.program;
    one["predicted_ns"] = candidate.predicted_ns;
    out.append(one);
  }
  return out;
}

/// Runs `work` without the GIL. What a signal handler raised meanwhile (Ctrl-C) is raised here.
template <class Work>
auto unlocked(const Work& work) {
  try {
    const Unlocked unlocked;
    return work();
  } catch (const Interrupted&) {
    if (!PyErr_Occurred()) PyErr_SetNone(PyExc_KeyboardInterrupt);
    throw py::error_already_set();
  }
}

/// The options of a function with the rules now in force.
EngineOptions with_rules(EngineOptions options) {
  if (!options.rules) options.rules = current_rules();
  return options;
}

py::list lines_to_python(const Graph& graph) {
  py::list out;
  for (const SourceLine& line : list_program(graph))
    out.append(py::make_tuple(line.place, line.text));
  return out;
}

py::dict candidate_to_python(const Program& program) {
  py::list kernels;
  for (const KernelLine& line : list_kernels(program)) {
    py::dict kernel;
    kernel["kind"] = line.kind;
    kernel["operators"] = line.operators;
    kernel["results"] = line.results;
    kernel["predicted_ns"] = line.predicted_ns;
    kernel["flops"] = line.flops;
    kernel["bytes"] = line.bytes;
    kernels.append(kernel);
  }
  py::dict one;
  one["program"] = print_brief(program.graph);
  one["predicted_ns"] = program.predicted_ns;
  one["kernels"] = kernels;
  return one;
}

/// Rounds, limits and what was left out.
void add_effort(const SearchResult& found, py::dict& out) {
  py::list rounds, rejected;
  for (const GrowthRound& round : found.rounds) {
    py::dict one;
    one["sets"] = round.sets;
    one["nodes"] = round.nodes;
    one["classes"] = round.classes;
    one["matches"] = round.matches;
    one["accepted"] = round.accepted;
    rounds.append(one);
  }
  for (const Rejection& rejection : found.rejected) {
    rejected.append(py::make_tuple(rejection.what, rejection.why));
  }
  out["rounds"] = rounds;
  out["rejected"] = rejected;
  out["limits"] = found.limits;
  out["error_growth"] = found.error_growth;
  out["surrogate_ns"] = found.surrogate_ns;
  out["lower_bound_ns"] = found.lower_bound_ns;
}

py::dict search_to_python(const TracedProgram& program, const EngineOptions& given) {
  const EngineOptions options = with_rules(given);
  const SearchResult found =
      unlocked([&] { return Engine::shared().search(program.graph, options); });
  py::dict out;
  out["written"] = print_brief(program.graph);
  out["chosen"] = print_brief(found.program.graph);
  out["written_lines"] = lines_to_python(program.graph);
  out["chosen_lines"] = lines_to_python(found.program.graph);
  out["chosen_text"] = found.program.text();
  out["flops"] = program_flops(found.program);
  out["flops_as_written"] = graph_flops(program.graph);
  out["predicted_ns"] = found.program.predicted_ns;
  out["predicted_ns_as_written"] = found.predicted_ns_as_written;
  out["steps"] = steps_to_python(found.steps);
  py::list bodies;
  for (const BodySearch& body : found.bodies) {
    py::dict one;
    one["written"] = print_brief(*body.graph);
    one["chosen"] = print_brief(body.result.program.graph);
    one["predicted_ns"] = body.result.program.predicted_ns;
    one["chosen_text"] = body.result.program.text();
    bodies.append(one);
  }
  out["bodies"] = bodies;
  add_graphs(program.graph, found, out);
  out["facts"] = list_facts(found.program);
  out["products"] = unlocked([&] { return product_notes(program.graph, options, found.program); });
  out["max_error_growth"] = options.max_error_growth;
  out["stats"] = stats_to_python(found.stats);
  out["stats"]["error_growth"] = found.error_growth;
  out["stats"]["max_error_growth"] = options.max_error_growth;
  py::list candidates;
  for (const Program& one : found.candidates) candidates.append(candidate_to_python(one));
  out["candidates"] = candidates;
  add_effort(found, out);
  return out;
}

/// The certificate of a compiled program, by its key; of a new search where the key is empty.
py::dict certificate_to_python(const TracedProgram& program, const EngineOptions& given,
                               const std::string& key) {
  const EngineOptions options = with_rules(given);
  const Certified found = unlocked([&] { return certificate_of(program.graph, options, key); });
  py::dict out;
  out["text"] = found.text;
  out["accepted"] = found.verdict.accepted;
  out["reason"] = found.verdict.reason;
  out["math"] = found.verdict.math;
  out["program_class"] = found.verdict.program_class;
  out["error_factor"] = found.verdict.error_factor;
  out["error_growth"] = found.verdict.error_growth;
  out["steps"] = found.verdict.steps;
  out["assumptions"] = found.verdict.assumptions;
  out["traced"] = print_brief(found.verdict.traced);
  out["chosen"] = print_brief(found.verdict.chosen);
  out["from_cache"] = found.from_cache;
  return out;
}

std::shared_ptr<Executable> prepare(const TracedProgram& program, const EngineOptions& given) {
  const EngineOptions options = with_rules(given);
  const auto made =
      unlocked([&] { return Engine::shared().prepare(program.graph, options, program.constants); });
  return std::const_pointer_cast<Executable>(
      made);  // pybind11 holders are not const; the methods are
}

/// The chosen program as a program of its own: what bafe.optimize returns.
std::shared_ptr<TracedProgram> optimized(const TracedProgram& program, const EngineOptions& given) {
  const EngineOptions options = with_rules(given);
  auto out = std::make_shared<TracedProgram>();
  out->graph =
      unlocked([&] { return Engine::shared().search(program.graph, options).program.graph; });
  out->constants = program.constants;
  return out;
}

void bind_budget(py::module_& module) {
  py::class_<SearchBudget>(module, "SearchBudget", "The seven limits of a search.")
      .def(py::init<>())
      .def_readwrite("max_iters", &SearchBudget::max_iters)
      .def_readwrite("max_nodes", &SearchBudget::max_nodes)
      .def_readwrite("max_rewrites", &SearchBudget::max_rewrites)
      .def_readwrite("time_budget_ms", &SearchBudget::time_budget_ms)
      .def_readwrite("temperature", &SearchBudget::temperature)
      .def_readwrite("seed", &SearchBudget::seed)
      .def_readwrite("enable_multi_pass", &SearchBudget::enable_multi_pass);
}

template <class Field>
auto made(Field Provenance::*field) {
  return [field](const Executable& e) { return e.provenance().*field; };
}

}  // namespace

void bind_search(py::module_& module) {
  bind_budget(module);
  py::class_<EngineOptions>(module, "EngineOptions");
  module.def("search_options", &make_options);
  module.def("search", &search_to_python);
  module.def("certificate", &certificate_to_python);
  module.def("quarantined_rules", &quarantined_rules);
  module.def("optimized", &optimized);
  module.def("prepare", &prepare);
  module.def("regime_name", [](std::optional<double> ms, bool deep) {
    return std::string(regime_name(regime_of(ms, deep)));
  });
  module.def("regime_beam_width", [](std::optional<double> ms, bool deep) {
    return regime_beam_width(regime_of(ms, deep));
  });
  module.def("regime_iters",
             [](std::optional<double> ms, bool deep) { return regime_iters(regime_of(ms, deep)); });
  py::class_<Executable, std::shared_ptr<Executable>>(module, "Executable")
      .def_property_readonly("key", made(&Provenance::key))
      .def_property_readonly("traced_text", made(&Provenance::traced_text))
      .def_property_readonly("chosen_text", made(&Provenance::chosen_text))
      .def_property_readonly("traced_brief", made(&Provenance::traced_brief))
      .def_property_readonly("chosen_brief", made(&Provenance::chosen_brief))
      .def_property_readonly("c_text", made(&Provenance::c_text))
      .def_property_readonly("compiler", made(&Provenance::compiler))
      .def_property_readonly("predicted_ns", made(&Provenance::predicted_ns))
      .def_property_readonly("search_ms", made(&Provenance::search_ms))
      .def_property_readonly("compile_ms", made(&Provenance::compile_ms))
      .def_property_readonly("from_cache", made(&Provenance::from_cache))
      .def_property_readonly("interpreted", made(&Provenance::interpreted))
      .def_property_readonly("arena_bytes", &Executable::arena_bytes)
      .def_property_readonly("features",
                             [](const Executable& e) { return e.provenance().features; })
      .def_property_readonly(
          "stats", [](const Executable& e) { return stats_to_python(e.provenance().stats); })
      .def_property_readonly(
          "steps", [](const Executable& e) { return steps_to_python(e.provenance().steps); })
      .def_property_readonly("candidates", [](const Executable& e) {
        return candidates_to_python(e.provenance().candidates);
      });
}

}  // namespace bafe::python
